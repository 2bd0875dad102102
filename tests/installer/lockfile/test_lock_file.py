"""The lock holds what pyproject.toml pins, for every system and Python, and each file has its hash."""

import json
import re

import pytest
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.lockfile import relock
from anycost_installer.lockfile.relock import dependencies, wheel_fits
from anycost_installer.lockfile.requirements import LOCK_FILE, PYTHONS, SYSTEMS, Target, read_lock, this_target

TARGETS = [Target(system.name, python) for system in SYSTEMS for python in PYTHONS]


def pinned_for(target: Target) -> set[str]:
    """Of pyproject.toml, read more simply than pip does."""
    pins = set()
    for line in dependencies(ROOT):
        pin, _, marker = line.partition(";")
        old = target.python == "3.10"
        if "==" in pin and not ("< '3.11'" in marker and not old) and not (">= '3.11'" in marker and old):
            pins.add(pin.strip())
    return pins


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.key)
def test_what_is_pinned_is_locked(target):
    """If this fails after a change of pins: run '.venv/bin/python installer relock'."""
    lock = read_lock(ROOT, target)
    assert pinned_for(target) <= {*lock.packages}
    assert not {"torch", "onnx"} & {name.partition("==")[0] for name in lock.packages}  # editing goes without
    assert {"pyvips"} == {name.partition("==")[0] for name in lock.sources}
    assert 100e6 < lock.download < 300e6


def test_every_release_has_hashes_and_pip_gets_them_in_its_own_form():
    lock = read_lock(ROOT, TARGETS[0])
    text = lock.requirements(*lock.releases)
    assert len(text.splitlines()) == len(lock.packages) + len(lock.sources)
    for line in text.splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.+]+( --hash=sha256:[0-9a-f]{64})+", line)


def test_a_machine_without_packages_is_told_which_ones_have_them():
    with pytest.raises(InstallError, match=r"linux-x86_64, Python 3\.9\): run it with another Python: 3\.10, 3\.11"):
        read_lock(ROOT, Target("linux-x86_64", "3.9"))
    with pytest.raises(InstallError, match=r"\(linux-riscv64, Python 3\.11\): use one of .*windows-amd64"):
        read_lock(ROOT, Target("linux-riscv64", "3.11"))


@pytest.mark.parametrize("text", ["", "[]", '{"targets": 3}', '{"targets": {"KEY": {}}}'])
def test_a_damaged_lock_is_told(tmp_path, text):
    (tmp_path / "installer").mkdir()
    (tmp_path / LOCK_FILE).write_text(text.replace("KEY", TARGETS[0].key))
    with pytest.raises(InstallError, match="missing or damaged"):
        read_lock(tmp_path, TARGETS[0])


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "macos-arm64"),
        ("Windows", "AMD64", "windows-amd64"),
    ],
)
def test_this_machine_is_known_under_its_locked_name(monkeypatch, system, machine, name):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert this_target().system == name
    assert name in {known.name for known in SYSTEMS}


@pytest.mark.parametrize(
    ("file", "fitting"),
    [
        ("numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", True),
        ("numpy-2.4.6-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        ("numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl", False),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl", False),
        ("numpy-2.4.6-cp310-abi3-manylinux_2_28_x86_64.whl", True),
        ("numpy-2.4.6-cp312-abi3-manylinux_2_28_x86_64.whl", False),
        ("numpy-2.4.6-py3-none-any.whl", True),
        ("numpy-2.4.5-py3-none-any.whl", False),
        ("numpy-2.4.6.tar.gz", False),
    ],
)
def test_hashes_are_kept_of_the_wheels_that_a_target_may_take(file, fitting):
    assert wheel_fits(file, "numpy", "2.4.6", Target("linux-x86_64", "3.11")) is fitting


def test_locking_writes_what_is_read(tmp_path, monkeypatch):
    """From what pip chose and the index listed, to the file and back."""
    wheels = [("zmq-1.0-py3-none-any.whl", "a" * 64, 5), ("zmq-1.0.tar.gz", "b" * 64, 7)]
    fast = [("fast-2.0-cp311-cp311-win_amd64.whl", "c" * 64, 100)]
    chosen = {
        Target("windows-amd64", "3.11"): {"zmq": "1.0", "fast": "2.0"},
        Target("linux-x86_64", "3.11"): {"zmq": "1.0"},
    }
    lock = relock.make_lock(chosen, {"zmq": wheels, "fast": fast})
    (tmp_path / "installer").mkdir()
    (tmp_path / LOCK_FILE).write_text(json.dumps(lock))
    windows = read_lock(tmp_path, Target("windows-amd64", "3.11"))
    assert windows.requirements(*windows.packages) == (
        f"fast==2.0 --hash=sha256:{'c' * 64}\nzmq==1.0 --hash=sha256:{'a' * 64}\n"
    )
    assert windows.download == 105
    assert read_lock(tmp_path, Target("linux-x86_64", "3.11")).releases == ("zmq==1.0",)
    with pytest.raises(InstallError, match="no packages"):
        read_lock(tmp_path, Target("linux-aarch64", "3.11"))
    with pytest.raises(InstallError, match=r"no wheel of fast 2\.0"):
        relock.make_lock({Target("linux-x86_64", "3.11"): {"fast": "2.0"}}, {"fast": fast})
