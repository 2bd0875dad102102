"""Compares the generator, as imported and as shipped in fp16, with the original graph under OpenVINO in float32.

    .venv/bin/python benchmarks/parity.py

Fetches the original graph (37 MB) if it is not there. Prints PSNR in dB at 1024 px for 8 random styles.
"""

import numpy as np
import openvino
import torch
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile_openvino_import import import_random_face
from anycost_models.hub import catalogue

PARTS = [f"generator_{network}_{kind}" for network in ("mapping", "synthesis") for kind in ("xml", "bin")]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(4 / np.square(a.clip(-1, 1) - b.clip(-1, 1)).mean()))


def main() -> None:
    folder = catalogue.fetch(PARTS)[0].parent
    core = openvino.Core()
    graph = core.read_model(folder / "SynthesisNetwork.xml")
    original = core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    models = {"imported": import_random_face(folder), "shipped": load_generator()}
    z = torch.randn(8, 512, generator=torch.Generator().manual_seed(5))
    print("style  " + "  ".join(models))
    with torch.inference_mode():
        for number, style in enumerate(models["imported"].mapping(z)):
            picture = original(style[None].numpy())[0]
            row = (f"{psnr(model(style[None]).numpy(), picture):8.1f}" for model in models.values())
            print(f"{number:5}  {'  '.join(row)}", flush=True)


if __name__ == "__main__":
    main()
