"""Sub-generators measured against their full generator, on the embedded model and on a tiny StyleGAN2."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.evaluation import sub_generators
from anycost_models.evaluation.sub_generators import SubGeneratorRenders
from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators import held_out
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import RATIOS, ElasticGenerator, SubGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.generators.stylegan2 import TINY, StyleGAN2Generator
from anycost_models.metrics import image_metrics
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual

SMALL, FULL = SubGenerator(128, 0.25), SubGenerator(1024)


@pytest.fixture(scope="module")
def embedded() -> ElasticGenerator:
    return load_generator()


@pytest.fixture(scope="module")
def perceptual() -> PerceptualDistance:
    return load_perceptual()


@pytest.fixture
def tiny() -> StyleGAN2Generator:
    torch.manual_seed(0)
    return StyleGAN2Generator(TINY).eval().requires_grad_(False)


# Which sub-generators, which faces


def test_by_default_every_uniform_sub_generator_is_measured(tiny: StyleGAN2Generator) -> None:
    assert tiny.sub_generators() == tiny.sub_generators(TINY.exits, RATIOS)


def test_sub_generators_are_chosen_by_resolution_and_by_channels(tiny: StyleGAN2Generator) -> None:
    flexible = (16, 16, 16, 12, 12, 4, 8, 8)
    assert set(tiny.sub_generators([32], [0.5, flexible])) == {SubGenerator(32, 0.5), SubGenerator(32, flexible)}
    assert {sub.resolution for sub in tiny.sub_generators((), [0.5])} == set(TINY.exits)
    assert {sub.channels for sub in tiny.sub_generators([32])} == {0.25, 0.5, 0.75, 1.0}


def test_equal_sub_generators_are_measured_once(tiny: StyleGAN2Generator) -> None:
    assert tiny.sub_generators([8], [0.5, 1.0]) == (SubGenerator(8),)  # layers up to 8 px keep their width down to .5
    assert tiny.sub_generators([32, 32], [0.5]) == (SubGenerator(32, 0.5),)


@pytest.mark.parametrize(
    ("resolutions", "channels", "message"),
    [
        ([48], [], "draws 8, 16, 32 px, not 48"),
        ([], [0.3], "no channel ratio 0.3"),
        ([32], [(16, 16)], "32 px take 8"),
    ],
)
def test_what_the_generator_does_not_have_is_refused(
    tiny: StyleGAN2Generator, resolutions: list[int], channels: list[float | tuple[int, ...]], message: str
) -> None:
    with pytest.raises(AnycostError, match=message):
        tiny.sub_generators(resolutions, channels)


def test_held_out_faces_are_the_same_however_many(tiny: StyleGAN2Generator) -> None:
    few, many = held_out_styles(tiny, 2), held_out_styles(tiny, 5)
    assert many.shape == (5, 2, TINY.style_dim)
    torch.testing.assert_close(few, many[:2])
    assert len({w.sum().item() for w in many.flatten(0, 1)}) == 10
    assert not torch.equal(held_out_styles(tiny, 2, seed=1), few)


def test_held_out_seeds_lie_within_what_torch_tells_apart() -> None:
    """Its CPU generator takes the lowest 32 bits of a seed: others would meet training's again."""
    assert held_out.HELD_OUT + held_out.SEEDS <= 1 << 32

    def drawn(seed: int) -> torch.Tensor:
        return torch.randn(4, generator=torch.Generator().manual_seed(seed))

    assert torch.equal(drawn(5), drawn(5 + (1 << 32)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 1}, "take at least 2"),
        ({"samples": 2, "seed": held_out.SEEDS}, "choose one from 0"),
        ({"samples": 2, "truncation": float("nan")}, "choose one from 0 to 1.5"),
    ],
)
def test_samples_seed_and_truncation_are_checked(
    tiny: StyleGAN2Generator, wrong: dict[str, float], message: str
) -> None:
    with pytest.raises(AnycostError, match=message):
        held_out_styles(tiny, **wrong)  # type: ignore[arg-type]


# The measures


def test_the_full_generator_is_consistent_with_itself(tiny: StyleGAN2Generator, perceptual: PerceptualDistance) -> None:
    narrow, full = SubGenerator(32, 0.25), SubGenerator(32)
    near, same = sub_generators.consistency(
        SubGeneratorRenders(tiny, (narrow, full)), perceptual, held_out_styles(tiny, 2)
    )
    assert (same.sub, same.psnr, same.enl0, same.macs_ratio) == (full, pytest.approx(image_metrics.MAX_PSNR), 0, 1)
    assert near.sub == narrow
    assert near.psnr < 40
    assert near.enl0 > 0
    assert 0 < near.macs_ratio < 0.5
    assert near.ms > 0


