"""Downloads files over HTTP, resumes what broke off, with the user's own proxy and certificates."""

import contextlib
import functools
import hashlib
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

from anycost_models.core.hashes import sha256_of

_PATIENCE = 60  # seconds without a byte, then a connection is given up
_TRIES = 4  # without a single new byte, of a file that had begun to come
_PAUSE = 0.5  # seconds before the second try; doubled for each further one
_BLOCK = 1 << 16
_CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")


class DownloadError(Exception):
    """Why a file did not come. Who asked for it knows the remedy, and raises an AnycostError."""


class DownloadRefused(DownloadError):
    """The server does not give it to us: whoever has credentials may fare better."""


def page(url: str, most_bytes: int) -> str:
    """A small text. Raises DownloadError."""
    with _network_errors(url), _opened(urllib.request.Request(url)) as answer:
        data: bytes = answer.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise DownloadError(f"{url} holds more than {most_bytes >> 20} MiB")
    return data.decode("utf-8", "replace")


def download(url: str, target: Path, partial: Path, most_bytes: int, sha256: str = "") -> None:
    """The file gets its name `target` when it is whole and, if `sha256` is known, checked.

    `partial`: the folder in which what came so far is kept for the next call. Raises DownloadError; OSError when a
    disk is full."""
    partial.mkdir(parents=True, exist_ok=True)
    with _claimed(partial / hashlib.sha256(url.encode()).hexdigest()[:24]) as unfinished:
        before = unfinished.stat().st_size if unfinished.exists() else 0
        _complete(url, unfinished, most_bytes)
        if sha256 and sha256_of(unfinished) != sha256:
            _forget(unfinished)
            if not before:
                raise DownloadError(f"{url} came damaged: its sha256 is not {sha256}")
            _complete(url, unfinished, most_bytes)  # the two halves were not of the same file
            if sha256_of(unfinished) != sha256:
                _forget(unfinished)
                raise DownloadError(f"{url} came damaged: its sha256 is not {sha256}")
        os.replace(unfinished, target)
        _forget(unfinished)


def _complete(url: str, unfinished: Path, most_bytes: int) -> None:
    fruitless = 0
    while True:
        before = unfinished.stat().st_size if unfinished.exists() else 0
        try:
            with _network_errors(url):
                _resume(url, unfinished, most_bytes)
            return
        except DownloadRefused:
            raise
        except DownloadError:
            after = unfinished.stat().st_size if unfinished.exists() else 0
            fruitless = 0 if after > before else fruitless + 1
            if not after or fruitless >= _TRIES:  # it never began, or is going nowhere
                raise
            time.sleep(_PAUSE * 2 ** max(0, fruitless - 1))


def _resume(url: str, unfinished: Path, most_bytes: int) -> None:
    """Asks for the rest, and starts anew where the server cannot give it or has another file by now."""
    have = unfinished.stat().st_size if unfinished.exists() else 0
    validator = _validator(unfinished)
    headers = {"Accept-Encoding": "identity"}
    if have and validator.get("tag"):
        headers |= {"Range": f"bytes={have}-", "If-Range": validator["tag"]}
    elif have and validator.get("url") == url:
        headers |= {"Range": f"bytes={have}-"}
    else:
        have = 0
    try:
        answer = _opened(urllib.request.Request(url, headers=headers))
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # it ends where ours does, or before
            if error.headers.get("Content-Range", "") == f"bytes */{have}":
                return
            _forget(unfinished)
        raise
    with answer:
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not goes_on:
            if answer.status == 206:
                _forget(unfinished)
                raise http.client.HTTPException("the server answered with another range")
            have = 0
        announced = answer.headers.get("Content-Length", "")
        rest = int(announced) if announced.isdecimal() else None
        if have + (rest or 0) > most_bytes:
            raise DownloadRefused(f"{url} holds more than {most_bytes >> 20} MiB")
        tag = answer.headers.get("ETag", "")
        validator = {"url": url, "tag": tag if tag and not tag.startswith("W/") else ""}
        unfinished.with_suffix(".json").write_text(json.dumps(validator), encoding="utf-8")
        with unfinished.open("ab" if have else "wb") as file:
            got = _copy(answer, file, most_bytes - have)
    if have + got > most_bytes:
        _forget(unfinished)
        raise DownloadRefused(f"{url} holds more than {most_bytes >> 20} MiB")
    if rest is not None and got != rest:
        raise http.client.IncompleteRead(b"", rest - got)


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, most: int) -> int:
    got = 0
    while got <= most and (block := answer.read1(_BLOCK)):
        file.write(block)
        got += len(block)
    return got


