"""Who may import whom is checked: the contracts in pyproject.toml hold, and an import that breaks one is seen."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("models", "backend", "plugin", "installer")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    folders = [*SOURCES, "plugin/krita", "plugin/gimp"]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(str(root / folder) for folder in folders)}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sources, to be changed."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.egg-info")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("models/anycost_models/core/paths.py", "from anycost_models.hub import catalogue"),
        ("models/anycost_models/face/landmarks.py", "import torch"),
        ("plugin/anycost_client/edit/sliders.py", "import numpy"),
        ("backend/anycost_backend/editing/session.py", "from anycost_backend.cli import options"),
        ("plugin/krita/anycost_krita/edit/controller.py", "from anycost_models.core import paths"),
    ],
)
def test_an_import_in_the_wrong_direction_is_seen(tree: Path, module: str, planted: str) -> None:
    (tree / module).write_text((tree / module).read_text(encoding="utf-8") + f"\n{planted}\n", encoding="utf-8")
    done = lint_imports(tree)
    assert done.returncode == 1
    assert module.rsplit("/", 1)[1].removesuffix(".py") in done.stdout


def test_the_contracts_hold(tree: Path) -> None:
    done = lint_imports(tree)
    assert done.returncode == 0, done.stdout


def test_the_picture_of_the_packages_shows_what_they_import(tmp_path: Path) -> None:
    folders = [str(ROOT / folder) for folder in (*SOURCES, "plugin/krita", "plugin/gimp")]
    command = [sys.executable, str(ROOT / "benchmarks" / "package_graph.py"), "--output", str(tmp_path / "new.svg")]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(folders)}, check=True)
    shown = (ROOT / "docs" / "pictures" / "packages.svg").read_text(encoding="utf-8")
    assert (tmp_path / "new.svg").read_text(encoding="utf-8") == shown, "draw it anew: benchmarks/package_graph.py"
