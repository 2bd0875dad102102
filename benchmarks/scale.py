"""Prints what many faces in one picture cost, in seconds and peak memory, many files, in seconds of the clock and of
the processor, and memory, and large pictures; each size in a new process.

    python benchmarks/scale.py [--faces 1 4 16 64] [--files 1 10 100] [--jobs 1 2] [--dask] [--set smile=1]
    python benchmarks/scale.py --faces --files --megapixels 24 100 400 [--set smile=1]

Faces: drawn ones, each TILE pixels, side by side in one picture; all are found, projected by the encoder alone and
given a smile, one after the other. Files: `anycost batch` of as many generated portraits, as users call it, none
seen before; --set: another edit, such as hair_blond=1, for which nothing is drawn; --dask: also by a Dask cluster of
two workers on this machine. The memory is that of all processes of the batch, most at a time, in each half of it. To
compare numbers of jobs, let them take turns: --files 8 --jobs 2 1 2 1. Large pictures: `anycost edit` of a TIFF file
of a generated portrait that fills it; what it refuses is printed as it says it.
"""

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pyvips
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import Photo, open_photo
from anycost_models.core.peak_memory import peak_megabytes
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.plotting.contact_sheet import save_image
from anycost_models.projection.settings import ProjectionSettings

TILE = 512  # pixels
AT_ONCE = ProjectionSettings(budget=0)
EDIT = "smile", 1.0
WORKERS = 2  # of a Dask cluster
EVERY = 0.5  # seconds between two looks at what processes hold
FIRST_SEED = 3_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", nargs="*", type=int, default=[1, 4, 16, 64], metavar="N")
    parser.add_argument("--files", nargs="*", type=int, default=[1, 10, 100], metavar="N")
    parser.add_argument("--jobs", nargs="*", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--set", default=f"{EDIT[0]}={EDIT[1]:g}", metavar="NAME=STRENGTH", dest="edit")
    parser.add_argument("--megapixels", nargs="*", type=float, default=[], metavar="N")
    parser.add_argument("--in-this-process", type=int, metavar="N", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.in_this_process:
        print(json.dumps(faces_in_a_picture(args.in_this_process)))
        return
    for count in args.faces:
        command = [sys.executable, __file__, "--in-this-process", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(json.dumps({"faces": count, **json.loads(done.stdout)}), flush=True)
    for count in args.files:
        for jobs in args.jobs:
            found = files_in_a_batch(count, args.edit, "--jobs", str(jobs))
            print(json.dumps({"files": count, "jobs": jobs, "edit": args.edit, **found}), flush=True)
        if args.dask:
            print(
                json.dumps({"files": count, "dask": WORKERS, "edit": args.edit, **on_dask(count, args.edit)}),
                flush=True,
            )
    for megapixels in args.megapixels:
        print(json.dumps({"edit": args.edit, **large_picture(megapixels, args.edit)}), flush=True)


def large_picture(megapixels: float, edit: str) -> dict[str, object]:
    """edit: NAME=STRENGTH"""
    side = round(math.sqrt(megapixels * 1e6))
    with tempfile.TemporaryDirectory() as folder:
        photo, edited = Path(folder, "photo.tif"), Path(folder, "edited.tif")
        small = pyvips.Image.new_from_array(portrait(Models(), int(time.time())))  # never seen
        small.resize(side / TILE, kernel="linear").copy(interpretation="srgb").tiffsave(str(photo), bigtiff=True)
        command = [sys.executable, "-m", "anycost_backend", "edit", str(photo), "--set", edit, "--output", str(edited)]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, "--max-megapixels", "100000", "--json"], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
    found: dict[str, object] = {"megapixels": round(side * side / 1e6), "seconds": round(seconds, 1)}
    if done.returncode:
        return found | {"refused": done.stderr.strip().splitlines()[-1:]}
    return found | {"peak MB": round(json.loads(done.stdout)["peak_megabytes"])}


def portrait(models: Models, number: int) -> np.ndarray:
    """uint8 RGB [TILE, TILE, 3]"""
    return models.renderer.render8(models.renderer.sample(FIRST_SEED + number, 0.7), SubGenerator(TILE))


def faces_in_a_picture(count: int) -> dict[str, float]:
    models = Models()
    across = math.ceil(math.sqrt(count))
    picture = np.zeros((math.ceil(count / across) * TILE, across * TILE, 3), np.uint8)
    for number in range(count):
        row, column = divmod(number, across)
        picture[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = portrait(models, number)
    with tempfile.TemporaryDirectory() as folder:
        one, all_of_them = (Path(folder, name) for name in ("one.png", "all.png"))
        save_image(one, picture[:TILE, :TILE])
        save_image(all_of_them, picture)
        edit_all(open_photo(one), models)  # loads what is loaded once
        started = time.perf_counter()
        found = edit_all(open_photo(all_of_them), models)
    seconds = time.perf_counter() - started
    return {
        "found": found,
        "seconds": round(seconds, 1),
        "seconds for each": round(seconds / max(found, 1), 2),
        "megapixels": round(picture.shape[0] * picture.shape[1] / 1e6, 1),
        "peak MB": round(peak_megabytes() or 0),
    }


def edit_all(photo: Photo, models: Models) -> int:
    """The number of faces, all edited."""
    session = Session(photo, models)
    edited = photo
    for face in range(len(session.faces)):
        session.project(face, AT_ONCE)
        planner = session.planner
        change = planner.plan(face, dict([EDIT]), planner.final_spec(face)).change
        edited = edited.changing(partial(session.composite, edited, face, change))
    return len(session.faces)


def on_dask(count: int, edit: str) -> dict[str, float]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster:
        return files_in_a_batch(count, edit, "--cluster", cluster.scheduler_address)


def files_in_a_batch(count: int, edit: str, *how: str) -> dict[str, float]:
    """edit: NAME=STRENGTH; how: options of `anycost batch`"""
    models, first = Models(), int(time.time())  # seeds: none is known already
    with tempfile.TemporaryDirectory() as folder:
        photos, edited = Path(folder, "photos"), Path(folder, "edited")
        photos.mkdir()
        for number in range(count):
            save_image(photos / f"{number:04}.jpg", portrait(models, first + number))
        command = [
            sys.executable,
            "-m",
            "anycost_backend",
            "batch",
            str(photos),
            "--output",
            str(edited),
            "--set",
            edit,
        ]
        idle = held()  # by this process and what it has started: a cluster
        started, before = time.perf_counter(), processor_seconds()
        looks = []
        with subprocess.Popen([*command, *how], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as batch:
            computing = 0.0
            while batch.poll() is None:
                looks.append(held() - idle)
                computing = max(computing, processor_seconds() - before)
                time.sleep(EVERY)
        seconds = time.perf_counter() - started
        done = len(list(edited.glob("*.jpg")))
    half = len(looks) // 2
    return {
        "edited": done,
        "seconds": round(seconds, 1),
        "seconds for each": round(seconds / count, 2),
        "processor seconds for each": round(computing / count, 2),
        "MB in the first half": round(max(looks[: half + 1]) / 1e6),
        "MB in the second": round(max(looks[half:]) / 1e6),
    }


def processes() -> list[psutil.Process]:
    """This one, and all that it has started."""
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def held() -> int:
    """Bytes that they hold, what they share counted for each."""
    found = 0
    for process in processes():
        with contextlib.suppress(psutil.Error):
            found += process.memory_info().rss
    return found


def processor_seconds() -> float:
    """That those which run now have taken."""
    found = 0.0
    for process in processes():
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            found += times.user + times.system + times.children_user + times.children_system
    return found


if __name__ == "__main__":
    main()
