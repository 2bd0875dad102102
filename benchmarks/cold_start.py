"""Prints what passes between an editor's key and its sliders, and until the first preview: with a backend that is not
running yet, started through the client as editors start it.

    python benchmarks/cold_start.py [--rounds 5] [--imports]

Seconds since the key, and processor seconds of the backend until then, medians of rounds with a new process each. What
is kept on disk is there (graphs, compiled networks, times of sub-generators); the photo changes a little in each round,
so that no face is remembered. --imports: also what the backend's imports take, the longest last, in milliseconds.
"""

import argparse
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from anycost_backend.photo.layer import as_picture
from anycost_client.backend.backend_process import Backend
from anycost_client.backend.worker_thread import Worker
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Event
from anycost_client.transport import connection_file

SIDE, SHOWN = 1024, 512  # pixels: of the photo; of its preview
TIMEOUT = 60.0  # seconds
MILESTONES = ("hello", "attributes", "faces", "preview")
IMPORTS = "import anycost_backend.server.server, anycost_backend.server.edit_service, openvino"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--imports", action="store_true")
    args = parser.parse_args()
    if args.imports:
        print(*slowest_imports(), sep="\n")
    photo = cv2.resize(skimage.data.astronaut(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    rounds = [one_start(with_grain(photo, seed)) for seed in range(args.rounds + 1)][1:]  # the first fills caches
    print(json.dumps({name: medians_of([times[name] for times in rounds]) for name in MILESTONES}, indent=1))


def one_start(photo: np.ndarray) -> dict[str, tuple[float, float]]:
    """Milestone → seconds since the key, processor seconds of the backend. photo: uint8 RGB [H, W, 3]"""
    found: dict[str, tuple[float, float]] = {}
    request = m.OpenRegion(image=as_picture(photo), max_side=SHOWN)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        file = Path(folder) / connection_file.default_path().name
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        worker = Worker(events.put, Backend("a benchmark", python=Path(sys.executable), connection_file=file))
        started, pid = time.perf_counter(), 0

        def reached(milestone: str) -> None:
            found[milestone] = time.perf_counter() - started, processor_seconds(pid)

        with running(worker):
            while "preview" not in found:
                match events.get(timeout=TIMEOUT):
                    case Connected(welcome=welcome):
                        pid = welcome.pid
                        reached("hello")
                        worker.send(m.Attributes())
                        worker.send(request)
                    case m.AttributeList():
                        reached("attributes")
                    case m.RegionOpened(session=session):
                        reached("faces")
                        smile = m.FaceEdit(0, {"smile": 0.5})
                        worker.send(m.Edit(session=session, faces=(smile,), quality="preview", max_side=SHOWN))
                    case m.Edited():
                        reached("preview")
                    case m.Failed(cause=cause):
                        raise SystemExit(cause)
    return found


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    worker.start()
    try:
        yield
    finally:
        worker.close()
        worker.join()


def with_grain(photo: np.ndarray, seed: int) -> np.ndarray:
    """Another photo, to the same eye."""
    grain = np.random.default_rng(seed).integers(0, 2, photo.shape, dtype=np.uint8)
    return photo ^ grain


def processor_seconds(pid: int) -> float:
    """NaN where the system doesn't say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return float("nan")


def medians_of(pairs: list[tuple[float, float]]) -> dict[str, float]:
    seconds, processor = zip(*pairs, strict=True)
    return {"s": round(statistics.median(seconds), 2), "processor_s": round(statistics.median(processor), 2)}


def slowest_imports(count: int = 25) -> list[str]:
    command = [sys.executable, "-I", "-X", "importtime", "-c", IMPORTS]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    rows = [line.split("|") for line in said.splitlines() if line.startswith("import time:") and "self" not in line]
    rows.sort(key=lambda row: int(row[1]))
    return [f"{int(total) / 1000:7.0f}  {name.strip()}" for _, total, name in rows[-count:]]


if __name__ == "__main__":
    main()
