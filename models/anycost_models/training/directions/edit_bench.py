"""Measures edits: renders faces with and without a step in W+, and compares their labels and identities."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.metrics.identity import SAME_PERSON, IdentityDistance, load_identity
from anycost_models.training.directions.label_samples import LabelRenderer, save_arrays

SEED = 5_000_000  # of the faces: directions are regressed on others


def sample_faces(model: ElasticGenerator, first: int, count: int) -> np.ndarray:
    """W+ float32 [count, styles, D] at ψ .7; face i is always the same."""
    rows = [
        torch.randn(1, model.config.style_dim, generator=torch.Generator().manual_seed(SEED + first + i))
        for i in range(count)
    ]
    with torch.inference_mode():
        latents: np.ndarray = model.as_wplus(model.styles(torch.cat(rows), 0.7)).numpy().copy()
    return latents


def balanced_signs(steps: int, faces: int, seed: int) -> np.ndarray:
    """float32 [steps, faces] of ±1: a random half of the faces for each sign of each step."""
    rng = np.random.default_rng(seed)
    signs = np.tile(np.where(np.arange(faces) % 2, -1, 1), (steps, 1))
    return rng.permuted(signs, axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class EditTrial:
    """Measurements of A steps on N faces."""

    multiples: np.ndarray  # [A, N] of each step that were added
    before: np.ndarray  # [N, L] labels, in their own units; NaN: not measurable
    after: np.ndarray  # [A, N, L]
    identity: np.ndarray  # [A, N] distance of the embeddings before and after

    def moved(self, deviations: np.ndarray) -> np.ndarray:
        """Change of each label in standard deviations [A, N, L]. deviations: [L], in the labels' units"""
        moved: np.ndarray = (self.after - self.before) / deviations
        return moved

    def effects(self, deviations: np.ndarray) -> np.ndarray:
        """Mean effect of a whole step, in standard deviations [A, L]. deviations: [L], in the labels' units"""
        effects: np.ndarray = np.nanmean(self.moved(deviations) / self.multiples[:, :, None], axis=1)
        return effects

    def same_person(self) -> np.ndarray:
        """Share of the faces that stay the same person [A]."""
        share: np.ndarray = (self.identity < SAME_PERSON).mean(axis=1)
        return share


@dataclass(frozen=True)
class EditBench:
    """Renderer and networks that measure edits of one generator."""

    render: LabelRenderer
    labels: FaceLabels
    identity: IdentityDistance

    @classmethod
    def make(cls, model: ElasticGenerator | None = None) -> "EditBench":
        """model: None for the embedded generator. Raises AnycostError when a model file is missing or damaged."""
        return cls(LabelRenderer.make(model or load_generator(), 1), FaceLabels.load(threads=1), load_identity())

    def measure(self, latent: np.ndarray) -> np.ndarray:
        """W+ [styles, D] → float64 [L + 128]: labels in their own units, then the identity embedding."""
        image = self.render(latent)
        measured = self.labels.measure(image)
        return np.concatenate([[measured[name] for name in LABELS], self.identity.of_image(image)])

    def run(self, latents: np.ndarray, steps: np.ndarray, multiples: np.ndarray, path: Path) -> EditTrial:
        """Adds multiples [A, N] of steps [A, styles, D] to latents [N, styles, D], and measures.

        path: an .npz file, saved after each face; continues from one of the same steps and multiples"""
        count, labels = len(latents), len(LABELS)
        before = np.full((count, labels + 128), np.nan)
        after = np.full((len(steps), count, labels + 128), np.nan)
        done = 0
        if path.exists():
            with np.load(path) as stored:
                if np.array_equal(stored["steps"], steps) and np.array_equal(stored["multiples"], multiples):
                    done, before, after = int(stored["done"]), stored["before"], stored["after"]
        with ThreadPoolExecutor(2) as pool:
            for i in tqdm(range(done, count), path.stem, initial=done, total=count):
                edited = latents[i] + multiples[:, i, None, None].astype(np.float32) * steps
                before[i], *rest = pool.map(self.measure, [latents[i], *edited])
                after[:, i] = rest
                save_arrays(path, steps=steps, multiples=multiples, done=i + 1, before=before, after=after)
        return read_trial(path)


def read_trial(path: Path) -> EditTrial:
    """The faces that `EditBench.run` has saved so far."""
    with np.load(path) as stored:
        done = int(stored["done"])
        multiples, before, after = stored["multiples"][:, :done], stored["before"][:done], stored["after"][:, :done]
    labels = len(LABELS)
    distance = np.sqrt(((after[..., labels:] - before[:, labels:]) ** 2).sum(axis=-1))
    return EditTrial(multiples, before[:, :labels], after[..., :labels], distance)
