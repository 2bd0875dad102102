"""Finds the running backend or starts one; knows whether it has ended; ends it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from anycost_client.core.errors import BackendError, ChannelClosed, ClientError, ConnectionFileError, WrongVersion
from anycost_client.process.launch import backend_python, child_options
from anycost_client.process.log_file import last_line, log_path
from anycost_client.process.log_pump import LogPump
from anycost_client.protocol.messages import Failed, Hello, Leave, Status, StatusReport, Welcome
from anycost_client.transport import connection_file as connection
from anycost_client.transport.channel import Channel, open_channel
from anycost_client.transport.file_lock import FileLock

_ANSWER = 5.0  # seconds in which a running backend says hello
_ASKED, _OTHERS, _TERMINATED, _KILLED = 1.5, 1.0, 1.5, 1.0  # seconds that a process gets to end: less than 5 in all
_BAD_INPUT = 2  # exit code: the log's last line explains it, and trying again would change nothing


def _never() -> bool:
    return False


class Backend:
    """For one thread. The backend ends with this process at the latest, because its stdin ends."""

    def __init__(
        self,
        program: str = "",  # who uses it, such as "Krita 5.2.9"
        *,
        python: Path | None = None,  # of the backend's environment; None: as installed
        connection_file: Path | None = None,
        bridge: bool | None = None,  # see open_channel
    ) -> None:
        self.program = program
        self._client = ""
        self.connection_file = connection_file or connection.default_path()
        self.log = log_path()
        self._python = python
        self._bridge = bridge
        self._process: subprocess.Popen[bytes] | None = None  # what this object started
        self._pump: LogPump | None = None  # of that process
        self._log_start = 0  # bytes: where its log begins
        self._pid = 0  # of the backend in use, whoever started it

    def connect(self, timeout: float = 60.0, cancelled: Callable[[], bool] = _never) -> tuple[Channel, Welcome]:
        """Returns a channel to a backend that answered Hello: the running one, else a new one.

        Of two editors that come here at once one starts it and both use it. Raises ClientError: when it cannot be
        started, says nothing within `timeout` seconds, speaks another version, or `cancelled`."""
        # A new client each time: what an earlier connection left open closes when the backend misses its pings.
        self._client = uuid.uuid4().hex
        deadline = time.monotonic() + timeout
        lock = FileLock(self.connection_file.with_name("start.lock"))
        if not lock.acquire(timeout, cancelled):
            raise BackendError("another editor is still starting the backend", "try again in a minute", final=False)
        try:
            self._forget_ended()
            found = self._running(cancelled)
            if found is None:
                self.stop()  # one of ours that does not answer
                self._start()
                try:
                    found = self._started(deadline, cancelled)
                except BaseException:
                    self.kill()
                    raise
        finally:
            lock.release()
        self._forget_ended()  # it yielded to another
        return found

    def gone(self) -> bool:
        """Whether the backend is known to have ended. False does not mean that it answers: send a Ping."""
        if self._process is not None and self._process.poll() is not None:
            return True
        return self._pid > 0 and not _exists(self._pid)

    def ended_well(self) -> bool:
        """Whether a backend that is gone ended on purpose (it was idle, or was asked to)."""
        if self._process is not None and self._process.poll() is not None:
            return self._process.returncode == 0
        try:
            return connection.read(self.connection_file).pid != self._pid
        except ConnectionFileError:
            return True

    def stop(self) -> None:
        """Ends the process that this object started, if any: asked by the end of its stdin, then by signals. One that
        others use stays, and ends with the last of them.

        Within 5 seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_ASKED)
            return
        if self._others():
            return
        for seconds, force in ((_TERMINATED, False), (_KILLED, True)):
            _signal(process, last=force)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    def kill(self) -> None:
        """Ends the process at once: for a backend that does not answer."""
        if self._process is not None:
            _signal(self._process, last=True)
            self.stop()

    # ------------------------------------------------------------------ inside

    def _others(self) -> bool:
        """Whether the backend answers and has other clients."""
        deadline = time.monotonic() + _OTHERS
        try:
            channel, _ = self._greet(connection.read(self.connection_file).pid, deadline, _never)
        except (ClientError, TimeoutError):
            return False
        try:
            status = Status()
            channel.send(status)
            channel.send(Leave())
            while time.monotonic() < deadline:
                for reply in channel.poll(0.1):
                    if isinstance(reply, StatusReport) and reply.id == status.id:
                        return reply.clients > 1  # this one was counted too
        except ClientError:
            pass
        finally:
            channel.close()
        return False

    def _interpreter(self) -> Path:
        return self._python or backend_python()

    def _running(self, cancelled: Callable[[], bool]) -> tuple[Channel, Welcome] | None:
        """Connects to the running backend; None where none runs or answers."""
        try:
            pid = connection.read(self.connection_file).pid
        except ConnectionFileError:  # also one that others could read: its keys are no secret any more
            return None
        if not _exists(pid):
            return None
        try:
            return self._greet(pid, time.monotonic() + _ANSWER, cancelled)
        except TimeoutError:
            self._kill_silent(pid)
        except (ChannelClosed, ConnectionFileError):
            pass
        return None

    def _kill_silent(self, pid: int) -> None:
        """One that hangs holds the place of any other: it locks a file beside the connection file while it lives, which
        also says that `pid` is still its number."""
        alive = FileLock(self.connection_file.with_suffix(".lock"))
        if alive.acquire():
            alive.release()
        else:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def _greet(self, pid: int, deadline: float, cancelled: Callable[[], bool]) -> tuple[Channel, Welcome]:
        """Raises TimeoutError, ChannelClosed, ConnectionFileError, or BackendError with what the backend said."""
        channel = open_channel(self.connection_file, self._interpreter, self._bridge)
        try:
            hello = Hello(client=self._client, program=self.program)
            channel.send(hello)
            while True:
                if cancelled():
                    raise BackendError("cancelled while the backend was starting", "open the editor again")
                for reply in channel.poll(0.1):
                    if isinstance(reply, Welcome) and reply.id == hello.id:
                        self._pid = pid
                        return channel, reply
                    if isinstance(reply, Failed) and reply.id == hello.id:
                        raise BackendError(f"the backend refuses: {reply.cause}", reply.remedy)
                if time.monotonic() > deadline or self._ended():
                    raise TimeoutError
        except BaseException as error:
            channel.close()
            if isinstance(error, WrongVersion):
                raise BackendError(error.cause, error.remedy) from error
            raise

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _forget_ended(self) -> None:
        """Drops a process of ours that has ended: the backend in use may be another client's."""
        if self._ended():
            self.stop()

    def _start(self) -> None:
        python = self._interpreter()
        with contextlib.suppress(OSError):
            self.connection_file.unlink()  # what appears next is the new one's
        command = [str(python), "-I", "-X", "utf8", "-m", "anycost_backend", "serve"]
        command += ["--connection", str(self.connection_file)]
        try:
            self._log_start = self.log.stat().st_size
        except OSError:
            self._log_start = 0
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                **child_options(),
            )
            if self._process.stderr:
                self._pump = LogPump(self._process.stderr, self.log)  # type: ignore[arg-type]
        except OSError as error:
            raise BackendError(
                f"cannot start the backend's Python {python} ({error.strerror})",
                "run 'python3 installer install' again",
            ) from error

    def _started(self, deadline: float, cancelled: Callable[[], bool]) -> tuple[Channel, Welcome]:
        while time.monotonic() < deadline:
            if self._ended():
                if self._process and self._process.returncode == 0:  # another was there, which is ending just now
                    time.sleep(0.2)
                    self._start()
                    continue
                raise self._failure()
            if cancelled():
                raise BackendError("cancelled while the backend was starting", "open the editor again")
            try:
                pid = connection.read(self.connection_file).pid
                return self._greet(pid, deadline, cancelled)
            except ChannelClosed as error:  # a bridge that cannot run: another would fare no better
                said = self._last_words(last_line(self.log, self._log_start))
                raise BackendError(f"{error.cause}{said}", error.remedy, final=False) from error
            except (ConnectionFileError, TimeoutError):
                time.sleep(0.02)
        raise BackendError(
            f"the backend did not answer in time{self._last_words()}", f"try again, or see {self.log}", final=False
        )

    def _last_words(self, said: str = "") -> str:
        said = said or (self._pump.last_line(0) if self._pump else "")
        return f" (its last words: {said})" if said else ""

    def _failure(self) -> BackendError:
        """Why the process that was just started has ended."""
        code = self._process.returncode if self._process else 0
        self._process = None
        said = (self._pump.last_line() if self._pump else "") or f"it said nothing, code {code}"
        return BackendError(f"the backend ended while starting: {said}", f"see {self.log}", final=code == _BAD_INPUT)


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # os.kill(pid, 0) would end it there: only a ping can tell
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _signal(process: "subprocess.Popen[bytes]", last: bool) -> None:
    """Signals the whole process group."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGKILL if last else signal.SIGTERM)
