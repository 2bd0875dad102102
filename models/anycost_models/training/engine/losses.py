"""What training minimises."""

import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.training.engine.stage import Distillation

SIDE = 256  # pixels at most of what the perceptual distance looks at
FLOOR = 1e-4  # mean squared error (46 dB) below which its logarithm hardly falls any further


class Distance:
    """From a teacher's picture: what is needed of it is computed once, for several students."""

    def __init__(
        self,
        goal: Tensor,  # [N, 3, R, R], −1…1
        perceptual: PerceptualDistance,
        weights: Distillation,
        corner: tuple[float, float] = (0.0, 0.0),  # 0..1: where larger pictures are cropped for the perceptual distance
    ) -> None:
        self.goal, self.perceptual, self.weights = goal, perceptual, weights
        self.top, self.left = (int(c * max(goal.shape[-1] - SIDE, 0)) for c in corner)
        with torch.no_grad():
            self.features = perceptual.features(self._crop(goal)) if weights.perceptual > 0 else []

    def __call__(self, pictures: dict[int, Tensor]) -> dict[str, Tensor]:
        """The terms of the loss. pictures: resolution → [N, 3, R, R], as all_pictures gives them, up to the goal's."""
        weights, highest = self.weights, max(pictures)
        nothing = torch.zeros((), device=self.goal.device)
        terms = {"squared": nothing, "logarithm": nothing, "absolute": nothing}
        for resolution, picture in pictures.items():
            error = picture.float() - F.avg_pool2d(self.goal, highest // resolution)
            share = 1.0 if resolution == highest else weights.lower_exits / max(len(pictures) - 1, 1)
            squared = error.square().mean((1, 2, 3))
            terms["squared"] = terms["squared"] + share * weights.squared * squared.mean()
            logarithm = (squared + FLOOR).log().mean()
            terms["logarithm"] = terms["logarithm"] + share * weights.logarithm * logarithm
            terms["absolute"] = terms["absolute"] + share * weights.absolute * error.abs().mean()
        if self.features:
            features = self.perceptual.features(self._crop(pictures[highest].float()))
            terms["perceptual"] = weights.perceptual * self.perceptual.distance(features, self.features).mean()
        return terms

    def _crop(self, picture: Tensor) -> Tensor:
        return picture[:, :, self.top : self.top + SIDE, self.left : self.left + SIDE]
