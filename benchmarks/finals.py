"""Prints what a final picture costs, beside its drawing: in milliseconds of the processor, of all threads, which other
work on the machine changes least.

    OPENBLAS_NUM_THREADS=1 python benchmarks/finals.py [--rounds 5] [--sliders smile yaw]

Means, in this process, of a generated face of 1024 px as photo; the strength moves on in every round. Drawing: the full
generator. Peak: of the process so far, in megabytes. One thread of OpenBLAS is what `anycost` sets.
"""

import argparse
import json
import time

import cv2
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region
from anycost_backend.photo.layer import Layer
from anycost_models.core.malloc_settings import give_back_large_memory
from anycost_models.core.peak_memory import peak_megabytes

SIDE = 1024  # pixels: of the photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sliders", nargs="+", default=["smile", "yaw"], metavar="NAME")
    args = parser.parse_args()
    give_back_large_memory()  # as the backend does
    models = Models()
    latent = models.renderer.sample(1, 0.7)
    photo = cv2.resize(models.renderer.render8(latent), (SIDE, SIDE))
    region = Region(Layer(photo), None, models, ByteLRUCache(128 << 20))
    region.adopt(region.session.faces[region.numbers[0]].square.corners(), latent)

    started = time.process_time()
    for _ in range(args.rounds):
        models.renderer.render(latent)
    drawing = 1000 * (time.process_time() - started) / args.rounds

    for name in args.sliders:
        for number in range(args.rounds + 2):
            if number == 2:  # the first two load networks, and measure the face as projected
                started = time.process_time()
            region.final({0: {name: 0.4 + 0.5 * number / (args.rounds + 2)}}, lambda: None)
        final = 1000 * (time.process_time() - started) / args.rounds
        found = {"slider": name, "final": round(final), "drawing": round(drawing), "ratio": round(final / drawing, 2)}
        print(json.dumps(found | {"peak": round(peak_megabytes() or 0)}), flush=True)


if __name__ == "__main__":
    main()
