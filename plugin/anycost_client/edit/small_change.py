"""A small, natural change by chance: somewhere to begin, or to see what a face could do."""

from random import Random

from anycost_client.edit.sliders import Sliders

_GROUPS = frozenset({"Expression", "Shape", "Pose", "Light", "Colour"})  # who somebody is, hair and glasses stay
_COUNT = 5  # attributes that move at a time
_MOST = 0.3  # strength that one moves by


def change_a_little(sliders: Sliders, random: Random) -> None:
    """Moves some attributes of the selected faces that are not locked, from where they are. One step to undo."""
    free = [one for one in sliders.attributes if one.group in _GROUPS and one.name not in sliders.locked]
    chosen = random.sample(free, min(_COUNT, len(free)))
    moved = {one.name: sliders.value(one.name) + random.uniform(-_MOST, _MOST) for one in chosen}
    sliders.set_several({one.name: round(min(max(moved[one.name], one.least), one.most), 2) for one in chosen})
