"""The search finds the best list of channels under a budget, on real networks of toy size and on the embedded one."""

import itertools
import math
import random
from dataclasses import replace

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import RATIOS, ElasticGenerator, SubGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.generators.stylegan2 import TINY as TINY_STYLEGAN2
from anycost_models.generators.stylegan2 import StyleGAN2Generator
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual
from anycost_models.search import evolution as module
from anycost_models.search.evolution import SearchResult, SearchSettings, SearchStep, evolve, search, search_front
from anycost_models.search.pareto_front import Point
from anycost_models.search.search_space import SearchSpace, SubGeneratorFidelity, Widths, macs_of, milliseconds_of

QUICK = SearchSettings(samples=1, population=8, generations=4)


@pytest.fixture(scope="module")
def tiny() -> MobileGenerator:
    torch.manual_seed(0)
    return MobileGenerator(TINY).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def tiny_stylegan2() -> StyleGAN2Generator:
    torch.manual_seed(0)
    return StyleGAN2Generator(TINY_STYLEGAN2).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def perceptual() -> PerceptualDistance:
    return load_perceptual()


def every_list(space: SearchSpace) -> list[Widths]:
    return list(itertools.product(*space.choices))


# The space and its costs


def test_low_layers_keep_their_width_and_costly_ones_have_four(tiny: MobileGenerator) -> None:
    space = SearchSpace(tiny, 64)
    assert [len(widths) for widths in space.choices] == [1, 1, 1, 1, 4, 4, 4, 4]
    assert space.size == 256
    assert SearchSpace(tiny, 16).size == 1


@pytest.mark.parametrize("family", ["tiny", "tiny_stylegan2"])
def test_every_list_of_the_space_is_a_sub_generator(family: str, request: pytest.FixtureRequest) -> None:
    generator: ElasticGenerator = request.getfixturevalue(family)
    space = SearchSpace(generator, 32)
    assert {generator.widths(SubGenerator(32, ratio)) for ratio in RATIOS} <= set(every_list(space))
    for widths in every_list(space):
        assert generator.widths(space.sub(widths)) == widths


@pytest.mark.parametrize("family", ["tiny", "tiny_stylegan2"])
def test_macs_are_those_that_are_counted_on_the_network(family: str, request: pytest.FixtureRequest) -> None:
    generator: ElasticGenerator = request.getfixturevalue(family)
    space = SearchSpace(generator, generator.config.resolution)
    macs = macs_of(space)
    for widths in (*random.Random(1).sample(every_list(space), 8), space.widest):
        assert macs(widths) == generator.cost(space.sub(widths)).macs


