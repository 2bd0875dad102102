"""Samples the sub-generators that a step trains: uniform, flexible or sandwich, at the stage's resolutions.

Sampling-based multi-resolution and adaptive-channel training, Anycost GANs (Lin et al. 2021, arXiv 2103.03243).
All samples follow from the seed and the step.
"""

import random
import zlib

import msgspec

from anycost_models.generators.elastic import RATIOS, ElasticGenerator, SubGenerator
from anycost_models.training.engine.stage import SubGeneratorSampling


def seed_of(*parts: int | str) -> int:
    """A seed derived from the parts, 32 bits: torch's generators use no more of it."""
    return zlib.crc32(repr(parts).encode())


def sample_sub_generators(
    generator: ElasticGenerator, sampling: SubGeneratorSampling, seed: int, step: int
) -> list[SubGenerator]:
    """The sub-generators of a step, all at one resolution; of a sandwich the widest (up to `widest_at`), the narrowest
    and a random one."""
    rng = random.Random(seed * 1_000_003 + step)
    resolution = rng.choices(list(sampling.resolutions), list(sampling.resolutions.values()))[0]
    full = SubGenerator(resolution)
    if sampling.channels == "full":
        return [full]
    narrower = [ratio for ratio in RATIOS if ratio < 1]
    uniform = SubGenerator(resolution, rng.choice(narrower[1:] if sampling.channels == "sandwich" else RATIOS))
    count = generator.config.layers_at(resolution)
    flexible = SubGenerator(resolution, tuple(rng.choice(generator.flexible_widths(layer)) for layer in range(count)))
    if sampling.channels == "uniform":
        return [uniform]
    if sampling.channels == "flexible":
        return [flexible]
    chosen = [SubGenerator(resolution, RATIOS[0]), rng.choice([uniform, flexible])]
    return [full, *chosen] if resolution <= sampling.widest_at else chosen


def sample_sub_generator(
    generator: ElasticGenerator, sampling: SubGeneratorSampling, resolution: int, seed: int, number: int
) -> SubGenerator:
    """One sub-generator of that resolution. A sandwich gives the widest and the narrowest with probability ¼ each,
    else a random one, as published."""
    at_resolution = msgspec.structs.replace(sampling, resolutions={resolution: 1.0})
    subs = sample_sub_generators(generator, at_resolution, seed, number)
    return random.Random(seed_of("draw", seed, number)).choices(subs, (1, 1, 2)[-len(subs) :])[0]


def sample_resolutions(sampling: SubGeneratorSampling, count: int, seed: int, step: int) -> list[int]:
    """`count` different resolutions (at most all), ascending, weighted without replacement."""
    rng = random.Random(seed_of("outputs", seed, step))
    keys = {resolution: rng.random() ** (1 / weight) for resolution, weight in sampling.resolutions.items()}
    return sorted(sorted(keys, key=keys.__getitem__, reverse=True)[:count])
