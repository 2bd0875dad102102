"""Draws faces with the exported full generator and with random-face's own IR, in turns, under OpenVINO: milliseconds
(medians), their ratio, and how near the exported graph comes to torch in float32.

.venv/bin/python benchmarks/render_speed.py [--rounds 15]

Fetches the IR (37 MB) if it is not there.
"""

import argparse
import json
import statistics
import time

import numpy as np
import openvino
import torch
from anycost_backend.editing.renderer import NOISE, Renderer
from anycost_models.export.graph_cache import GraphCache
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub import catalogue
from anycost_models.inference.onnx_network import RUNTIMES, Precision
from anycost_models.weights import EMBEDDED_GENERATOR

SUBS = (SubGenerator(1024), SubGenerator(512, 0.5), SubGenerator(256), SubGenerator(256, 0.5), SubGenerator(128, 0.25))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--faces", type=int, default=8)
    args = parser.parse_args()
    renderer = Renderer(EMBEDDED_GENERATOR)
    latents = [renderer.sample(seed, 0.7)[None] for seed in range(args.faces)]
    print(json.dumps({"milliseconds": speed(renderer, latents, args.rounds)}, indent=1))
    print(json.dumps({"decibels": nearness(renderer, latents)}, indent=1))


def speed(renderer: Renderer, latents: list[np.ndarray], rounds: int) -> dict[str, float]:
    theirs = catalogue.fetch(["generator_synthesis_xml", "generator_synthesis_bin"])[0]
    other = openvino.Core().compile_model(str(theirs), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    own = renderer.graphs.drawing(renderer.full)
    taken: dict[str, list[float]] = {"random-face": [], "own": []}
    for number in range(rounds + 1):
        latent = latents[number % len(latents)]
        started = time.perf_counter()
        other([latent[:, 0]])
        between = time.perf_counter()
        own(latent, NOISE)
        taken["random-face"].append(1e3 * (between - started))
        taken["own"].append(1e3 * (time.perf_counter() - between))
    medians = {name: statistics.median(each[1:]) for name, each in taken.items()}
    ratios = [own / other for own, other in zip(taken["own"][1:], taken["random-face"][1:], strict=True)]
    return {name: round(ms, 1) for name, ms in medians.items()} | {"ratio": round(statistics.median(ratios), 3)}


def nearness(renderer: Renderer, latents: list[np.ndarray]) -> dict[str, dict[str, list[float]]]:
    """Least and mean PSNR over faces to torch in float32, by sub-generator, runtime and precision."""
    ways: list[tuple[str, Precision | None]] = [(name, "f32") for name in RUNTIMES]
    ways.append(("openvino", None))  # as shipped
    found: dict[str, dict[str, list[float]]] = {}
    for sub in SUBS:
        with torch.inference_mode():
            exact = [
                renderer.model(torch.from_numpy(w), sub).add(1).div(2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
                for w in latents
            ]
        found[str(sub)] = {}
        for runtime, precision in ways:
            network = GraphCache(EMBEDDED_GENERATOR, lambda: renderer.model, runtime, precision=precision).drawing(sub)
            psnrs = [
                -10 * np.log10(np.square(network(w, NOISE)[0] - picture).mean())
                for w, picture in zip(latents, exact, strict=True)
            ]
            way = f"{runtime} {network.precision}"
            found[str(sub)][way] = [round(float(min(psnrs)), 1), round(float(np.mean(psnrs)), 1)]
    return found


if __name__ == "__main__":
    main()
