"""A face is projected once: its latent is remembered by what it was computed from."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from anycost_backend.editing import projection as projection_module
from anycost_backend.editing.projection import SIDE, StoredProjection, project_face
from anycost_backend.editing.renderer import Renderer
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.projection import inversion
from anycost_models.projection.encoder import Encoder, EncoderConfig, load_encoder, save_encoder
from anycost_models.projection.encoder_graph import EncoderGraph
from anycost_models.projection.inversion import ProjectionSettings, psnr
from anycost_models.projection.settings import ProjectionStage
from safetensors.numpy import save_file

SETTINGS = ProjectionSettings(stages=(ProjectionStage(SubGenerator(32), 3, 0.1, 0.1),))
FACE = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)


def everywhere() -> np.ndarray:
    """All of the face counts the same."""
    return np.ones((256, 256), np.float32)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """Of the embedded generator's kind, and small."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_generator(MobileGenerator(TINY), path)
    return Renderer(path)


def cached(home: Path) -> list[Path]:
    return sorted(home.glob("cache/latents/*"))


def same(a: StoredProjection, b: StoredProjection) -> bool:
    scores = [{**found.scores(), "remembered": None} for found in (a, b)]
    return scores[0] == scores[1] and a.latent.dtype == b.latent.dtype and np.array_equal(a.latent, b.latent)


