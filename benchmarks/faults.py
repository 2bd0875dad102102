"""Whatever fails in the machine: an edit is done, or says in one line why not, and nothing else is harmed.

    python benchmarks/faults.py [full_disk] [little_memory] [few_files] [damage] [kill] [backend] [others]

Disks that are full at every write, limits of memory and open files, every file below the data and cache folders
flipped, cut, emptied and zeroed in turn, kills at 20 moments, a backend that is suspended, starved and besieged,
another user. Takes twenty minutes and more. Full disks and other users are for root, on Linux. Prints a table with the
failures; exit code 1 when there was one. `tests/backend/test_faults.py` is a short set of this.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import skimage.data
from anycost_client.protocol import messages as m
from anycost_models.core.paths import models_dir
from anycost_models.plotting.contact_sheet import save_image
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
import machine_faults as faults  # type: ignore[import-not-found]
from machine_faults import Ended, anycost
from serving import Backend, Client, picture  # type: ignore[import-not-found]

GIGABYTE = 1 << 30
ASTRONAUT = skimage.data.astronaut()
Case = tuple[str, str]  # what was tried; what was not as it should be, or ""


class Place:
    """A photo, an `ANYCOST_HOME` with models and caches of its own, and the edit as it should be."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.photo = folder, folder / "home", folder / "photo.png"
        save_image(self.photo, ASTRONAUT)
        shutil.copytree(models_dir().resolve(), self.home / "data" / "models")
        os.environ["ANYCOST_HOME"] = str(self.home)
        done, self.seconds = self.edit(), 0.0
        assert done.code == 0, done.said
        started = time.monotonic()
        assert self.edit().code == 0
        self.seconds = time.monotonic() - started  # that an edit takes with a latent that is remembered
        self.expected = np.asarray(Image.open(self.output))

    @property
    def output(self) -> Path:
        return self.folder / "out.png"

    def edit(self, output: Path | None = None, *more: object, **options: object) -> Ended:
        words = ("edit", self.photo, "--set", "smile=0.8", "-o", output or self.output)
        return anycost(*words, *more, **options)

    def fault(self, done: Ended, output: Path | None = None, least: float = np.inf) -> str:
        """What is not as it should be, "" if nothing. least: dB from the expected picture; inf: the same."""
        output = output or self.output
        if done.fault:
            return done.fault
        parts = [path.name for path in output.parent.glob(".*.part")]
        if parts:
            return f"left {parts}"
        if done.code:
            return "there is a file although it failed" if output.exists() else ""
        error = np.square(np.asarray(Image.open(output)) / 255 - self.expected / 255).mean()
        psnr = np.inf if error == 0 else -10 * np.log10(error)
        return "" if psnr >= least else f"another picture ({psnr:.1f} dB)"


def full_disk(place: Place) -> Iterator[Case]:
    """Photo and caches lie on a disk that ends at 16 KiB, 32 KiB …: at another write each time."""
    for kilobytes in (16, 32, 64, 128, 256, 400, 500, 600, 1000, 2000, 4000, 100_000):
        with faults.small_disk(place.folder / "disk", kilobytes << 10) as disk:
            home = disk / "home"
            home.mkdir()
            (home / "data").symlink_to(place.home / "data")
            (home / "cache").mkdir()
            if kilobytes >= 64:  # else the face is projected anew: its latent does not fit either
                shutil.copytree(place.home / "cache" / "latents", home / "cache" / "latents")
            os.environ["ANYCOST_HOME"] = str(home)
            try:
                done = place.edit(disk / "out.png", "--sheet", disk / "sheet.png")
            finally:
                os.environ["ANYCOST_HOME"] = str(place.home)
            if done.code and (disk / "out.png").exists():  # the sheet alone did not fit
                (disk / "out.png").unlink()
            yield f"{kilobytes} KiB", place.fault(done, disk / "out.png", 40)


