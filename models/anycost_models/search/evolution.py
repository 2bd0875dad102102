"""Evolutionary search of flexible sub-generators: the lists of channels whose images are nearest to the full
generator's under a budget, one or several.

Lists are bred from the best so far by crossover and mutation, and narrowed until they hold the budget; each is measured
once, so that a small space ends up measured whole. Uniform sub-generators are in the first generation: no result is
worse than the best of them.
"""

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import RATIOS, ElasticGenerator
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.search.pareto_front import Front, Point, pareto, with_ms
from anycost_models.search.search_space import SearchSpace, SubGeneratorFidelity, Widths, macs_of, milliseconds_of

TRIES = 40  # at a list that was not measured yet
FRONT_BUDGETS = 8  # per resolution

_BUDGET = re.compile(r"(\d+\.?\d*|\.\d+) ?(?:(m|g)(?:macs?)?|ms)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class SearchSettings:
    """Raises AnycostError for numbers with which nothing can be searched."""

    samples: int = 16  # faces on which images are compared
    population: int = 40  # lists of a generation, of which the best quarter lives on
    generations: int = 20  # after the first
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, most in (("samples", 1, 4096), ("population", 4, 10_000), ("generations", 0, 10_000)):
            if not least <= (number := getattr(self, name)) <= most:
                raise AnycostError(f"the number of {name} is {number}", f"choose one from {least} to {most}")

    @property
    def elites(self) -> int:
        return self.population // 4

    def most(self, space: SearchSpace) -> int:
        """How many lists will be measured, at most."""
        return min(space.size, self.population + self.generations * (self.population - self.elites))


@dataclass(frozen=True)
class SearchStep:
    """Where a running search is."""

    doing: str  # "256 px" …
    done: int
    total: int
    best: Point | None = None  # under the budget


@dataclass(frozen=True)
class SearchResult:
    best: Point
    uniform: Point | None  # the best with one ratio for all layers, where one holds the budget
    measured: int  # different lists
    interrupted: bool  # by Ctrl-C: another one might be better


@dataclass(frozen=True)
class FrontResult:
    front: Front
    uniform: tuple[tuple[float, Point], ...]  # with their ratios: one for all layers; on the front or not
    measured: int
    interrupted: bool


def search(
    generator: ElasticGenerator,
    perceptual: PerceptualDistance,
    budget: str,  # "0.8G" or "650M" MACs, or "12ms" of this machine's time, per image
    resolution: int = 256,  # pixels
    settings: SearchSettings = SearchSettings(),
    on_step: Callable[[SearchStep], None] = lambda step: None,
) -> SearchResult:
    """The best list under a budget. Deterministic on one machine for equal settings and a budget in MACs. Ctrl-C ends
    it with the best so far. Raises AnycostError for a budget that cannot be read or held, or no such resolution."""
    space = SearchSpace(generator, resolution)
    least: float = generator.cost(space.sub(space.narrowest)).macs
    limit, in_ms = parse_budget(budget, resolution, least)
    milliseconds = milliseconds_of(space) if in_ms else None
    if milliseconds:
        least = milliseconds(space.narrowest)
    if limit < least:
        smallest = f"{math.ceil(10 * least) / 10:g}ms" if in_ms else _in_millions(least)
        raise AnycostError(f"the budget {budget} is too small", f"{resolution} px take at least {smallest}")
    macs = macs_of(space)
    cost: Callable[[Widths], float] = milliseconds or macs
    points: list[Point] = []
    interrupted = False
    try:
        for point in _measured(space, cost, macs, [limit], perceptual, settings):
            points.append(point)
            on_step(SearchStep(f"{resolution} px", len(points), settings.most(space), min(points, key=_order)))
    except KeyboardInterrupt:
        if not points:
            raise
        interrupted = True
    uniform = min((point for point in points if point.channels in space.uniform), key=_order, default=None)
    best = min(points, key=_order)
    if milliseconds:
        best = with_ms(best, milliseconds(best.channels))
        uniform = uniform and with_ms(uniform, milliseconds(uniform.channels))
    return SearchResult(best, uniform, len(points), interrupted)


def search_front(
    generator: ElasticGenerator,
    perceptual: PerceptualDistance,
    resolutions: Sequence[int] = (),  # pixels; default: all that the generator renders
    settings: SearchSettings = SearchSettings(),
    on_step: Callable[[SearchStep], None] = lambda step: None,
) -> FrontResult:
    """The Pareto front at each resolution, from one search each for several budgets in MACs at once; at the end its
    points are timed. Ctrl-C ends it with what was measured, not timed. AnycostError: no such resolution."""
    spaces = [SearchSpace(generator, resolution) for resolution in resolutions or generator.config.exits]
    points: list[Point] = []
    uniform: list[tuple[float, Point]] = []
    try:
        for space in spaces:
            macs = macs_of(space)
            low, high = macs(space.narrowest), macs(space.widest)
            budgets = [low * (high / low) ** (i / FRONT_BUDGETS) for i in range(1, FRONT_BUDGETS)] + [high]
            for done, point in enumerate(_measured(space, macs, macs, budgets, perceptual, settings), 1):
                points.append(point)
                ratios = [
                    ratio for ratio, widths in zip(RATIOS, space.uniform, strict=True) if widths == point.channels
                ]
                uniform += [(ratio, point) for ratio in ratios[-1:]]
                on_step(SearchStep(f"{space.resolution} px", done, settings.most(space)))
        front, timed = pareto(points), []
        for space in spaces:
            milliseconds, kept = milliseconds_of(space), front.at(space.resolution)
            for done, point in enumerate(kept, 1):
                timed.append(with_ms(point, milliseconds(point.channels)))
                on_step(SearchStep(f"timing {space.resolution} px", done, len(kept)))
        return FrontResult(pareto(timed), tuple(uniform), len(points), interrupted=False)
    except KeyboardInterrupt:
        if not points:
            raise
        return FrontResult(pareto(points), tuple(uniform), len(points), interrupted=True)


def parse_budget(text: str, resolution: int, least: float) -> tuple[float, bool]:
    """(MACs, False) or (milliseconds, True). least: MACs of the cheapest list, for the AnycostError when it is none."""
    match = _BUDGET.fullmatch(text.strip())
    if not match:
        raise AnycostError(
            f"'{text:.40}' is no budget: write MACs as 0.8G or 650M, or a time as 12ms",
            f"{resolution} px take at least {_in_millions(least)}",
        )
    unit = {"m": 1e6, "g": 1e9, "": 1.0}[(match[2] or "").lower()]
    return float(match[1]) * unit, match[2] is None


def evolve(
    space: SearchSpace,
    cost: Callable[[Widths], float],
    measure: Callable[[Widths], Point],
    budgets: Sequence[float],  # each at least what the narrowest list costs
    settings: SearchSettings,
) -> Iterator[Point]:
    """Each list once, as soon as it is measured. Every child is bred for one of the budgets, at random, among the
    best that hold it. Ends early when there seem to be no others."""
    rng = random.Random(settings.seed)
    seen: dict[Widths, Point] = {}

    def best(budget: float) -> list[Widths]:
        holding = sorted((point for point in seen.values() if cost(point.channels) <= budget), key=_order)
        return [point.channels for point in holding[: settings.elites]]

    for widths in dict.fromkeys(space.uniform):
        if cost(widths) <= max(budgets):
            seen[widths] = measure(widths)
            yield seen[widths]
    for generation in range(1 + settings.generations):
        # The first generation is random, beside the uniform ones.
        parents = {budget: best(budget) if generation else [] for budget in budgets}
        born = 0
        for _ in range(settings.population - (settings.elites if generation else len(seen))):
            budget = rng.choice(list(budgets))
            child = _child(rng, space, cost, budget, parents[budget], seen)
            if child is not None:
                seen[child] = measure(child)
                born += 1
                yield seen[child]
        if generation and not born:
            return


def _child(
    rng: random.Random,
    space: SearchSpace,
    cost: Callable[[Widths], float],
    budget: float,
    parents: Sequence[Widths],
    seen: dict[Widths, Point],
) -> Widths | None:
    """A list that holds the budget and was not seen, or None where none turns up."""
    for attempt in range(TRIES):
        if parents and attempt < TRIES // 2:
            mother, father = rng.choice(parents), rng.choice(parents)
            child = [rng.choice(pair) for pair in zip(mother, father, strict=True)]
            for layer in space.elastic:
                if rng.random() < 1 / len(space.elastic):  # one mutation per child, on average
                    child[layer] = rng.choice(space.choices[layer])
        else:
            child = [rng.choice(widths) for widths in space.choices]
        while cost(tuple(child)) > budget:
            layer = rng.choice([layer for layer in space.elastic if child[layer] > space.narrowest[layer]])
            child[layer] = max(width for width in space.choices[layer] if width < child[layer])
        if tuple(child) not in seen:
            return tuple(child)
    return None


def _measured(
    space: SearchSpace,
    cost: Callable[[Widths], float],
    macs: Callable[[Widths], int],
    budgets: Sequence[float],
    perceptual: PerceptualDistance,
    settings: SearchSettings,
) -> Iterator[Point]:
    fidelity = SubGeneratorFidelity(space, perceptual, settings.samples, settings.seed)

    def measure(widths: Widths) -> Point:
        distance, psnr = fidelity(widths)
        return Point(
            resolution=space.resolution,
            channels=widths,
            macs=macs(widths),
            distance=round(distance, 5),
            psnr=round(psnr, 2),
        )

    return evolve(space, cost, measure, budgets, settings)


def _order(point: Point) -> tuple[float, int, Widths]:
    return point.distance, point.macs, point.channels


def _in_millions(macs: float) -> str:
    """Rounded up, so that it holds as a budget."""
    return f"{math.ceil(macs / 1e6)}M"
