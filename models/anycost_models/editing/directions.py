"""Attribute directions: what a slider adds to a latent."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from safetensors import SafetensorError, safe_open

from anycost_models.core.errors import AnycostError
from anycost_models.weights import EMBEDDED_DIRECTIONS, intact

# A face holds those before it, a head all. "lipless" is a face but for its lips.
Region = Literal["eyes", "beard", "jaw", "skin", "lipless", "face", "hair", "head"]
LIPS_STAY: tuple[Region, ...] = ("beard", "lipless")
STILL: tuple[Region, ...] = ("skin", "hair")  # what changes only these moves nothing, and leaves all else alone
MAX_STRENGTH = 2.0  # |strength| beyond which no image is natural
EASE = 0.45  # see `eased`


@dataclass(frozen=True, eq=False)
class Direction:
    """One attribute. Strength 1 is a strong but natural edit, −1 its opposite."""

    name: str
    group: str  # under which editors show it
    about: str  # what −1 and +1 do
    region: Region  # what of the photo may change: around the eyes, below the nose (but the lips), skin, …
    layers: tuple[int, int]  # the rows of W+ it moves, the last excluded
    vector: np.ndarray  # float32, what strength 1 adds to those rows: [D] the same to each, or [rows, D]
    # (strength, multiple of `vector`), rising, with (0, 0) on it: so that equal steps look equal. Strengths
    # beyond its ends do what the end does: further, faces fall apart. Empty: every strength is its own multiple.
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def min_strength(self) -> float:
        """The strength below which nothing changes any more."""
        return self.curve[0][0] if self.curve else -MAX_STRENGTH

    @property
    def max_strength(self) -> float:
        """The strength above which nothing changes any more."""
        return self.curve[-1][0] if self.curve else MAX_STRENGTH

    @property
    def learned(self) -> bool:
        """Whether it moves latents at all: what is of zeros only warps photos."""
        return bool(self.vector.any())

    def multiple(self, strength: float) -> float:
        """Of `vector`, that this strength adds."""
        if not self.curve:
            return strength
        strengths, multiples = zip(*self.curve, strict=True)
        return float(np.interp(strength, strengths, multiples))


@dataclass(frozen=True, eq=False)
class Directions:
    """All attributes of one generator, in the order in which editors show them."""

    by_name: Mapping[str, Direction]

    def direction(self, name: str) -> Direction:
        """Raises AnycostError with the nearest name when there is no such attribute."""
        if name in self.by_name:
            return self.by_name[name]
        near = difflib.get_close_matches(name, self.by_name, 1, 0.5)
        hint = f"did you mean '{near[0]}'?" if near else "see them with 'anycost attributes'"
        raise AnycostError(f"there is no attribute '{name}'", hint)

    def check(self, strengths: Mapping[str, float]) -> None:
        """Raises AnycostError for an unknown attribute or a strength outside ±2."""
        for name, strength in strengths.items():
            self.direction(name)
            if not -MAX_STRENGTH <= strength <= MAX_STRENGTH:
                raise AnycostError(
                    f"the strength of '{name}' is {strength:g}", "choose one from -2 to 2 (±1 is strong)"
                )

    def apply(
        self, latent: np.ndarray, strengths: Mapping[str, float], gains: Mapping[str, float] = MappingProxyType({})
    ) -> np.ndarray:
        """W+ [styles, D] + Σ gain · multiple(strength) · direction. Raises AnycostError like `check`.

        gains: of attributes that this sub-generator shows too weakly or too strongly (`PreviewGains`)"""
        self.check(strengths)
        edited = latent.copy()
        for name, strength in strengths.items():
            direction = self.direction(name)
            multiple = gains.get(name, 1.0) * direction.multiple(strength)
            edited[slice(*direction.layers)] += np.float32(multiple) * direction.vector
        return edited

    def scaled(self, gains: Mapping[str, tuple[float, float]]) -> "Directions":
        """The same with the steps of some attributes multiplied, below strength 0 and above it: so far they have to go
        on one face."""
        by_name = dict(self.by_name)
        for name, (less, more) in gains.items():
            one = by_name[name]
            curve = one.curve or ((-MAX_STRENGTH, -MAX_STRENGTH), (0.0, 0.0), (MAX_STRENGTH, MAX_STRENGTH))
            moved = tuple((at, multiple * (less if at < 0 else more)) for at, multiple in curve)
            by_name[name] = replace(one, curve=moved)
        return Directions(MappingProxyType(by_name))

    def region(self, strengths: Mapping[str, float]) -> Region:
        """What of the photo these strengths may change: the largest that one of them needs."""
        sizes: tuple[Region, ...] = get_args(Region)
        needed = {self.direction(name).region for name, strength in strengths.items() if strength}
        if len(needed) > 1 and "hair" in needed:
            return "head"
        within_face = needed <= {"eyes", "beard", "jaw", "skin", "lipless"}
        if len(needed) > 1 and within_face and needed != {"beard", "jaw"}:
            return "face" if "jaw" in needed else "lipless"
        return max(needed, key=sizes.index, default="face")


def eased(latent: np.ndarray, share: float = EASE) -> np.ndarray:
    """W+ [styles, D] of a projection, so that edits of it show: its rows nearer to their mean by that share.

    A projection looks like the photo by rows that were never seen together when directions were learned, and answers to
    them the less (distortion against editability: Tov et al. 2021, arXiv 2102.02766). What it loses in likeness is not
    missed where an edit is put into the photo's own pixels. A latent whose rows are equal stays as it is."""
    return latent + np.float32(share) * (latent.mean(axis=0) - latent)


