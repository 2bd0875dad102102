"""The best sub-generators that a search found, cheapest first: as a value, and as the file shipped with a model."""

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.json_tables import read_table
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.weights import EMBEDDED_GENERATOR, intact

EMBEDDED_FRONT = EMBEDDED_GENERATOR.with_name("front.json")

Positive = Annotated[int, Meta(gt=0)]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sub-generator: what it costs, and how far its images are from the full generator's."""

    resolution: Positive  # pixels
    channels: Annotated[tuple[Positive, ...], Meta(min_length=1)]  # of every layer that it runs
    macs: Positive  # per image
    ms: Annotated[float, Meta(gt=0)] | None = None  # per image on the machine of the search; null: not measured
    distance: Annotated[float, Meta(ge=0)]  # as anycost_models.search.evolution defines it, at this resolution
    psnr: float  # dB, at this resolution

    @property
    def sub(self) -> SubGenerator:
        return SubGenerator(self.resolution, self.channels)


class Front(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Per resolution a Pareto front. Distances at different resolutions answer different questions: a small image
    is compared to a small one, so that no point at one resolution can make one at another superfluous."""

    points: Annotated[tuple[Point, ...], Meta(min_length=1)]  # by resolution, then by MACs, ascending

    def __post_init__(self) -> None:
        for one, other in pairwise(self.points):
            if one.resolution == other.resolution and not (one.macs < other.macs and one.distance > other.distance):
                raise ValueError(f"at {one.resolution} px a costlier point is no better, or they are in disorder")
            if one.resolution > other.resolution:
                raise ValueError("its resolutions are in disorder")

    def at(self, resolution: int) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.resolution == resolution)


def pareto(points: Iterable[Point]) -> Front:
    """Of these, the ones to which no other of their resolution is preferable. ValueError: there are none."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.resolution, p.macs, p.distance, p.channels)):
        if not kept or kept[-1].resolution != point.resolution or point.distance < kept[-1].distance:
            kept.append(point)
    if not kept:
        raise ValueError("no points")
    return Front(tuple(kept))


def with_ms(point: Point, ms: float) -> Point:
    return msgspec.structs.replace(point, ms=round(ms, 3))


def save_front(front: Front, path: Path) -> None:
    """As JSON with one point a line. Raises AnycostError when it cannot be written; an older file stays then."""
    lines = ",\n".join(f"  {json.dumps(msgspec.to_builtins(point))}" for point in front.points)
    write_aside(path, f'{{"points": [\n{lines}\n]}}\n'.encode())


def load_front(path: Path = EMBEDDED_FRONT) -> Front:
    """Raises AnycostError when the file is missing, or is anything but a front as `save_front` writes it."""
    return read_table(intact(path), Front, "front of sub-generators", remedy="write it with 'anycost search --front'")
