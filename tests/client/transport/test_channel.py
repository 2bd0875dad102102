"""Both kinds of channel, ZeroMQ and bridge, against a real backend process with encrypted sockets, good and bad."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import BackendError, ChannelClosed, WireError
from anycost_client.protocol.messages import (
    Attributes,
    Edit,
    Edited,
    FaceEdit,
    Failed,
    OpenRegion,
    Ping,
    Pong,
    Progress,
    RegionOpened,
    RenderSample,
    Reply,
)
from anycost_client.transport import connection_file
from anycost_client.transport.channel import Channel

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")

Make = Callable[..., Backend]
ways = pytest.mark.parametrize("bridge", [False, True], ids=["zmq", "bridge"])


def answer(channel: Channel, id: str, seconds: float = 20.0) -> Reply:
    """The first reply to this request that is no progress."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for reply in channel.poll(0.2):
            if reply.id == id and not isinstance(reply, Progress):
                return reply
    raise AssertionError("no answer")


@ways
def test_requests_are_answered(backend: Make, region: OpenRegion, bridge: bool) -> None:
    channel, welcome = backend(bridge=bridge).connect()
    assert welcome.model == "stand-in"
    channel.send(region)
    opened = answer(channel, region.id)
    assert isinstance(opened, RegionOpened)
    assert opened.thumbnail == region.image  # every pixel came there and back
    edit = Edit(session=opened.session, faces=(FaceEdit(0, {"smile": 0.5}),))
    channel.send(edit)
    edited = answer(channel, edit.id)
    assert isinstance(edited, Edited)
    assert edited.picture is not None
    assert bytes(edited.picture.data) == bytes([50] * 256)
    ping = Ping()
    channel.send(ping)
    assert isinstance(answer(channel, ping.id), Pong)
    sample = RenderSample()  # this stand-in does not know it
    channel.send(sample)
    assert getattr(answer(channel, sample.id), "reason", "") == "unknown_message"
    channel.close()
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.send(Ping())
    with pytest.raises(ChannelClosed):
        channel.poll(0)


@ways
def test_waking_ends_a_poll(backend: Make, bridge: bool) -> None:
    channel, _ = backend(bridge=bridge).connect()
    while channel.poll(0.5):  # the second welcome
        pass
    threading.Timer(0.1, channel.wake).start()
    started = time.monotonic()
    assert channel.poll(30) == []
    assert time.monotonic() - started < 20
    channel.close()


@ways
def test_what_cannot_be_said_is_refused_here(backend: Make, bridge: bool) -> None:
    channel, _ = backend(bridge=bridge).connect()
    with pytest.raises(WireError):
        channel.send(Edit(session="s", faces=(FaceEdit(0, {"smile": float("nan")}),)))
    channel.close()


@ways
def test_garbage_is_answered_for_or_ignored(backend: Make, monkeypatch: pytest.MonkeyPatch, bridge: bool) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "garbage")
    channel, _ = backend(bridge=bridge).connect()
    request = Attributes()
    channel.send(request)
    failed = answer(channel, request.id)
    assert isinstance(failed, Failed)
    assert failed.reason == "bad_message"
    channel.close()


@ways
def test_another_version_is_said_so(backend: Make, monkeypatch: pytest.MonkeyPatch, bridge: bool) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "other_version")
    with pytest.raises(
        BackendError, match=r"plug-in is older .* 1 and 7.*: update the plug-in with 'python3 installer update'"
    ):
        backend(bridge=bridge).connect()


@pytest.mark.parametrize(("mode", "bridge"), [("silent", False), ("silent", True), ("wrong_key", False)])
def test_silence_is_not_waited_for_forever(
    backend: Make, monkeypatch: pytest.MonkeyPatch, mode: str, bridge: bool
) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", mode)
    one = backend(bridge=bridge)
    with pytest.raises(BackendError, match="did not answer in time"):
        one.connect(timeout=3)
    with pytest.raises(ProcessLookupError):  # and it is not left behind
        os.kill(connection_file.read(one.connection_file).pid, 0)


def test_the_end_of_a_bridge_is_noticed(backend: Make) -> None:
    channel, _ = backend(bridge=True).connect()
    process = channel._process  # type: ignore[attr-defined]
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ChannelClosed):
        _ = [channel.poll(10) for _ in range(100)]
    channel.close()
