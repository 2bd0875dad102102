"""Prints the time of each step of an edit on this machine (medians in milliseconds, interleaved) and the peak memory.

python benchmarks/edit_steps.py [--rounds 9]
"""

import argparse
import json
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import skimage.data
from anycost_backend.editing.composite.placing import apply
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import AROUND, View
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import parsed, photo_parts, photo_view
from anycost_models.core.images import to_unit_float
from anycost_models.core.peak_memory import peak_megabytes
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.generators.elastic import SubGenerator
from common import medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    models = Models()
    image = cv2.resize(skimage.data.astronaut(), None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)  # a face of 1030 px
    (face, *_) = models.finder.find(image)
    crop, mesh = face.square.crop(image, 1024), face.mesh.moved(face.square.matrix(1))
    latent = models.renderer.sample(1, 0.7)
    parts = photo_parts(image, face.square, models.parser)
    original = photo_view(image, face, parts, None, 1024, AROUND)
    view = View(to_unit_float(crop), mesh, parsed(crop, models.parser))
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    other = View(to_unit_float(mirrored), mesh, parsed(mirrored, models.parser))
    bounds = face.square.scaled(AROUND).bounds(image.shape, margin=2)
    x0, y0, x1, y1 = bounds
    pixels = to_unit_float(image[y0:y1, x0:x1])

    def apply_composite() -> None:
        apply(plan(original, view, other, "head"), face.square, pixels, bounds)

    steps: dict[str, Callable[[], object]] = {
        "find faces, 9 megapixels": lambda: models.finder.find(image),
        "crop 1024 px": lambda: face.square.crop(image, 1024),
        "landmarks": lambda: models.finder.mesh.landmarks_aligned(crop),
        "parts": lambda: parsed(crop, models.parser),
        "photo's view 1024 px": lambda: photo_view(image, face, parts, None, 1024, AROUND),
        "composite 1024 px": apply_composite,
        **{
            f"render {size} px": partial(models.renderer.render, latent, SubGenerator(size))
            for size in (128, 256, 512, 1024)
        },
    }
    times = interleaved_milliseconds(steps, args.rounds)
    print(json.dumps({"milliseconds": medians(times), "peak_megabytes": peak_megabytes()}, indent=1))


if __name__ == "__main__":
    main()
