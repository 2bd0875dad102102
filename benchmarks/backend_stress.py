"""Stress tests of a real backend process: malformed messages, many sessions, a moving slider, a large image.

    python benchmarks/backend_stress.py frames [--count 100000]
                                           sessions [--count 200]
                                           drag [--seconds 60]
                                           large [--megapixels 24]

Prints times, memory (Linux) and counts as JSON; fails if the backend does not answer as it should.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from anycost_backend.editing.models import Models
from anycost_client.protocol import messages as m

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend" / "server"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
from serving import Backend, Client, picture  # type: ignore[import-not-found]

ASTRONAUT = skimage.data.astronaut()


def frames(backend: Backend, count: int) -> dict[str, Any]:
    """Sends random and mutated messages; after every 50 the backend must still answer."""
    from test_server_process import SENSIBLE, mutated  # type: ignore[import-not-found]

    rng = random.Random(0)
    started, slowest = time.monotonic(), 0.0
    keeper = Client(backend.file, "keeper")
    client = Client(backend.file, "fuzzer")
    for number in range(1, count + 1):
        garbage = [rng.randbytes(rng.randrange(200)) for _ in range(rng.randint(1, 4))]
        message = garbage if number % 5 == 0 else mutated(rng.choice(SENSIBLE), rng)
        client.channel._sockets.send(list(message), rng.randrange(2))
        if number % 50 == 0:
            client.ask(m.Hello(client="fuzzer"))
            asked = time.monotonic()
            assert isinstance(client.ask(m.Status()), m.StatusReport)
            assert isinstance(client.ask(m.Close(session="")), m.Done)
            slowest = max(slowest, time.monotonic() - asked)
            client.replies.clear()
            keeper.look(0)
    assert " ERROR " not in backend.log.read_text(), backend.log
    return {"frames": count, "seconds": round(time.monotonic() - started, 1), "slowest_answer_s": round(slowest, 2)}


def sessions(backend: Backend, count: int) -> dict[str, Any]:
    """Opens, edits and closes sessions; measures the resident memory after each tenth of them."""
    client = Client(backend.file)
    face = known(client, ASTRONAUT)
    resident = []
    for number in range(1, count + 1):
        opened = client.open(ASTRONAUT, known=(face,))
        assert isinstance(client.ask(smile(opened.session, 1), timeout=600), m.Edited)
        client.ask(m.Close(session=opened.session))
        if number % max(count // 10, 1) == 0:
            resident.append(round(memory(backend, "VmRSS")))
    return {"sessions": count, "megabytes": resident, "growth": round(resident[-1] / resident[1] - 1, 3)}


def drag(backend: Backend, seconds: float) -> dict[str, Any]:
    """Sends 30 edits a second; each must be answered, and the last one rendered."""
    client = Client(backend.file)
    opened = client.open(ASTRONAUT, known=(known(client, ASTRONAUT),))
    client.ask(smile(opened.session, 0.5), timeout=600)
    sent: list[m.Edit] = []
    waiting = []
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        number = len(sent) + 1
        sent.append(smile(opened.session, number % 60 / 60, number))
        client.send(sent[-1])
        if number % 60 == 0:
            waiting.append(client.ask(m.Status()).waiting)
        while time.monotonic() < started + number / 30:
            client.look(max(started + number / 30 - time.monotonic(), 0))
    last = time.monotonic()
    assert isinstance(client.reply(sent[-1].id), m.Edited)
    delay = time.monotonic() - last
    replies = [client.reply(request.id) for request in sent[:-1]]
    rendered = [reply for reply in replies if isinstance(reply, m.Edited)]
    assert all(isinstance(reply, m.Edited | m.Superseded) for reply in replies)
    times = [reply.milliseconds for reply in rendered]
    return {
        "requests": len(sent),
        "pictures_per_second": round(len(rendered) / seconds, 1),
        "preview_ms_median": round(statistics.median(times), 1),
        "preview_ms_p95": round(statistics.quantiles(times, n=20)[-1], 1),
        "newest_after_ms": round(1e3 * delay),
        "max_waiting": max(waiting, default=0),
    }


def large(backend: Backend, megapixels: float) -> dict[str, Any]:
    """Opens a region whose face fills half of it, renders previews and a final image; then projects and refines."""
    side = round((megapixels * 1e6) ** 0.5)
    pixels = cv2.resize(ASTRONAUT[:330, 90:420], (side, side), interpolation=cv2.INTER_CUBIC)
    pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    client = Client(backend.file)
    face = known(client, pixels)
    peak = {"start": memory(backend, "VmHWM")}
    started = time.monotonic()
    opened = client.ask(m.OpenRegion(image=picture(pixels), known=(face,)), timeout=600)
    seconds = {"open": time.monotonic() - started}
    peak["opened"] = memory(backend, "VmHWM")
    for quality in ("preview", "best", "final"):
        started = time.monotonic()
        edited = client.ask(smile(opened.session, 1, quality=quality), timeout=600)
        seconds[quality] = time.monotonic() - started
        peak[quality] = memory(backend, "VmHWM")
        shape = edited.picture.width, edited.picture.height
    client.ask(m.Close(session=opened.session))
    started = time.monotonic()
    opened = client.ask(m.OpenRegion(image=picture(pixels)), timeout=600)
    edited = client.ask(smile(opened.session, 1, quality="final"), timeout=600)
    seconds["projected"], peak["projected"] = time.monotonic() - started, memory(backend, "VmHWM")
    assert isinstance(client.ask(m.Refine(session=opened.session, face=0, budget=10), timeout=600), m.Refined)
    peak["refined"] = memory(backend, "VmHWM")
    return {
        "pixels": pixels.shape,
        "final": shape,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_megabytes": {name: round(value) for name, value in peak.items()},
    }


def known(client: Client, pixels: np.ndarray) -> m.KnownFace:
    """A known latent for the first face, so that opening the region does not project it."""
    models = Models()
    corners = [(float(x), float(y)) for x, y in models.finder.find(pixels[:, :, :3])[0].square.corners()]
    latent = picture(models.renderer.sample(1, 0.7)[:, :, None])
    return m.KnownFace((corners[0], corners[1], corners[2], corners[3]), client.welcome.model_hash, latent)


def smile(session: str, strength: float, sequence: int = 1, **options: Any) -> m.Edit:
    return m.Edit(session=session, faces=(m.FaceEdit(0, {"smile": strength}),), sequence=sequence, **options)


def memory(backend: Backend, what: str) -> float:
    """Megabytes: Linux's VmRSS (current) or VmHWM (peak) of the backend."""
    for line in Path(f"/proc/{backend.process.pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tests = parser.add_subparsers(dest="test", required=True)
    for name, option, default in (
        ("frames", "count", 100_000),
        ("sessions", "count", 200),
        ("drag", "seconds", 60),
        ("large", "megapixels", 24),
    ):
        tests.add_parser(name).add_argument(f"--{option}", dest="amount", type=type(default), default=default)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(Path(folder) / "run", "--patience", "60").started()
        try:
            print(json.dumps(globals()[args.test](backend, args.amount), indent=1))
        finally:
            backend.kill()


if __name__ == "__main__":
    main()
