"""The last states of the sliders, to go back to: what each step changed, and the strengths for its picture."""

from dataclasses import dataclass

from anycost_client.core.translation import Translator, mark
from anycost_client.edit.attribute_labels import AttributeLabels
from anycost_client.edit.presets import Preset
from anycost_client.edit.sliders import Sliders
from anycost_client.edit.undo_history import Values

MOST_STEPS = 12


@dataclass(frozen=True)
class Step:
    number: int  # of the state, for `Sliders.go_to`
    preset: Preset  # named after what the step changed; strengths of the first chosen face
    now: bool  # whether the sliders are there


def steps(sliders: Sliders, tr: Translator) -> list[Step]:
    """The last ones, the oldest first. No two have the same name."""
    states, face = sliders.states, sliders.selected[0] if sliders.selected else None
    found = []
    for number in range(max(len(states) - MOST_STEPS, 0), len(states)):
        strengths = {} if face is None else states[number].get(face, {})
        shown = {name: value for name, value in strengths.items() if name not in sliders.taken}
        change = _change(states[number - 1], states[number], tr) if number else tr(mark("Begin"))
        found.append(Step(number, Preset(f"{number}  {change}", shown), number == sliders.at))
    return found


def _change(before: Values, after: Values, tr: Translator) -> str:
    """Such as "Smile +0.8 …"; of what is at 0 again "Smile 0"."""
    labels = AttributeLabels(tr)
    changed: dict[str, float] = {}
    for face in (*after, *before):
        was, now = before.get(face, {}), after.get(face, {})
        changed |= {name: now.get(name, 0.0) for name in (*now, *was) if now.get(name) != was.get(name)}
    if not changed:
        return tr(mark("Intensity"))
    name, strength = next(iter(changed.items()))
    text = labels.title({name: strength}) if strength else f"{labels.label_of(name)} 0"
    return f"{text} …" if len(changed) > 1 else text
