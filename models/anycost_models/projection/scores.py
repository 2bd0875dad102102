"""Scores of a projection: fidelity to the face, identity, consistency of sub-generators, distance from the mean
style."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics import image_metrics
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.metrics.identity import SAME_PERSON, IdentityDistance, load_identity
from anycost_models.projection.graph_scores import ProjectionScores
from anycost_models.projection.loss import style_deviation
from anycost_models.projection.objective import SIDE

PREVIEWS = (SubGenerator(128, 0.5), SubGenerator(256, 0.5), SubGenerator(512, 0.5))  # whose consistency is measured
TYPICAL_FACES = 8  # with which it is compared


class ProjectionScorer:
    """Of one generator's projections. Renders in bfloat16 where that is quick."""

    def __init__(
        self,
        model: ElasticGenerator,
        perceptual: PerceptualDistance,
        identity: IdentityDistance | None,
        subs: Sequence[SubGenerator] = PREVIEWS,
    ) -> None:
        self.model, self.perceptual, self.identity = model, perceptual, identity
        self.subs = tuple(sub for sub in subs if sub.resolution in model.config.exits and not model.is_full(sub))

    @cached_property
    def typical(self) -> float | None:
        """Consistency of random latents' images; whoever has measured it before may set it."""
        if not self.subs:
            return None
        styles = held_out_styles(self.model, TYPICAL_FACES)[:, 0]
        return float(np.mean([self.consistency(self.model.as_wplus(w[None])) for w in styles]))

    @torch.inference_mode()
    def scores(self, latent: np.ndarray, face: np.ndarray) -> ProjectionScores:
        """latent: W+ [styles, D]; face: aligned, uint8 RGB [256, 256, 3], what it should look like."""
        wplus, goal = torch.from_numpy(latent)[None], image_to_tensor(face)
        rendered = F.interpolate(self.full(wplus), size=(SIDE, SIDE), mode="area")
        identity = None if self.identity is None else self.identity(rendered, goal).item()
        consistency, typical = (self.consistency(wplus), self.typical) if self.subs else (None, None)
        return ProjectionScores(
            psnr=image_metrics.psnr(rendered, goal).item(),
            enl0=image_metrics.enl0(self.perceptual, rendered, goal).item(),
            identity=identity,
            same_person=None if identity is None else identity < SAME_PERSON,
            consistency=consistency,
            consistency_ratio=consistency / typical if consistency is not None and typical else None,
            deviation=((wplus[0] - self.model.mean_style) / self.sigma).square().mean().sqrt().item(),
        )

    @torch.inference_mode()
    def full(self, wplus: Tensor) -> Tensor:
        """W+ [1, styles, D] → the full image, at half its size where that is 256 px at least."""
        fast = self._fast
        halves = self.model.config.resolution >= 2 * SIDE
        return (fast.half_size(wplus) if halves else fast(wplus).float()).clamp(-1, 1)

    @torch.inference_mode()
    def render(self, sub: SubGenerator, wplus: Tensor) -> Tensor:
        """W+ [1, styles, D] → the sub-generator's image [1, 3, R, R], −1…1."""
        network = self._networks[sub]
        return network(wplus[:, : network.config.styles]).float().clamp(-1, 1)

    @torch.inference_mode()
    def consistency(self, wplus: Tensor) -> float:
        """Mean ENL0, for W+ [1, styles, D], between what each of `subs` renders and the full image at its resolution,
        at most 256 px."""
        full = self.full(wplus)
        images = [(self.render(sub, wplus), F.adaptive_avg_pool2d(full, sub.resolution)) for sub in self.subs]
        return float(np.mean([image_metrics.enl0(self.perceptual, rendered, goal).item() for rendered, goal in images]))

    @cached_property
    def sigma(self) -> Tensor:
        """[D], the standard deviation of each dimension of w."""
        return style_deviation(self.model)

    @cached_property
    def _fast(self) -> ElasticGenerator:
        return self.model.with_fast_features() if has_fast_bfloat16() else self.model

    @cached_property
    def _networks(self) -> dict[SubGenerator, ElasticGenerator]:
        networks = {sub: self.model.extract(sub) for sub in self.subs}
        return {sub: n.with_fast_features() if has_fast_bfloat16() else n for sub, n in networks.items()}


def identity_if_fetched() -> IdentityDistance | None:
    try:
        return load_identity()
    except AnycostError:
        return None  # an optional part
