"""EfficientNet-Lite0: the convolutions, with ImageNet's weights and their batch norms folded in.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, arXiv:1905.11946, table 1,
in Google's Lite variant: ReLU6 in place of swish, no squeeze-and-excitation. The classifier is left out.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.metrics.imagenet_weights import BLOCKS, LAST_BLOCKS, STEM, imagenet_weights


class Convolution(nn.Conv2d):
    """Padded as TensorFlow's SAME does for even sizes: at stride 2 one row and column less before than after."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0 if stride == 2 else kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] → [N, outputs, H / stride, W / stride]."""
        if self.stride[0] == 2:
            before, after = self.kernel_size[0] // 2 - 1, self.kernel_size[0] // 2
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


class Block(nn.Module):
    """Inverted residual (Sandler et al., "MobileNetV2", 2018, arXiv:1801.04381, section 3.3): expand 1×1, depthwise,
    project 1×1; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = Convolution(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = Convolution(inner, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] → [N, outputs, H / stride, W / stride]."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if y.shape == x.shape else y


class EfficientNetLite0(nn.Module):
    """Images [N, inputs, H, W], −1…1, sides multiples of `deepest` → features by stride."""

    def __init__(self, inputs: int = 3, deepest: int = 32) -> None:
        """deepest: the largest stride in pixels whose features are computed, one of LAST_BLOCKS."""
        super().__init__()
        self.stem = Convolution(inputs, STEM, 3, stride=2)
        blocks = BLOCKS[: LAST_BLOCKS[deepest] + 1]
        widths = (STEM, *(channels for channels, *_ in blocks))
        self.blocks = nn.Sequential(*(Block(width, *block) for width, block in zip(widths, blocks, strict=False)))

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        """Stride 2, 4 … deepest → [N, CHANNELS[stride], H / stride, W / stride]."""
        return dict(self.by_stride(x))

    def by_stride(self, x: Tensor) -> Iterator[tuple[int, Tensor]]:
        """The same, one stride after the other as they are computed."""
        strides = {block: stride for stride, block in LAST_BLOCKS.items()}
        x = F.relu6(self.stem(x))
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in strides:
                yield strides[i], x

    @torch.no_grad()
    def load_imagenet(self) -> None:
        """Takes the fetched weights; input channels past the first three get 0, so that they change nothing.

        A network on the meta device takes the tensors themselves. Raises AnycostError when the model file is missing or
        damaged.
        """
        deepest = next(stride for stride, block in LAST_BLOCKS.items() if block + 1 == len(self.blocks))
        weights = {name: torch.from_numpy(value) for name, value in imagenet_weights(deepest).items()}
        extra = self.stem.weight.shape[1] - weights["stem.weight"].shape[1]
        weights["stem.weight"] = F.pad(weights["stem.weight"], (0, 0, 0, 0, 0, extra))
        self.load_state_dict(weights, assign=self.stem.weight.is_meta)
