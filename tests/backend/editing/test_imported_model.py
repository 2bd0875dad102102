"""`--model NAME`: an imported generator takes the embedded one's place in every command that draws or edits."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from anycost_backend import __main__ as command
from anycost_models.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from anycost_models.generators.stylegan2_checkpoint_import import LatentWeights, save_published
from anycost_models.hub.imported_models import free_path
from PIL import Image

Caught = pytest.CaptureFixture[str]
SMALL = StyleGAN2Config(resolution=64, style_dim=32, mapping_layers=2, channel_multiplier=0.25, channel_max=16)


@pytest.fixture
def imported(home: Path) -> StyleGAN2Generator:
    """An untrained generator of 64 px, called "mine"."""
    torch.manual_seed(0)
    model = StyleGAN2Generator(SMALL).eval().requires_grad_(False)
    model.measure_mean_style()
    save_published(model, free_path("mine"))
    return model


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(skimage.data.astronaut()[:256, 96:352]).save(path)
    return path


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    code = command.main([str(word) for word in words])
    said = capfd.readouterr()
    return code, said.out, said.err


def test_it_draws(tmp_path: Path, imported: StyleGAN2Generator, capfd: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_RUNTIME", "onnxruntime")  # which is exact
    path = tmp_path / "face.png"
    assert anycost(capfd, "render", "--model", "mine", "--seed", 3, "-o", path)[0] == 0
    rendered = imported(imported.styles(torch.randn(1, 32, generator=torch.Generator().manual_seed(3)), 0.7))[0]
    expected = (rendered.add(1).div(2).clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert np.abs(np.asarray(Image.open(path)) - expected).max() <= 1
    narrow = "render", "--model", "mine", "--resolution", 32, "--channels", 0.5, "-o", path
    assert anycost(capfd, *narrow)[0] == 0
    assert Image.open(path).size == (32, 32)


@pytest.mark.usefixtures("imported", "few_steps")
def test_it_projects_and_edits_once_it_knows_attributes(tmp_path: Path, photo: Path, capfd: Caught) -> None:
    code, out, _ = anycost(capfd, "project", photo, "--model", "mine", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == 4

    edit = "edit", photo, "--model", "mine", "--set", "20_Male=1", "-o", tmp_path / "edited.png"
    code, _, err = anycost(capfd, *edit)
    assert code == 2
    assert "the model 'mine' knows no attributes: import its boundaries" in err

    boundary = {"20_Male": torch.randn(320)}
    save_published(LatentWeights("stylegan2-boundaries", {"style_dim": 320}, boundary), free_path("mine-boundaries"))
    assert anycost(capfd, *edit)[0] == 0
    changed = np.asarray(Image.open(tmp_path / "edited.png")) != np.asarray(Image.open(photo))
    assert changed.any()
    assert not changed[-10:].any()  # outside the head every pixel keeps its bits


@pytest.mark.usefixtures("imported")
def test_boundaries_of_another_model_are_refused(tmp_path: Path, photo: Path, capfd: Caught) -> None:
    save_published(
        LatentWeights("stylegan2-boundaries", {"style_dim": 64}, {"20_Male": torch.randn(64)}), free_path("other")
    )
    code, _, err = anycost(capfd, "edit", photo, "--model", "mine", "--set", "20_Male=1", "-o", tmp_path / "out.png")
    assert code == 2
    assert "are for latents of 64 numbers, this model's have 32 in each of 10 rows" in err


@pytest.mark.usefixtures("home")
def test_a_model_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, capfd: Caught) -> None:
    code, _, err = anycost(capfd, "render", "--model", "best", "-o", tmp_path / "face.png")
    assert code == 2
    assert "there is no model 'best': choose embedded, or import one" in err