def test_consistency_compares_with_the_full_picture_made_smaller(
    embedded: ElasticGenerator, perceptual: PerceptualDistance
) -> None:
    styles = held_out_styles(embedded, 2)
    (found,) = sub_generators.consistency(SubGeneratorRenders(embedded, (SMALL,)), perceptual, styles)
    with torch.inference_mode():
        goal = F.avg_pool2d(embedded(styles[:, 0]).clamp(-1, 1), 8)
        drawn = embedded(styles[:, 0], SMALL).clamp(-1, 1)
        assert found.psnr == pytest.approx(image_metrics.psnr(drawn, goal).mean().item(), abs=0.01)
        assert found.enl0 == pytest.approx(perceptual(drawn, goal).mean().item(), rel=0.01)
    assert 15 < found.psnr < 40
    assert found.macs_ratio < 1 / 11


def test_each_sample_is_tracked(tiny: StyleGAN2Generator, perceptual: PerceptualDistance) -> None:
    seen = []

    def track(samples):  # type: ignore[no-untyped-def]
        for sample in samples:
            seen.append(sample)
            yield sample

    sub_generators.frechet(SubGeneratorRenders(tiny, (SubGenerator(8),)), perceptual, held_out_styles(tiny, 3), track)
    assert len(seen) == 3


def test_the_full_generators_distribution_is_at_its_floor(
    tiny: StyleGAN2Generator, perceptual: PerceptualDistance
) -> None:
    narrow, full = SubGenerator(32, 0.25), SubGenerator(32)
    found = sub_generators.frechet(SubGeneratorRenders(tiny, (narrow, full)), perceptual, held_out_styles(tiny, 8))
    assert found[1].fd_enl0 == found[1].floor > 0
    assert found[0].fd_enl0 > found[0].floor == found[1].floor


def test_paths_shorten_with_the_square_of_the_truncation(
    tiny: StyleGAN2Generator, perceptual: PerceptualDistance
) -> None:
    renders = SubGeneratorRenders(tiny, (SubGenerator(16, 0.5), SubGenerator(32)))
    whole, half = (
        sub_generators.path_lengths(renders, perceptual, held_out_styles(tiny, 4, truncation=psi))
        for psi in (0.5, 0.25)
    )
    for long, short in zip(whole, half, strict=True):
        assert short.length == pytest.approx(long.length / 4, rel=0.3)
    assert whole[1].length == whole[1].full > 0
    assert whole[0].full != whole[1].full  # each at its resolution


def test_attributes_of_the_full_generator_agree_with_themselves(embedded: ElasticGenerator) -> None:
    renders = SubGeneratorRenders(embedded, (SMALL, FULL))
    near, same = sub_generators.attributes(renders, FaceLabels.load(), held_out_styles(embedded, 3))
    assert list(near.labels) == list(same.labels) == list(LABELS)
    assert (same.difference, same.correlation) == (0, pytest.approx(1))
    assert near.labels["yaw"].difference < 0.3
    assert near.labels["yaw"].correlation > 0.95
    assert 0 < near.difference < 3
    differences = [label.difference for label in near.labels.values() if np.isfinite(label.difference)]
    assert near.difference == pytest.approx(np.mean(differences))


@pytest.mark.parametrize("channels", [(0.5, 1.0), (0.5, 0.25)], ids=["the full one chosen", "not chosen"])
def test_the_sheet_has_a_row_for_each_face_and_the_full_generator_last(
    tiny: StyleGAN2Generator, channels: tuple[float, ...]
) -> None:
    renders = SubGeneratorRenders(tiny, tiny.sub_generators([32], channels))
    styles = held_out_styles(tiny, 3)
    sheet = sub_generators.comparison_sheet(renders, styles, "3 faces", tile=32)
    columns = 2 if 1.0 in channels else 3
    assert sheet.shape[1] == 2 + columns * 34
    assert 3 * 34 < sheet.shape[0] < 3 * 34 + 50
    with torch.inference_mode():
        full = tensor_to_image(tiny(styles[2:, 0]))
    assert np.array_equal(sheet[-34:-2, -34:-2], full)
