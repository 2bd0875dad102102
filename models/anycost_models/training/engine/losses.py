"""The distillation loss: pixel and perceptual distances between a sub-generator's images and its teacher's.

The consistency loss of Anycost GANs (Lin et al. 2021, arXiv 2103.03243), with ENL0 as the perceptual distance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.training.engine.stage import DistillationSettings

MAX_SIDE = 256  # pixels: larger images are cropped to this for the perceptual distance
FLOOR = 1e-4  # mean squared error (46 dB) at which the logarithmic term saturates


class DistillationLoss:
    """The loss against one teacher image. Its features are computed once and shared by several students."""

    def __init__(
        self,
        target: Tensor,  # [N, 3, R, R], −1…1
        perceptual: PerceptualDistance,
        weights: DistillationSettings,
        corner: tuple[float, float] = (0.0, 0.0),  # top and left of the crop for the perceptual distance, 0…1
    ) -> None:
        self.target, self.perceptual, self.weights = target, perceptual, weights
        self.top, self.left = (int(c * max(target.shape[-1] - MAX_SIDE, 0)) for c in corner)
        with torch.no_grad():
            self.features = perceptual.features(self._crop(target)) if weights.perceptual > 0 else []

    def __call__(self, images: dict[int, Tensor]) -> dict[str, Tensor]:
        """The weighted terms of the loss, scalars by name.

        images: resolution → [N, 3, R, R], as `ElasticGenerator.all_images` returns them; the largest resolution is
        the target's. Each is compared with the target, area-downsampled."""
        weights, highest = self.weights, max(images)
        zero = torch.zeros((), device=self.target.device)
        terms = {"squared": zero, "logarithm": zero, "absolute": zero}
        for resolution, image in images.items():
            error = image.float() - F.avg_pool2d(self.target, highest // resolution)
            share = 1.0 if resolution == highest else weights.lower_exits / max(len(images) - 1, 1)
            squared = error.square().mean((1, 2, 3))
            terms["squared"] = terms["squared"] + share * weights.squared * squared.mean()
            logarithm = (squared + FLOOR).log().mean()
            terms["logarithm"] = terms["logarithm"] + share * weights.logarithm * logarithm
            terms["absolute"] = terms["absolute"] + share * weights.absolute * error.abs().mean()
        if self.features:
            features = self.perceptual.features(self._crop(images[highest].float()))
            terms["perceptual"] = weights.perceptual * self.perceptual.distance(features, self.features).mean()
        return terms

    def _crop(self, image: Tensor) -> Tensor:
        return image[:, :, self.top : self.top + MAX_SIDE, self.left : self.left + MAX_SIDE]
