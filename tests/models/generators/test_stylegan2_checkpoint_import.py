"""Published checkpoints: what is read draws what the published implementation drew; anything else is refused."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators import published_cases
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.published_cases import LIMIT, compare
from anycost_models.generators.stylegan2 import BLUR, StyleGAN2Generator
from anycost_models.generators.stylegan2_checkpoint_import import (
    LatentWeights,
    Layout,
    encoder_layout,
    generator_layout,
    read_published,
    save_published,
)
from safetensors import safe_open

State = dict[str, Any]


def state_of(layout: Layout, sizes: dict[str, int]) -> State:
    """Random tensors of a published layout."""
    torch.manual_seed(0)
    return {
        key: torch.tensor(BLUR) * 4 if "kernel" in key else torch.randn([sizes.get(str(n), n) for n in shape])
        for key, (_, shape) in layout.items()
    }


def generator_state(channels: tuple[int, ...] = (12, 12, 12, 12, 8, 8), dim: int = 16) -> State:
    """With two mapping layers. Six numbers of channels: 16 px."""
    return state_of(generator_layout(len(channels) // 2, 2), {f"c{i}": n for i, n in enumerate(channels)} | {"d": dim})


def encoder_state() -> State:
    return state_of(encoder_layout(), {"d": 16, "n": 6 * 16}) | {"bn1.num_batches_tracked": torch.tensor(7)}


@pytest.fixture
def official() -> Path:
    """A checkpoint and pictures by the published implementation, which are not part of this repository."""
    folder = Path(__file__).parents[4] / "shared" / "official_format"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: nothing to compare the import with")
    return folder


# Agreement with the published implementation


def test_every_official_case_agrees(official):
    compared = list(compare(official))
    wanted = {case["name"] for case in json.loads((official / "cases.json").read_text())["cases"]}
    assert {case.name for case in compared} == wanted | {"mapping", "from_z_truncation_0.5_style_mean_of_w"}
    assert all(case.agrees for case in compared), [case for case in compared if not case.agrees]


def test_the_stored_model_draws_what_the_checkpoint_did(official, tmp_path):
    save_published(read_published(official / "generator_tiny.pt"), tmp_path / "model.safetensors")
    model = load_generator(tmp_path / "model.safetensors")
    expected = np.load(official / "expected.npz", allow_pickle=False)
    with torch.inference_mode():
        for case in json.loads((official / "cases.json").read_text())["cases"]:
            sub = SubGenerator(case["resolution"], tuple(case.get("channels", model.config.channels)))
            drawn = model(torch.from_numpy(expected["wplus"]), sub).numpy()
            assert np.abs(drawn - expected[case["name"]]).max() <= LIMIT, case["name"]


def test_a_picture_that_differs_is_found(official, tmp_path):
    folder = shutil.copytree(official, tmp_path / "cases")
    arrays = dict(np.load(folder / "expected.npz", allow_pickle=False))
    arrays["uniform_0.5_64"][1, 2, 3, 4] += 2e-4
    names = ("uniform_0.5_32", "uniform_0.5_64")
    listed = json.loads((folder / "cases.json").read_text())
    listed["cases"] = [case for case in listed["cases"] if case["name"] in names]
    (folder / "cases.json").write_text(json.dumps(listed))
    np.savez(folder / "expected.npz", **arrays)
    assert [case.name for case in compare(folder) if not case.agrees] == ["uniform_0.5_64"]


# What is read


@pytest.mark.parametrize(
    ("channels", "dim", "multiplier"),
    [
        ((12, 12, 12, 12, 8, 8), 16, 0.0078125),
        ((32, 32, 32, 32, 16, 16, 8, 8, 4, 4), 8, 0.015625),
        ((6, 5, 4, 3), 10, None),
    ],
)
def test_all_sizes_follow_from_the_shapes(tmp_path, channels, dim, multiplier):
    torch.save({"g_ema": generator_state(channels, dim)}, tmp_path / "any.pt")
    model = read_published(tmp_path / "any.pt")
    assert isinstance(model, StyleGAN2Generator)
    assert (model.config.channels, model.config.style_dim, model.config.mapping_layers) == (channels, dim, 2)
    assert model.config.resolution == 2 ** (len(channels) // 2 + 1)
    assert multiplier in (None, model.config.channel_multiplier)
    assert model(torch.randn(1, dim)).shape == (1, 3, model.config.resolution, model.config.resolution)


def test_a_bare_state_dict_and_half_precision_are_read_too(tmp_path):
    state = generator_state()
    torch.save({key: tensor.half() for key, tensor in state.items()}, tmp_path / "bare.pt")
    model = read_published(tmp_path / "bare.pt")
    assert model.constant.dtype == torch.float32
    torch.testing.assert_close(model.constant, state["input.input"], atol=1e-2, rtol=1e-2)


def test_an_encoder_is_kept_with_its_sizes(tmp_path):
    torch.save({"state_dict": encoder_state()}, tmp_path / "encoder.pt")
    read = read_published(tmp_path / "encoder.pt")
    assert isinstance(read, LatentWeights)
    save_published(read, tmp_path / "encoder.safetensors")
    with safe_open(tmp_path / "encoder.safetensors", "np") as file:
        assert file.metadata()["family"] == "stylegan2-encoder"
        assert json.loads(file.metadata()["config"]) == {"styles": 6, "style_dim": 16, "resolution": 256}
        assert file.get_tensor("fc.weight").shape == (96, 2048)
        assert "bn1.num_batches_tracked" not in file.keys()  # noqa: SIM118 (not a mapping)


def test_boundaries_are_kept_by_their_names(tmp_path):
    names = ("00_5_o_Clock_Shadow", "31_Smiling")
    torch.save({name: torch.ones(1, 16, dtype=torch.float64) for name in names}, tmp_path / "boundaries.pt")
    read = read_published(tmp_path / "boundaries.pt")
    assert isinstance(read, LatentWeights)
    assert (read.family, read.config) == ("stylegan2-boundaries", {"style_dim": 16})
    assert {name: tuple(tensor.shape) for name, tensor in read.tensors.items()} == dict.fromkeys(names, (16,))
    save_published(read, tmp_path / "boundaries.safetensors")
    with pytest.raises(AnycostError, match="holds stylegan2-boundaries, not a mobile or stylegan2 generator"):
        load_generator(tmp_path / "boundaries.safetensors")


# What is refused


def without(*keys: str) -> Callable[[State], State]:
    return lambda state: {key: tensor for key, tensor in state.items() if key not in keys}


def having(**tensors: Any) -> Callable[[State], State]:
    return lambda state: state | {key.replace("__", "."): tensor for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (without("convs.2.conv.weight"), r"lacks convs\.2\.conv\.weight; choose a published"),
        (without("to_rgbs.1.bias", "noises.noise_4"), r"lacks noises\.noise_4, to_rgbs\.1\.bias"),
        (without("style.1.weight"), r"lacks style\.1\.weight"),
        (having(extra__weight=torch.ones(1)), r"also holds extra\.weight"),
        (having(convs__2__conv__weight=torch.ones(1, 8, 11, 3, 3)), r"convs\.2\.conv\.weight is \(1, 8, 11, 3, 3\)"),
        (having(convs__1__activate__bias=torch.ones(13)), r"convs\.1\.activate\.bias is \(13,\), .* has \(12,\)"),
        (having(input__input=torch.ones(12, 4, 4)), r"input\.input is \(12, 4, 4\), .* has \(1, 12, 4, 4\)"),
        (having(input__input=torch.full((1, 12, 4, 4), torch.nan)), r"not finite in input\.input"),
        (having(input__input=torch.ones(1, 12, 4, 4, dtype=torch.int32)), r"input\.input holds torch\.int32"),
        (having(input__input="text"), r"input\.input is not a plain tensor"),
        (having(input__input=torch.ones(1).expand(1 << 40)), "more than any published model"),
        (having(to_rgbs__0__upsample__kernel=torch.ones(4, 4)), r"to_rgbs\.0\.upsample\.kernel is not the blur"),
        (having(to_rgbs__2__bias=torch.ones(1)), r"generator: it also holds to_rgbs\.2\.bias; choose"),
        (having(style__99999999999__weight=torch.ones(1)), r"also holds style\.99999999999\.weight"),
        (lambda _: {"convs.0.0.weight": torch.ones(3), "final_conv.0.weight": torch.ones(3)}, "another kind of model"),
        (lambda _: {}, "holds no named tensors"),
        (lambda _: [torch.ones(1)], "holds no named tensors"),
        (lambda _: without("mean_latent")(encoder_state()), "no whole encoder: it lacks mean_latent"),
        (lambda _: having(fc__bias=torch.ones(7))(encoder_state()), r"fc\.bias is \(7,\)"),
        (lambda _: {"00_Bald": torch.ones(1, 8), "01_Bangs": torch.ones(8), "02_Male": torch.ones(9)}, "02_Male is"),
    ],
)
def test_what_is_not_exactly_a_published_model_is_refused_by_name(tmp_path, harm, message):
    state = harm(generator_state())
    torch.save({"g_ema": state} if isinstance(state, dict) and "input.input" in state else state, tmp_path / "bad.pt")
    with pytest.raises(AnycostError, match=message) as refused:
        read_published(tmp_path / "bad.pt")
    assert "\n" not in str(refused.value)


class Dangerous:
    """What pickle would make of it: a call."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("this must not be printed",))


