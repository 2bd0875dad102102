"""One profile that was used once (Krita fills it for long), of which every scene gets a copy."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from krita_programs import add_driver, by_command_line, make_profile, play, require
from PIL import Image

Play = Callable[..., dict[str, Any]]
TOGETHER = ("edit_scenes.order", "edit_scenes.update", "preview_scenes.undo")  # scenes that share one Krita


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> Path:
    """The photo's face is projected in it already: no scene waits for that."""
    require("krita", "Xvfb", "xvfb-run")
    folder = tmp_path_factory.mktemp("krita_seed")
    make_profile(folder / "profile")
    by_command_line(folder / "profile", photo, 0.8, folder / "edited.png")
    play("nothing", folder / "profile", folder / "seen")
    return folder / "profile"


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept where `ANYCOST_SCREENSHOTS` says, to be looked at."""
    kept = os.environ.get("ANYCOST_SCREENSHOTS")
    return Path(kept) if kept else tmp_path_factory.mktemp("screenshots")


@pytest.fixture
def scene(seed: Path, screenshots: Path, tmp_path: Path) -> Play:
    """Plays a scene: its name and the files to open. `seen["folder"]` has its screenshots and pixels."""

    def played(name: str, *files: Path) -> dict[str, Any]:
        profile = tmp_path / "profile"
        if not profile.exists():
            shutil.copytree(seed, profile, symlinks=True)
        folder = screenshots / name
        shutil.rmtree(folder, ignore_errors=True)
        return play(name, profile, folder, *files) | {"folder": folder, "profile": profile}

    return played


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, screenshots: Path) -> Play:
    """Plays a scene, once, with the plug-in's document side alone: no docker, no backend."""
    require("krita", "Xvfb", "xvfb-run")
    profile = tmp_path_factory.mktemp("krita_stage") / "profile"
    add_driver(profile)

    @functools.cache
    def played(names: str) -> dict[str, Any]:
        folder = screenshots / names.replace(" ", "_")
        shutil.rmtree(folder, ignore_errors=True)
        return play(names, profile, folder, parts=True) | {"folder": folder}

    def seen(name: str) -> dict[str, Any]:
        return dict(played(" ".join(TOGETHER))["scenes"][name] if name in TOGETHER else played(name))

    return seen


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The upper part of the astronaut: one face, RGBA, 8 bits."""
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    pixels = skimage.data.astronaut()[:320]
    Image.fromarray(pixels).convert("RGBA").save(path)
    return path