def little_memory(place: Place) -> Iterator[Case]:
    for tenths in (2, 4, 6, 8, 10, 13, 16, 20, 24, 28, 30, 34):
        place.output.unlink(missing_ok=True)
        done = place.edit(limits=faults.memory(GIGABYTE * tenths // 10))
        yield f"{tenths / 10} GiB", place.fault(done)


def few_files(place: Place) -> Iterator[Case]:
    for most in (8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 64):
        place.output.unlink(missing_ok=True)
        yield f"{most} files", place.fault(place.edit(limits=faults.descriptors(most)))


def damage(place: Place) -> Iterator[Case]:
    """Every file below the data and the cache folder, those that edits read."""
    for path in sorted(path for path in place.home.rglob("*") if path.is_file()):
        cached = "cache" in path.relative_to(place.home).parts[0] or path.name == "cache.key"
        for how in faults.DAMAGES:
            place.output.unlink(missing_ok=True)
            with faults.damaged(path, how):
                done = place.edit()
            # A latent that is computed anew has other last bits.
            fault = place.fault(done, least=40 if cached else np.inf)
            fault = fault or ("it was not made anew: " + done.said if cached and done.code else "")
            yield f"{path.relative_to(place.home)} {how.__name__}", fault


def kill(place: Place) -> Iterator[Case]:
    """kill −9 at 20 moments of an edit; then the same edit again."""
    before = place.photo.read_bytes()
    for moment in range(1, 21):
        place.output.unlink(missing_ok=True)
        faults.killed(place.seconds * moment / 20, "edit", place.photo, "--set", "smile=0.8", "-o", place.output)
        fault = "" if place.photo.read_bytes() == before else "the photo has changed"
        if place.output.exists():
            fault = fault or place.fault(Ended(0, ""))
        for part in place.folder.glob(".*.part"):  # removed by itself an hour later
            part.unlink()
        yield f"{5 * moment} % of the time", fault or place.fault(place.edit())


def backend(place: Place) -> Iterator[Case]:
    for tenths in (5, 15, 25, 29, 32, 36, 45):
        yield f"with {tenths / 10} GiB", _serve(place, faults.memory(GIGABYTE * tenths // 10))
    for most in (8, 16, 24, 32, 48, 64):
        yield f"with {most} files", _serve(place, faults.descriptors(most))
    yield "suspended for 5 s", _serve(place, {}, _suspended)
    yield "300 silent peers", _serve(place, {}, _silent)
    yield "50 slow peers", _serve(place, {}, _slow)


def _serve(
    place: Place, limits: dict[int, int], meanwhile: Callable[[Backend, Client, str], str] = lambda *_: ""
) -> str:
    """A backend answers a preview and a final, or says why not; it never keeps a client waiting."""
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        served = Backend(Path(folder) / "run", "--patience", "30", limits=limits)
        try:
            try:
                served.started()
            except RuntimeError:
                return Ended(served.ended(), served.log.read_text()).fault
            client = Client(served.file)
            opened = client.ask(m.OpenRegion(image=picture(ASTRONAUT)), timeout=120)
            if isinstance(opened, m.Failed):
                return "" if opened.reason in ("memory", "files") else f"{opened.reason}: {opened.cause}"
            for quality in ("preview", "final"):
                edit = m.Edit(session=opened.session, faces=(m.FaceEdit(0, {"smile": 1.0}),), quality=quality)
                reply = client.ask(edit, timeout=120)
                if isinstance(reply, m.Failed) and reply.reason not in ("memory", "files"):
                    return f"{quality}: {reply.reason}: {reply.cause}"
            return meanwhile(served, client, opened.session)
        except TimeoutError:
            with suppress(Exception):
                return f"ended by {served.ended(1)}: {served.log.read_text()[-200:]}"
            return "no answer"
        finally:
            served.kill()


def _previews(client: Client, session: str) -> str:
    for number in range(1, 6):
        edit = m.Edit(session=session, faces=(m.FaceEdit(0, {"smile": number / 5}),), sequence=number)
        if not isinstance(client.ask(edit, timeout=30), m.Edited):
            return "no preview"
    return ""


def _suspended(served: Backend, client: Client, session: str) -> str:
    with faults.suspended(served.process):
        time.sleep(5)
    return _previews(client, session)


def _silent(served: Backend, client: Client, session: str) -> str:
    with faults.silent_peers(served.file, 300):
        Client(served.file, "another").ask(m.Status())
        return _previews(client, session)


def _slow(served: Backend, client: Client, session: str) -> str:
    with faults.slow_peers(served.file, 50) as go_on:
        fault = ""
        for _ in range(8):
            go_on()
            Client(served.file, "another").ask(m.Leave())
            fault = fault or _previews(client, session)
        return fault


def others(place: Place) -> Iterator[Case]:
    """What another user can read, with a backend running and a log written."""
    served = Backend(place.home / "cache" / "run").started()
    try:
        Client(served.file)
        found = faults.open_to_others(place.home / "data", place.home / "cache")
        yield "data and cache folder", ", ".join(found)
        yield "sockets", "open" if faults.open_to_others(served.file.parent) else ""
    finally:
        served.kill()


FAULTS = (full_disk, little_memory, few_files, damage, kill, backend, others)
FOR_ROOT = (full_disk, others)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [fault.__name__ for fault in FAULTS]
    parser.add_argument("names", nargs="*", metavar="FAULT", help=f"only these of {', '.join(names)} (default: all)")
    wanted = parser.parse_args().names or names
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # so that other users are kept out by what lies in it alone
        place = Place(Path(folder))
        print(f"{'fault':16}{'tries':>6}{'wrong':>6}{'seconds':>9}", flush=True)
        for fault in FAULTS:
            if fault.__name__ not in wanted or (fault in FOR_ROOT and os.geteuid() != 0):
                continue
            started, cases = time.monotonic(), 0
            found: list[str] = []
            for name, said in fault(place):
                cases += 1
                if said:
                    found.append(f"{fault.__name__}, {name}: {said}")
            seconds = time.monotonic() - started
            print(f"{fault.__name__:16}{cases:6}{len(found):6}{seconds:9.0f}", *found, sep="\n  ", flush=True)
            wrong += found
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
