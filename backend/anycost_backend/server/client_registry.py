"""Who uses the backend, on which sockets, and who was last heard of when."""

import threading
import time
from dataclasses import dataclass, field

MOST = 64  # clients at a time

Address = tuple[int, bytes]  # number of a socket, and the name that ZeroMQ gave to the other end


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
        self.first: str | None = None  # who said hello first: whoever started this process

    def __len__(self) -> int:
        return len(self._clients)

    def hello(self, address: Address, name: str) -> bool:
        """Whether there is room for it."""
        with self._lock:
            if name not in self._clients and len(self._clients) >= MOST:
                return False
            self._forget_address(address)
            client = self._clients.setdefault(name, _Client(0.0))
            client.heard = time.monotonic()
            for old in [a for a in client.addresses if a[0] == address[0]]:  # it has connected anew
                self._forget_address(old)
            client.addresses.add(address)
            self._names[address] = name
            self.first = self.first or name
            return True

    def heard(self, address: Address) -> str | None:
        """Whose it is; None for one that has not said hello."""
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
        """Of whom nothing was heard for so many seconds."""
        now = time.monotonic()
        with self._lock:
            return [name for name, client in self._clients.items() if now - client.heard > patience]

    def forgive(self, seconds: float) -> None:
        """Time in which this process stood still: nobody could be heard."""
        with self._lock:
            for client in self._clients.values():
                client.heard += seconds

    def _forget_address(self, address: Address) -> None:
        name = self._names.pop(address, None)
        if name is not None and name in self._clients:
            self._clients[name].addresses.discard(address)
