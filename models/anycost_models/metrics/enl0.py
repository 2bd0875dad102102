"""ENL0: a perceptual distance on the features of an ImageNet-trained EfficientNet-Lite0.

Built like LPIPS without its learnt weights (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", 2018, arXiv:1801.03924, section 3, equation 1): features of four blocks, normalised over channels,
squared differences summed over channels, averaged over positions and blocks. It is not LPIPS (no package carries VGG's
weights): its numbers must not be compared with LPIPS's.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.metrics.efficientnet_lite import EfficientNetLite0

STRIDES = (2, 4, 8, 16)  # pixels: of the features that are compared


class PerceptualDistance(nn.Module):
    """Images are [N, 3, H, W], RGB, −1…1; H and W multiples of 32."""

    def __init__(self) -> None:
        """Without weights, on the meta device; `load_perceptual` gives the fetched ones."""
        super().__init__()
        with torch.device("meta"):
            self.network = EfficientNetLite0(deepest=max(STRIDES))

    def features(self, image: Tensor) -> list[Tensor]:
        """The compared features of each stride, float32 [N, C, H / stride, W / stride], unit length over channels."""
        found = self.network.by_stride(image.to(self.network.stem.weight.dtype))
        # Normalised at once: autograd sums a block's gradients in the order of the calls, to the same last bits.
        return [F.normalize(features.float(), dim=1, eps=1e-6) for _, features in found]

    def distance(self, a: list[Tensor], b: list[Tensor], weight: Tensor | None = None) -> Tensor:
        """ENL0 [N], 0 or more, between `features` of two images; weight [N, 1, H, W]: what counts where (mean 1)."""
        total = torch.zeros(len(a[0]), device=a[0].device)
        for x, y in zip(a, b, strict=True):
            error = (x - y).square().sum(1, keepdim=True)
            if weight is not None:
                error = error * F.interpolate(weight, size=error.shape[-2:], mode="area")
            total = total + error.mean((1, 2, 3))
        return total / len(STRIDES)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """ENL0 [N] between images."""
        return self.distance(self.features(a), self.features(b))


def load_perceptual() -> PerceptualDistance:
    """With the fetched weights, float32, frozen. Raises AnycostError when they are missing or damaged."""
    perceptual = PerceptualDistance()
    perceptual.network.load_imagenet()
    for parameter in perceptual.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)  # quicker on CPUs
    return perceptual.eval().requires_grad_(False)