def test_code_in_a_file_is_not_run(tmp_path, capsys):
    torch.save({"g_ema": generator_state() | {"latent_avg": Dangerous()}}, tmp_path / "code.pt")
    with pytest.raises(AnycostError, match="may run code"):
        read_published(tmp_path / "code.pt")
    assert capsys.readouterr().out == ""


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def repack(path: Path, compression: int) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "is truncated"),
        (lambda path: path.write_bytes(b""), "is truncated"),
        (flip_a_bit, "is damaged"),
        (lambda path: repack(path, zipfile.ZIP_DEFLATED), "is compressed in itself"),
        (lambda path: np.savez(path.open("wb"), x=np.ones(3)), "not a checkpoint of torch"),
        (
            lambda path: torch.save({"x": 1}, path, _use_new_zipfile_serialization=False),
            "is truncated or no checkpoint",
        ),
        (Path.unlink, "there is no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, harm, message):
    path = tmp_path / "bad.pt"
    torch.save({"g_ema": generator_state()}, path)
    harm(path)
    with pytest.raises(AnycostError, match=message):
        read_published(path)


# Folders of cases


@pytest.fixture
def cases(tmp_path) -> Path:
    """A folder whose pictures are our own, so that they agree."""
    folder = tmp_path / "cases"
    folder.mkdir()
    torch.save({"g_ema": generator_state()}, folder / "other_name.pt")
    model = read_published(folder / "other_name.pt")
    rows = [{"name": "all", "resolution": 16}, {"name": "few", "resolution": 8, "channels": [4, 5, 6, 7]}]
    latent = torch.randn(1, 6, 16)
    pictures = {"all": model(latent), "few": model(latent, SubGenerator(8, (4, 5, 6, 7)))}
    (folder / "cases.json").write_text(json.dumps({"resolution": 16, "cases": rows}))
    np.savez(folder / "expected.npz", wplus=latent, **pictures)
    return folder


def test_a_folder_needs_no_more_than_a_latent_and_its_pictures(cases):
    assert [(case.name, case.agrees) for case in compare(cases)] == [("all", True), ("few", True)]


def test_a_ratio_and_a_list_that_differ_are_both_compared(cases):
    row = {"name": "all", "resolution": 16, "uniform_ratio": 0.5, "channels": [12, 12, 12, 12, 8, 8]}
    (cases / "cases.json").write_text(json.dumps({"cases": [row]}))
    (compared,) = compare(cases)
    assert not compared.agrees


def rewrite(folder: Path, **arrays: Any) -> None:
    kept = dict(np.load(folder / "expected.npz")) | arrays
    np.savez(folder / "expected.npz", **{name: array for name, array in kept.items() if array is not None})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "cases.json").unlink(), r"cannot read .*cases\.json"),
        (lambda folder: (folder / "cases.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "cases.json").write_text("[" * 100_000), "is not JSON"),
        (lambda folder: (folder / "cases.json").write_text("[]"), "lists no 'cases'"),
        (lambda folder: (folder / "cases.json").write_text('{"cases": [{"name": "all"}]}'), "give case 1 a name"),
        (lambda folder: (folder / "cases.json").write_text('{"cases": [{"name": "x", "resolution": 16}]}'), "lacks x"),
        (
            lambda folder: (folder / "cases.json").write_text('{"cases": [{"name": "all", "resolution": 64}]}'),
            "8, 16 px, not 64",
        ),
        (
            lambda folder: (folder / "cases.json").write_text(
                '{"style_dim": 32, "cases": [{"name": "all", "resolution": 16}]}'
            ),
            "a style_dim of 16, cases.json says 32",
        ),
        (lambda folder: (folder / "expected.npz").unlink(), r"expected\.npz is missing"),
        (lambda folder: (folder / "expected.npz").write_bytes(b"PK"), "cannot be read"),
        (lambda folder: rewrite(folder, wplus=None), "lacks wplus"),
        (lambda folder: rewrite(folder, wplus=np.zeros((1, 7, 16))), "use the model that it was made for"),
        (
            lambda folder: rewrite(folder, all=np.zeros((1, 3, 8, 8))),
            r"all in expected\.npz is \(1, 3, 8, 8\), .* \(1, 3, 16, 16\)",
        ),
        (lambda folder: rewrite(folder, all=np.full((1, 3, 16, 16), np.nan)), "all is empty or holds numbers"),
        (lambda folder: rewrite(folder, all=np.array([{}], dtype=object)), "cannot be read"),
        (lambda folder: (folder / "other_name.pt").unlink(), r"holds 0 checkpoints"),
        (lambda folder: torch.save({"00_Bald": torch.ones(1, 8)}, folder / "other_name.pt"), "is no generator"),
    ],
)
def test_a_folder_that_is_none_is_refused(cases, harm, message):
    harm(cases)
    with pytest.raises(AnycostError, match=message) as refused:
        list(compare(cases))
    assert "\n" not in str(refused.value)


def test_not_a_number_never_agrees():
    assert not published_cases.CaseDifference("x", float("nan")).agrees
