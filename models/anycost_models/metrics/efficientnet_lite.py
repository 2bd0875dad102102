"""EfficientNet-Lite0's convolutions, to be trained further: ImageNet's weights with their batch norms folded in."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.hub.catalogue import path_of

STEM = 32  # channels
BLOCKS = (  # output channels, kernel, stride, expansion
    (16, 3, 1, 1),
    (24, 3, 2, 6),
    (24, 3, 1, 6),
    (40, 5, 2, 6),
    (40, 5, 1, 6),
    (80, 3, 2, 6),
    *((80, 3, 1, 6),) * 2,
    *((112, 5, 1, 6),) * 3,
    (192, 5, 2, 6),
    *((192, 5, 1, 6),) * 3,
    (320, 3, 1, 6),
)
TAPS = {4: 8, 10: 16, 15: 32}  # block whose output is read: its stride in pixels
_NORMS = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}  # in the package's file
CHANNELS = {stride: BLOCKS[block][0] for block, stride in TAPS.items()}


class Convolution(nn.Conv2d):
    """Padded as TensorFlow's SAME does for even sizes: at stride 2 one row and column less before than after."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0 if stride == 2 else kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            before, after = self.kernel_size[0] // 2 - 1, self.kernel_size[0] // 2
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


class Block(nn.Module):
    """Expand 1×1, depthwise, project 1×1; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = Convolution(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = Convolution(inner, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if y.shape == x.shape else y


class Trunk(nn.Module):
    """Pictures [N, inputs, H, W], −1…1, sides multiples of 32 → features by stride (8, 16, 32 pixels)."""

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        self.stem = Convolution(inputs, STEM, 3, stride=2)
        widths = (STEM, *(channels for channels, *_ in BLOCKS))
        self.blocks = nn.Sequential(*(Block(width, *block) for width, block in zip(widths, BLOCKS, strict=False)))

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        """Stride → [N, CHANNELS[stride], H / stride, W / stride]."""
        x, features = F.relu6(self.stem(x)), {}
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                features[TAPS[i]] = x
        return features

    @torch.no_grad()
    def start_from_imagenet(self) -> None:
        """Take the fetched weights; input channels past the first three begin at 0, so that they change nothing.

        Raises AnycostError when the model file is missing or damaged.
        """
        path = path_of("perceptual")
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            _take(self.stem, state, "_conv_stem", "_bn0")
            for i, block in enumerate(self.blocks):
                for name, convolution in block.named_children():
                    _take(convolution, state, f"_blocks.{i}._{name}_conv", f"_blocks.{i}.{_NORMS[name]}")
        except Exception as error:  # reading damaged bytes as a pickle fails in a dozen ways
            raise AnycostError(f"the model file {path} is damaged", "run 'anycost models fetch'") from error


def _take(convolution: nn.Module, state: dict[str, Tensor], conv: str, norm: str) -> None:
    """The weights of one convolution, with the batch norm that follows it folded in."""
    scale = state[f"{norm}.weight"] * torch.rsqrt(state[f"{norm}.running_var"] + 1e-3)
    weight = state[f"{conv}.weight"] * scale[:, None, None, None]
    extra = convolution.get_parameter("weight").shape[1] - weight.shape[1]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    convolution.load_state_dict({"weight": F.pad(weight, (0, 0, 0, 0, 0, extra)), "bias": bias})