@contextlib.contextmanager
def _network_errors(url: str) -> Iterator[None]:
    """Turns network errors into DownloadError; a full disk stays an OSError."""
    try:
        yield
    except DownloadError:
        raise
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        ConnectionError,
        TimeoutError,
        ssl.SSLError,
        ValueError,
    ) as e:
        cause = " ".join(str(getattr(e, "reason", None) or e or type(e).__name__).split())
        if isinstance(e, http.client.IncompleteRead):
            cause = "the connection broke off"
        if isinstance(e, urllib.error.HTTPError):
            cause = f"{e.code} {cause}"
        refused = isinstance(e, urllib.error.HTTPError) and 400 <= e.code < 500 and e.code not in (408, 416, 425, 429)
        raise (DownloadRefused if refused or isinstance(e, ValueError) else DownloadError)(
            f"{url} ({cause[:300]})"
        ) from e


def _opened(request: urllib.request.Request) -> http.client.HTTPResponse:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=_context())]
    proxy = _pip_settings().get("proxy", "")
    if proxy and not any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in os.environ):
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    answer: http.client.HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=_PATIENCE)
    return answer


def _context() -> ssl.SSLContext:
    """The system's certificates, and those that the user's settings name. Raises DownloadError."""
    named = {os.environ[name]: name for name in reversed(_CERTIFICATES) if os.environ.get(name)}
    if cert := _pip_settings().get("cert"):
        named.setdefault(cert, "pip's setting 'cert'")
    return _context_with(tuple(named.items()))


@functools.lru_cache(maxsize=4)
def _context_with(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    """`named`: files or folders of certificates, and who names them."""
    context = ssl.create_default_context()
    for path, name in named:
        try:
            context.load_verify_locations(**({"capath": path} if os.path.isdir(path) else {"cafile": path}))
        except (OSError, ssl.SSLError) as error:
            # Not refused by a server: pip would then be asked, which takes another of these settings in its place.
            raise DownloadError(f"the certificates that {name} names cannot be read: {path}") from error
    if not named and not context.get_ca_certs():  # some Pythons bring none; pip brings its own
        with contextlib.suppress(ImportError, OSError):
            from pip._vendor import certifi

            context.load_verify_locations(certifi.where())
    return context


def _pip_settings() -> dict[str, str]:
    """pip's own settings, such as "index-url", "cert" and "proxy"; those of the environment count most."""
    return dict(_pip_configuration(tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("PIP_")))))


@functools.lru_cache(maxsize=4)
def _pip_configuration(variables: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace").stdout
    settings: dict[str, tuple[int, str]] = {}
    for line in said.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        rank = {"global": 0, "install": 1, "download": 1, ":env:": 2}.get(section)
        if rank is not None and settings.get(key, (-1, ""))[0] <= rank:
            settings[key] = (rank, value.strip().strip("'\""))
    return tuple((key, value) for key, (_, value) in settings.items())


def pip_setting(name: str) -> str:
    """Such as "index-url"; "" where there is none."""
    return _pip_settings().get(name, "")


@contextlib.contextmanager
def _claimed(unfinished: Path) -> Iterator[Path]:
    """`unfinished`, unless another process downloads into it just now: then a file of our own."""
    lock = filelock.FileLock(unfinished.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except (OSError, NotImplementedError):  # it is locked, or this file system has no locks
        own = unfinished.with_name(f"{unfinished.name}-{os.getpid()}")
        try:
            yield own
        finally:
            _forget(own)
        return
    try:
        yield unfinished
    finally:
        lock.release()


def _validator(unfinished: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found = json.loads(unfinished.with_suffix(".json").read_bytes())
        return {str(key): str(value) for key, value in found.items()}
    return {}


def _forget(unfinished: Path) -> None:
    for path in (unfinished, unfinished.with_suffix(".json")):
        path.unlink(missing_ok=True)
