"""Runs child processes: captured, logged line by line, or with the terminal as their output.

A child process never outlives the installer.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

GRACE_SECONDS = 5.0  # that a child process has to clean up after Ctrl-C


def child_environment() -> dict[str, str]:
    """The user's environment variables, without those that would let other packages into a private environment."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    variables.setdefault("PIP_RESUME_RETRIES", "5")  # newer releases of pip then resume a broken download
    return variables | {"PYTHONIOENCODING": "utf-8", "PYTHONNOUSERSITE": "1", "PIP_USER": "0"}


def run_captured(
    python: Path, arguments: Sequence[str | Path], variables: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Runs an isolated Python (-I) and captures its output. `variables`: added to its environment.

    Raises OSError when it cannot be started, subprocess.TimeoutExpired after `seconds`."""
    return subprocess.run(
        [str(part) for part in (python, "-I", "-X", "utf8", *arguments)],
        env=child_environment() | dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
    )


def run_logged(
    command: Sequence[str | Path],
    cwd: Path,
    log: TextIO | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, list[str]]:
    """Runs without output. Returns the exit code and all lines; `log` and `on_line` get each line at once.

    `variables`: added to the child's environment. This and the functions below raise OSError when it cannot start."""
    lines: list[str] = []
    with _started(command, cwd, variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        for line in child.stdout:
            lines.append(line.rstrip())
            if log:
                log.write(line)
                log.flush()
            on_line(lines[-1])
    return child.returncode, lines


def run_inherited(command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str] = MappingProxyType({})) -> int:
    """Runs with the installer's own stdout and stderr. Returns the exit code."""
    with _started(command, cwd, variables) as child:
        pass
    return child.returncode


def stdout_of(
    command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Runs with the installer's stderr. Returns the exit code and what it wrote to stdout."""
    with _started(command, cwd, variables, stdout=subprocess.PIPE) as child:
        answer = child.stdout.read()
    return child.returncode, answer


def output_of(command: Sequence[str], seconds: float = 30) -> str:
    """The standard output of a system program; "" when it does not run, takes longer, or prints no text."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout


def last_line(lines: Sequence[str], code: int) -> str:
    """The last line that a failed process printed, or its exit code."""
    return next((line for line in reversed(lines) if line.strip()), f"exit {code}")


@contextmanager
def _started(command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str], **streams: Any) -> Iterator[Any]:
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=child_environment() | dict(variables),
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        **streams,
    )
    try:
        yield child
        child.wait()
    except BaseException:
        # The terminal sends Ctrl-C to the child too: wait, so that it can clean up.
        for end in (child.terminate, child.kill):
            try:
                child.wait(GRACE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                end()
        child.wait()
        raise
    finally:
        if child.stdout:
            child.stdout.close()
