"""How far each attribute has to go on one face: found by drawing the edited photo and measuring it."""

from collections.abc import Callable, Mapping

import numpy as np
from anycost_models.editing.directions import Directions
from anycost_models.editing.effects import EffectTable
from anycost_models.editing.gain_solver import find_gain

Labels = Mapping[str, float]
Show = Callable[[str, int, Directions], Labels]  # attribute, strength −1 or 1, directions → labels of the edited photo


class Reach:
    """Of one face, by its latent. What was found is kept; before that, what is usual counts."""

    def __init__(
        self, effects: EffectTable, directions: Directions, latent: np.ndarray | None, earlier: "Reach | None" = None
    ) -> None:
        """latent: W+ [styles, D], the projection; None: there is none yet. earlier: of the same face with another
        latent; what it found of attributes that are not drawn stays"""
        self._effects, self._shipped, self._latent = effects, directions, latent
        usual = {name: effect for name, effect in effects.attributes.items() if name in directions.by_name}
        self._gains = {(name, sense): each.side(sense).gain for name, each in usual.items() for sense in (-1, 1)}
        self._shares: dict[tuple[str, int], float] = {}  # attribute, sense → of what was promised
        if earlier is not None and earlier._shipped is directions:
            found = [key for key in earlier._shares if not effects.drawn(key[0])]
            self._gains |= {key: earlier._gains[key] for key in found}
            self._shares |= {key: earlier._shares[key] for key in found}
        self.directions = self._scaled(self._gains)

    def fits(self, directions: Directions, latent: np.ndarray | None) -> bool:
        """Whether it was made for these; latent: W+ [styles, D], or None."""
        if latent is None or self._latent is None:
            return directions is self._shipped and latent is self._latent
        return directions is self._shipped and np.array_equal(latent, self._latent)

    def find(
        self,
        strengths: Mapping[str, float],
        photographed: Callable[[], Labels],
        show: Show,
        between: Callable[[], None],
    ) -> None:
        """Finds the gains for these strengths that are not known yet.

        photographed: returns the labels of the face before any edit; between: called before each drawing, ends the work
        by raising"""
        wanted = [key for key in _sides(strengths) if self._effects.measured(key[0])]
        missing = [key for key in wanted if key in self._gains and key not in self._shares]
        if not missing:
            return
        before = photographed()
        for name, sense in missing:
            self._find(name, sense, before[name], show, between)
        self.directions = self._scaled(self._gains)

    def note(self, name: str, strength: float, share: float) -> None:
        """Says what is seen of an attribute that is not measured: 0…1 of what it promises."""
        self._shares[name, 1 if strength > 0 else -1] = share

    def gain(self, name: str, sense: int) -> float:
        """As `EditPlanner.gain`."""
        return self._gains.get((name, sense), 1.0)

    def reached(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Attribute → share of what its strength promises that this face shows, 0…1; without those not known."""
        shares = {key: self._shares[key] for key in _sides(strengths) if key in self._shares}
        return {name: min(max(share, 0.0), 1.0) for (name, _), share in shares.items() if np.isfinite(share)}

    def _find(self, name: str, sense: int, before: float, show: Show, between: Callable[[], None]) -> None:
        """before: the label of the face as photographed"""
        effect = self._effects.attributes[name]
        side, target = effect.side(sense), self._effects.target(name, sense, before)

        def share_at(gain: float) -> float:
            between()
            return sense * (show(name, sense, self._scaled({(name, sense): gain}))[name] - before) / target

        # What a face shows already shows no more for going further: it would only fall apart.
        most = side.gain if self._effects.at_end(name, sense, before) else side.most
        found = find_gain(share_at, side.gain, most)
        self._gains[name, sense] = found.gain
        self._shares[name, sense] = found.share * target / effect.promise

    def _scaled(self, gains: Mapping[tuple[str, int], float]) -> Directions:
        names = dict.fromkeys(name for name, _ in gains)
        return self._shipped.scaled({name: (gains.get((name, -1), 1.0), gains.get((name, 1), 1.0)) for name in names})


def _sides(strengths: Mapping[str, float]) -> list[tuple[str, int]]:
    return [(name, 1 if strength > 0 else -1) for name, strength in strengths.items() if strength]