def test_the_second_time_it_is_remembered(home: Path, renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = project_face(renderer, FACE, everywhere, SETTINGS)
    assert not first.remembered
    assert first.latent.shape == (TINY.styles, TINY.style_dim)
    monkeypatch.setattr(inversion, "project", None)  # whoever calls it fails
    second = project_face(renderer, FACE, everywhere, SETTINGS)
    assert second.remembered
    assert same(first, second)
    scores = {"psnr", "enl0", "deviation", "steps", "seconds", "remembered", "complete", "stage"}
    assert second.scores().keys() == scores


def test_asked_afresh_it_is_computed_again(home: Path, renderer: Renderer) -> None:
    project_face(renderer, FACE, everywhere, SETTINGS)
    assert not project_face(renderer, FACE, everywhere, SETTINGS, fresh=True).remembered
    assert len(cached(home)) == 1


def test_whatever_shapes_the_latent_is_told_apart(home: Path, renderer: Renderer, tmp_path: Path) -> None:
    other_face = FACE.copy()
    other_face[0, 0, 0] ^= 1
    other_weights = tmp_path / "other.safetensors"
    save_generator(MobileGenerator(TINY), other_weights)
    asked = [
        (renderer, FACE, everywhere, SETTINGS),
        (renderer, other_face, everywhere, SETTINGS),
        (renderer, FACE, everywhere, ProjectionSettings(SETTINGS.stages, seed=1)),
        (renderer, FACE, everywhere, ProjectionSettings(SETTINGS.stages, editable=1)),
        (renderer, FACE, everywhere, ProjectionSettings((ProjectionStage(SubGenerator(32), 2, 0.1, 0.1),))),
        (Renderer(other_weights), FACE, everywhere, SETTINGS),
    ]
    for number, parts in enumerate(asked, 1):
        assert not project_face(*parts).remembered
        assert len(cached(home)) == number
    assert all(project_face(*parts).remembered for parts in asked)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 5000),
        lambda path: save_file({"latent": np.zeros((8, 32), np.float32)}, path),
        lambda path: save_file({"other": np.zeros(3, np.float32)}, path, {"scores": "{}"}),
        lambda path: save_file({"latent": np.zeros((8, 32), np.float32)}, path, {"scores": "{}"}),
        lambda path: save_file({"latent": np.zeros((8, 32), np.float32)}, path, {"scores": "[1]"}),
    ],
    ids=["cut", "empty", "noise", "no scores", "no latent", "too few scores", "other scores"],
)
def test_a_damaged_file_in_the_cache_is_replaced(home: Path, renderer: Renderer, harm) -> None:
    first = project_face(renderer, FACE, everywhere, SETTINGS)
    (path,) = cached(home)
    harm(path)
    again = project_face(renderer, FACE, everywhere, SETTINGS)
    assert not again.remembered
    assert np.array_equal(again.latent, first.latent)
    assert same(project_face(renderer, FACE, everywhere, SETTINGS), again)
    assert len(cached(home)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"stage": "encoder"},  # would let Apply wait for ever
        {"complete": False},
        {"steps": 0},
        {"psnr": float("nan")},
        {"latent": np.full((TINY.styles, TINY.style_dim), np.nan, np.float32)},
        {"latent": np.full((TINY.styles, TINY.style_dim), 1e5, np.float32)},
        {"latent": np.zeros((1, TINY.style_dim), np.float32)},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_not_used_although_it_is_signed(
    home: Path, renderer: Renderer, changed: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version may have written it."""
    stored = projection_module.save

    def wrong(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
        scores = json.loads(metadata["scores"]) | {k: v for k, v in changed.items() if k != "latent"}
        latent = changed.get("latent", tensors["latent"])
        return stored({"latent": latent}, {"scores": json.dumps(scores)})

    with monkeypatch.context() as patch:
        patch.setattr(projection_module, "save", wrong)
        project_face(renderer, FACE, everywhere, SETTINGS)
    assert len(cached(home)) == 1
    again = project_face(renderer, FACE, everywhere, SETTINGS)
    assert not again.remembered
    assert project_face(renderer, FACE, everywhere, SETTINGS).remembered


@pytest.mark.parametrize("blocked", ["cache", "cache/latents"])
def test_a_cache_that_cannot_be_written_is_harmless(home: Path, renderer: Renderer, blocked: str) -> None:
    (home / blocked).parent.mkdir(exist_ok=True)
    (home / blocked).write_bytes(b"a file where a folder should be")
    for _ in range(2):
        found = project_face(renderer, FACE, everywhere, SETTINGS)
        assert not found.remembered
        assert np.isfinite(found.latent).all()
    assert (home / blocked).read_bytes().startswith(b"a file")


def test_what_was_cut_short_is_not_remembered(home: Path, renderer: Renderer) -> None:
    short = project_face(renderer, FACE, everywhere, SETTINGS, lambda step: step.step < 2)
    assert (short.steps, short.complete) == (2, False)
    assert cached(home) == []
    whole = project_face(renderer, FACE, everywhere, SETTINGS)
    assert (whole.steps, whole.complete, whole.remembered) == (3, True, False)


def test_a_model_that_is_not_there_names_the_remedy(home: Path, tmp_path: Path) -> None:
    with pytest.raises(AnycostError, match=r"nowhere\.safetensors .*: install the package again"):
        project_face(Renderer(tmp_path / "nowhere.safetensors"), FACE, everywhere, SETTINGS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderGraph:
    """Untrained, of the tiny generator's latents; it takes a second look at what its first answer draws."""
    torch.manual_seed(1)
    config = EncoderConfig((2, 2, 4), TINY.style_dim, 64, reduced=(4, 4, 4), grid=2, hidden=8, passes=2)
    path = tmp_path_factory.mktemp("model") / "encoder.safetensors"
    save_encoder(Encoder(config), path)
    return EncoderGraph(path)


def test_encoder_graphs_answer_as_the_encoder_does(home: Path, encoder: EncoderGraph) -> None:
    face = FACE[:64, :64]
    shown = np.random.default_rng(1).random((64, 64, 3), np.float32)
    picture, rendered = (torch.from_numpy(x).permute(2, 0, 1)[None].float() for x in (face / 127.5 - 1, shown * 2 - 1))
    expected = load_encoder(encoder.weights).encode(picture, lambda latent: rendered)[-1][0].numpy()
    assert np.allclose(encoder.encode(face, lambda latent: shown), expected, atol=1e-3)
    again = EncoderGraph(encoder.weights)  # from the cache
    assert np.array_equal(again.encode(face, lambda latent: shown), encoder.encode(face, lambda latent: shown))


def test_a_damaged_encoder_names_the_remedy(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(b"no encoder")
    with pytest.raises(AnycostError, match="install the package again"):
        EncoderGraph(path).encode(FACE, lambda latent: FACE)


class Answers(EncoderGraph):
    """An encoder that always answers with a sampled face."""

    def encode(self, face: np.ndarray, draw: object) -> np.ndarray:
        return np.full((TINY.styles, TINY.style_dim), 0.25, np.float32)


def likeness(renderer: Renderer, latent: np.ndarray) -> float:
    """PSNR of the picture and FACE, dB at 256 px."""
    picture = cv2.resize(renderer.render(latent), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return psnr(4 * float(np.square(picture - FACE / 255).mean()))


def test_without_a_budget_the_encoders_answer_is_all(home: Path, renderer: Renderer, encoder: EncoderGraph) -> None:
    answers = Answers(encoder.weights)
    at_once = project_face(renderer, FACE, everywhere, ProjectionSettings(budget=0), encoder=answers)
    assert (at_once.stage, at_once.steps) == ("encoder", 0)
    assert np.array_equal(at_once.latent, answers.encode(FACE, None))
    assert cached(home) == []
    refined = project_face(renderer, FACE, everywhere, SETTINGS, encoder=answers)
    assert (refined.stage, refined.steps) == ("refined", 3)
    assert math.isnan(at_once.psnr)  # measuring it would take longer than the answer
    assert refined.psnr >= likeness(renderer, at_once.latent) - 0.1
    without = project_face(renderer, FACE, everywhere, SETTINGS)
    assert not without.remembered  # it set out from elsewhere
    assert len(cached(home)) == 2
