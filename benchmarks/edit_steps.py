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
from anycost_backend.editing import composite
from anycost_backend.editing.models import Models
from anycost_models.core.images import to_unit_float
from anycost_models.core.peak_memory import peak_megabytes
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.face.masks import matte
from anycost_models.generators.elastic import SubGenerator
from common import medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    models = Models()
    image = cv2.resize(skimage.data.astronaut(), None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)  # a face of 1030 px
    (face, *_) = models.finder.find(image)
    crop, mesh = face.square.crop(image, 1024), face.mesh.moved(face.square.matrix(1024))
    latent = models.renderer.sample(1, 0.7)
    view = composite.View(to_unit_float(crop), mesh, matte(crop, models.matte))
    other = composite.View(np.ascontiguousarray(view.image[:, ::-1]), mesh, view.matte)
    bounds = face.square.bounds(image.shape, margin=2)
    x0, y0, x1, y1 = bounds
    pixels = to_unit_float(image[y0:y1, x0:x1])

    def apply_composite() -> None:
        composite.apply(composite.plan(view, view, other, "head"), face.square, pixels, bounds)

    steps: dict[str, Callable[[], object]] = {
        "find faces, 9 megapixels": lambda: models.finder.find(image),
        "crop 1024 px": lambda: face.square.crop(image, 1024),
        "landmarks": lambda: models.finder.mesh.landmarks_aligned(crop),
        "matte": lambda: matte(crop, models.matte),
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
