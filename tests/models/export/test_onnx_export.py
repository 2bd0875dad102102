"""Exported graphs draw what torch draws, on both runtimes, and say where they come from."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.core.torch_normals import normals
from anycost_models.export import graph_cache as graphs_module
from anycost_models.export.graph_cache import GeneratorFile, GraphCache
from anycost_models.export.onnx_export import export
from anycost_models.generators import mobile, mobile_config, stylegan2
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference import onnx_network
from anycost_models.inference.compiled_cache import COMPILED
from torch import nn

NOISE = np.ones(1, np.float32)
FAMILIES = {
    "mobile": lambda: mobile.MobileGenerator(mobile_config.TINY),
    "stylegan2": lambda: stylegan2.StyleGAN2Generator(stylegan2.TINY),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(params=FAMILIES)
def weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = FAMILIES[request.param]()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.endswith(("noise", "noise_strength", "bias")):
                tensor.normal_(0, 0.3)
    save_generator(model, tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


def graphs_of(weights: Path, kind: str | None = None, precision: onnx_network.Precision | None = "f32") -> GraphCache:
    return GraphCache(weights, lambda: load_generator(weights), kind, precision=precision)


def graph_files(home: Path) -> list[Path]:
    """Of sub-generators: those without the trunk that all of one generator have in common."""
    files = sorted((home / "cache" / "graphs").iterdir())
    return [file for file in files if [output.name for output in onnx.load(file).graph.output] == ["picture"]]


def no_generator() -> ElasticGenerator:
    raise AssertionError("the generator is not needed")


def drawn_by_torch(model: ElasticGenerator, latent: np.ndarray, sub: SubGenerator) -> np.ndarray:
    with torch.inference_mode():
        picture = model(torch.from_numpy(latent), sub)
    return picture.add(1).div(2).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean() + 1e-20))


def latents(file: GeneratorFile, count: int) -> list[np.ndarray]:
    """W+ whose rows differ, so that none can be taken for another."""
    return [normals(seed, file.styles * file.style_dim).reshape(1, file.styles, -1) for seed in range(count)]


def test_both_runtimes_draw_what_torch_draws(weights: Path) -> None:
    model = load_generator(weights)
    (latent,) = latents(GeneratorFile.read(weights), 1)
    for sub in (SubGenerator(16, 0.25), SubGenerator(32, 0.5), SubGenerator(model.config.resolution)):
        expected = drawn_by_torch(model, latent, sub)
        assert expected.std() > 0.05
        for kind in filter(onnx_network.importlib.util.find_spec, onnx_network.RUNTIMES):
            (picture,) = graphs_of(weights, kind).synthesis(sub)(latent, NOISE)
            assert psnr(picture, expected) > 100


def test_the_shipped_precisions_stay_near_float32(weights: Path) -> None:
    pytest.importorskip("openvino")
    full = SubGenerator(GeneratorFile.read(weights).resolution)
    exact, *quick = (graphs_of(weights, precision=each).synthesis(full) for each in ("f32", "mixed", "bf16"))
    assert [network.precision for network in quick] == (
        ["mixed", "bf16"] if onnx_network.has_bfloat16() else ["f32"] * 2
    )
    for latent in latents(GeneratorFile.read(weights), 3):
        (picture,) = exact(latent, NOISE)
        assert all(psnr(picture, network(latent, NOISE)[0]) > 45 for network in quick)


def test_without_noise_the_picture_is_smoother(weights: Path) -> None:
    graphs = graphs_of(weights)
    network, (latent,) = graphs.synthesis(SubGenerator(graphs.file.resolution)), latents(graphs.file, 1)
    (noisy,), (smooth,) = network(latent, NOISE), network(latent, 0 * NOISE)
    assert np.abs(noisy - smooth).mean() > 1e-3


def test_what_was_exported_is_read_without_the_generator(weights: Path, home: Path) -> None:
    (latent,) = latents(GeneratorFile.read(weights), 1)
    sub = SubGenerator(16, 0.5)
    (before,) = graphs_of(weights).synthesis(sub)(latent, NOISE)
    again = GraphCache(weights, no_generator, precision="f32")
    np.testing.assert_array_equal(again.synthesis(sub)(latent, NOISE)[0], before)
    (file,) = graph_files(home)
    about = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert about == {
        "sha256": GeneratorFile.read(weights).sha256,
        "version": "3",
        "resolution": "16",
        "channels": "0.5",
    }


def test_a_damaged_graph_is_replaced(weights: Path, home: Path) -> None:
    (latent,) = latents(GeneratorFile.read(weights), 1)
    (before,) = graphs_of(weights).synthesis(SubGenerator(16))(latent, NOISE)
    (file,) = graph_files(home)
    data = file.read_bytes()
    for damaged in (data[:1000], data[:-4] + b"xxxx"):
        file.write_bytes(damaged)
        COMPILED.clear()  # which needs no graph
        np.testing.assert_array_equal(graphs_of(weights).synthesis(SubGenerator(16))(latent, NOISE)[0], before)
        assert file.read_bytes() == data


def test_a_planted_graph_is_not_used(weights: Path, home: Path) -> None:
    """One of another name, as whoever cannot read this user's key could only make it."""
    graphs = graphs_of(weights)
    latent, sub = latents(graphs.file, 1)[0], SubGenerator(16)
    (before,) = graphs.synthesis(sub)(latent, NOISE)
    graphs.synthesis(SubGenerator(16, 0.5))
    folder = home / "cache" / "graphs"
    names = {int(path.stat().st_size): path for path in graph_files(home)}
    full, half = names[max(names)], names[min(names)]
    planted = half.read_bytes()
    full.write_bytes(planted)
    full.rename(folder / f"{full.name[:32]}-{half.name[33:]}")
    COMPILED.clear()
    np.testing.assert_array_equal(graphs_of(weights).synthesis(sub)(latent, NOISE)[0], before)


