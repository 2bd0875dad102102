"""Requests that are answered without the compute thread: here there is none."""

from collections.abc import Callable

from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.dispatcher import CONTROL, WORK, Dispatcher
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
