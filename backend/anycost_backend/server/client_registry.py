"""The clients of the backend: their addresses on the sockets, and when each was last heard of."""

import threading
import time
from dataclasses import dataclass, field

MAX_CLIENTS = 64

Address = tuple[int, bytes]  # number of a socket, ZeroMQ's name of the peer


@dataclass
class _Client:
    heard: float  # monotonic seconds
    addresses: set[Address] = field(default_factory=set)


class ClientRegistry:
    """For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, _Client] = {}
        self._names: dict[Address, str] = {}
        self.first: str | None = None  # who said hello first: the program that started this process

    def __len__(self) -> int:
        return len(self._clients)

    def hello(self, address: Address, name: str) -> bool:
        """Registers the address. False when there are too many clients."""
        with self._lock:
            if name not in self._clients and len(self._clients) >= MAX_CLIENTS:
                return False
            self._forget_address(address)
            client = self._clients.setdefault(name, _Client(0.0))
            client.heard = time.monotonic()
            for old in [a for a in client.addresses if a[0] == address[0]]:  # the client has reconnected
                self._forget_address(old)
            client.addresses.add(address)
            self._names[address] = name
            self.first = self.first or name
            return True

    def heard(self, address: Address) -> str | None:
        """The client at this address, which is alive; None when it has not said hello."""
        with self._lock:
            name = self._names.get(address)
            if name is not None:
                self._clients[name].heard = time.monotonic()
            return name

    def leave(self, name: str) -> None:
        with self._lock:
            client = self._clients.pop(name, None)
            for address in client.addresses if client else ():
                self._names.pop(address, None)

    def silent(self, patience: float) -> list[str]:
        """The clients that were not heard for `patience` seconds."""
        now = time.monotonic()
        with self._lock:
            return [name for name, client in self._clients.items() if now - client.heard > patience]

    def forgive(self, seconds: float) -> None:
        """Shifts last-heard times after the process was suspended for `seconds`."""
        with self._lock:
            for client in self._clients.values():
                client.heard += seconds

    def _forget_address(self, address: Address) -> None:
        name = self._names.pop(address, None)
        if name is not None and name in self._clients:
            self._clients[name].addresses.discard(address)