def test_a_graph_that_takes_tensors_from_other_files_is_refused() -> None:
    tensor = onnx.TensorProto(name="w", dims=[1], data_type=1, data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../secrets")
    data = onnx.ModelProto(ir_version=8, graph=onnx.GraphProto(initializer=[tensor])).SerializeToString()
    with pytest.raises(AnycostError, match="takes tensors from other files"):
        onnx_network.load_bytes(data, Path("planted"))


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(weights: Path, home: Path) -> None:
    home.write_text("no folder")
    (latent,) = latents(GeneratorFile.read(weights), 1)
    (picture,) = graphs_of(weights).synthesis(SubGenerator(16))(latent, NOISE)
    assert picture.shape == (1, 16, 16, 3)


def test_the_cache_stays_small(weights: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = graphs_of(weights)
    graphs.synthesis(SubGenerator(16))
    before = {file: file.stat().st_size for file in (home / "cache" / "graphs").iterdir()}
    small = dataclasses.replace(graphs_module.GRAPHS, space=max(before.values()))
    monkeypatch.setattr(graphs_module, "GRAPHS", small)
    graphs.synthesis(SubGenerator(16, 0.5))
    (left,) = (home / "cache" / "graphs").iterdir()
    assert left not in before


def test_sub_generators_share_what_they_have_in_common(tmp_path: Path, home: Path) -> None:
    torch.manual_seed(0)
    save_generator(mobile.MobileGenerator(mobile_config.TINY), tmp_path / "tiny.safetensors")
    graphs = graphs_of(tmp_path / "tiny.safetensors")
    subs = [SubGenerator(16, 0.25), SubGenerator(32, 0.5), SubGenerator(64)]
    networks = [graphs.synthesis(sub) for sub in subs]
    assert len(graph_files(home)) == 3
    assert len(list((home / "cache" / "graphs").iterdir())) == 4
    graphs.keep_only(subs[:1])
    assert [graphs.has(sub) for sub in subs] == [True, False, False]
    (latent,) = latents(graphs.file, 1)
    again = [graphs.synthesis(sub) for sub in subs]
    for first, second in zip(networks, again, strict=True):
        np.testing.assert_array_equal(first(latent, NOISE)[0], second(latent, NOISE)[0])


def test_a_network_of_two_precisions_is_kept_like_others(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("openvino")
    torch.manual_seed(0)
    weights = tmp_path / "tiny.safetensors"
    save_generator(mobile.MobileGenerator(mobile_config.TINY), weights)
    full = SubGenerator(64)
    (latent,) = latents(GeneratorFile.read(weights), 1)
    (before,) = graphs_of(weights, precision="mixed").synthesis(full)(latent, NOISE)
    for file in (home / "cache" / "graphs").iterdir():
        file.unlink()
    (after,) = graphs_of(weights, precision="mixed").synthesis(full)(latent, NOISE)
    np.testing.assert_array_equal(after, before)
    assert not list((home / "cache" / "graphs").iterdir())


def test_what_the_generator_does_not_have_is_refused(weights: Path) -> None:
    graphs = graphs_of(weights)
    with pytest.raises(AnycostError, match="not 24: choose one of them"):
        graphs.synthesis(SubGenerator(24))
    with pytest.raises(AnycostError, match=r"no channel ratio 0\.3"):
        graphs.synthesis(SubGenerator(16, 0.3))


def test_missing_and_damaged_weights_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(AnycostError, match="missing: install the package again"):
        GeneratorFile.read(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(AnycostError, match=r"damaged .*[:;] install the package again"):
        GeneratorFile.read(tmp_path / "bad.safetensors")


def test_random_normals_are_those_of_torch() -> None:
    for seed in (0, 7, (1 << 40) + 5):
        expected = torch.randn(1, 512, generator=torch.Generator().manual_seed(seed))[0].numpy()
        np.testing.assert_allclose(normals(seed, 512), expected, atol=1e-6)
    np.testing.assert_array_equal(normals(3, 20), normals(3, 32)[:20])


def test_any_module_can_be_exported(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 10)).train()
    image = torch.randn(1, 3, 8, 8)
    export(module, {"image": image}, ["numbers"], {"sha256": "none"}, tmp_path / "module.onnx")
    assert module.training
    for kind in filter(onnx_network.importlib.util.find_spec, onnx_network.RUNTIMES):
        (numbers,) = onnx_network.load(tmp_path / "module.onnx", kind)(image.numpy())
        np.testing.assert_allclose(numbers, module(image).detach().numpy(), atol=1e-5)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["module.onnx"]
