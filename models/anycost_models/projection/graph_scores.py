"""The scores of a projection, and those of them that need no torch."""

from dataclasses import dataclass

import numpy as np

from anycost_models.export.graph_cache import GraphCache
from anycost_models.projection.inversion import psnr
from anycost_models.projection.loss_graphs import LossGraphs
from anycost_models.projection.objective import Goal
from anycost_models.projection.settings import ProjectionSettings


@dataclass(frozen=True)
class ProjectionScores:
    psnr: float  # dB at 256 px, whole crop
    enl0: float  # perceptual distance at 256 px
    identity: float | None  # distance between the faces' embeddings; None where it was not measured
    same_person: bool | None  # whether that is below identity.SAME_PERSON
    consistency: float | None  # mean ENL0 between sub-generators' images and the full one; None: not measured
    consistency_ratio: float | None  # the same, that of random latents being 1
    deviation: float  # rms distance from the mean style in standard deviations: above about 1.5 edits suffer


def scores_by_graphs(graphs: GraphCache, latent: np.ndarray, face: np.ndarray) -> ProjectionScores:
    """Without identity and consistency. Of the embedded generator; latent: W+ [styles, D]; face: aligned, uint8 RGB
    [256, 256, 3], what it should look like. Raises AnycostError when a model is missing or damaged."""
    losses = LossGraphs(graphs)
    error, enl0 = losses.scores(latent, Goal(face, None, ProjectionSettings()))
    offset = (latent - losses.mean_style) / losses.deviation
    return ProjectionScores(psnr(error), enl0, None, None, None, None, float(np.sqrt(np.mean(offset**2))))
