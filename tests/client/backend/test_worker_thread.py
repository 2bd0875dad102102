"""A worker and an editor against a real backend process that is killed, hangs, fails or is shared."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anycost_client.backend import supervisor
from anycost_client.backend.backend_process import Backend
from anycost_client.backend.bug_report import report
from anycost_client.backend.supervisor import Supervisor
from anycost_client.core.errors import BackendError
from anycost_client.edit.editor import State
from anycost_client.protocol.events import Asleep, Connected, Event, Lost, Unavailable
from anycost_client.protocol.messages import Attributes, Failed, Leave, OpenRegion, Status, StatusReport
from anycost_client.transport import connection_file
from anycost_client.transport.bridge_channel import BridgeChannel
from editor_host import Host

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")

Make = Callable[..., Backend]


@pytest.fixture
def host(backend: Make) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def make(**options: bool) -> Host:
        hosts.append(Host(backend(**options)))
        return hosts[-1]

    yield make
    for one in hosts:
        one.worker.close()
    for one in hosts:
        assert one.worker.join()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PAUSES", (0.0,) * 5)


@pytest.mark.parametrize("bridge", [False, True], ids=["zmq", "bridge"])
def test_a_killed_backend_is_started_again_and_the_edit_goes_on(
    host: Callable[..., Host], region: OpenRegion, bridge: bool
) -> None:
    one = host(bridge=bridge)
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.READY)
    one.editor.sliders.set("smile", 0.5)
    one.until(lambda: one.grey() == 50)
    killed = one.pid()
    os.kill(killed, signal.SIGKILL)
    one.editor.sliders.set("smile", 0.7)  # moved while nobody is there
    one.editor.apply()
    one.until(lambda: one.editor.state is State.WAITING)
    assert one.editor.problem is not None
    one.until(lambda: one.grey() == 70 and one.editor.result)
    assert one.editor.state is State.READY
    assert one.editor.problem is None
    assert one.pid() != killed
    assert one.editor.result is not None
    assert one.editor.result.edited.quality == "final"
    assert len(one.all(Lost)) == 1


def test_a_backend_that_always_dies_is_given_up(
    host: Callable[..., Host], region: OpenRegion, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "dies")
    one = host()
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.READY)
    one.editor.sliders.set("smile", 0.5)
    one.until(lambda: one.editor.state is State.FAILED)
    assert [event.attempt for event in one.all(Lost) if isinstance(event, Lost)] == [1, 2, 3, 4, 5]
    assert len(one.all(Unavailable)) == 1
    request = Status()
    one.worker.send(request)  # nobody is left waiting
    one.until(lambda: any(isinstance(event, Failed) and event.id == request.id for event in one.seen))
    monkeypatch.delenv("ANYCOST_STAND_IN")
    one.worker.retry()
    one.until(lambda: one.grey() == 50)
    assert one.editor.state is State.READY


def test_a_fault_that_the_backend_explains_is_shown_at_once(
    host: Callable[..., Host], region: OpenRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "fails")
    one = host()
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.FAILED)
    assert one.editor.problem is not None
    assert one.editor.problem.cause.endswith("the model file is damaged: run 'anycost models fetch'")
    assert not one.all(Lost)
    text = report(one.editor, Backend("Krita 5.2.9"))
    assert "host: Krita 5.2.9\n" in text
    assert "problem: unavailable: the backend ended while starting: anycost serve: the model file" in text


def test_a_crash_while_starting_is_tried_again(
    host: Callable[..., Host], no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "crashes")
    one = host()
    one.until(lambda: one.all(Unavailable))
    assert len(one.all(Lost)) == 5
    assert "RuntimeError: it broke" in str(one.all(Unavailable)[0])


@pytest.mark.parametrize("mode", ["fails", "crashes"])
def test_last_words_come_without_a_log(backend: Make, home: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """As on a full disk, or where the folder of the log cannot be made."""
    (home / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("ANYCOST_STAND_IN", mode)
    with pytest.raises(BackendError, match=r"the model file is damaged|RuntimeError: it broke"):
        backend().connect()
    monkeypatch.delenv("ANYCOST_STAND_IN")
    channel, _ = backend().connect()  # nor does it keep a sound one from starting
    channel.close()


def test_what_a_backend_says_is_in_the_log(backend: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "crashes")
    one = backend()
    with pytest.raises(BackendError):
        one.connect()
    assert "RuntimeError: it broke" in one.log.read_text()
    if os.name == "posix":
        assert one.log.stat().st_mode & 0o777 == 0o600
        assert one.log.parent.stat().st_mode & 0o777 == 0o700


def test_a_bridge_that_cannot_run_is_told(backend: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "no_bridge")
    one = backend(bridge=True)
    with pytest.raises(BackendError, match=r"bridge to the backend has ended \(its last words: no bridge here\)"):
        one.connect()
    pid = connection_file.read(one.connection_file).pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_backend_that_ends_by_itself_sleeps_until_it_is_needed(host: Callable[..., Host], region: OpenRegion) -> None:
    one = host()
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.READY)
    os.kill(one.pid(), signal.SIGTERM)  # the stand-in then ends as if it had been idle
    one.until(lambda: one.all(Asleep))
    one.editor.sliders.set("smile", 0.4)
    one.until(lambda: one.grey() == 40)
    assert not one.all(Lost)


def test_a_client_that_was_taken_for_gone_comes_back(
    host: Callable[..., Host], region: OpenRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "forgets")
    one = host()
    one.editor.open(region)
    one.until(lambda: len(one.all(Connected)) == 2 and one.editor.state is State.READY)
    one.editor.sliders.set("smile", 0.4)
    one.until(lambda: one.grey() == 40)
    assert not one.all(Lost)  # the same backend


@pytest.mark.parametrize("bridge", [False, True], ids=["zmq", "bridge"])
def test_a_work_connection_that_is_cut_is_told_although_the_other_lives(
    host: Callable[..., Host], region: OpenRegion, no_pauses: None, monkeypatch: pytest.MonkeyPatch, bridge: bool
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "cuts")
    one = host(bridge=bridge)
    one.editor.open(region)  # more bytes than that backend takes at once
    one.until(lambda: one.editor.state is State.FAILED)
    assert one.editor.problem is not None
    assert "select a smaller part" in one.editor.problem.remedy
    assert len({event.welcome.pid for event in one.all(Connected) if isinstance(event, Connected)}) == 1  # never killed


def test_a_message_that_the_backend_cannot_read_leaves_nobody_waiting(
    host: Callable[..., Host], region: OpenRegion, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "unreadable")
    one = host()
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.READY)
    one.editor.sliders.set("smile", 0.5)
    one.until(lambda: one.editor.state is State.FAILED)
    assert one.editor.problem is not None
    assert one.editor.problem.cause.startswith("a message without version or kind")


def test_silence_counts_as_loss(backend: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "falls_silent")
    one = Supervisor(backend(), silence=1.0)
    request = Attributes()
    one.send(request)
    events: list[Event] = []
    while not any(isinstance(event, Lost) for event in events):
        events += one.step(0.1)
    failed = [event for event in events if isinstance(event, Failed)]
    assert [(event.id, event.reason) for event in failed] == [(request.id, "lost")]
    one.close()


def test_without_an_installation_it_says_how_to_install(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANYCOST_PYTHON")
    one = host()
    one.until(lambda: one.editor.problem)
    assert one.editor.problem is not None
    assert "run 'python3 installer install'" in one.editor.problem.remedy


def test_two_editors_share_one_backend(host: Callable[..., Host], region: OpenRegion) -> None:
    first, second = host(), host()  # both start at once
    for one in (first, second):
        one.editor.open(region)
        one.until(lambda one=one: one.editor.state is State.READY)  # type: ignore[misc]
    assert first.pid() == second.pid()
    first.worker.close()
    assert first.worker.join()
    second.editor.sliders.set("smile", 0.3)
    second.until(lambda: second.grey() == 30)
    assert len(second.all(Connected)) == 1


def test_the_backend_ends_with_its_last_client(host: Callable[..., Host]) -> None:
    one = host()
    one.until(lambda: one.editor.welcome)
    pid = one.pid()
    one.worker.close()
    assert one.worker.join()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_does_not_wait_for_a_start(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "never_ready")
    one = host()
    time.sleep(0.2)
    one.worker.close()
    assert one.worker.join()


def test_a_stubborn_backend_is_killed(backend: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "stubborn")
    one = backend()
    channel, welcome = one.connect()
    one.stop()
    channel.close()
    with pytest.raises(ProcessLookupError):
        os.kill(welcome.pid, 0)


def test_stopping_a_backend_leaves_it_to_those_who_use_it(backend: Make) -> None:
    one, other = backend(), backend()
    first, _ = one.connect()
    second, welcome = other.connect()
    first.send(Leave())
    first.close()
    one.stop()
    second.send(Status())
    told = next(reply for _ in range(100) for reply in second.poll(0.1) if isinstance(reply, StatusReport))
    assert (told.clients, one.gone(), other.gone()) == (1, False, False)
    second.close()
    os.kill(welcome.pid, signal.SIGKILL)


def test_a_bridge_that_is_lost_does_not_end_the_backend(host: Callable[..., Host], region: OpenRegion) -> None:
    one = host(bridge=True)
    one.editor.open(region)
    one.until(lambda: one.editor.state is State.READY)
    pid = one.pid()
    channel = one.worker._supervisor._channel
    assert isinstance(channel, BridgeChannel)
    channel._process.kill()
    one.until(lambda: len(one.all(Connected)) == 2 and one.editor.state is State.READY)
    assert one.pid() == pid


def test_a_start_can_be_cancelled(backend: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "never_ready")
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    with pytest.raises(BackendError, match="cancelled"):
        backend().connect(cancelled=cancelled.is_set)


def test_a_process_of_its_own_that_yielded_is_not_taken_for_the_backend(backend: Make) -> None:
    """Two editors start at once, each one's backend finds the other's: one ends, both work with the other."""
    first, second = backend(), backend()
    channels = [first.connect()[0]]
    second._process = subprocess.Popen([sys.executable, "-c", ""])
    second._process.wait()
    channels.append(second.connect()[0])
    assert not second.gone()
    assert not first.gone()
    for channel in channels:
        channel.close()
