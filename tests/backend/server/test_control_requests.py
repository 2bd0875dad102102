"""Requests that are answered without the compute thread: here there is none."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from anycost_backend.server import dispatcher as dispatcher_module
from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.dispatcher import CONTROL, MAX_WAITING, WORK, Dispatcher
from anycost_client.protocol import messages as m
from anycost_client.protocol.codec import decode_reply, encode


def client_of(dispatcher: Dispatcher) -> Callable[..., list[m.Reply]]:
    """Sends a request and returns what is answered at once."""

    def ask(request: m.Request, socket: int = WORK) -> list[m.Reply]:
        replies = list[m.Reply]()
        dispatcher.receive(socket, b"a", encode(request), lambda frames: replies.append(decode_reply(frames)))
        return replies

    for socket in (WORK, CONTROL):
        (welcome,) = ask(m.Hello(client="a client"), socket)
        assert isinstance(welcome, m.Welcome)
    return ask


def dispatcher() -> Dispatcher:
    return Dispatcher("embedded", ClientRegistry(), lambda: 0, lambda reason: None, 2.0, 8.0)


def test_attributes_are_listed_before_any_model_has_loaded() -> None:
    ask = client_of(dispatcher())
    request = m.Attributes()
    (reply,) = ask(request)
    assert isinstance(reply, m.AttributeList)
    assert reply.id == request.id
    ends = {attribute.name: (attribute.least, attribute.most) for attribute in reply.attributes}
    assert ends["smile"] == (-1, 1)
    least, most = ends["eye_makeup"]  # which cannot be taken off as far as it can be put on
    assert -1 < least < 0
    assert most == 1
    assert ask(m.RenderSample()) == []  # a job


def test_every_request_has_a_handler() -> None:
    """Also those that come on the wrong socket."""
    known = {kind for kind in m.Request.__subclasses__() if kind is not m.Hello}
    assert set(dispatcher()._handlers) == known


def test_jobs_are_refused_on_the_control_socket() -> None:
    ask = client_of(dispatcher())
    (reply,) = ask(m.ReadLatent(session="s", face=0), CONTROL)
    assert isinstance(reply, m.Failed)
    assert (reply.reason, reply.cause) == ("bad_message", "read_latent belongs on the work socket")


def test_a_client_with_too_much_waiting_is_refused_and_others_are_not() -> None:
    backend = dispatcher()
    ask = client_of(backend)
    assert [ask(m.RenderSample()) for _ in range(MAX_WAITING)] == [[]] * MAX_WAITING
    (refused,) = ask(m.RenderSample())
    assert isinstance(refused, m.Failed)
    assert (refused.reason, refused.remedy) == ("busy", "wait for the answers to earlier ones")
    replies = list[m.Reply]()
    for request in (m.Hello(client="another"), m.RenderSample()):
        backend.receive(WORK, b"b", encode(request), lambda frames: replies.append(decode_reply(frames)))
    assert [type(reply) for reply in replies] == [m.Welcome]


def test_pixels_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher_module, "MAX_WAITING_BYTES", 1000)
    ask = client_of(dispatcher())
    region = m.OpenRegion(image=m.Picture.packed(20, 20, 3, bytes(1200)))
    assert [type(reply) for reply in ask(region)] == [m.Progress]  # one alone may be as large as it likes
    assert [type(reply) for reply in ask(replace(region, id="second"))] == [m.Progress, m.Failed]


def test_a_cancelled_request_is_answered() -> None:
    ask = client_of(dispatcher())
    replies = list[m.Reply]()
    waiting = m.RenderSample()
    backend = dispatcher()
    ask = client_of(backend)
    backend.receive(WORK, b"a", encode(waiting), lambda frames: replies.append(decode_reply(frames)))
    assert not replies
    (done,) = ask(m.Cancel(what=waiting.id), CONTROL)
    assert isinstance(done, m.Done)
    assert [reply.reason for reply in replies if isinstance(reply, m.Failed)] == ["cancelled"]
