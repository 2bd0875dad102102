"""Counts on which faces covers are found: on those without any, and with each kind that is drawn before them.

python benchmarks/covers.py [PHOTO …] [--drawn 40]

PHOTO: portraits of one's own, whose faces nothing covers. The astronaut and generated faces are always among them, each
second one degraded like a photograph.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import skimage.data
from anycost_backend.editing.faces import Face
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.photo import open_photo
from anycost_models.face.degradation import TRAINING, degrade
from anycost_models.face.masks import face_oval_mask
from anycost_models.generators.sub_generator import SubGenerator

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
from face_covers import covers  # type: ignore[import-not-found]

_PLAIN = replace(TRAINING, occluder=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--drawn", type=int, default=40, help="generated faces (default: %(default)s)")
    args = parser.parse_args()
    models = Models()
    wrong, faces = [], 0
    found: dict[str, list[bool]] = defaultdict(list)
    kept: dict[str, list[float]] = defaultdict(list)
    for name, photo in portraits(models, args.photos, args.drawn):
        session = Session(Layer(photo), models)
        if not session.faces:
            continue
        faces += 1
        covering = session.editable.covering(0)
        if covering is not None:
            wrong.append(f"{name}: {', '.join(covering.covered)}")
        for kind, covered, where in covers(photo, session.faces[0].mesh):
            with_cover = Session(Layer(covered), models)
            if with_cover.faces:  # else nothing is edited
                covering = with_cover.editable.covering(0)
                found[kind].append(covering is not None)
                if covering is not None:
                    kept[kind].append(share_kept(with_cover.faces[0], where, covering.stays))
    report = {
        "without a cover": {"faces": faces, "found": wrong},
        "with one": {kind: f"{sum(yes)} of {len(yes)}" for kind, yes in found.items()},
        "share of it before the face that stays": {
            kind: round(float(np.median(shares)), 2) for kind, shares in kept.items()
        },
    }
    print(json.dumps(report, indent=1))


def portraits(models: Models, photos: list[Path], drawn: int) -> Iterator[tuple[str, np.ndarray]]:
    yield "astronaut", skimage.data.astronaut()
    for path in photos:
        yield str(path), open_photo(path).srgb8()
    for seed in range(drawn):
        face = models.renderer.render8(models.renderer.sample(seed, 0.8), SubGenerator(512))
        yield f"drawn {seed}", face if seed % 2 else degrade(face, seed, _PLAIN).image


def share_kept(face: Face, where: np.ndarray, stays: np.ndarray) -> float:
    """Of the cover within the face's oval."""
    matrix = face.square.matrix(len(stays))
    cover = face.square.crop(np.rint(255 * where).astype(np.uint8), len(stays)) > 127
    cover &= face_oval_mask(face.mesh.moved(matrix), len(stays), forehead=0.1) > 0.5
    return float((stays[cover] > 0.9).mean()) if cover.any() else 1.0


if __name__ == "__main__":
    main()
