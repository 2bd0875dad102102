"""Lets in who has the client key of the connection file, and counts who has not."""

import secrets

import zmq
from anycost_client.transport.connection_file import Connection
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

_HANDSHAKE = 10_000  # milliseconds that a connection gets to show its keys
_WAITING = 256  # messages for a client that does not read them; then they are dropped


class CurveAuthenticator:
    """Keys are made anew with every start and are never shown. Call `close` in the thread that made it."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self._server_public, self._server_secret = zmq.curve_keypair()
        self._client_public, self._client_secret = zmq.curve_keypair()
        self._context = context
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", credentials_provider=self)
        self._accepted = self._admitted = 0

    def connection(self, pid: int, work: str, control: str) -> Connection:
        """What the connection file says."""
        public, client, secret = self._server_public, self._client_public, self._client_secret
        return Connection(pid, work, control, public.decode(), client.decode(), secret.decode())

    @property
    def refused(self) -> int:
        """Connections that were opened and did not get in."""
        return max(self._accepted - self._admitted, 0)

    def callback(self, domain: str, key: bytes) -> bool:
        """For the authenticator, which asks about every connection that can decrypt."""
        return secrets.compare_digest(key, self._client_public)

    def router(self, most_bytes: int) -> "tuple[zmq.Socket[bytes], zmq.Socket[bytes], str]":
        """A socket on a free port of this machine, the monitor to be given to `count`, and the endpoint.

        most_bytes: larger frames are refused before memory is given to them"""
        socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        socket.curve_server = True
        socket.curve_secretkey = self._server_secret
        socket.curve_publickey = self._server_public
        socket.setsockopt(zmq.MAXMSGSIZE, most_bytes)
        socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE)
        socket.setsockopt(zmq.SNDHWM, _WAITING)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
        monitor = socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.bind("tcp://127.0.0.1:0")
        return socket, monitor, socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def count(self, monitor: "zmq.Socket[bytes]") -> None:
        """Takes what has been seen at the door."""
        while monitor.poll(0):
            if recv_monitor_message(monitor)["event"] == zmq.EVENT_ACCEPTED:
                self._accepted += 1
            else:
                self._admitted += 1

    def close(self) -> None:
        self._authenticator.stop()
