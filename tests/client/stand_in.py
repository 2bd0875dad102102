"""Stands in for the backend's Python: understands `-m anycost_backend serve|bridge --connection FILE` as that does.

A real process with real encrypted sockets, but faces are coloured squares. ANYCOST_STAND_IN makes it behave badly."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import zmq
from anycost_client.core.errors import ClientError
from anycost_client.protocol.codec import decode_request, encode
from anycost_client.protocol.messages import (
    Attribute,
    AttributeList,
    Attributes,
    Cancel,
    Close,
    Done,
    Edit,
    Edited,
    Face,
    Failed,
    Hello,
    Latent,
    LearnAttribute,
    Learned,
    Leave,
    Matched,
    MatchFace,
    OpenRegion,
    Picture,
    Ping,
    Pong,
    Progress,
    ReadLatent,
    Rectangle,
    Refine,
    RegionOpened,
    Reply,
    Request,
    Status,
    StatusReport,
    Welcome,
)
from anycost_client.transport import bridge, connection_file

MODE = os.environ.get("ANYCOST_STAND_IN", "")
clients: dict[bytes, str] = {}  # identity → client
heard = time.monotonic()


pings = 0


def answers(peer: bytes, request: Request) -> list[Reply]:
    global pings
    pings += isinstance(request, Ping)
    if MODE == "forgets" and pings == 3:
        pings += 1
        clients.clear()
    if peer not in clients and not isinstance(request, Hello):
        return [Failed(id=request.id, cause="nobody has said hello", reason="no_hello")]
    match request:
        case Hello():
            clients[peer] = request.client
            return [Welcome(id=request.id, pid=os.getpid(), model="stand-in", model_hash="abc", heartbeat=0.2)]
        case Ping():
            return [Pong(id=request.id)]
        case Attributes():
            return [AttributeList(id=request.id, attributes=(Attribute("smile", "Expression", "less or more"),))]
        case OpenRegion(image=image):
            corners = ((2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0))
            face = Face(0, Rectangle(2, 2, 8, 8), corners, 0.9)
            return [
                Progress(id=request.id, what="finding faces", fraction=0.5),
                RegionOpened(id=request.id, session=f"session of {os.getpid()}", faces=(face,), thumbnail=image),
            ]
        case Edit() if request.session != f"session of {os.getpid()}":
            return [Failed(id=request.id, cause="there is no such session", remedy="open it", reason="no_session")]
        case Edit() if MODE == "unreadable" and request.faces:
            return [Failed(id="", cause="a message without version or kind", remedy="see docs/protocol.md")]
        case Edit():
            if MODE == "dies" and request.faces:
                os.kill(os.getpid(), 9)
            grey = round(100 * sum(sum(face.strengths.values()) for face in request.faces)) % 256
            picture = Picture.packed(8, 8, 4, bytes([grey] * 256)) if request.faces else None
            place = Rectangle(2, 2, 8, 8)
            return [
                Edited(
                    id=request.id, sequence=request.sequence, picture=picture, rectangle=place, quality=request.quality
                )
            ]
        case ReadLatent(face=face):
            return [Latent(id=request.id, face=face, model="abc", values=Picture.packed(4, 2, 1, bytes(32), "32f"))]
        case MatchFace(face=face, what=what):
            return [
                Progress(id=request.id, what="comparing the faces", fraction=0.5),
                Matched(id=request.id, face=face, what=what, strengths={"smile": 0.5}, text="all of it"),
            ]
        case LearnAttribute(name=name):
            attribute = Attribute(name, "Own", f"less or more {name}")
            return [Learned(id=request.id, attribute=attribute, holds=True, text="it holds")]
        case Refine():
            return [Progress(id=request.id, what="refining", fraction=0.1)]
        case Cancel():
            return [Failed(id=request.what, cause="cancelled", reason="cancelled"), Done(id=request.id)]
        case Leave():
            leaving = clients.pop(peer)
            for other in [other for other, client in clients.items() if client == leaving]:
                del clients[other]
            return [Done(id=request.id)]
        case Status():
            return [StatusReport(id=request.id, clients=len(set(clients.values())))]
        case Close():
            return [Done(id=request.id)]
    return [Failed(id=request.id, cause="unknown", reason="unknown_message")]


def end_with_the_last_client() -> None:
    sys.stdin.read()
    while MODE == "stubborn" or (clients and time.monotonic() - heard < 5):
        time.sleep(0.02)
    os._exit(0)


def serve(file: Path) -> int:
    global heard
    if MODE == "fails":
        sys.stderr.write("anycost serve: the model file is damaged: run 'anycost models fetch'\n")
        return 2
    if MODE == "crashes":
        raise RuntimeError("it broke")
    if MODE == "never_ready":
        time.sleep(60)
    ending = signal.SIG_IGN if MODE == "stubborn" else lambda number, frame: os._exit(0)
    signal.signal(signal.SIGTERM, ending)
    threading.Thread(target=end_with_the_last_client, daemon=True).start()
    context = zmq.Context()
    public, secret = zmq.curve_keypair()
    routers = [context.socket(zmq.ROUTER) for _ in range(2)]
    poller = zmq.Poller()
    ports = []
    for router in routers:
        router.linger = 0
        if MODE == "cuts":  # as libzmq does when it has no memory for a frame, or it is too large
            router.setsockopt(zmq.MAXMSGSIZE, 400)
        router.curve_server = True
        router.curve_secretkey = secret
        ports.append(router.bind_to_random_port("tcp://127.0.0.1"))
        poller.register(router, zmq.POLLIN)
    work, control = (f"tcp://127.0.0.1:{port}" for port in ports)
    shown = zmq.curve_keypair()[0] if MODE == "wrong_key" else public
    keys = [key.decode() for key in (shown, *zmq.curve_keypair())]
    connection_file.write(file, connection_file.Connection(os.getpid(), work, control, keys[0], keys[1], keys[2]))
    while True:
        for router, _ in poller.poll():
            peer, *frames = router.recv_multipart()
            try:
                request = decode_request(frames)
            except ClientError:
                continue
            hello = isinstance(request, Hello)
            if MODE == "silent" or (MODE == "falls_silent" and not hello):
                continue
            if MODE == "garbage" and not hello:
                router.send_multipart([peer, b"\x00garbage"])
                router.send_multipart([peer, b'{"version":1,"kind":"edited","id":"%s"}' % request.id.encode()])
                continue
            heard = time.monotonic()
            for reply in answers(peer, request):
                out = encode(reply)
                if MODE == "other_version":
                    out[0] = bytes(out[0]).replace(b'"version":1', b'"version":7')
                router.send_multipart([peer, *out])


if __name__ == "__main__":
    command, file = sys.argv[sys.argv.index("anycost_backend") + 1], Path(sys.argv[-1])
    if MODE == "no_bridge" and command == "bridge":
        sys.exit("no bridge here")
    sys.exit(bridge.run(file) if command == "bridge" else serve(file))
