"""Where the backend listens: sockets in its user's private folder, so that nobody else can even connect."""

import contextlib
import os
import sys
from pathlib import Path

import zmq
from anycost_models.core.errors import AnycostError

_LEAST_OPEN_FILES = 64  # its own are about 45
_TCP = "tcp://127.0.0.1:0"  # the system chooses a port
_MACOS_OPEN_FILES = 10_240  # what setrlimit takes there when the hard limit is "unlimited"


def local_endpoints(connection_file: Path) -> tuple[str, str]:
    """For the work and the control socket: files beside the connection file, whose folder is open to its user alone.

    Loopback TCP, which other users of this machine can connect to, only where there are no such files (Windows) or
    their path is too long for one. For who holds the lock of this connection file.
    """
    folder = connection_file.parent.resolve()
    paths = [folder / f"{connection_file.stem}.{os.getpid()}.{name}" for name in ("work", "control")]
    if os.name != "posix":
        return _TCP, _TCP
    remove_sockets(connection_file)  # of one that was killed
    try:
        if max(len(str(path).encode()) for path in paths) > zmq.IPC_PATH_MAX_LEN:
            return _TCP, _TCP
    except UnicodeEncodeError:  # a name that is no text: the connection file, which is JSON, could not say it
        return _TCP, _TCP
    return f"ipc://{paths[0]}", f"ipc://{paths[1]}"


def remove_sockets(connection_file: Path) -> None:
    """For who holds the lock of this connection file."""
    for path in connection_file.parent.glob(f"{connection_file.stem}.*.*"):
        with contextlib.suppress(OSError):
            if path.is_socket():
                path.unlink()


def raise_open_file_limit() -> None:
    """As far as the system allows. Each connection is a file, also one that has not authenticated yet.

    Raises AnycostError when that is too little: ZeroMQ would end the process."""
    if sys.platform == "win32":  # which has no such limit
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < _LEAST_OPEN_FILES:  # some systems say −1 for no limit
        raise AnycostError(
            f"the backend may open {hard} files, and needs {_LEAST_OPEN_FILES}", "raise the limit (ulimit -n)"
        )
    for limit in (hard, _MACOS_OPEN_FILES):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
