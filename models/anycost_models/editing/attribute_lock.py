"""Holds locked attributes while others are edited, by counter-strengths found with feedback from the labels.

Orthogonal directions in W still change each other's labels, differently on every face. So the face is rendered and
measured: first with the locked attributes themselves, which gives the Jacobian of its labels, then with the corrected
edit, until the locked labels are back at their values.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

import numpy as np

from anycost_models.editing.directions import MAX_STRENGTH, Directions
from anycost_models.editing.strength_solver import jacobian_of, solve_strengths

Labels = Mapping[str, float]
Measure = Callable[
    [np.ndarray], Labels
]  # W+ [styles, D] → labels by name, as `FaceLabels.measure`; NaN: not measurable

STEPS, LAST_STEPS = 4, 2  # of feedback at most, and then of feedback from the final image
_MAX_COUNTER = 1.2
_CACHED = 256  # solutions of one face


class AttributeLock:
    """Of one face, by its latent. Measurements are cached: other strengths of the same attributes cost nothing."""

    def __init__(
        self,
        directions: Directions,
        latent: np.ndarray,
        measure: Measure,
        offset: np.ndarray | None = None,
        measure_final: Measure | None = None,
    ) -> None:
        """latent: W+ [styles, D], without any edit; offset: what edits add to it besides strengths.

        measure_final: measures the final image, where `measure` renders a cheaper one."""
        self.latent = latent
        self.offset = offset
        self.measured = 0  # that were rendered and measured
        self._directions = directions
        self._measure, self._measure_final = measure, measure_final
        self._answers: dict[
            tuple[bool, bool, str, int], Labels
        ] = {}  # final? offset? attribute, sign of its strength 1
        self._solutions: OrderedDict[object, np.ndarray] = OrderedDict()  # counter-strengths, as `measure` sees it
        self._final_solutions: OrderedDict[object, np.ndarray] = OrderedDict()  # and at last

    def fits(self, directions: Directions, latent: np.ndarray, offset: np.ndarray | None) -> bool:
        """Whether it was made for these; latent, offset: W+ [styles, D]."""
        same = offset is None if self.offset is None else offset is not None and np.array_equal(offset, self.offset)
        return same and directions is self._directions and np.array_equal(latent, self.latent)

    def quick(
        self, strengths: Mapping[str, float], held: Collection[str], between: Callable[[], None] = lambda: None
    ) -> dict[str, float]:
        """The strengths, with those of the held attributes so changed that their labels stay as far as can be foreseen.

        Attributes that have no label, or that only warp the photo, are not held here. Only attributes, and signs of
        strengths, that were not asked for before are rendered and measured. between: called before each image; what it
        raises ends the work. Raises AnycostError as `Directions.apply`."""
        names = self._holdable(held)
        if not names:
            return dict(strengths)
        counter = self._final_solutions.get(_key(strengths, names))
        return _with(strengths, names, self._predicted(strengths, names, between) if counter is None else counter)

    def exact(
        self, strengths: Mapping[str, float], held: Collection[str], between: Callable[[], None] = lambda: None
    ) -> dict[str, float]:
        """As `quick`, corrected by measuring the edited face. The result does not depend on earlier calls."""
        names = self._holdable(held)
        if not names:
            return dict(strengths)
        key = _key(strengths, names)
        if key not in self._final_solutions:
            counter = self._solution(strengths, names, self._predicted(strengths, names, between), between)
            if self._measure_final is not None:
                counter = self._solve(strengths, names, counter, LAST_STEPS, between, final=True)
            self._final_solutions[key] = counter
            if len(self._final_solutions) > _CACHED:
                self._final_solutions.popitem(last=False)
        return _with(strengths, names, self._final_solutions[key])

    # ------------------------------------------------------------------ inside

    def _labels_at(
        self, strengths: Mapping[str, float], between: Callable[[], None], *, edited: bool = True, final: bool = False
    ) -> Labels:
        """Measured; with no strength, or with ±1 of one attribute, once. edited: with the offset."""
        moved = {name: strength for name, strength in strengths.items() if strength}
        with_offset = edited and self.offset is not None
        alone = (
            [(name, int(strength)) for name, strength in moved.items() if abs(strength) == 1] if moved else [("", 0)]
        )
        key = (final, with_offset, *alone[0]) if alone and len(moved) <= 1 else None
        if key is not None and key in self._answers:
            return self._answers[key]
        between()
        self.measured += 1
        start = self.latent + self.offset if with_offset else self.latent
        measure = self._measure_final if final and self._measure_final else self._measure
        labels = measure(self._directions.apply(start, moved))
        if key is not None:
            self._answers[key] = labels
        return labels

    def _holdable(self, held: Collection[str]) -> list[str]:
        """Those with a direction, in an order that does not depend on how they were asked for."""
        learned = {name for name in held if self._directions.direction(name).learned}
        return sorted(learned & set(self._labels_at({}, lambda: None, edited=False))) if learned else []

    def _moved(self, attribute: str, strength: float, names: list[str], between: Callable[[], None]) -> np.ndarray:
        """[names] by how much the attribute moves each label."""
        still = self._values(self._labels_at({}, between), names)
        return self._values(self._labels_at({attribute: strength}, between), names) - still

    def _predicted(self, strengths: Mapping[str, float], names: list[str], between: Callable[[], None]) -> np.ndarray:
        """[names] counter-strengths in proportion to those that strength ±1 of each moved attribute needs."""
        zero = np.zeros(len(names))
        rest = zero if self.offset is None else self._solution({}, names, zero, between)
        counter = rest.copy()
        for attribute, strength in strengths.items():
            if strength and attribute not in names:
                alone = {attribute: 1.0 if strength > 0 else -1.0}
                counter += abs(strength) * (self._solution(alone, names, rest, between) - rest)
        return counter.clip(-_MAX_COUNTER, _MAX_COUNTER)

    def _solution(
        self, strengths: Mapping[str, float], names: list[str], start: np.ndarray, between: Callable[[], None]
    ) -> np.ndarray:
        """[names] counter-strengths with which the edited face measures as it did; `start` is tried first."""
        key = _key(strengths, names)
        if key not in self._solutions:
            self._solutions[key] = self._solve(strengths, names, start, STEPS, between)
            if len(self._solutions) > _CACHED:
                self._solutions.popitem(last=False)
        return self._solutions[key]

    def _solve(
        self,
        strengths: Mapping[str, float],
        names: list[str],
        start: np.ndarray,
        steps: int,
        between: Callable[[], None],
        *,
        final: bool = False,
    ) -> np.ndarray:
        """[names] the counter-strengths from `start`, after so many steps of feedback at most."""
        own = {name: strengths[name] for name in names if name in strengths}
        wanted = self._values(self._labels_at(own, between, edited=False, final=final), names)
        jacobian, scale = self._jacobian(names, between)

        def drift_at(counter: np.ndarray) -> np.ndarray:
            edited = self._labels_at(_with(strengths, names, counter), between, final=final)
            return (self._values(edited, names) - wanted) / scale

        return solve_strengths(drift_at, jacobian, start, steps, _MAX_COUNTER)

    def _jacobian(self, names: list[str], between: Callable[[], None]) -> tuple[np.ndarray, np.ndarray]:
        """How the held labels answer to their attributes, and the labels' units: see `jacobian_of`."""
        low, high = (np.array([self._moved(name, sign, names, between) for name in names]) for sign in (-1.0, 1.0))
        return jacobian_of(low, high)

    @staticmethod
    def _values(labels: Labels, names: list[str]) -> np.ndarray:
        return np.array([labels[name] for name in names], np.float64)


def _with(strengths: Mapping[str, float], names: list[str], counter: np.ndarray) -> dict[str, float]:
    changed = {
        name: float(np.clip(strengths.get(name, 0.0) + value, -MAX_STRENGTH, MAX_STRENGTH))
        for name, value in zip(names, counter, strict=True)
    }
    return {**strengths, **changed}


def _key(strengths: Mapping[str, float], names: list[str]) -> object:
    return frozenset((name, strength) for name, strength in strengths.items() if strength), tuple(names)
