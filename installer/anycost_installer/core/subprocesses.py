"""Runs child processes: logged line by line, or speaking to the terminal themselves.

A child never outlives the installer.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

GRACE = 5.0  # seconds a child has to tidy up after Ctrl-C


def child_variables() -> dict[str, str]:
    """The user's variables, less those that would let other packages into the private environment."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    variables.setdefault("PIP_RESUME_RETRIES", "5")  # a broken download goes on, with a pip that can
    return variables | {"PYTHONIOENCODING": "utf-8", "PYTHONNOUSERSITE": "1", "PIP_USER": "0"}


def asked(
    python: Path, arguments: Sequence[str | Path], variables: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Runs a private Python by itself and catches what it says. `variables`: more for its environment.

    Raises OSError when it cannot be run, subprocess.TimeoutExpired when it takes longer."""
    return subprocess.run(
        [str(part) for part in (python, "-I", "-X", "utf8", *arguments)],
        env=child_variables() | dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
    )


def logged(
    command: Sequence[str | Path],
    cwd: Path,
    log: TextIO | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, list[str]]:
    """Runs silently. Returns the exit code and all lines; each also goes to `log` and `on_line` as it comes.

    `variables`: more for the child's environment, here and below."""
    lines: list[str] = []
    with _started(command, cwd, variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        for line in child.stdout:
            lines.append(line.rstrip())
            if log:
                log.write(line)
                log.flush()
            on_line(lines[-1])
    return child.returncode, lines


def shown(command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str] = MappingProxyType({})) -> int:
    """Runs with the terminal as its output. Returns the exit code."""
    with _started(command, cwd, variables) as child:
        pass
    return child.returncode


def answered(
    command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Runs with the terminal for its messages (stderr). Returns the exit code and what it wrote to stdout."""
    with _started(command, cwd, variables, stdout=subprocess.PIPE) as child:
        answer = child.stdout.read()
    return child.returncode, answer


@contextmanager
def _started(command: Sequence[str | Path], cwd: Path, variables: Mapping[str, str], **streams: Any) -> Iterator[Any]:
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=child_variables() | dict(variables),
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        **streams,
    )
    try:
        yield child
        child.wait()
    except BaseException:
        # The terminal sends Ctrl-C to the child too, so first leave it time for its own tidying.
        for end in (child.terminate, child.kill):
            try:
                child.wait(GRACE)
                break
            except subprocess.TimeoutExpired:
                end()
        child.wait()
        raise
    finally:
        if child.stdout:
            child.stdout.close()
