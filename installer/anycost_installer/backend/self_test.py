"""The self-test: the installed plug-in's client starts the installed backend and requests a preview."""

import json
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import run_captured

TIMEOUT_SECONDS = 300  # the first preview exports a graph, which is slow once
RESOLUTION = 256  # pixels

# Runs in the backend's Python, with the plug-in's client and its pyzmq for this Python.
CHILD = """
import json, sys, time
from pathlib import Path
client, file, timeout, resolution = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
zmq = client / "cp{}{}".format(*min(sys.version_info[:2], (3, 12)))
sys.path[:0] = [str(folder) for folder in (zmq, client) if folder.is_dir()]
from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import ClientError
from anycost_client.protocol.messages import Failed, Leave, Ping, RenderSample, Sample

started = time.monotonic()
backend = Backend("self-test of the installer", python=Path(sys.executable), connection_file=file)
try:
    channel, welcome = backend.connect(timeout=timeout)
    connected = time.monotonic() - started
    answers = []
    for seed in (0, 1):  # the first one exports graphs; the second one shows the usual duration
        request = RenderSample(seed=seed, resolution=resolution)
        channel.send(request)
        answer, pinged = None, time.monotonic()
        while answer is None and time.monotonic() - started < timeout:
            if time.monotonic() - pinged > 1:
                channel.send(Ping())
                pinged = time.monotonic()
            for reply in channel.poll(0.2):
                if reply.id == request.id and isinstance(reply, (Sample, Failed)):
                    answer = reply
            if answer is None and backend.gone():
                raise ClientError("the backend ended while it rendered", "try again")
        if answer is None:
            raise ClientError("no preview came within {:.0f} seconds".format(timeout), "try again")
        if isinstance(answer, Failed):
            raise ClientError(answer.cause, answer.remedy)
        answers.append(answer)
    channel.send(Leave())
    channel.close()
    sides = [answer.picture.width, answer.picture.height]
    print(json.dumps({"seconds": connected, "first": answers[0].milliseconds, "milliseconds": answer.milliseconds,
                      "sides": sides, "program": welcome.program, "model": welcome.model}))
except ClientError as error:
    print(json.dumps({"error": error.cause}))
finally:
    backend.stop()
"""


class SelfTestFailed(InstallError):
    """The installed backend or plug-in does not work."""


@dataclass(frozen=True)
class SelfTestResult:
    milliseconds: float  # in the backend, of a preview
    first: float  # milliseconds of the first preview, with the export of graphs
    seconds: float  # until the backend answered
    model: str
    program: str  # the backend's version, such as "anycost 0.1.0"


def self_test(python: Path, client: Path, paths: Paths, progress: Progress) -> SelfTestResult:
    """`python`: of the backend's environment; `client`: the folder with anycost_client. Raises SelfTestFailed."""
    with progress.step("Testing: backend, connection, preview"):
        tested = _run(python, client, paths)
    progress.say(
        f"Self-test: {tested.program} answered after {tested.seconds:.1f} s and rendered a face of {RESOLUTION} px in "
        f"{tested.milliseconds:.0f} ms"
    )
    return tested


def _run(python: Path, client: Path, paths: Paths) -> SelfTestResult:
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="anycost-") as folder:
        file = Path(folder) / "run" / "connection.json"
        arguments: list[str | Path] = ["-c", CHILD, client, file, str(TIMEOUT_SECONDS), str(RESOLUTION)]
        try:
            done = run_captured(python, arguments, paths.variables(), TIMEOUT_SECONDS + 60)
        except OSError as error:
            raise _failed(f"{python} cannot be run ({error.strerror})", paths, began) from error
        except subprocess.TimeoutExpired:
            raise _failed("it did not end", paths, began) from None
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
        if "error" in answer:
            raise _failed(answer["error"], paths, began)
        tested = SelfTestResult(*(answer[name] for name in ("milliseconds", "first", "seconds", "model", "program")))
        if answer["sides"] != [RESOLUTION, RESOLUTION]:
            raise _failed(f"the preview has {answer['sides']} pixels", paths, began)
        return tested
    except (ValueError, IndexError, KeyError, TypeError):
        said = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise _failed(said, paths, began) from None


def _failed(why: str, paths: Paths, began: float) -> SelfTestFailed:
    """Chooses the remedy. `began`: a log that is older is not named."""
    log = paths.cache / "logs" / "backend.log"
    remedy = "run 'python3 installer repair'; if that does not help, 'python3 installer doctor' tells more"
    if re.search(r"model|fetch", why):
        remedy = "run 'python3 installer repair', which fetches the models again"
    elif re.search(r"No space left|disk is full", why):
        remedy = "free some space, then run 'python3 installer repair'"
    elif re.search(r"cannot be run|not there", why):
        remedy = "run 'python3 installer repair', which completes the private environment"
    seen = f"\n    Its log: {log}" if log.is_file() and log.stat().st_mtime >= began - 1 else ""
    return SelfTestFailed(f"the self-test failed: {why.rstrip('.')}", f"{remedy}{seen}")
