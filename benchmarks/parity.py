"""Prints the parity of the embedded generator, imported and as shipped (fp16), with its original graph.

    python benchmarks/parity.py

PSNR in dB at 1024 px, for 8 random styles; the original graph runs under OpenVINO in float32. Fetches it (37 MB) if it
is not there.
"""

import openvino
import torch
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile_openvino_import import import_random_face
from anycost_models.hub import catalogue
from common import psnr

FILES = [f"generator_{network}_{kind}" for network in ("mapping", "synthesis") for kind in ("xml", "bin")]


def main() -> None:
    folder = catalogue.fetch(FILES)[0].parent
    core = openvino.Core()
    graph = core.read_model(folder / "SynthesisNetwork.xml")
    original = core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    models = {"imported": import_random_face(folder), "shipped": load_generator()}
    z = torch.randn(8, 512, generator=torch.Generator().manual_seed(5))
    print("style  " + "  ".join(models))
    with torch.inference_mode():
        for number, style in enumerate(models["imported"].mapping(z)):
            reference = original(style[None].numpy())[0].clip(-1, 1)
            images = (model(style[None]).numpy().clip(-1, 1) for model in models.values())
            row = (f"{psnr(image, reference, 2):8.1f}" for image in images)
            print(f"{number:5}  {'  '.join(row)}", flush=True)


if __name__ == "__main__":
    main()
