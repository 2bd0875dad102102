"""How a label answers to multiples of a step, and from that the curve that makes equal steps of a slider look equal."""

import numpy as np

STRENGTHS = np.array([-2.0, -1.0, 1.0, 2.0])  # multiples that are tried
Curve = tuple[tuple[float, float], ...]  # (strength, multiple), rising

_KNOTS = (0.5, 1.0, 1.5, 2.0)
_BENT = (0.7, 1.3)  # of a strength, that its multiple may be: beyond, the response is noise or an end that is reached
_UNIT = (0.8, 1.05)  # multiples between which strength 1 may lie, to do as much as is wanted


def curve_of(moved: np.ndarray, effect: float, natural: tuple[float, float]) -> Curve:
    """moved: [4] standard deviations by which the multiples `STRENGTHS` move the label
    effect: what strength 1 shall do
    natural: the multiples, below 0 and above, at which the slider ends"""
    below, above = _side(-moved[1::-1], effect, -natural[0]), _side(moved[2:], effect, natural[1])
    return (*((-strength, -multiple) for strength, multiple in reversed(below)), (0.0, 0.0), *above)


def _side(moved: np.ndarray, effect: float, farthest: float) -> list[tuple[float, float]]:
    """moved: [2] by multiples 1 and 2, in the wanted sense."""
    multiples = np.array([0.0, 1.0, 2.0])
    answers = np.maximum.accumulate([0.0, *moved]) + 1e-3 * multiples
    unit = float(np.clip(effect, *np.interp(_UNIT, multiples, answers)))
    side = [(0.0, 0.0)]
    for strength in _KNOTS:
        multiple = float(np.interp(strength * unit, answers, multiples))
        multiple = float(np.clip(multiple, _BENT[0] * strength, _BENT[1] * strength))
        before, last = side[-1]
        if multiple >= farthest:
            end = before + (strength - before) * (farthest - last) / (multiple - last)
            side.append((round(max(end, before + 0.05), 2), round(farthest, 3)))
            break
        side.append((strength, round(max(multiple, last + 0.01), 3)))
    return side[1:]


def strengthened(curve: Curve, factor: float, natural: tuple[float, float]) -> Curve:
    """The same slider, each strength of which does `factor` times as much; it ends at the same multiples, and not
    within ±1."""
    below = _stronger(
        [(-strength, -multiple) for strength, multiple in curve if strength < 0][::-1], factor, -natural[0]
    )
    above = _stronger([point for point in curve if point[0] > 0], factor, natural[1])
    return (*((-strength, -multiple) for strength, multiple in reversed(below)), (0.0, 0.0), *above)


def _stronger(side: list[tuple[float, float]], factor: float, farthest: float) -> list[tuple[float, float]]:
    strengths, multiples = np.array([(0.0, 0.0), *side]).T
    factor = min(factor, farthest / float(np.interp(1.0, strengths, multiples)))
    multiples = multiples * factor
    inside = multiples < farthest
    found = list(zip(strengths[inside].tolist(), np.round(multiples[inside], 3).tolist(), strict=True))[1:]
    if not inside.all():
        end = float(np.interp(farthest, multiples, strengths))
        if found and end - found[-1][0] < 0.03:
            found.pop()
        found.append((round(end, 2), farthest))
    return found
