"""CURVE authentication of the sockets; counts rejected connections."""

import secrets

import zmq
from anycost_client.protocol.codec import ENCRYPTION_BYTES
from anycost_client.transport.connection_file import Connection
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

_HANDSHAKE = 3_000  # milliseconds that a connection has to authenticate; a client that was too slow tries again
_MAX_UNSENT = 256  # messages for a client that does not read; further ones are dropped


class CurveAuthenticator:
    """Creates new keys at every start and never shows them. Call `close` in the thread that created it."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self._server_public, self._server_secret = zmq.curve_keypair()
        self._client_public, self._client_secret = zmq.curve_keypair()
        self._context = context
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", credentials_provider=self)
        self._accepted = self._authenticated = 0

    def connection(self, pid: int, work: str, control: str) -> Connection:
        """The contents of the connection file. work, control: endpoints."""
        public, client, secret = self._server_public, self._client_public, self._client_secret
        return Connection(pid, work, control, public.decode(), client.decode(), secret.decode())

    @property
    def rejected(self) -> int:
        """The number of connections that were accepted and not authenticated."""
        return max(self._accepted - self._authenticated, 0)

    def callback(self, domain: str, key: bytes) -> bool:
        """Called by the authenticator: whether a connection with this public key may pass."""
        return secrets.compare_digest(key, self._client_public)

    def router(self, max_bytes: int, endpoint: str) -> "tuple[zmq.Socket[bytes], zmq.Socket[bytes], str]":
        """A ROUTER socket bound to `endpoint`, its monitor for `count`, and the endpoint with the port that was free.

        max_bytes: larger frames are rejected before memory is allocated for them"""
        socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        socket.curve_server = True
        socket.curve_secretkey = self._server_secret
        socket.curve_publickey = self._server_public
        socket.setsockopt(zmq.MAXMSGSIZE, max_bytes + ENCRYPTION_BYTES)
        socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE)
        socket.setsockopt(zmq.SNDHWM, _MAX_UNSENT)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
        monitor = socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.bind(endpoint)
        return socket, monitor, socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def count(self, monitor: "zmq.Socket[bytes]") -> None:
        """Reads the monitor's events."""
        while monitor.poll(0):
            if recv_monitor_message(monitor)["event"] == zmq.EVENT_ACCEPTED:
                self._accepted += 1
            else:
                self._authenticated += 1

    def close(self) -> None:
        self._authenticator.stop()
