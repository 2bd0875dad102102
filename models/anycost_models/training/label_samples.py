"""Draws faces and measures their labels: what attribute directions are learned from.

    python -m anycost_models.training.label_samples --count 6000 --output samples.npz

It saves every few minutes and goes on where it stopped.
"""

import argparse
import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models.checkpoint import load_generator
from anycost_models.elastic import ElasticGenerator
from anycost_models.face_labels import LABELS, FaceLabels
from anycost_models.inversion import has_fast_bfloat16

SIDE = 256  # pixels at which faces are measured
SAVE_EVERY = 180  # seconds


class HalfSize(nn.Module):
    """`ElasticGenerator.half_size` as a module, for export."""

    def __init__(self, model: ElasticGenerator) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor) -> Tensor:
        return self.model.half_size(latent)


class Renderer:
    """Draws many faces as the full generator does, at 256 px; by OpenVINO where it is installed."""

    def __init__(self, model: ElasticGenerator) -> None:
        self.model = model
        self._draw: Callable[[Tensor], Tensor]
        if importlib.util.find_spec("openvino"):
            import openvino

            example = torch.zeros(1, model.config.styles, model.config.style_dim)
            graph = openvino.convert_model(HalfSize(model), example_input=example)
            graph.reshape(list(example.shape))
            network = openvino.Core().compile_model(graph, "CPU")
            self._draw = lambda latent: torch.from_numpy(network(latent.numpy())[0])
        else:
            self._draw = HalfSize(model.with_fast_features() if has_fast_bfloat16() else model)

    def __call__(self, latent: Tensor) -> np.ndarray:
        """latent: w [1, D] or W+ [1, styles, D] → uint8 RGB [256, 256, 3]."""
        with torch.no_grad():
            half = self._draw(self.model.as_wplus(latent).contiguous()).clamp(-1, 1)
            small = F.interpolate(half, size=(SIDE, SIDE), mode="area")[0]
        return small.add(1).mul(127.5).round().permute(1, 2, 0).byte().numpy()


def sample(model: ElasticGenerator, labels: FaceLabels, count: int, path: Path) -> None:
    """Writes w [N, D], label values [N, L] and label names; sample i is the same whatever N is and however often it was
    interrupted. ψ is .6 to 1, so that extremes are there and faces stay faces."""
    done, w, values = (
        0,
        np.empty((count, model.config.style_dim), np.float32),
        np.empty((count, len(LABELS)), np.float32),
    )
    if path.exists():
        with np.load(path) as stored:
            done = min(len(stored["w"]), count)
            w[:done], values[:done] = stored["w"][:done], stored["labels"][:done]
    renderer = Renderer(model)
    saved = time.monotonic()
    for i in tqdm(range(done, count), "faces", initial=done, total=count):
        rng = torch.Generator().manual_seed(1_000_000 + i)
        psi = 0.6 + 0.4 * torch.rand((), generator=rng).item()
        style = model.styles(torch.randn(1, model.config.style_dim, generator=rng), psi)
        measured = labels.measure(renderer(style))
        w[i], values[i] = style[0].numpy(), [measured[name] for name in LABELS]
        if time.monotonic() - saved > SAVE_EVERY or i + 1 == count:
            save(path, w=w[: i + 1], labels=values[: i + 1], names=np.array(list(LABELS)))
            saved = time.monotonic()


def save(path: Path, w: np.ndarray, labels: np.ndarray, names: np.ndarray) -> None:
    aside = path.with_name(f".{path.name}.part.npz")
    np.savez(aside, w=w, labels=labels, names=names)
    os.replace(aside, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    sample(load_generator(), FaceLabels.load(), args.count, args.output)


if __name__ == "__main__":
    main()
