"""A tiny project with all parts of a release, and a local package index: no network is needed."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

from anycost_installer.lockfile.requirements import this_target

PYPROJECT = """
[build-system]
requires = ["setuptools==1.0"]
build-backend = "setuptools.build_meta"

[project]
name = "anycost-face-editor"
version = "{version}"
dependencies = [
  "scipy==1.0",
  "pyzmq==1.0",
]
"""

# A build backend that packs all modules of its working folder, as setuptools does.
SETUPTOOLS = """
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    from tiny_wheel import wheel
    name = "built" if os.path.exists("built.py") else "anycost_face_editor"
    text = open("pyproject.toml").read()
    version = open("VERSION").read() if name == "built" else text.split('version = "')[1].split('"')[0]
    modules = {"built.py": "made = 'here'"} if name == "built" else {
        os.path.relpath(os.path.join(at, file), part).replace(os.sep, "/"): open(os.path.join(at, file)).read()
        for part in ("models", "backend", "plugin") for at, _, files in os.walk(part) for file in files}
    return wheel(folder, name, version, modules)
"""

TINY_WHEEL = '''
import base64, hashlib, os, zipfile

def wheel(folder, name, version, modules, requires=()):
    """Writes a wheel with a proper RECORD; returns its file name."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\\n" for need in requires)
    files = dict(modules)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{needs}"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = [f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
            f"{len(text.encode())}\\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join(rows) + f"{info}/RECORD,,\\n"
    file = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, file), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return file
'''

_MAKER: dict = {}
exec(TINY_WHEEL, _MAKER)
make_wheel = _MAKER["wheel"]


class Release:
    """`root`: the checkout; `index`: a folder of wheels, for pip's find-links."""

    def __init__(self, folder: Path, version: str = "1.0") -> None:
        self.root, self.index = folder / "checkout", folder / "index"
        for part in ("models/anycost_models", "backend/anycost_backend", "plugin/anycost_client", "installer"):
            (self.root / part).mkdir(parents=True)
            if part != "installer":
                (self.root / part / "__init__.py").write_text(f"version = {version!r}\n")
        for name in ("README.md", "LICENSE", "NOTICE"):
            (self.root / name).write_text(name)
        (self.root / "pyproject.toml").write_text(PYPROJECT.format(version=version))
        self.index.mkdir()
        modules = {"setuptools/build_meta.py": SETUPTOOLS, "setuptools/__init__.py": "", "tiny_wheel.py": TINY_WHEEL}
        make_wheel(self.index, "setuptools", "1.0", modules)
        make_wheel(self.index, "scipy", "1.0", {"scipy.py": "fast = True"}, ["numpy"])
        make_wheel(self.index, "numpy", "1.0", {"numpy.py": ""})
        make_wheel(self.index, "pyzmq", "1.0", {"zmq/__init__.py": ""})
        self._source("built", "1.0")
        self.lock()

    def _source(self, name: str, version: str) -> None:
        files = {
            "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "VERSION": version,
            f"{name}.py": "",
        }
        with tarfile.open(self.index / f"{name}-{version}.tar.gz", "w:gz") as archive:
            for path, text in files.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))

    def lock(self) -> None:
        """Writes requirements.json for the files in the index."""
        hashes = {}
        for file in sorted(self.index.iterdir()):
            name, version = file.name.removesuffix(".tar.gz").split("-")[:2]
            hashes[f"{name}=={version}"] = [hashlib.sha256(file.read_bytes()).hexdigest()]
        target = {
            "download": sum(file.stat().st_size for file in self.index.iterdir()),
            "packages": [
                name for name in hashes if name.partition("==")[0] in ("numpy", "pyzmq", "scipy", "setuptools")
            ],
        }
        lock = {"targets": {this_target().key: target}, "sources": ["built==1.0"], "hashes": hashes}
        (self.root / "installer" / "requirements.json").write_text(json.dumps(lock))

    def become(self, version: str) -> None:
        """Makes it the next version, in the same folder."""
        (self.root / "pyproject.toml").write_text(PYPROJECT.format(version=version))
        (self.root / "backend" / "anycost_backend" / "__init__.py").write_text(f"version = {version!r}\n")

    def alter(self, name: str) -> tuple[Path, bytes]:
        """Puts another file than the locked one in the index; returns the locked one, for `restore`."""
        (wheel,) = self.index.glob(f"{name}-*.whl")
        locked = (wheel, wheel.read_bytes())
        make_wheel(self.index, name, wheel.name.split("-")[1], {f"{name}.py": "harm = True"})
        return locked

    def restore(self, locked: tuple[Path, bytes]) -> None:
        locked[0].write_bytes(locked[1])

    def pip_variables(self) -> dict[str, str]:
        """Environment variables with which pip uses this index only."""
        return {
            "PIP_FIND_LINKS": self.index.as_uri(),  # a URL, because spaces separate the entries of this list
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CONSTRAINT": "",
            "PIP_NO_CACHE_DIR": "1",
        }


def imported(python: Path, words: str) -> str:
    """The value of an expression such as "anycost_backend.version" in another Python."""
    module = words.partition(".")[0]
    command = [str(python), "-I", "-c", f"import {module}; print({words})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
