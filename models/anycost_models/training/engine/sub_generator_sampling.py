"""Which sub-generators a step trains: the paper's uniform, flexible and sandwich sampling over stated resolutions."""

import random
import zlib

import msgspec

from anycost_models.generators.elastic import RATIOS, ElasticGenerator, SubGenerator
from anycost_models.training.engine.stage import SubGenerators


def seed_of(*parts: int | str) -> int:
    """A seed for what the parts name. torch looks at the lowest 32 bits of a seed, so they are all that is made."""
    return zlib.crc32(repr(parts).encode())


def choose(generator: ElasticGenerator, wanted: SubGenerators, seed: int, step: int) -> list[SubGenerator]:
    """The same for the same seed and step. Never the full generator of a family that keeps it apart."""
    rng = random.Random(seed * 1_000_003 + step)
    resolution = rng.choices(list(wanted.resolutions), list(wanted.resolutions.values()))[0]
    full = SubGenerator(resolution)
    if wanted.channels == "full":
        return [full]
    narrower = [ratio for ratio in RATIOS if ratio < 1]
    uniform = SubGenerator(resolution, rng.choice(narrower[1:] if wanted.channels == "sandwich" else RATIOS))
    count = generator.layers_at(resolution)
    flexible = SubGenerator(resolution, tuple(rng.choice(generator.flexible_widths(layer)) for layer in range(count)))
    if wanted.channels == "uniform":
        return [uniform]
    if wanted.channels == "flexible":
        return [flexible]
    chosen = [SubGenerator(resolution, RATIOS[0]), rng.choice([uniform, flexible])]
    return [full, *chosen] if resolution <= wanted.widest_at else chosen


def draw(generator: ElasticGenerator, wanted: SubGenerators, resolution: int, seed: int, number: int) -> SubGenerator:
    """One sub-generator of that resolution: of a sandwich the widest and the narrowest one time in four each, else a
    random one, as published."""
    subs = choose(generator, msgspec.structs.replace(wanted, resolutions={resolution: 1.0}), seed, number)
    return random.Random(seed_of("draw", seed, number)).choices(subs, (1, 1, 2)[-len(subs) :])[0]


def outputs(wanted: SubGenerators, count: int, seed: int, step: int) -> list[int]:
    """`count` different ones of the resolutions (at most all), ascending: which a step trains."""
    rng = random.Random(seed_of("outputs", seed, step))
    lots = {resolution: rng.random() ** (1 / share) for resolution, share in wanted.resolutions.items()}
    return sorted(sorted(lots, key=lots.__getitem__, reverse=True)[:count])
