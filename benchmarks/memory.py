"""Prints what memory a backend takes at each stage of an edit, in megabytes. Linux only.

    python benchmarks/memory.py [--only known projected large] [--side 1024] [--megapixels 24] [--refine 10]

known: a generated face of so many pixels, its latent known, edited to its final picture, as `anycost bench` edits it,
then the whole head. projected: another one, which the backend projects. large: a portrait of so many megapixels,
projected and refined for so many seconds. Each in a new backend; graphs and compiled networks are on disk. Of each
stage: the peak within it, what is held after it, and how much of that are pages of files (libraries, weights).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from anycost_backend.editing.models import Models
from anycost_client.protocol import messages as m

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
from serving import Backend, Client, picture  # type: ignore[import-not-found]

SHOWN = 512  # pixels: of a preview's longest side
PREVIEWS, FINALS = 20, 3
PAUSE = 4.0  # seconds in which graphs load and the best previews follow
TIMEOUT = 600.0  # seconds


class Measured:
    """A backend that says what it takes at each stage."""

    def __init__(self, folder: Path, name: str) -> None:
        self.backend = Backend(folder / name, "--patience", "60").started()
        self.client = Client(self.backend.file)
        print(f"{name:28}{'peak':>8}{'held':>8}{'of files':>10}")

    def stage(self, name: str, work: Callable[[], object]) -> None:
        Path(f"/proc/{self.backend.process.pid}/clear_refs").write_text("5")  # the peak begins anew
        work()
        found = self._status()
        files = found["RssFile"] + found["RssShmem"]
        print(f"  {name:26}{found['VmHWM']:8.0f}{found['VmRSS']:8.0f}{files:10.0f}", flush=True)

    def look(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.client.look(0.2)

    def edit(self, session: str, name: str, strength: float, quality: m.Quality, max_side: int = SHOWN) -> None:
        face = m.FaceEdit(0, {name: strength})
        request = m.Edit(session=session, faces=(face,), quality=quality, max_side=max_side)
        answer = self.client.ask(request, timeout=TIMEOUT)
        if not isinstance(answer, m.Edited):
            raise SystemExit(f"no picture: {answer}")

    def _status(self) -> dict[str, float]:
        """Name → megabytes."""
        lines = Path(f"/proc/{self.backend.process.pid}/status").read_text().splitlines()
        fields = (line.split(":", 1) for line in lines if line.startswith(("VmHWM", "VmRSS", "RssFile", "RssShmem")))
        return {name: int(rest.split()[0]) / 1024 for name, rest in fields}


def region(measured: Measured, pixels: np.ndarray, known: tuple[m.KnownFace, ...], refine: float = 0) -> None:
    """Opens it, edits its largest face to its final picture, and refines it. pixels: uint8 [H, W, C]"""
    client, opened = measured.client, None

    def open_region() -> None:
        nonlocal opened
        opened = client.ask(m.OpenRegion(image=picture(pixels), known=known), timeout=TIMEOUT)

    measured.stage("started", lambda: measured.look(PAUSE))
    measured.stage("opened", open_region)
    if opened is None or not opened.faces:
        raise SystemExit("no face was found")
    session = opened.session

    def drag(name: str) -> None:
        for number in range(PREVIEWS):
            measured.edit(session, name, (number + 1) / PREVIEWS, "preview")

    def finals(name: str) -> None:
        for number in range(FINALS):
            measured.edit(session, name, 0.5 + 0.1 * number, "final")

    if not known:
        measured.stage("projected", lambda: measured.edit(session, "smile", 0.4, "final"))
    measured.stage("looked at", lambda: measured.look(PAUSE))
    measured.stage("smile dragged", lambda: drag("smile"))
    measured.stage("smile, finals", lambda: finals("smile"))
    measured.stage("smile, best preview", lambda: measured.edit(session, "smile", 0.7, "best", 1024))
    measured.stage("looked at", lambda: measured.look(PAUSE))
    if refine:
        request = m.Refine(session=session, face=0, budget=refine)
        measured.stage("refined", lambda: client.ask(request, timeout=TIMEOUT))
    measured.stage("yaw dragged", lambda: drag("yaw"))
    measured.stage("yaw, finals", lambda: finals("yaw"))


def drawn(seed: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A face, uint8 RGB [side, side, 3], its square's corners [4, 2] in pixels, and its W+ [styles, D]."""
    models = Models()
    latent = models.renderer.sample(seed, 0.7)
    pixels = cv2.resize(models.renderer.render8(latent), (side, side))
    return pixels, models.finder.find(pixels)[0].square.corners(), latent


def portrait(megapixels: float) -> np.ndarray:
    """A face that fills half of a square picture: uint8 RGBA."""
    side = round((megapixels * 1e6) ** 0.5)
    pixels = cv2.resize(skimage.data.astronaut()[:330, 90:420], (side, side), interpolation=cv2.INTER_CUBIC)
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


@contextmanager
def measuring(folder: Path, name: str) -> Iterator[Measured]:
    measured = Measured(folder, name)
    try:
        yield measured
    finally:
        measured.backend.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=("known", "projected", "large"))
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--refine", type=float, default=10)
    args = parser.parse_args()
    wanted = args.only or ("known", "projected", "large")
    seed = int(time.time())  # no face that was projected before
    pixels, corners, latent = drawn(seed, args.side)
    with tempfile.TemporaryDirectory() as folder:
        if "known" in wanted:
            with measuring(Path(folder), "known") as measured:
                a, b, c, d = ((float(x), float(y)) for x, y in corners)
                model = measured.client.welcome.model_hash
                region(measured, pixels, (m.KnownFace((a, b, c, d), model, picture(latent[:, :, None])),))
        if "projected" in wanted:
            with measuring(Path(folder), "projected") as measured:
                region(measured, pixels, ())
        if "large" in wanted:
            with measuring(Path(folder), "large") as measured:
                large = portrait(args.megapixels)
                large[0, 0, :3] = seed % 251
                region(measured, large, (), args.refine)


if __name__ == "__main__":
    main()