def load_directions(path: Path = EMBEDDED_DIRECTIONS) -> Directions:
    """Raises AnycostError when the file is missing or damaged."""
    try:
        with safe_open(intact(path), "np") as file:
            entries = json.loads(file.metadata()["attributes"])
            by_name = {
                entry["name"]: Direction(
                    **{**entry, "layers": tuple(entry["layers"]), "curve": _curve(entry.get("curve", ()))},
                    vector=file.get_tensor(entry["name"]).astype(np.float32),
                )
                for entry in entries
            }
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise AnycostError(
            f"the directions {path} are missing or damaged ({error})", "install the package again"
        ) from error
    return Directions(MappingProxyType(by_name))


def _curve(points: Any) -> tuple[tuple[float, float], ...]:
    """Raises ValueError or TypeError unless both numbers rise from point to point and the curve passes through 0."""
    curve = tuple((float(strength), float(multiple)) for strength, multiple in points)
    if curve and not (np.diff(curve, axis=0) > 0).all():
        raise ValueError("a curve that does not rise")
    if curve and (0.0, 0.0) not in curve:
        raise ValueError("a curve beside 0")
    return curve


def load_boundaries(path: Path, styles: int, style_dim: int) -> Directions:
    """The attributes of an imported boundaries file, for a generator whose latents are W+ [styles, style_dim].

    As published: the unit normal of each attribute's hyperplane moves the first two thirds of the rows, by .6 at
    strength 1. Raises AnycostError when the file is damaged or made for other latents."""
    rows = styles * 2 // 3
    by_name = {}
    try:
        with safe_open(path, "np") as file:
            for name in sorted(file.keys()):
                vector = 0.6 * file.get_tensor(name).astype(np.float32)
                if vector.size not in (style_dim, styles * style_dim):
                    raise AnycostError(
                        (
                            f"the boundaries in {path} are for latents of {vector.size} numbers, this model's have "
                            f"{style_dim} in each of {styles} rows"
                        ),
                        "import those that were made for it",
                    )
                vector = vector if vector.size == style_dim else vector.reshape(styles, style_dim)[:rows]
                about = f"less or more {name.replace('_', ' ').lower()}"
                by_name[name] = Direction(name, "imported", about, "head", (0, rows), vector)
    except (SafetensorError, OSError) as error:
        raise AnycostError(f"the boundaries {path} are missing or damaged ({error})", "import them again") from error
    return Directions(MappingProxyType(by_name))
