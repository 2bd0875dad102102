"""Prints what many faces in one picture cost, in seconds and peak memory, and many files, in seconds of the clock and
of the processor; each size in a new process.

    python benchmarks/scale.py [--faces 1 4 16 64] [--files 1 10 100] [--jobs 1 2]

Faces: drawn ones, each TILE pixels, side by side in one picture; all are found, projected by the encoder alone and
given a smile, one after the other. Files: `anycost batch` of as many drawn portraits, as users call it,
each projected in full. To compare numbers of jobs, let them take turns: --files 8 --jobs 2 1 2 1.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import Photo, open_photo
from anycost_models.core.peak_memory import peak_megabytes
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.plotting.contact_sheet import save_image
from anycost_models.projection.settings import ProjectionSettings

TILE = 512  # pixels
AT_ONCE = ProjectionSettings(budget=0)
EDIT = {"smile": 1.0}
FIRST_SEED = 3_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", nargs="*", type=int, default=[1, 4, 16, 64], metavar="N")
    parser.add_argument("--files", nargs="*", type=int, default=[1, 10, 100], metavar="N")
    parser.add_argument("--jobs", nargs="*", type=int, default=[1, 2], metavar="N")
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
            print(json.dumps({"files": count, "jobs": jobs, **files_in_a_batch(count, jobs)}), flush=True)


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
        patch = session.patch(edited, face, planner.plan(face, EDIT, planner.final_spec(face)).change)
        edited = edited.with_region(patch.x, patch.y, patch.native, patch.mask)
    return len(session.faces)


def files_in_a_batch(count: int, jobs: int) -> dict[str, float]:
    models, first = Models(), int(time.time())  # seeds: none is known already
    with tempfile.TemporaryDirectory() as folder:
        photos, edited = Path(folder, "photos"), Path(folder, "edited")
        photos.mkdir()
        for number in range(count):
            save_image(photos / f"{number:04}.jpg", portrait(models, first + number))
        strengths = [part for name, strength in EDIT.items() for part in ("--set", f"{name}={strength}")]
        command = [sys.executable, "-m", "anycost_backend", "batch", str(photos), "--output", str(edited), *strengths]
        started, before = time.perf_counter(), os.times()
        subprocess.run([*command, "--jobs", str(jobs)], capture_output=True, check=True)
        seconds, after = time.perf_counter() - started, os.times()
        computing = after.children_user + after.children_system - before.children_user - before.children_system
        done = len(list(edited.glob("*.jpg")))
    return {
        "edited": done,
        "seconds": round(seconds, 1),
        "seconds for each": round(seconds / count, 2),
        "processor seconds for each": round(computing / count, 2),
    }


if __name__ == "__main__":
    main()
