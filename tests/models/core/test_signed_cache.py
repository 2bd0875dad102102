"""Caches that cannot lie: what is not as it was written is not used, and nobody else can read them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from anycost_models.core.private_folders import close_to_others
from anycost_models.core.signed_cache import SignedCache, key_path

KEY, DATA = "0" * 32, b"a latent"
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def cache(home: Path) -> SignedCache:
    cache = SignedCache("latents", ".bin", space=100, days=90)
    cache.write(KEY, DATA)
    return cache


def test_what_was_written_is_read(cache: SignedCache) -> None:
    assert cache.read(KEY) == DATA
    assert cache.read("1" * 32) is None
    cache.write(KEY, b"another")
    assert cache.read(KEY) == b"another"
    assert len(cache.files()) == 1


def test_what_was_mapped_stays_as_it_was(cache: SignedCache) -> None:
    mapped = cache.mapped(KEY)
    cache.write(KEY, b"another")
    assert mapped is not None
    assert mapped[:] == DATA
    assert cache.clear() == len(b"another")
    assert mapped[:] == DATA


@pytest.mark.parametrize("read", [SignedCache.read, SignedCache.mapped])
def test_every_flipped_bit_every_cut_and_every_swap_is_found(
    cache: SignedCache, read: Callable[[SignedCache, str], object], caplog: pytest.LogCaptureFixture
) -> None:
    for bit in range(8 * len(DATA)):
        (path,) = cache.files()
        damaged = bytearray(DATA)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert read(cache, KEY) is None
        assert not path.exists()
        cache.write(KEY, DATA)
    for damaged in (DATA[:-1], b"", DATA + b"x", bytes(len(DATA))):
        cache.files()[0].write_bytes(damaged)
        assert read(cache, KEY) is None
        cache.write(KEY, DATA)
    (path,) = cache.files()
    path.rename(path.with_name(path.name.replace(KEY, "1" * 32)))  # of another face
    assert read(cache, "1" * 32) is None
    assert "it is made anew" in caplog.text


def test_what_another_key_signed_is_not_used(cache: SignedCache) -> None:
    key_path().write_bytes(bytes(32))
    assert cache.read(KEY) is None


def test_a_damaged_key_is_replaced(cache: SignedCache) -> None:
    key_path().write_bytes(b"short")
    assert cache.read(KEY) is None
    cache.write(KEY, DATA)
    assert cache.read(KEY) == DATA


def test_what_is_old_or_too_much_goes(cache: SignedCache) -> None:
    (old,) = cache.files()
    long_ago = time.time() - 91 * 86_400
    os.utime(old, (long_ago, long_ago))
    cache.write("1" * 32, bytes(60))
    assert not old.exists()
    cache.write("2" * 32, bytes(60))
    assert len(cache.files()) == 1
    assert cache.clear() == 60
    assert cache.files() == []


def test_what_is_old_or_of_an_earlier_version_goes_when_something_is_read(home: Path) -> None:
    cache = SignedCache("graphs", ".onnx", space=100, days=90)
    cache.write(KEY, DATA)
    (old,) = cache.files()
    long_ago = time.time() - 91 * 86_400
    os.utime(old, (long_ago, long_ago))
    unsigned = cache.folder / f"{KEY}.onnx"  # as an earlier version named it: nothing reads it any more
    unsigned.touch()
    assert cache.read("1" * 32) is None
    assert not old.exists()
    assert not unsigned.exists()


@posix
def test_only_its_user_can_read_it(cache: SignedCache, home: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in (home / "data", home / "cache", cache.folder)}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in (key_path(), *cache.files())} == {0o600}


@posix
def test_what_earlier_versions_left_open_is_closed(home: Path) -> None:
    files = [home / "cache" / "latents" / "a", home / "data" / "attributes" / "b", home / "cache" / "logs" / "c"]
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        path.chmod(0o644)
    program = home / "data" / "environment" / "python"
    program.parent.mkdir()
    program.touch(mode=0o755)
    close_to_others()
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in files} == {0o700}
    assert (home / "data").stat().st_mode & 0o777 == 0o700
    assert program.stat().st_mode & 0o777 == 0o755
