"""Samples generated faces with their labels: the training data of attribute directions.

Groups of rows of W+ share one part of their latent and have another of their own. The regression can then tell the
groups apart, and labels that generated faces usually combine (a beard and short hair) decorrelate.
"""

import io
import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from anycost_models.core.atomic_files import write_aside
from anycost_models.export.onnx_export import synthesis_graph
from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference.onnx_network import Network, load_bytes
from anycost_models.metrics.identity import IdentityDistance

SIDE = 256  # pixels at which faces are measured
SAVE_EVERY = 180  # seconds
# Rows of W+ that share a latent; fine rows have little effect each.
GROUPS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 11), (11, 13), (13, 16))
GROUP_SIZES = tuple(end - start for start, end in GROUPS)
_IDENTITY_EVERY = 3  # faces: an embedding costs as much as a rendering


@dataclass(frozen=True)
class LabelRenderer:
    """Renders faces to measure, with the full generator: attributes are to change its images. In bfloat16 where the CPU
    has it. A sub-generator takes a third of the time, but shows some labels by half too much or too little."""

    network: Network

    @classmethod
    def make(cls, model: ElasticGenerator, threads: int | None = None) -> "LabelRenderer":
        graph = synthesis_graph(model, SubGenerator(model.config.resolution), {})
        return cls(load_bytes(graph, Path("faces"), threads=threads, precision="bf16"))

    def __call__(self, latent: np.ndarray) -> np.ndarray:
        """W+ [styles, D] → uint8 RGB [256, 256, 3]."""
        (image,) = self.network(latent[None], np.ones(1, np.float32))
        small = cv2.resize(image[0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return np.round(small * 255).astype(np.uint8)


def wplus(groups: np.ndarray) -> np.ndarray:
    """[…, groups, D] → […, styles, D]."""
    return np.repeat(groups, GROUP_SIZES, axis=-2)


def sample_groups(model: ElasticGenerator, index: int) -> np.ndarray:
    """The latent of sample `index`, float32 [groups, D].

    ψ is .6 to 1, for extreme but intact faces; .2 to 1 of each group's variance is its own."""
    rng = torch.Generator().manual_seed(2_000_000 + index)
    psi = 0.6 + 0.4 * torch.rand((), generator=rng).item()
    own = 0.2 + 0.8 * torch.rand((), generator=rng).item()
    z = torch.randn(1 + len(GROUPS), model.config.style_dim, generator=rng)
    with torch.inference_mode():
        w = (model.styles(z, psi) - model.mean_style).numpy()
    mixed: np.ndarray = model.mean_style.numpy() + math.sqrt(1 - own) * w[:1] + math.sqrt(own) * w[1:]
    return mixed.astype(np.float32)


def sample_labels(
    model: ElasticGenerator, labels: FaceLabels, identity: IdentityDistance, count: int, path: Path
) -> None:
    """Writes `count` samples into the .npz file `path`: w [N, groups, D], labels [N, L], names [L] and identities
    [N, 128] (NaN for two thirds).

    Saves every few minutes and continues from a file that is there; sample i is always the same."""
    w = np.empty((count, len(GROUPS), model.config.style_dim), np.float32)
    values = np.empty((count, len(LABELS)), np.float32)
    identities = np.full((count, 128), np.nan, np.float32)
    done = 0
    if path.exists():
        with np.load(path) as stored:
            done = min(len(stored["w"]), count)
            w[:done], values[:done] = stored["w"][:done], stored["labels"][:done]
            identities[:done] = stored["identities"][:done]
    render = LabelRenderer.make(model)
    saved_at = time.monotonic()
    for i in tqdm(range(done, count), "faces", initial=done, total=count):
        w[i] = sample_groups(model, i)
        image = render(wplus(w[i]))
        measured = labels.measure(image)
        values[i] = [measured[name] for name in LABELS]
        if i % _IDENTITY_EVERY == 0:
            identities[i] = identity.of_image(image)
        if time.monotonic() - saved_at > SAVE_EVERY or i + 1 == count:
            n = i + 1
            save_arrays(path, w=w[:n], labels=values[:n], identities=identities[:n], names=np.array(list(LABELS)))
            saved_at = time.monotonic()


def save_arrays(path: Path, **arrays: np.ndarray | int) -> None:
    """Writes an .npz file atomically. Raises AnycostError when it cannot be written."""
    data = io.BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]
    write_aside(path, data.getbuffer())
