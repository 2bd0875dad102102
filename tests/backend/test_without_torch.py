"""Editing needs no torch: from empty caches, in processes that cannot import it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from anycost_client.protocol import messages as m
from anycost_models.core import extras
from PIL import Image
from serving import Backend, Client, array

ASTRONAUT = skimage.data.astronaut()


@pytest.fixture(autouse=True)
def hidden(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Python is started imports neither torch nor what comes with it alone."""
    folder = tmp_path / "hiding"
    folder.mkdir()
    gone = ("torch", "onnx", "sympy", "networkx")
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({gone}))\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(ASTRONAUT).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def anycost(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "anycost_backend", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_photo_is_projected_and_edited(photo: Path) -> None:
    edited = photo.with_name("edited.png")
    done = anycost("edit", photo, "--set", "smile=-0.8", "--set", "age=0.6", "-o", edited, "--json")
    assert done.returncode == 0, done.stderr
    projection = json.loads(done.stdout)["projection"]
    assert (projection["stage"], projection["complete"]) == ("refined", True)
    assert projection["psnr"] > 20
    moved = np.abs(np.asarray(Image.open(edited)).astype(int) - ASTRONAUT).max(axis=2) > 20
    assert moved[70:180, 180:272].mean() > 0.05  # her face
    assert not moved[300:].any()


def test_the_server_previews_and_applies(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "run").started()
    try:
        client = Client(backend.file)
        session = client.open(ASTRONAUT).session
        for quality in ("preview", "final"):
            request = m.Edit(session=session, faces=(m.FaceEdit(0, {"smile": -0.8}),), sequence=1, quality=quality)
            reply = client.ask(request, timeout=240)
            assert isinstance(reply, m.Edited), reply
            assert array(reply.picture)[..., 3].max() == 255
    finally:
        backend.kill()


def test_a_projection_is_scored_but_for_what_torch_measures(photo: Path) -> None:
    done = anycost("project", photo, "--budget", "1s")
    assert done.returncode == 0, done.stderr
    assert "likeness: PSNR" in done.stdout
    assert "editability: " in done.stdout
    assert "identity: not measured: that needs torch; '" in done.stdout
    assert "-m pip install torch==" in done.stdout


def test_each_sub_generator_can_be_drawn(tmp_path: Path) -> None:
    for number, options in enumerate((("--resolution", 256, "--channels", 0.5), ("--resolution", 64))):
        file = tmp_path / f"{number}.png"
        done = anycost("render", "--seed", 3, *options, "-o", file)
        assert done.returncode == 0, done.stderr
        assert Image.open(file).size == (options[1], options[1])


@pytest.mark.parametrize(
    "words",
    [
        ("train", "distil", "--output", "run"),
        ("evaluate", "consistency"),
        ("evaluate", "projection", "--generated", "1"),
        ("search", "--budget", "0.8G"),
        ("models", "import", "model.pt"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_needs_torch_says_how_to_get_it(words: tuple[str, ...]) -> None:
    done = anycost(*words)
    assert done.returncode == 2
    said = f"anycost {words[0]}: 'anycost {words[0]}' needs torch, which is not installed: run '{sys.executable} -m pip"
    assert done.stderr.startswith(said), done.stderr
    assert done.stderr.count("\n") == 1


def test_the_remedy_names_the_pinned_releases() -> None:
    assert extras.torch_is_installed()
    extras.require_torch("this test")
    *_, torch, onnx = extras.install_command().split()
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{torch}"' in text
    assert f'"{onnx}"' in text
