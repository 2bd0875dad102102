"""ENL0: a perceptual distance on the features of an ImageNet-trained EfficientNet-Lite0.

Built like LPIPS without its learnt weights: features of four blocks, normalised over channels, squared differences
summed over channels, averaged over places and blocks. It is not LPIPS (no package carries VGG's weights): its
numbers must not be compared with LPIPS's.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.hub.catalogue import path_of

TAPS = (0, 2, 4, 10)  # blocks whose outputs are compared; strides 2, 4, 8, 16
HALVING = (1, 3, 5)  # blocks with stride 2 (up to the last tap)


class Convolution(nn.Module):
    """A convolution with its batch normalisation folded in, padded as TensorFlow's SAME does."""

    def __init__(self, state: dict[str, Tensor], conv: str, norm: str, stride: int = 1) -> None:
        super().__init__()
        scale = state[f"{norm}.weight"] * torch.rsqrt(state[f"{norm}.running_var"] + 1e-3)
        weight = state[f"{conv}.weight"] * scale[:, None, None, None]
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
        self.bias = nn.Parameter(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale, requires_grad=False)
        self.stride = stride
        self.groups = weight.shape[0] if weight.shape[1] == 1 else 1

    def forward(self, x: Tensor) -> Tensor:
        kernel, padding = self.weight.shape[-1], self.weight.shape[-1] // 2
        if self.stride == 2:  # even sizes: one row and column less before than after
            x, padding = F.pad(x, (kernel // 2 - 1, kernel // 2, kernel // 2 - 1, kernel // 2)), 0
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)


class Block(nn.Module):
    """Expand 1×1, depthwise, project 1×1; a shortcut where the shape stays."""

    def __init__(self, state: dict[str, Tensor], index: int) -> None:
        super().__init__()
        name = f"_blocks.{index}"
        has_expansion = f"{name}._expand_conv.weight" in state
        self.expand = Convolution(state, f"{name}._expand_conv", f"{name}._bn0") if has_expansion else None
        self.depthwise = Convolution(state, f"{name}._depthwise_conv", f"{name}._bn1", 2 if index in HALVING else 1)
        self.project = Convolution(state, f"{name}._project_conv", f"{name}._bn2")

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if y.shape == x.shape else y


class PerceptualDistance(nn.Module):
    """Pictures are [N, 3, H, W], RGB, −1…1; H and W multiples of 32."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.stem = Convolution(state, "_conv_stem", "_bn0", stride=2)
        self.blocks = nn.ModuleList(Block(state, i) for i in range(max(TAPS) + 1))

    def features(self, image: Tensor) -> list[Tensor]:
        """The compared features of each tap, of unit length over channels, float32."""
        x = F.relu6(self.stem(image.to(self.stem.weight.dtype)))
        taps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                taps.append(F.normalize(x.float(), dim=1, eps=1e-6))
        return taps

    def distance(self, a: list[Tensor], b: list[Tensor], weight: Tensor | None = None) -> Tensor:
        """ENL0 [N] between `features` of two pictures; weight [N, 1, H, W]: what counts where (mean 1)."""
        total = torch.zeros(len(a[0]), device=a[0].device)
        for x, y in zip(a, b, strict=True):
            error = (x - y).square().sum(1, keepdim=True)
            if weight is not None:
                error = error * F.interpolate(weight, size=error.shape[-2:], mode="area")
            total = total + error.mean((1, 2, 3))
        return total / len(TAPS)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """ENL0 [N] between pictures."""
        return self.distance(self.features(a), self.features(b))


def load_perceptual() -> PerceptualDistance:
    """With the fetched weights, in float32. Raises AnycostError when they are missing or damaged."""
    path = path_of("perceptual")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return PerceptualDistance(state).eval()
    except Exception as error:  # reading damaged bytes as a pickle fails in a dozen ways
        raise AnycostError(f"the model file {path} is damaged", "run 'anycost models fetch'") from error
