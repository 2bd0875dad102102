"""Homes with editors, and a tiny project with a stand-in for torch: real environments in seconds, without a network."""

import io
import os
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = ROOT / "installer"
sys.path.insert(0, str(INSTALLER))  # as `python3 installer` does

from anycost_installer.core.progress import Progress  # noqa: E402
from anycost_installer.environment import venv  # noqa: E402
from anycost_installer.environment.venv import Environment, prepare_venv  # noqa: E402
from installed_home import Home  # noqa: E402

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1.0"
dependencies = []

[project.optional-dependencies]
test = [
  "torch==1.0.0",
]

[tool.ruff]
line-length = 120
"""

# Builds the editable install of the tiny project without setuptools, which would have to be downloaded.
BACKEND = """
import os, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    extras = "Provides-Extra: demo\\nProvides-Extra: test\\n"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("tiny.pth", os.getcwd())
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n" + extras)
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
"""


class Project:
    """A checkout in a temporary folder, and the folder that pip takes its wheels from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.wheels = folder / "wheels"
        self.root.mkdir()
        self.wheels.mkdir()
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "backend.py").write_text(BACKEND)
        self.environment = Environment(self.root)
        self.printed = ""

    def offer_torch(self, version: str) -> None:
        with zipfile.ZipFile(self.wheels / f"torch-{version}-py3-none-any.whl", "w") as wheel:
            info = f"torch-{version}.dist-info"
            wheel.writestr("torch.py", f"__version__ = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")

    def pin_torch(self, version: str) -> None:
        file = self.root / "pyproject.toml"
        before, _, after = file.read_text().partition('"torch==')
        file.write_text(f'{before}"torch=={version}"{after[after.index(chr(34)) + 1 :]}')

    def prepare(self, extra: str = "test", torch: str | None = None) -> list[str]:
        """Returns the steps that were needed; what was printed is kept."""
        out = io.StringIO()
        progress = Progress(out)
        try:
            prepare_venv(self.root, extra, torch, progress)
        finally:
            self.printed = out.getvalue()
        return list(progress.seconds)

    def torch(self) -> str:
        about = self.environment.inspect()
        return about["torch"] if about else ""


@pytest.fixture
def home_folder(tmp_path: Path) -> Path:
    """With spaces and letters of several scripts."""
    folder = tmp_path / "Jörg Müller 画"
    folder.mkdir()
    return folder


@pytest.fixture
def home(home_folder: Path) -> Home:
    return Home(home_folder)


@pytest.fixture(scope="module")
def module_patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, module_patch: pytest.MonkeyPatch) -> Project:
    """One environment for all tests of a module; each leaves it complete. It was made over a half-made one."""
    project = Project(tmp_path_factory.mktemp("installer"))
    for name, value in {
        "PIP_FIND_LINKS": str(project.wheels),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CONSTRAINT": "",
    }.items():
        module_patch.setenv(name, value)
    module_patch.setattr("platform.system", lambda: "Linux")  # where torch comes in two builds
    module_patch.setattr(venv, "BYTES", (0, 0))
    module_patch.setattr(venv, "CPU_BUILD_BYTES", (0, 0))
    module_patch.setattr(venv, "LARGE_BUILD_BYTES", (0, 0))
    project.offer_torch("1.0.0+cpu")
    (project.environment.folder / "lib").mkdir(parents=True)
    project.prepare()
    return project
