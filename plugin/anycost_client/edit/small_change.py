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
    moved = {}
    for one in chosen:
        now = sliders.value(one.name)
        least, most = min(one.least, now), max(one.most, now)  # a typed strength may lie beyond the slider's ends
        moved[one.name] = round(min(max(now + random.uniform(-_MOST, _MOST), least), most), 2)
    sliders.set_several(moved)