def test_the_full_generator_is_no_distance_from_itself(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    space = SearchSpace(tiny, 64)
    assert SubGeneratorFidelity(space, perceptual, 1, 0)(space.widest) == (0, 100)


def test_distance_and_psnr_are_those_of_the_drawn_pictures(
    tiny: MobileGenerator, perceptual: PerceptualDistance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anycost_models.search.search_space.has_fast_bfloat16", lambda: False)
    space = SearchSpace(tiny, 32)
    distance, psnr = SubGeneratorFidelity(space, perceptual, 1, 3)(space.narrowest)
    style = tiny.styles(torch.randn(1, 32, generator=torch.Generator().manual_seed(3)), 0.75)
    goal = torch.nn.functional.avg_pool2d(tiny(style).clamp(-1, 1), 2)
    picture = tiny(style, SubGenerator(32, 0.25)).clamp(-1, 1)
    error = (picture - goal).square().mean().item()
    assert distance == pytest.approx(perceptual(picture, goal).item() + 10 * error, rel=1e-4)
    assert psnr == pytest.approx(10 * math.log10(4 / error), rel=1e-4)


# The evolution


def importance(space: SearchSpace) -> dict[int, float]:
    rng = random.Random(2)
    return {layer: rng.random() ** 2 for layer in space.elastic}


def test_a_fifth_of_the_lists_is_enough_to_come_near_the_best(tiny_stylegan2: StyleGAN2Generator) -> None:
    space = SearchSpace(tiny_stylegan2, 32)  # 3600 lists
    macs, weight = macs_of(space), importance(space)

    def measure(widths: Widths) -> Point:
        lost = sum(w * (1 - widths[i] / space.widest[i]) ** 2 for i, w in weight.items())
        return Point(resolution=32, channels=widths, macs=macs(widths), distance=lost, psnr=20.0)

    settings = SearchSettings()
    for share in (0.2, 0.4, 0.7):
        budget = macs(space.narrowest) + share * (macs(space.widest) - macs(space.narrowest))
        found = list(evolve(space, macs, measure, [budget], settings))
        assert len({point.channels for point in found}) == len(found) <= settings.most(space) <= 3600 / 5
        assert all(point.macs <= budget for point in found)
        optimum = min(measure(widths).distance for widths in every_list(space) if macs(widths) <= budget)
        assert min(point.distance for point in found) <= 1.02 * optimum


# The search


def test_a_small_space_is_searched_whole(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    space = SearchSpace(tiny, 32)
    macs, nearness = macs_of(space), SubGeneratorFidelity(space, perceptual, 1, 0)
    budget = macs(space.uniform[2])
    under = {widths: round(nearness(widths)[0], 5) for widths in every_list(space) if macs(widths) <= budget}
    found = search(tiny, perceptual, f"{budget / 1e6}M", 32, QUICK)
    assert found.measured == len(under) > 8
    assert found.best.distance == min(under.values()) == under[found.best.channels]
    assert found.best.macs == tiny.cost(found.best.sub).macs <= budget
    assert found.best.ms is None
    assert found.uniform
    assert found.uniform.distance == min(under[widths] for widths in space.uniform if widths in under)
    assert not found.interrupted


def test_the_same_seed_finds_the_same(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    few = SearchSettings(samples=1, population=6, generations=1)
    runs: list[list[SearchStep]] = [[], [], []]
    for seed, steps in zip((0, 0, 1), runs, strict=True):
        search(tiny, perceptual, "0.6M", 64, replace(few, seed=seed), steps.append)
    assert runs[0] == runs[1] != runs[2]
    assert [step.done for step in runs[0]] == list(range(1, few.population + few.population - few.elites + 1))


def test_a_budget_above_the_full_cost_gives_the_full_generator(
    tiny: MobileGenerator, perceptual: PerceptualDistance
) -> None:
    found = search(tiny, perceptual, "1G", 64, SearchSettings(1, 4, 0))
    assert (found.best.distance, found.best.channels) == (0, TINY.channels)
    assert found.uniform == found.best


def test_ctrl_c_ends_with_the_best_so_far(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    def press(step: SearchStep) -> None:
        if step.done == 3:
            raise KeyboardInterrupt

    found = search(tiny, perceptual, "0.6M", 64, QUICK, press)
    assert found.interrupted
    assert found.measured == 3
    assert found.best.macs <= 600_000
    front = search_front(tiny, perceptual, (32, 64), QUICK, press)
    assert front.interrupted
    assert front.measured == 3
    assert {point.resolution for point in front.front.points} == {32}


def test_the_embedded_generator_is_searched(perceptual: PerceptualDistance) -> None:
    found = search(load_generator(), perceptual, "0.9G", 128, SearchSettings(samples=1, population=4, generations=1))
    assert found.best.macs <= 900e6
    assert found.best.channels[:8] == (512,) * 8
    assert found.uniform
    assert found.best.distance <= found.uniform.distance
    assert 10 < found.best.psnr < 50


# Budgets in milliseconds


def test_milliseconds_are_measured_once_for_each_list(tiny: MobileGenerator) -> None:
    space = SearchSpace(tiny, 32)
    milliseconds = milliseconds_of(space)
    assert milliseconds(space.widest) > 0
    assert milliseconds(space.widest) == milliseconds(space.widest)
    assert milliseconds(space.narrowest) > 0


def test_a_budget_in_milliseconds_is_held(
    tiny: MobileGenerator, perceptual: PerceptualDistance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_last_layer(space: SearchSpace) -> object:
        return lambda widths: 5.0 + widths[-1]

    monkeypatch.setattr(module, "milliseconds_of", slow_last_layer)
    found = search(tiny, perceptual, "13 ms", 32, QUICK)
    assert found.measured == 8
    assert found.best.channels[-1] <= 8
    assert found.best.ms == 5 + found.best.channels[-1]
    with pytest.raises(AnycostError, match=r"the budget 8.9ms is too small: 32 px take at least 9ms"):
        search(tiny, perceptual, "8.9ms", 32, QUICK)


def test_a_generous_time_is_enough_for_the_full_generator(
    tiny: MobileGenerator, perceptual: PerceptualDistance
) -> None:
    found: SearchResult = search(tiny, perceptual, "3600000ms", 64, SearchSettings(1, 4, 0))
    assert found.best.channels == TINY.channels
    assert found.best.ms is not None
    assert found.best.ms > 0


# Bad input


@pytest.mark.parametrize(
    "budget", ["abc", "", "-1G", "0.8", "0.8GB", "1e9", "12 s", "nanG", "infms", "G", "٣G", "1,5G"]
)
def test_what_is_no_budget_is_refused(tiny: MobileGenerator, perceptual: PerceptualDistance, budget: str) -> None:
    with pytest.raises(AnycostError, match=r"is no budget: write MACs as 0.8G or 650M, .* 32 px take at least 1M$"):
        search(tiny, perceptual, budget, 32)


@pytest.mark.parametrize("budget", ["0G", "0.3M", "0.000001 gmacs", "0ms"])
def test_a_budget_that_nothing_holds_is_refused_with_the_least(
    tiny: MobileGenerator, perceptual: PerceptualDistance, budget: str
) -> None:
    with pytest.raises(AnycostError, match=f"the budget {budget} is too small: 32 px take at least "):
        search(tiny, perceptual, budget, 32)


def test_the_least_that_is_named_is_enough(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    assert search(tiny, perceptual, "1M", 32, SearchSettings(1, 4, 0)).best.macs < 1e6


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"population": 3}, {"generations": -1}, {"population": 10**9}])
def test_settings_with_which_nothing_can_be_searched(wrong: dict[str, int]) -> None:
    with pytest.raises(AnycostError, match="choose one from"):
        SearchSettings(**wrong)


def test_more_faces_than_memory_holds_are_refused_before_they_are_drawn(
    tiny: MobileGenerator, perceptual: PerceptualDistance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anycost_models.search.search_space.MAX_PIXELS", 4 * 32 * 32)
    with pytest.raises(AnycostError, match="5 samples of 32 px are too many to keep: take up to 4"):
        search(tiny, perceptual, "1G", 32, SearchSettings(samples=5))


def test_a_resolution_that_there_is_not(tiny: MobileGenerator, perceptual: PerceptualDistance) -> None:
    with pytest.raises(AnycostError, match="draws 16, 32, 64 px, not 128"):
        search(tiny, perceptual, "1G", 128)
    with pytest.raises(AnycostError, match="draws 16, 32, 64 px, not 128"):
        search_front(tiny, perceptual, (16, 128))


# The front


def test_a_front_has_the_best_of_every_cost_at_every_resolution(
    tiny: MobileGenerator, perceptual: PerceptualDistance
) -> None:
    found = search_front(tiny, perceptual, (), QUICK)
    assert not found.interrupted
    assert {point.resolution for point in found.front.points} == {16, 32, 64}
    (only,) = found.front.at(16)
    assert only.channels == (32, 32, 32, 32)
    assert found.front.at(64)[-1].distance == 0
    assert all(point.ms for point in found.front.points)
    assert [(ratio, point.resolution) for ratio, point in found.uniform] == [
        (1, 16),
        *((ratio, resolution) for resolution in (32, 64) for ratio in RATIOS),
    ]
    for _, uniform in found.uniform:
        assert any(
            point.macs <= uniform.macs and point.distance <= uniform.distance
            for point in found.front.at(uniform.resolution)
        )

    space = SearchSpace(tiny, 32)  # so small that it was searched whole
    nearness, macs = SubGeneratorFidelity(space, perceptual, 1, 0), macs_of(space)
    every = [(macs(widths), round(nearness(widths)[0], 5)) for widths in every_list(space)]
    best = {(m, d) for m, d in every if not any((n, e) != (m, d) and n <= m and e <= d for n, e in every)}
    assert {(point.macs, point.distance) for point in found.front.at(32)} == best
