"""The client with the real backend and its models: a photo is edited, also when the backend is killed, or shared."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import skimage.data
from anycost_client.backend.backend_process import Backend
from anycost_client.edit.editor import State
from anycost_client.protocol.events import Connected, Lost
from anycost_client.protocol.messages import OpenRegion, Picture
from anycost_models.core import paths
from anycost_models.core.signed_cache import key_path, own_key
from editor_host import Host

QUICK = Path(__file__).parents[1] / "quick_python.py"
SECONDS = 300.0  # in which each step is done also on a busy machine

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="the interpreter is a script")]


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine's models and graphs; what is computed once is remembered for all tests here, as between two days."""
    home = tmp_path_factory.mktemp("home")
    models = home / "data" / "models"
    models.mkdir(parents=True)
    for file in paths.models_dir().iterdir():
        (models / file.name).symlink_to(file)
    own_key(make=True)
    (home / "data" / key_path().name).symlink_to(key_path())
    for name in ("graphs", "times"):
        (paths.cache_dir() / name).mkdir(parents=True, exist_ok=True)
        (home / "cache").mkdir(exist_ok=True)
        (home / "cache" / name).symlink_to(paths.cache_dir() / name)
    script = home / "python"
    script.write_text(f"#!{sys.executable}\n" + QUICK.read_text())
    script.chmod(0o700)
    return home


@pytest.fixture
def real_python(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_HOME", str(shared_home))
    monkeypatch.setenv("ANYCOST_PYTHON", str(shared_home / "python"))


@pytest.fixture
def host(real_python: None) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []
    backends: list[Backend] = []

    def make(bridge: bool = False) -> Host:
        backends.append(Backend("a test", bridge=bridge))
        hosts.append(Host(backends[-1]))
        return hosts[-1]

    yield make
    for one in hosts:
        one.worker.close()
    for one in hosts:
        assert one.worker.join(10)
    for backend in backends:
        backend.kill()


@pytest.fixture
def portrait() -> OpenRegion:
    """The upper part of the photo, 16 bit, blue first."""
    photo = skimage.data.astronaut()[:300, 60:360, ::-1].astype("<u2") * 257
    return OpenRegion(image=Picture.packed(300, 300, 3, photo.tobytes(), "16"), order="bgr", max_side=256)


def test_a_face_is_edited_and_opened_again(host: Callable[..., Host], portrait: OpenRegion) -> None:
    one = host()
    editor = one.editor
    editor.open(portrait)
    one.until(lambda: editor.state is State.READY, SECONDS)
    assert len(editor.faces) == 1
    assert editor.before is not None
    assert "smile" in {attribute.name for attribute in editor.sliders.attributes}
    editor.sliders.set("smile", 0.8)
    one.until(lambda: editor.preview and not editor.preview.more, SECONDS)
    assert editor.preview is not None
    assert editor.preview.picture is not None
    assert any(bytes(editor.preview.picture.data)[3::4])  # something changed
    assert " px · " in editor.quality
    editor.apply()
    one.until(lambda: editor.result, SECONDS)
    assert editor.result is not None
    picture, record = editor.result.edited.picture, editor.result.record
    assert picture is not None
    assert (picture.bit_depth, picture.channels) == ("16", 4)
    assert record.faces[0].latent is not None

    editor.open(portrait, record)
    one.until(lambda: editor.state is State.READY and editor.preview, SECONDS)
    assert editor.sliders.value("smile") == 0.8
    assert editor.problem is None


def test_a_backend_killed_while_it_draws_is_replaced(host: Callable[..., Host], portrait: OpenRegion) -> None:
    one = host()
    one.editor.open(portrait)
    one.until(lambda: one.editor.state is State.READY, SECONDS)
    killed = one.pid()
    one.editor.sliders.set("smile", 0.5)
    one.editor.apply()
    time.sleep(0.05)  # it is drawing now, or projecting
    os.kill(killed, signal.SIGKILL)
    one.until(lambda: one.editor.result and one.editor.preview, SECONDS)
    assert one.pid() != killed
    assert len(one.all(Lost)) == 1
    assert one.editor.state is State.READY
    assert one.editor.problem is None
    assert one.editor.result is not None
    assert one.editor.result.title == "smile +0.5"


def test_two_editors_use_one_backend_at_once(host: Callable[..., Host], portrait: OpenRegion) -> None:
    first, second = host(), host(bridge=True)
    for one, strength in ((first, 0.5), (second, -0.5)):
        one.editor.open(portrait)
        one.until(lambda one=one: one.editor.state is State.READY, SECONDS)  # type: ignore[misc]
        one.editor.sliders.set("smile", strength)
    for one in (first, second):
        one.until(lambda one=one: one.editor.preview and not one.editor.preview.more, SECONDS)  # type: ignore[misc]
    assert first.pid() == second.pid()
    assert first.editor.preview != second.editor.preview
    pid = first.pid()
    first.worker.close()
    assert first.worker.join(10)
    second.editor.apply()
    second.until(lambda: second.editor.result, SECONDS)
    assert len(second.all(Connected)) == 1
    second.worker.close()
    assert second.worker.join(10)
    deadline = time.monotonic() + 20
    while not ended(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ended(pid)  # with its last client


def ended(pid: int) -> bool:
    """Also when nobody has asked how it ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
