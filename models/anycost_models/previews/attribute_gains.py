"""Gains by which previews compensate for what sub-generators show of an attribute's change.

A preview that moves the mouth three quarters as far as the final image misleads. A few sub-generators were measured by
`benchmarks/attribute_consistency.py --calibrate`; the others are interpolated by their distance to the full generator
(`FidelityTable`)."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.json_tables import read_table
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.fidelity_table import load_fidelity
from anycost_models.weights import EMBEDDED_DIRECTIONS, intact

EMBEDDED_PREVIEW_GAINS = EMBEDDED_DIRECTIONS.with_name("fading.json")
SIDE = 256  # pixels: the size at which distances are taken from the fidelity table
MIN_GAIN, MAX_GAIN = 0.4, 1.5  # beyond, other attributes change as well

Share = Annotated[float, Meta(gt=0, le=10)]


class PreviewGains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raises ValueError when the table is not one."""

    faces: Annotated[int, Meta(gt=0)]  # over which was measured
    # Ascending, of the measured sub-generators.
    distances: Annotated[tuple[Annotated[float, Meta(gt=0)], ...], Meta(min_length=1)]
    shares: dict[str, tuple[Share, ...]]  # attribute → what each of them shows of its change

    def __post_init__(self) -> None:
        count = len(self.distances)
        if list(self.distances) != sorted(set(self.distances)) or any(len(s) != count for s in self.shares.values()):
            raise ValueError("its distances and shares do not fit together")

    def gains(self, distance: float) -> Mapping[str, float]:
        """Attribute → factor on its effect on the latent, MIN_GAIN…MAX_GAIN, for a sub-generator at this distance."""
        at = (0.0, *self.distances)
        shown = {name: float(np.interp(distance, at, (1.0, *shares))) for name, shares in self.shares.items()}
        return {name: min(max(1 / share, MIN_GAIN), MAX_GAIN) for name, share in shown.items()}


def save_preview_gains(table: PreviewGains, path: Path) -> None:
    """As JSON with one attribute a line. Raises AnycostError when it cannot be written; an older file stays then."""
    shares = ",\n".join(f'  "{name}": {list(found)}' for name, found in table.shares.items())
    text = f'{{"faces": {table.faces}, "distances": {list(table.distances)}, "shares": {{\n{shares}\n}}}}\n'
    write_aside(path, text.encode())


def load_preview_gains(path: Path = EMBEDDED_PREVIEW_GAINS) -> PreviewGains:
    """Raises AnycostError when the file is missing, or is anything but a table as `save_preview_gains` writes it."""
    return read_table(intact(path), PreviewGains, "table of attributes")


@functools.cache
def embedded_gains(sub: SubGenerator) -> Mapping[str, float]:
    """Of the embedded model's sub-generator. Raises AnycostError when a table is missing or damaged."""
    distance = load_fidelity().distance(sub, SIDE)
    return load_preview_gains().gains(distance) if distance else {}
