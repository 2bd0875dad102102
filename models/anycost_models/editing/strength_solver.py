"""Finds the strengths that give a face the labels that are wanted, by drawing it and measuring, a few times."""

from collections.abc import Callable

import numpy as np

ENOUGH = 0.05  # of what its own attribute at strength 1 does to a label: less is not looked for
_RIDGE = 0.02  # of strengths: small ones rather than large ones that take back each other
_CAREFUL = 0.1  # the same for the first step, before anything was measured on the edited face
_LOST = 4.0  # what it costs when a label can no longer be measured


def settle(
    error_at: Callable[[np.ndarray], np.ndarray], jacobian: np.ndarray, start: np.ndarray, steps: int, most: float
) -> np.ndarray:
    """[N] strengths, within ±most, at which the errors are least; at most so many steps from `start`.

    error_at: [N] strengths → [N] by how much each label is beyond what is wanted, in units of what its own attribute
        does to it; NaN: cannot be measured, and its strength stays
    jacobian: [N, N] by how much strength 1 of each attribute (a column) is expected to move each label (a row)"""
    best, least, careful = start, error_at(start), _CAREFUL
    measurable = np.isfinite(least)
    for _ in range(steps):
        if np.abs(np.nan_to_num(least)).max(initial=0) < ENOUGH:
            break
        step = _step(least, jacobian, best, careful, most)
        tried = error_at(best + step)
        jacobian = _learned(jacobian, step, tried - least)
        if _cost(tried, best + step, measurable) < _cost(least, best, measurable):
            best, least, careful = best + step, tried, careful / 4
        else:
            careful *= 8
    return best


def answers(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian [N, N] for `settle`, and the units [N] of its labels.

    low, high: [N, N], by how much strength −1 and +1 of each attribute (a row) moves each label (a column). It is the
    mean of both sides: a closed mouth does not close, but once another attribute has opened it, it does."""
    sides = np.array([-low, high])
    mean = sides.mean(axis=0).T
    own = np.abs(sides.diagonal(axis1=1, axis2=2))
    units = np.fmax(np.fmax(np.abs(np.diag(mean)), own.max(axis=0) / 2), 1e-9)
    return mean / units[:, None], units


def _step(error: np.ndarray, jacobian: np.ndarray, now: np.ndarray, careful: float, most: float) -> np.ndarray:
    """[N] what to add to the strengths; 0 for what cannot be measured. careful: the higher, the shorter."""
    known = np.isfinite(error) & np.isfinite(jacobian).all(axis=1)
    step = np.zeros(len(error))
    if known.any():
        j = jacobian[np.ix_(known, known)]
        downhill = -j.T @ error[known] - _RIDGE * now[known]
        step[known] = np.linalg.solve(j.T @ j + (_RIDGE + careful) * np.eye(len(j)), downhill)
    return np.clip(now + step, -most, most) - now


def _cost(error: np.ndarray, now: np.ndarray, measurable: np.ndarray) -> float:
    """What is to be small: errors and, a little, strengths."""
    lost = measurable & ~np.isfinite(error)
    return float(np.nansum(error**2) + _LOST * lost.sum() + _RIDGE * (now @ now))


def _learned(jacobian: np.ndarray, step: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Broyden's update: the Jacobian that explains what the last step did, nearest to the one before."""
    length = float(step @ step)
    if length < 1e-6 or not np.isfinite(moved).all():
        return jacobian
    learned = jacobian + np.outer(moved - jacobian @ step, step) / length
    # Where a label has come to its end (no smile is less than none) nothing answers: that must not lengthen steps.
    before, after = np.diag(jacobian), np.diag(learned)
    np.fill_diagonal(learned, np.where(np.abs(after) < np.abs(before), before, after))
    return learned
