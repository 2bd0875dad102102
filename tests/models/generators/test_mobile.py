"""The embedded generator: its exits, its latents, its files."""

import pytest
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.mobile import MobileGenerator, haar, inverse_haar
from anycost_models.generators.mobile_config import TINY, MobileConfig
from safetensors.torch import load_file, save_file


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    """dB between pictures in −1…1."""
    return (10 * torch.log10(4 / (a - b).square().mean())).item()


@pytest.fixture(scope="module")
def embedded():
    return load_generator()


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return MobileGenerator(TINY).eval().requires_grad_(False)


def test_haar_and_inverse_haar_undo_each_other():
    picture = torch.randn(2, 3, 8, 8)
    assert haar(picture).shape == (2, 12, 4, 4)
    torch.testing.assert_close(inverse_haar(haar(picture)), picture)


def test_the_first_haar_band_is_the_picture_at_half_size():
    picture = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(haar(picture)[:, ::4] / 2, F.avg_pool2d(picture, 2))


@pytest.mark.parametrize("sub", MobileGenerator(TINY).sub_generators(), ids=str)
def test_every_sub_generator_draws_its_resolution(tiny, sub):
    assert tiny(torch.randn(2, 32), sub).shape == (2, 3, sub.resolution, sub.resolution)


def test_w_and_the_same_w_in_every_row_draw_the_same_picture(tiny):
    w = torch.randn(1, 32)
    assert torch.equal(tiny(w), tiny(w[:, None].repeat(1, TINY.styles, 1)))


def test_blocks_beyond_the_exit_are_not_run(tiny):
    tiny.blocks[-1].conv1.conv.weight.data.fill_(torch.nan)
    assert torch.isfinite(tiny(torch.randn(1, 32), SubGenerator(32))).all()
    assert torch.isnan(tiny(torch.randn(1, 32))).any()


def test_each_row_of_the_latent_reaches_the_picture(tiny):
    latent = torch.randn(1, TINY.styles, 32)
    for row in range(TINY.styles):
        other = latent.clone()
        other[:, row] += 1
        assert not torch.equal(tiny(other), tiny(latent)), f"row {row}"


def test_a_resolution_without_exit_is_refused_by_name(tiny):
    with pytest.raises(AnycostError, match="16, 32, 64 px, not 48"):
        tiny(torch.randn(1, 32), SubGenerator(48))


@pytest.mark.parametrize("shape", [(1, 512), (1, 16, 32), (32,)])
def test_a_latent_of_another_model_is_refused(tiny, shape):
    with pytest.raises(AnycostError, match="use the model that it was made for"):
        tiny(torch.randn(shape))


def test_truncation_draws_styles_towards_the_mean(embedded):
    z = torch.randn(8, 512, generator=torch.Generator().manual_seed(1))
    distance = [(embedded.styles(z, psi) - embedded.mean_style).norm().item() for psi in (0.0, 0.5, 1.0)]
    assert distance[0] == 0
    assert distance[1] == pytest.approx(distance[2] / 2, rel=1e-4)


def test_the_mean_style_is_the_mean_of_many_styles(embedded):
    z = torch.randn(8192, 512, generator=torch.Generator().manual_seed(2))
    styles = embedded.mapping(z)
    assert (styles.mean(0) - embedded.mean_style).norm() < 0.05 * styles.std(0).norm()


def test_exits_draw_the_same_face_as_the_full_generator(embedded):
    z = torch.randn(3, 512, generator=torch.Generator().manual_seed(3))
    w = embedded.styles(z, 0.7)
    with torch.inference_mode():
        full = embedded(w).clamp(-1, 1)
        for resolution, floor in ((64, 19), (128, 20.5), (256, 22.5), (512, 25)):
            drawn = embedded(w, SubGenerator(resolution)).clamp(-1, 1)
            assert psnr(drawn, F.avg_pool2d(full, 1024 // resolution)) > floor, f"{resolution} px"


def test_fast_features_change_the_picture_by_little(embedded):
    w = embedded.styles(torch.randn(1, 512, generator=torch.Generator().manual_seed(4)), 0.7)
    with torch.inference_mode():
        exact = embedded(w, SubGenerator(128))
        fast = embedded.with_fast_features()(w, SubGenerator(128)).float()
    assert psnr(fast, exact) > 38


def test_gradients_reach_the_latent_through_fast_features(embedded):
    latent = embedded.mean_style.repeat(1, 16, 1).clone().requires_grad_(True)
    embedded.with_fast_features()(latent, SubGenerator(64)).float().square().mean().backward()
    assert latent.grad is not None
    assert latent.grad[:, :8].abs().sum(dim=(0, 2)).gt(0).all()


def test_a_generator_survives_its_file(tiny, tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_generator(tiny, path)
    again = load_generator(path)
    w = torch.randn(1, 32)
    assert again.config == TINY
    assert psnr(again(w), tiny(w)) > 40  # fp16 on disk
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.safetensors"]


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(AnycostError, match=r"nowhere\.safetensors is missing"):
        load_generator(tmp_path / "nowhere.safetensors")


def test_a_truncated_model_is_damaged(tiny, tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_generator(tiny, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AnycostError, match="damaged"):
        load_generator(path)


def test_a_file_of_another_family_is_refused(tiny, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path, {"family": "diffusion"})
    with pytest.raises(AnycostError, match="holds diffusion"):
        load_generator(path)


@pytest.mark.parametrize("harm", ["missing", "reshaped"])
def test_a_file_with_wrong_tensors_is_refused(tiny, tmp_path, harm):
    from safetensors import safe_open

    path = tmp_path / "tiny.safetensors"
    save_generator(tiny, path)
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    if harm == "missing":
        del tensors["constant"]
    else:
        tensors["constant"] = tensors["constant"][:, :3].contiguous()
    save_file(tensors, path, metadata)
    with pytest.raises(AnycostError, match=r"does not fit .*constant"):
        load_generator(path)


def test_configurations_know_their_styles():
    assert MobileConfig().styles == 16
    assert MobileConfig().resolution == 1024
