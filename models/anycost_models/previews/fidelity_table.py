"""Distances of sub-generators' images to the full generator's, both shown at one size: a table shipped with the
embedded model (`benchmarks/sub_generator_fidelity.py` writes it), and an estimate for other models."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.json_tables import read_table
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.weights import EMBEDDED_GENERATOR, intact

EMBEDDED_FIDELITY = EMBEDDED_GENERATOR.with_name("consistency.json")

NOTICEABLE = 1.11  # ratio of distances

Side = Annotated[int, Meta(gt=0, le=1 << 14)]  # pixels
Distance = Annotated[float, Meta(ge=0)]


class FidelityRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sub-generator."""

    resolution: Side
    channels: float | tuple[int, ...]  # as of SubGenerator
    macs: Annotated[int, Meta(gt=0)]  # per image
    distances: Annotated[tuple[Distance, ...], Meta(min_length=1)]  # at each of the table's sides

    @property
    def sub(self) -> SubGenerator:
        return SubGenerator(self.resolution, self.channels)


class FidelityTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raises ValueError when the table is not one."""

    faces: Annotated[int, Meta(gt=0)]  # over which distances are means
    sides: Annotated[tuple[Side, ...], Meta(min_length=1)]  # pixels, ascending: at which images were compared
    rows: Annotated[tuple[FidelityRow, ...], Meta(min_length=1)]  # cheapest first; the full generator, distance 0, last

    def __post_init__(self) -> None:
        if list(self.sides) != sorted(set(self.sides)) or any(len(r.distances) != len(self.sides) for r in self.rows):
            raise ValueError("its sides and distances do not fit together")

    def distance(self, sub: SubGenerator, side: int) -> float | None:
        """Of an image shown with `side` pixels; None when the sub-generator is not in the table."""
        at = next((i for i, known in enumerate(self.sides) if known >= side), len(self.sides) - 1)
        return next((row.distances[at] for row in self.rows if row.sub == sub), None)

    def worthwhile(self) -> tuple[SubGenerator, ...]:
        """Those that are noticeably nearer than every cheaper one at some side, cheapest first."""
        worthwhile: list[FidelityRow] = []
        for row in sorted(self.rows, key=lambda row: row.macs):
            pairs = (zip(other.distances, row.distances, strict=True) for other in worthwhile)
            if all(any(NOTICEABLE * own < theirs for theirs, own in pair) for pair in pairs):
                worthwhile.append(row)
        return tuple(row.sub for row in worthwhile)


def estimated_distance(sub: SubGenerator, side: int) -> float:
    """An estimate of the distance where nothing was measured: first what is too small for the size, then width."""
    ratio = 0.5 if isinstance(sub.channels, tuple) else sub.channels
    return max(side / sub.resolution, 1.0) - 1 + (1 - ratio)


def save_fidelity(table: FidelityTable, path: Path) -> None:
    """As JSON with one row a line. Raises AnycostError when it cannot be written; an older file stays then."""
    rows = ",\n".join(f"  {msgspec.json.encode(row).decode()}" for row in table.rows)
    text = f'{{"faces": {table.faces}, "sides": {list(table.sides)}, "rows": [\n{rows}\n]}}\n'
    write_aside(path, text.encode())


def load_fidelity(path: Path = EMBEDDED_FIDELITY) -> FidelityTable:
    """Raises AnycostError when the file is missing, or is anything but a table as `save_fidelity` writes it."""
    return read_table(intact(path), FidelityTable, "table of sub-generators")
