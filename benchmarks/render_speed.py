"""Prints speed and accuracy of the exported generator: time against random-face's own graph, PSNR against torch.

    python benchmarks/render_speed.py [--rounds 15]

Both graphs run in turns under OpenVINO (medians, and the median of the rounds' ratios). The PSNR is given for each
sub-generator, runtime and precision. Fetches random-face's graph (37 MB) if it is not there.
"""

import argparse
import itertools
import json
import statistics

import numpy as np
import openvino
import torch
from anycost_backend.editing.renderer import NOISE, Renderer
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.export.graph_cache import GraphCache
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub import catalogue
from anycost_models.inference.onnx_network import RUNTIMES, Precision
from anycost_models.weights import EMBEDDED_GENERATOR
from common import medians, psnr

SUBS = (SubGenerator(1024), SubGenerator(512, 0.5), SubGenerator(256), SubGenerator(256, 0.5), SubGenerator(128, 0.25))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--faces", type=int, default=8)
    args = parser.parse_args()
    renderer = Renderer(EMBEDDED_GENERATOR)
    latents = [renderer.sample(seed, 0.7)[None] for seed in range(args.faces)]
    print(json.dumps({"milliseconds": speed(renderer, latents, args.rounds)}, indent=1))
    print(json.dumps({"decibels": accuracy(renderer, latents)}, indent=1))


def speed(renderer: Renderer, latents: list[np.ndarray], rounds: int) -> dict[str, float]:
    """Median milliseconds of both graphs, and the median ratio own / random-face."""
    path = catalogue.fetch(["generator_synthesis_xml", "generator_synthesis_bin"])[0]
    original = openvino.Core().compile_model(str(path), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    own = renderer.graphs.synthesis(renderer.full)
    theirs, ours = itertools.cycle(latents), itertools.cycle(latents)
    steps = {"random-face": lambda: original([next(theirs)[:, 0]]), "own": lambda: own(next(ours), NOISE)}
    times = interleaved_milliseconds(steps, rounds)
    ratios = [a / b for a, b in zip(times["own"], times["random-face"], strict=True)]
    return medians(times) | {"ratio": round(statistics.median(ratios), 3)}


def accuracy(renderer: Renderer, latents: list[np.ndarray]) -> dict[str, dict[str, list[float]]]:
    """Minimum and mean PSNR over faces against torch in float32, by sub-generator, runtime and precision."""
    variants: list[tuple[str, Precision | None]] = [(name, "f32") for name in RUNTIMES]
    variants.append(("openvino", None))  # as shipped
    found: dict[str, dict[str, list[float]]] = {}
    for sub in SUBS:
        with torch.inference_mode():
            references = [
                renderer.model(torch.from_numpy(w), sub).add(1).div(2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
                for w in latents
            ]
        found[str(sub)] = {}
        for runtime, precision in variants:
            network = GraphCache(EMBEDDED_GENERATOR, lambda: renderer.model, runtime, precision=precision).synthesis(
                sub
            )
            values = [psnr(network(w, NOISE)[0], image, 1) for w, image in zip(latents, references, strict=True)]
            pair = [round(min(values), 1), round(float(np.mean(values)), 1)]
            found[str(sub)][f"{runtime} {network.precision}"] = pair
    return found


if __name__ == "__main__":
    main()
