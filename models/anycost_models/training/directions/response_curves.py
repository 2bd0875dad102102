"""Response curves of sliders: multiples of a step by strength, so that equal steps of a slider look equal."""

import numpy as np

MULTIPLES = np.array([-2.0, -1.0, 1.0, 2.0])  # of the step, at which the response is measured
Curve = tuple[tuple[float, float], ...]  # (strength, multiple), both ascending

_KNOTS = (0.5, 1.0, 1.5, 2.0)  # strengths
_MULTIPLE_PER_STRENGTH = (0.7, 1.3)  # limits: beyond, the response is noise or has saturated
_UNIT_MULTIPLE = (0.8, 1.05)  # limits of the multiple at strength 1


def curve_of(moved: np.ndarray, effect: float, limits: tuple[float, float]) -> Curve:
    """The curve of a slider.

    moved: [4] change of the label at each of MULTIPLES, in standard deviations
    effect: the change that strength 1 should cause
    limits: multiples at which the slider ends, below 0 and above"""
    below, above = _side(-moved[1::-1], effect, -limits[0]), _side(moved[2:], effect, limits[1])
    return (*((-strength, -multiple) for strength, multiple in reversed(below)), (0.0, 0.0), *above)


def _side(moved: np.ndarray, effect: float, last_multiple: float) -> list[tuple[float, float]]:
    """One half of the curve, mirrored to positive strengths. moved: [2] at multiples 1 and 2"""
    multiples = np.array([0.0, 1.0, 2.0])
    response = np.maximum.accumulate([0.0, *moved]) + 1e-3 * multiples
    unit = float(np.clip(effect, *np.interp(_UNIT_MULTIPLE, multiples, response)))
    side = [(0.0, 0.0)]
    for strength in _KNOTS:
        multiple = float(np.interp(strength * unit, response, multiples))
        multiple = float(np.clip(multiple, _MULTIPLE_PER_STRENGTH[0] * strength, _MULTIPLE_PER_STRENGTH[1] * strength))
        before, last = side[-1]
        if multiple >= last_multiple:
            end = before + (strength - before) * (last_multiple - last) / (multiple - last)
            side.append((round(max(end, before + 0.05), 2), round(last_multiple, 3)))
            break
        side.append((strength, round(max(multiple, last + 0.01), 3)))
    return side[1:]


def strengthened(curve: Curve, factor: float, limits: tuple[float, float]) -> Curve:
    """The curve with `factor` times the multiple at each strength. It ends at the same multiples, but never within
    ±1."""
    below = _stronger(
        [(-strength, -multiple) for strength, multiple in curve if strength < 0][::-1], factor, -limits[0]
    )
    above = _stronger([point for point in curve if point[0] > 0], factor, limits[1])
    return (*((-strength, -multiple) for strength, multiple in reversed(below)), (0.0, 0.0), *above)


def _stronger(side: list[tuple[float, float]], factor: float, last_multiple: float) -> list[tuple[float, float]]:
    strengths, multiples = np.array([(0.0, 0.0), *side]).T
    factor = min(factor, last_multiple / float(np.interp(1.0, strengths, multiples)))
    multiples = multiples * factor
    inside = multiples < last_multiple
    points = list(zip(strengths[inside].tolist(), np.round(multiples[inside], 3).tolist(), strict=True))[1:]
    if not inside.all():
        end = float(np.interp(last_multiple, multiples, strengths))
        if points and end - points[-1][0] < 0.03:
            points.pop()
        points.append((round(end, 2), last_multiple))
    return points
