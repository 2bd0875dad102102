"""One intensity for a whole edit: what is seen is intensity × what was set."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.edit.presets import MAX_STRENGTH
from anycost_client.edit.undo_history import NOTHING, Values, with_strengths

LEAST_INTENSITY, MOST_INTENSITY = -1.0, 1.5  # −1: the opposite
_DIGITS = 4  # decimals of strengths that were multiplied


@dataclass(frozen=True)
class ScaledStrengths:
    """Strengths of all faces as they are seen, and what they are at an intensity of 1."""

    seen: Values
    full: Values
    intensity: float = 1.0

    def changed(self, seen: Values) -> "ScaledStrengths":
        """Other strengths are seen, at the same intensity; at 0, where all is hidden, a new edit begins at 1."""
        if self.intensity == 0:
            return ScaledStrengths(seen, seen)
        full: Values = NOTHING
        for face in {**self.full, **seen}:
            before, now = self.seen.get(face, {}), seen.get(face, {})
            kept = self.full.get(face, {})
            strengths = {
                name: kept.get(name, 0.0) if before.get(name) == now.get(name) else now.get(name, 0.0) / self.intensity
                for name in {**kept, **now}
            }
            full = with_strengths(full, face, strengths)
        return ScaledStrengths(seen, full, self.intensity)

    def at(self, intensity: float, keep: Callable[[str], bool], amount: Callable[[str], bool]) -> "ScaledStrengths":
        """At another intensity. `keep`: whether an attribute stays as it is seen (it is locked); `amount`: whether it
        is no strength, −2…2, but the amount of what was taken over, 0…1."""
        seen: Values = NOTHING
        for face, strengths in self.full.items():
            now = self.seen.get(face, {})
            scaled = {
                name: now.get(name, 0.0) if keep(name) else _limited(strength * intensity, amount(name))
                for name, strength in strengths.items()
            }
            seen = with_strengths(seen, face, scaled)
        return ScaledStrengths(seen, self.full, intensity)


def checked_intensity(intensity: Any) -> float:
    """Raises ClientError for what is no number from −1 to 1.5."""
    number = type(intensity) in (int, float) and math.isfinite(intensity)
    if not number or not LEAST_INTENSITY <= intensity <= MOST_INTENSITY:
        raise ClientError(f"an intensity of {intensity!a:.20} is refused", "use −1 to 1.5; 1 is what was set")
    return float(intensity)


def _limited(value: float, amount: bool) -> float:
    least, most = (0.0, 1.0) if amount else (-MAX_STRENGTH, MAX_STRENGTH)
    return round(min(max(value, least), most), _DIGITS)
