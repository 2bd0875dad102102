"""The parser for photographs: an aligned face of 256 px → its parts, softly, at 128 px.

A U-Net (Ronneberger et al., 2015, arXiv:1505.04597): EfficientNet-Lite0, as the encoder's training left it, goes down;
depthwise separable convolutions come up again, one block at each stride.
"""

import dataclasses
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import Family, load_network, save_tensors
from anycost_models.metrics.efficientnet_lite import EfficientNetLite0
from anycost_models.metrics.imagenet_weights import CHANNELS
from anycost_models.parsing.parser_config import FAMILY, STRIDES, ParserConfig
from anycost_models.weights import EMBEDDED_PARSER


class Up(nn.Module):
    """One block on the way up: the trunk's features of this stride and what the coarser block found."""

    def __init__(self, features: int, coarser: int, width: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(features, width, 1)
        self.coarser = nn.Conv2d(coarser, width, 1, bias=False) if coarser else None
        self.first = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, width, 1))
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, width, 1))

    def forward(self, features: Tensor, coarser: Tensor | None) -> Tensor:
        """[N, features, h, w], [N, coarser, h / 2, w / 2] → [N, width, h, w]."""
        x = self.lateral(features)
        if self.coarser is not None and coarser is not None:
            x = x + F.interpolate(self.coarser(coarser), scale_factor=2.0, mode="bilinear", align_corners=False)
        x = F.relu(x)
        x = F.relu(x + self.first(x))
        return F.relu(x + self.second(x))


class FaceParser(nn.Module):
    """Faces [N, 3, R, R], FFHQ-aligned, RGB, −1…1 → logits of the parts [N, P, R/2, R/2]."""

    def __init__(self, config: ParserConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ParserConfig()
        self.trunk = EfficientNetLite0()
        coarser = (0, *config.widths)
        self.up = nn.ModuleList(Up(CHANNELS[stride], coarser[i], config.widths[i]) for i, stride in enumerate(STRIDES))
        self.parts = nn.Conv2d(config.widths[-1], len(config.parts), 1)

    def forward(self, face: Tensor) -> Tensor:
        """[N, 3, R, R] → [N, P, R/2, R/2]."""
        features = self.trunk(face.contiguous(memory_format=torch.channels_last))
        x = None
        for block, stride in zip(self.up, STRIDES, strict=True):
            x = block(features[stride], x)
        logits: Tensor = self.parts(x)
        return logits


class SoftParts(nn.Module):
    """What is exported: faces uint8-valued [1, R, R, 3] as float32 0…255 → shares of the parts [1, P, R, R]."""

    def __init__(self, parser: FaceParser) -> None:
        super().__init__()
        self.parser = parser

    def forward(self, face: Tensor) -> Tensor:
        """[1, R, R, 3] → [1, P, R, R], adding up to 1 at each pixel."""
        logits = self.parser(face.permute(0, 3, 1, 2) / 127.5 - 1)
        return F.interpolate(logits, scale_factor=2.0, mode="bilinear", align_corners=False).softmax(1)


def save_parser(model: FaceParser, path: Path) -> None:
    """As fp16. Raises AnycostError when it cannot be written; a file that was there is untouched then."""
    tensors = {name: tensor.detach().half() for name, tensor in model.state_dict().items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise AnycostError(f"cannot write {path}: the parser holds values that fp16 cannot", "train it again")
    save_tensors(tensors, FAMILY, dataclasses.asdict(model.config), path)


def load_parser(path: Path = EMBEDDED_PARSER) -> FaceParser:
    """float32, for inference. AnycostError when it is missing, damaged or foreign."""
    families = {FAMILY: Family(ParserConfig, FaceParser, torch.float16)}
    return cast(FaceParser, load_network(path, families, "network"))
