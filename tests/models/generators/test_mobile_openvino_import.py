"""Our reading of random-face's graph draws what OpenVINO draws from it, and so does what we ship."""

import numpy as np
import openvino
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile_openvino_import import by_band, import_random_face
from anycost_models.hub import catalogue

PARTS = [f"generator_{network}_{kind}" for network in ("mapping", "synthesis") for kind in ("xml", "bin")]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """dB between pictures, clamped to −1…1."""
    return float(10 * np.log10(4 / np.square(a.clip(-1, 1) - b.clip(-1, 1)).mean()))


@pytest.fixture(scope="module")
def folder():
    return catalogue.fetch(PARTS)[0].parent


@pytest.fixture(scope="module")
def reference(folder):
    """8 random styles and their pictures by the original graph in float32 (OpenVINO's own choice would be bfloat16)."""
    core = openvino.Core()
    mapping, synthesis = (
        core.compile_model(core.read_model(folder / f"{name}Network.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        for name in ("Mapping", "Synthesis")
    )
    z = np.random.default_rng(5).standard_normal((8, 1, 512)).astype(np.float32)
    styles = [mapping(row)[0] for row in z]
    return z[:, 0], styles, [synthesis(style)[0] for style in styles]


@pytest.mark.slow
def test_the_shipped_generator_draws_what_the_original_graph_draws(reference):
    model = load_generator()
    z, styles, pictures = reference
    with torch.inference_mode():
        mapped = model.mapping(torch.from_numpy(z)).numpy()
        np.testing.assert_allclose(mapped, np.concatenate(styles), atol=0.02)
        for style, picture in zip(styles, pictures, strict=True):
            assert psnr(model(torch.from_numpy(style)).numpy(), picture) >= 60


@pytest.mark.slow
def test_the_import_is_exact_before_it_is_rounded_to_fp16(folder, reference):
    model = import_random_face(folder)
    _, styles, pictures = reference
    with torch.inference_mode():
        assert psnr(model(torch.from_numpy(styles[0])).numpy(), pictures[0]) >= 110
    shipped = load_generator()
    torch.testing.assert_close(shipped.root.conv.weight, model.root.conv.weight, atol=1e-3, rtol=1e-3)


def test_bands_are_stored_side_by_side():
    stored = by_band(torch.arange(8))  # two channels: LL0 LL1, then LH0 HL0 HH0, LH1 HL1 HH1
    assert stored.tolist() == [0, 2, 3, 4, 1, 5, 6, 7]


def test_a_folder_without_the_graph_is_named(tmp_path):
    with pytest.raises(AnycostError, match=r"MappingNetwork\.xml cannot be read"):
        import_random_face(tmp_path)
