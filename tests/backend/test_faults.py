"""The machine's faults, a short set: `benchmarks/faults.py` has them all. Work is done, or said in one line why not."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import machine_faults as faults
import numpy as np
import photo_files
import pytest
import skimage.data
import zmq
from anycost_backend.__main__ import main
from anycost_client.core.errors import ClientError
from anycost_client.core.translation import Translator
from anycost_client.edit.presets import Preset, PresetFiles
from anycost_client.process.log_file import open_log
from anycost_client.protocol import messages as m
from anycost_client.transport import connection_file
from anycost_client.transport.connection_file import Connection
from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.core.signed_cache import SignedCache
from anycost_models.editing.directions import Direction
from anycost_models.editing.user_attributes import UserAttribute, store
from anycost_models.plotting.contact_sheet import save_image
from PIL import Image
from serving import Backend, Client

HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
ADDRESS, KEY = "tcp://127.0.0.1:1", zmq.curve_keypair()[0].decode()
root = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only Linux' root can")


def _preset(folder: Path) -> None:
    PresetFiles(folder, Translator(folder, lambda: "en")).save(Preset("one", {"smile": 1}))


def _attribute(folder: Path) -> None:
    vector = np.linspace(-1, 1, 512, dtype=np.float32)
    store(UserAttribute(Direction("freckles", "Own", "", "face", (0, 16), vector), "abc"))


def _connection(folder: Path) -> None:
    connection_file.write(folder / "run" / "connection.json", Connection(1, ADDRESS, ADDRESS, KEY, KEY, KEY, 1))


def _log(folder: Path) -> None:
    with open_log(folder / "logs" / "backend.log") as file:
        file.write(b"x" * 5000)
        file.flush()


WRITES: dict[str, Callable[[Path], None]] = {
    "photo": lambda folder: write_aside(folder / "photo.png", b"x" * 5000),
    "sheet": lambda folder: save_image(folder / "sheet.png", NOISE),
    "cache": lambda folder: SignedCache("latents", ".bin", space=1 << 20).write("0" * 32, b"x" * 5000),
    "preset": _preset,
    "attribute": _attribute,
    "connection": _connection,
    "log": _log,
}


@root
@pytest.mark.parametrize("pages", [2, 3, 4])
@pytest.mark.parametrize("write", WRITES)
def test_a_disk_that_is_full_at_any_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str, pages: int
) -> None:
    """What was there stays as it was; what is there is complete, and the error says why."""
    with faults.small_disk(tmp_path / "disk", pages * 4096) as disk:
        monkeypatch.setenv("ANYCOST_HOME", str(disk))
        (disk / "photo.png").write_bytes(b"old")
        said = ""
        try:
            WRITES[write](disk)
        except (AnycostError, ClientError) as error:
            said = str(error)
        except OSError as error:  # who opens a log or a cache says it
            said = str(error) if write == "log" else repr(error)
        assert not said or "No space left" in said or "disk is full" in said
        assert not said.startswith("OSError")
        assert (disk / "photo.png").read_bytes() in (b"old", b"x" * 5000)
        assert not list(disk.rglob("*.part"))


@pytest.mark.parametrize(("name", "damages"), [("yunet", faults.DAMAGES), ("face_landmarks", faults.DAMAGES[:1])])
def test_damaged_models_are_named(
    tmp_path: Path, home: Path, capfd: pytest.CaptureFixture[str], name: str, damages: Sequence[faults.Damage]
) -> None:
    photo = photo_files.pillow(tmp_path / "photo.png", Image.fromarray(HEAD))
    path = home / "data" / "models" / f"{name}.onnx"
    content = path.read_bytes()
    path.unlink()  # it was a link
    path.write_bytes(content)
    for damage in damages:
        with faults.damaged(path, damage):
            assert main(["faces", str(photo)]) == 2
        said = capfd.readouterr().err
        assert said.count("\n") == 1
        assert "anycost models fetch" in said


WRITER = """
import sys
from pathlib import Path
from anycost_models.core.atomic_files import write_aside
print("ready", flush=True)
for number in range(10**9):
    write_aside(Path(sys.argv[1]), bytes([number % 256]) * (1 << 20))
"""


def test_a_file_is_complete_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    for moment in range(6):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert faults.wait_until(path.exists)
        time.sleep(0.003 * moment)
        process.kill()
        process.wait()
        data = path.read_bytes()
        assert len(data) == 1 << 20
        assert len(set(data)) == 1


@pytest.mark.parametrize("most", [8, 32])
def test_a_backend_that_may_open_few_files_says_so(tmp_path: Path, most: int) -> None:
    done = faults.anycost("serve", "--connection", tmp_path / "run" / "file", limits=faults.descriptors(most))
    assert done.code == 2
    assert f"may open {most} files, and needs 64: raise the limit" in done.said.splitlines()[-1]
    assert not done.fault


@root
def test_slow_peers_and_other_users_get_nothing_and_hold_up_nobody(tmp_path: Path, home: Path) -> None:
    tmp_path.chmod(0o755)
    SignedCache("latents", ".bin", space=1 << 20).write("0" * 32, b"a face")
    _attribute(home)
    backend = Backend(home / "cache" / "run").started()
    try:
        client = Client(backend.file)
        with faults.slow_peers(backend.file, 20) as go_on:
            for _ in range(12):
                go_on()
                assert isinstance(client.ask(m.Status(), timeout=5), m.StatusReport)
            assert isinstance(Client(backend.file, "another").ask(m.Leave(), timeout=5), m.Done)
        assert faults.open_to_others(home / "data", home / "cache") == []
    finally:
        backend.kill()
