"""Draws faces and measures their labels: what attribute directions are learned from.

The rows of W+ are drawn half together and half each for itself, so that it can be told which of them does what, and so
that what usually goes together (a beard and short hair) also comes apart. It saves every few minutes and goes on where
it stopped.
"""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from anycost_models.export.onnx_export import drawing_graph
from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference.onnx_network import Network, load_bytes
from anycost_models.metrics.identity import IdentityDistance

SIDE = 256  # pixels at which faces are measured
SAVE_EVERY = 180  # seconds
# Rows of W+ that are drawn together; the later ones do little each.
GROUPS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 11), (11, 13), (13, 16))
GROUP_SIZES = tuple(end - start for start, end in GROUPS)
_EMBEDDED = 3  # of so many faces the identity of one is measured: it costs as much as drawing


@dataclass(frozen=True)
class LabelRenderer:
    """Draws faces with the full generator, because that is what attributes are to change, in bfloat16 where the CPU has
    it. Sub-generators, with a third of the time, show some of them by half too much or too little."""

    network: Network

    @classmethod
    def make(cls, model: ElasticGenerator, threads: int | None = None) -> "LabelRenderer":
        graph = drawing_graph(model, SubGenerator(model.config.resolution), {})
        return cls(load_bytes(graph, Path("faces"), threads=threads, precision="bf16"))

    def __call__(self, latent: np.ndarray) -> np.ndarray:
        """W+ [styles, D] → uint8 RGB [256, 256, 3]."""
        (picture,) = self.network(latent[None], np.ones(1, np.float32))
        small = cv2.resize(picture[0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return np.round(small * 255).astype(np.uint8)


def wplus(groups: np.ndarray) -> np.ndarray:
    """[…, groups, D] → […, styles, D]."""
    return np.repeat(groups, GROUP_SIZES, axis=-2)


def draw_groups(model: ElasticGenerator, index: int) -> np.ndarray:
    """float32 [groups, D]: the latent of sample `index`, always the same.

    ψ is .6 to 1, so that extremes are there and faces stay faces; of each row's variance .2 to 1 is its own."""
    rng = torch.Generator().manual_seed(2_000_000 + index)
    psi = 0.6 + 0.4 * torch.rand((), generator=rng).item()
    own = 0.2 + 0.8 * torch.rand((), generator=rng).item()
    z = torch.randn(1 + len(GROUPS), model.config.style_dim, generator=rng)
    with torch.inference_mode():
        w = (model.styles(z, psi) - model.mean_style).numpy()
    mixed: np.ndarray = model.mean_style.numpy() + math.sqrt(1 - own) * w[:1] + math.sqrt(own) * w[1:]
    return mixed.astype(np.float32)


def sample(model: ElasticGenerator, labels: FaceLabels, identity: IdentityDistance, count: int, path: Path) -> None:
    """Writes w [N, groups, D], label values [N, L] with their names, and identities [N, 128] (of two thirds: NaN).
    Sample i is the same whatever N is and however often it was interrupted."""
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
    saved = time.monotonic()
    for i in tqdm(range(done, count), "faces", initial=done, total=count):
        w[i] = draw_groups(model, i)
        picture = render(wplus(w[i]))
        measured = labels.measure(picture)
        values[i] = [measured[name] for name in LABELS]
        if i % _EMBEDDED == 0:
            identities[i] = embed(identity, picture)
        if time.monotonic() - saved > SAVE_EVERY or i + 1 == count:
            n = i + 1
            save(path, w=w[:n], labels=values[:n], identities=identities[:n], names=np.array(list(LABELS)))
            saved = time.monotonic()


def embed(identity: IdentityDistance, picture: np.ndarray) -> np.ndarray:
    """[128], of an FFHQ-aligned uint8 RGB picture [S, S, 3]."""
    with torch.inference_mode():
        planes = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        embedding: np.ndarray = identity.embed(planes)[0].numpy()
    return embedding


def save(path: Path, **arrays: np.ndarray) -> None:
    aside = path.with_name(f".{path.name}.part.npz")
    np.savez(aside, **arrays)  # type: ignore[arg-type]
    os.replace(aside, path)
