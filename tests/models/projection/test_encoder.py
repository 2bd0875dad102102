"""The encoder: shapes, where it starts, what reaches which rows, its size, its files."""

import dataclasses
import json

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.hub.catalogue import path_of
from anycost_models.metrics.efficientnet_lite import EfficientNetLite0
from anycost_models.metrics.imagenet_weights import CHANNELS
from anycost_models.projection.encoder import Encoder, EncoderConfig, load_encoder, save_encoder
from anycost_models.projection.encoder_graph import EncoderGraph
from safetensors.torch import load_file, save_file

TINY = EncoderConfig(rows=(1, 1, 2), style_dim=8, resolution=64, reduced=(4, 4, 4), grid=2, hidden=8)
FACE = image_to_tensor(skimage.data.astronaut()[:256, 96:352])


@pytest.fixture(scope="module")
def generator():
    return load_generator()


@pytest.fixture(scope="module")
def encoder(generator):
    """As training begins, for two passes."""
    torch.manual_seed(0)
    model = Encoder(EncoderConfig(passes=2))
    with torch.no_grad():
        model.start(generator.styles(torch.randn(512, 512)))
    return model


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return Encoder(TINY).eval()


def test_the_trunk_gives_features_at_every_stride():
    model = EfficientNetLite0()
    with torch.no_grad():
        shapes = {stride: tuple(features.shape) for stride, features in model(FACE).items()}
    assert shapes == {stride: (1, CHANNELS[stride], 256 // stride, 256 // stride) for stride in (2, 4, 8, 16, 32)}


def test_the_last_blocks_carry_what_imagenet_taught():
    """Read by the classifier that the package's file holds, a picture of a cat is a cat's."""
    model = EfficientNetLite0()
    model.load_imagenet()
    state = torch.load(path_of("perceptual"), weights_only=True)
    cat = image_to_tensor(skimage.data.chelsea()[:300, 60:360])
    with torch.no_grad():
        x = model(F.interpolate(cat, (256, 256), mode="bilinear", antialias=True))[32]
        x = F.conv2d(x, state["_conv_head.weight"])
        x = F.batch_norm(x, *(state[f"_bn1.{n}"] for n in ("running_mean", "running_var", "weight", "bias")), eps=1e-3)
        classes = F.linear(F.relu6(x).mean((2, 3)), state["_fc.weight"], state["_fc.bias"])
    assert classes.argmax().item() in range(281, 286)  # tabby, tiger cat, Persian, Siamese, Egyptian


def test_it_fits_the_generator_and_begins_near_its_mean_face(generator, encoder):
    with torch.no_grad():
        latent = encoder(FACE)
        assert latent.shape == (1, generator.config.styles, generator.config.style_dim)
        offsets = encoder.offsets(FACE)
    torch.testing.assert_close(latent, encoder.mean_style + offsets * encoder.style_deviation)
    assert 0 < offsets.square().mean().sqrt() < 0.2  # standard deviations
    torch.testing.assert_close(encoder.mean_style, generator.mean_style, atol=0.2, rtol=0.2)


def test_it_is_small_enough(encoder, tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_encoder(encoder, path)
    assert path.stat().st_size < 40e6


def test_the_second_pass_goes_on_from_what_the_first_drew(generator, encoder):
    seen = []

    def draw(latent):
        seen.append(latent)
        return generator(latent, SubGenerator(256))

    with torch.no_grad():
        first, second = encoder.encode(FACE, draw)
        assert len(seen) == 1
        torch.testing.assert_close(seen[0], first)
        drawn = generator(first, SubGenerator(256)).clamp(-1, 1)
        torch.testing.assert_close(second, encoder(FACE, drawn, first))
        single = Encoder(dataclasses.replace(TINY, resolution=256))
        assert len(single.encode(FACE, draw)) == 1
    assert len(seen) == 1


def test_before_training_the_second_picture_changes_nothing(encoder):
    with torch.no_grad():
        torch.testing.assert_close(encoder(FACE, torch.randn_like(FACE)), encoder(FACE))


def test_gradients_reach_every_parameter_and_the_picture(tiny):
    face = torch.randn(2, 3, 64, 64, requires_grad=True)
    tiny(face).square().sum().backward()
    assert face.grad.abs().sum() > 0
    without = [name for name, p in tiny.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_coarse_rows_know_nothing_of_fine_features(tiny):
    """And the fine rows know of all."""
    reach = {}
    for row in range(tiny.config.styles):
        tiny.zero_grad()
        tiny(torch.randn(2, 3, 64, 64))[:, row].sum().backward()
        reach[row] = [any(p.grad is not None and p.grad.any() for p in group.parameters()) for group in tiny.groups]
    assert reach == {0: [True, False, False], 1: [True, True, False], 2: [True] * 3, 3: [True] * 3}


def test_it_learns(tiny, monkeypatch):
    """Two faces and their latents, on ImageNet's features, which stay as they are here."""
    tiny.start(torch.randn(100, 8))
    faces = F.interpolate(torch.cat([FACE, FACE.flip(-1)]), (64, 64), mode="area")
    latents = torch.randn(2, 4, 8)
    with torch.no_grad():
        features = tiny.trunk(faces)
    monkeypatch.setattr(tiny.trunk, "forward", lambda face: features)
    optimiser = torch.optim.Adam(tiny.groups.parameters(), 0.01)
    losses = []
    for _ in range(300):
        loss = F.mse_loss(tiny(faces), latents)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_each_face_of_a_batch_has_its_own_latent(tiny):
    faces = torch.randn(3, 3, 64, 64)
    torch.testing.assert_close(tiny(faces), torch.cat([tiny(face[None]) for face in faces]), atol=1e-5, rtol=1e-4)


def test_a_file_brings_back_the_encoder(tiny, tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_encoder(tiny, path)
    loaded = load_encoder(path)
    assert loaded.config == TINY
    assert not loaded.training
    face = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(loaded(face), tiny(face), atol=0.01, rtol=0.01)  # stored as fp16
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}
    save_encoder(loaded, tmp_path / "again.safetensors")
    for name, tensor in load_file(tmp_path / "again.safetensors").items():
        torch.testing.assert_close(tensor, load_file(path)[name], atol=0, rtol=0)


@pytest.mark.parametrize("passes", [1, 2])
def test_the_graphs_answer_what_torch_does(tmp_path, monkeypatch, passes):
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path / "home"))
    torch.manual_seed(1)
    path = tmp_path / "encoder.safetensors"
    save_encoder(Encoder(dataclasses.replace(TINY, passes=passes)), path)
    encoder, drawn = load_encoder(path), torch.rand(64, 64, 3)
    face = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    with torch.no_grad():
        *_, wanted = encoder.encode(image_to_tensor(face), lambda latent: drawn.permute(2, 0, 1)[None] * 2 - 1)
    for runtime in ("openvino", "onnxruntime"):
        found = EncoderGraph(path, runtime).encode(face, lambda latent: drawn.numpy())
        np.testing.assert_allclose(found, wanted[0].numpy(), atol=1e-4)


def test_what_fp16_cannot_hold_is_not_written(tiny, tmp_path):
    with torch.no_grad():
        tiny.groups[0].read.weight[0, 0] = 1e6
    with pytest.raises(AnycostError, match="values that fp16 cannot"):
        save_encoder(tiny, tmp_path / "encoder.safetensors")
    assert list(tmp_path.iterdir()) == []


def config_without(**changes):
    values = dataclasses.asdict(TINY) | changes
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("family", "config", "words"),
    [
        ("mobile", config_without(), "holds mobile, not a mobile-encoder"),
        ("mobile-encoder", config_without(hidden=None), r"lacks or adds \['hidden'\]"),
        ("mobile-encoder", config_without(colour=1), r"lacks or adds \['colour'\]"),
        ("mobile-encoder", config_without(hidden=-1), "whole numbers"),
        ("mobile-encoder", config_without(hidden=1 << 40), "whole numbers"),
        ("mobile-encoder", config_without(hidden="8"), "whole numbers"),
        ("mobile-encoder", config_without(hidden=True), "whole numbers"),
        ("mobile-encoder", config_without(hidden=[8]), "is damaged"),
        ("mobile-encoder", config_without(rows=4), "is damaged"),
        ("mobile-encoder", config_without(rows=[2, 2]), "3 groups"),
        ("mobile-encoder", config_without(passes=3), "passes 1 or 2"),
        ("mobile-encoder", config_without(grid=4), "a face is a multiple of 32 px"),
        ("mobile-encoder", config_without(grid=1), "does not fit"),
        ("mobile-encoder", config_without(hidden=16), "does not fit"),
        ("mobile-encoder", [], "is damaged"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tiny, tmp_path, family, config, words):
    path = tmp_path / "encoder.safetensors"
    save_file(tiny.state_dict(), path, {"family": family, "config": json.dumps(config)})
    with pytest.raises(AnycostError, match=words) as caught:
        load_encoder(path)
    assert "\n" not in str(caught.value)


def test_missing_and_cut_files_are_named(tiny, tmp_path):
    path = tmp_path / "encoder.safetensors"
    with pytest.raises(AnycostError, match="is missing"):
        load_encoder(path)
    save_encoder(tiny, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AnycostError, match="is damaged"):
        load_encoder(path)
    tensors = dict(tiny.state_dict())
    del tensors["mean_style"]
    save_file(tensors, path, {"family": "mobile-encoder", "config": json.dumps(dataclasses.asdict(TINY))})
    with pytest.raises(AnycostError, match=r"missing \['mean_style'\]"):
        load_encoder(path)


def test_without_the_trunks_file_the_remedy_is_named(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    with pytest.raises(AnycostError, match="is missing: run 'anycost models fetch'"):
        tiny.start(torch.randn(10, 8))
