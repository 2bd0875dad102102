"""Prints what a moving slider costs: from the edit to the pixels of its preview, by stages.

    OPENBLAS_NUM_THREADS=1 python benchmarks/previews.py [--rounds 40] [--side 512]

Medians and 95th percentiles in milliseconds, in this process, of a drawn face as photo; sliders take turns, and each
moves on in every round. Stages: drawing (the sub-generator), measuring (landmarks and parts, at every half unit),
composite (the plan), placing (all the rest: over the photo, to 8 bit). Processor: the mean, of all threads, which other
work on the machine changes least. One thread of OpenBLAS is what `anycost` sets.
"""

import argparse
import json
import statistics
import time

import cv2
import numpy as np
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region
from anycost_backend.photo.layer import Layer
from anycost_backend.previews.preview_renderer import PreviewRenderer
from anycost_models.core.malloc_settings import give_back_large_memory
from anycost_models.generators.sub_generator import SubGenerator
from common import medians

SHAPE, COLOUR = ("jaw_width", "gaze_side"), ("hair_blond", "light_side", "lip_colour")
FACE, HEAD = ("smile", "glasses"), ("hair_length", "yaw", "age")
SUB = SubGenerator(256, 0.25)
STAGES = {"render": "drawing", "measure": "measuring", "composite": "composite"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--side", type=int, default=512, help="pixels: longest side of the preview")
    args = parser.parse_args()
    give_back_large_memory()  # as the backend does
    models = Models()
    latent = models.renderer.sample(1, 0.7)
    photo = cv2.resize(models.renderer.render8(latent), (1024, 1024))
    found = {name: _Drag(models, photo, latent, name, args.side) for name in (*SHAPE, *COLOUR, *FACE, *HEAD)}
    for number in range(args.rounds + 2):  # the first two measure landmarks and parts, and are not counted
        for drag in found.values():
            drag.move(0.05 + 0.4 * number / (args.rounds + 2))
    print(json.dumps({name: drag.figures() for name, drag in found.items()}, indent=1))


class _Drag:
    """One slider."""

    def __init__(self, models: Models, photo: np.ndarray, latent: np.ndarray, name: str, side: int) -> None:
        cache = ByteLRUCache(256 << 20)
        self.region = Region(Layer(photo), None, models, cache)
        self.region.adopt(self.region.session.faces[self.region.numbers[0]].square.corners(), latent)
        self.previews = PreviewRenderer(self.region, cache)
        self.name, self.side = name, side
        self.taken: list[dict[str, float]] = []
        self.processor: list[float] = []  # milliseconds of all threads

    def move(self, strength: float) -> None:
        seconds = self.region.session.seconds
        seconds.clear()
        started, computing = time.perf_counter(), time.process_time()
        self.previews.render({0: {self.name: strength}}, SUB, self.side, True, lambda: None)
        whole = time.perf_counter() - started
        self.processor.append(1000 * (time.process_time() - computing))
        stages = {stage: 1000 * seconds.get(key, 0.0) for key, stage in STAGES.items()}
        self.taken.append(stages | {"placing": 1000 * whole - sum(stages.values()), "whole": 1000 * whole})

    def figures(self) -> dict[str, float]:
        counted = self.taken[2:]
        whole = [each["whole"] for each in counted]
        return medians({stage: [each[stage] for each in counted] for stage in counted[0]}) | {
            "whole, 95 % within": round(statistics.quantiles(whole, n=20)[-1], 1),
            "processor": round(statistics.fmean(self.processor[2:]), 1),
        }


if __name__ == "__main__":
    main()
