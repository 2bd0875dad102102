"""Finds the strengths that give a face the target labels, by rendering and measuring it a few times.

Damped Gauss-Newton (Levenberg-Marquardt) steps; the Jacobian is corrected by Broyden's rank-one update.
"""

from collections.abc import Callable

import numpy as np

TOLERANCE = 0.05  # of a label's error, in units of what its own attribute does to it at strength 1
_RIDGE = 0.02  # on strengths: prefers small ones to large ones that cancel each other
_DAMPING = 0.1  # of the first step, before anything was measured on the edited face
_LOST_COST = 4.0  # of a label that can no longer be measured


def solve_strengths(
    error_at: Callable[[np.ndarray], np.ndarray], jacobian: np.ndarray, start: np.ndarray, steps: int, limit: float
) -> np.ndarray:
    """[N] strengths, within ±limit, with the smallest errors found in at most `steps` steps from `start` [N].

    error_at: [N] strengths → [N] label minus target, in units of what its own attribute does to it; NaN: the label
        cannot be measured, and its strength stays
    jacobian: [N, N] by how much strength 1 of each attribute (a column) is expected to change each label (a row)"""
    best, smallest, damping = start, error_at(start), _DAMPING
    measurable = np.isfinite(smallest)
    for _ in range(steps):
        if np.abs(np.nan_to_num(smallest)).max(initial=0) < TOLERANCE:
            break
        step = _step(smallest, jacobian, best, damping, limit)
        tried = error_at(best + step)
        jacobian = _broyden(jacobian, step, tried - smallest)
        if _cost(tried, best + step, measurable) < _cost(smallest, best, measurable):
            best, smallest, damping = best + step, tried, damping / 4
        else:
            damping *= 8
    return best


def jacobian_of(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian [N, N] for `solve_strengths`, and the units [N] of its labels.

    low, high: [N, N], by how much strength −1 and +1 of each attribute (a row) changes each label (a column). The
    Jacobian is the mean of both sides: a closed mouth does not close, but once another attribute has opened it, it
    does."""
    sides = np.array([-low, high])
    mean = sides.mean(axis=0).T
    own = np.abs(sides.diagonal(axis1=1, axis2=2))
    units = np.fmax(np.fmax(np.abs(np.diag(mean)), own.max(axis=0) / 2), 1e-9)
    return mean / units[:, None], units


def _step(error: np.ndarray, jacobian: np.ndarray, strengths: np.ndarray, damping: float, limit: float) -> np.ndarray:
    """[N] to add to the strengths [N]; 0 where the label cannot be measured. damping: the higher, the shorter."""
    known = np.isfinite(error) & np.isfinite(jacobian).all(axis=1)
    step = np.zeros(len(error))
    if known.any():
        j = jacobian[np.ix_(known, known)]
        downhill = -j.T @ error[known] - _RIDGE * strengths[known]
        step[known] = np.linalg.solve(j.T @ j + (_RIDGE + damping) * np.eye(len(j)), downhill)
    return np.clip(strengths + step, -limit, limit) - strengths


def _cost(error: np.ndarray, strengths: np.ndarray, measurable: np.ndarray) -> float:
    """The sum of squared errors, and a little for the strengths."""
    lost = measurable & ~np.isfinite(error)
    return float(np.nansum(error**2) + _LOST_COST * lost.sum() + _RIDGE * (strengths @ strengths))


def _broyden(jacobian: np.ndarray, step: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Broyden's update: the Jacobian that explains what the last step did, nearest to the one before."""
    length = float(step @ step)
    if length < 1e-6 or not np.isfinite(moved).all():
        return jacobian
    learned = jacobian + np.outer(moved - jacobian @ step, step) / length
    # Where a label has come to its end (no smile is less than none) nothing answers: that must not lengthen steps.
    before, after = np.diag(jacobian), np.diag(learned)
    np.fill_diagonal(learned, np.where(np.abs(after) < np.abs(before), before, after))
    return learned
