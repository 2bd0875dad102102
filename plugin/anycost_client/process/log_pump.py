"""Copies what the backend says on its stderr to the log, and keeps its last words where the log cannot be written."""

import contextlib
import threading
from pathlib import Path
from typing import BinaryIO

from anycost_client.core.redact import redact
from anycost_client.process.log_file import open_log

_KEPT = 4096  # bytes in memory
_AT_A_TIME = 65_536


class LogPump:
    """A thread that ends with the pipe, or with this process: the backend then writes the log itself."""

    def __init__(self, pipe: BinaryIO, log: Path) -> None:
        self._pipe, self._log = pipe, log
        self._kept = b""
        self._thread = threading.Thread(target=self._run, name="anycost log", daemon=True)
        self._thread.start()

    def last_line(self, timeout: float = 1.0) -> str:
        """The last line that says something; redacted, at most 300 characters. Of a process that has ended: waits up to
        `timeout` seconds for its last words."""
        self._thread.join(timeout)
        lines = redact(self._kept.decode(errors="replace")).splitlines()
        return next((line[:300] for line in reversed(lines) if line.strip()), "").strip()

    def _run(self) -> None:
        with self._pipe, contextlib.suppress(OSError, ValueError):
            while data := self._pipe.read1(_AT_A_TIME):  # type: ignore[attr-defined]
                self._kept = (self._kept + data)[-_KEPT:]
                with contextlib.suppress(OSError), open_log(self._log) as log:
                    log.write(data)  # without a folder or space what was kept must do
