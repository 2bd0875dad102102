"""The encoder: an aligned face → its W+ latent in one pass, or in two, the second of which sees the first one's image.

Groups of rows read features of different strides, as in pSp (Richardson et al., "Encoding in Style", 2020,
arXiv:2008.00951, section 3): the rows that set pose and shape features of 32 pixels' stride, the next ones of 16, the
rows of colour and texture of 8; each group also takes the coarser group's hidden layer. A second pass corrects the
first, as in ReStyle (Alaluf et al., 2021, arXiv:2104.02699, section 3). Training starts from a linear map of all
features, the same for every row, which is solved in closed form.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import Family, load_network, save_tensors
from anycost_models.metrics.efficientnet_lite import EfficientNetLite0
from anycost_models.metrics.imagenet_weights import CHANNELS
from anycost_models.projection.encoder_config import FAMILY, POOLED, STRIDES, EncoderConfig


class Group(nn.Module):
    """The head of one group of rows, on the features of one stride and on the coarser group's hidden layer."""

    def __init__(self, channels: int, reduced: int, coarser: int, rows: int, config: EncoderConfig) -> None:
        super().__init__()
        self.rows, self.grid = rows, config.grid
        self.reduce = nn.Conv2d(channels, reduced, 1)
        self.local = nn.Conv2d(reduced, reduced, 3, padding=1, groups=reduced)
        self.read = nn.Linear(reduced * config.grid**2, config.hidden)
        self.hear = nn.Linear(coarser, config.hidden, bias=False) if coarser else None
        self.norm = nn.LayerNorm(config.hidden)
        self.offsets = nn.Linear(config.hidden, rows * config.style_dim)

    def forward(self, features: Tensor, coarser: Tensor | None) -> tuple[Tensor, Tensor]:
        """Features [N, C, h, w] → offsets [N, rows, D] and the hidden layer [N, hidden]."""
        x = F.gelu(self.reduce(features))
        x = F.gelu(x + self.local(x))
        block = x.shape[-1] // self.grid  # features to a place
        x = self.read(F.avg_pool2d(x, block).flatten(1))
        if self.hear is not None and coarser is not None:
            x = x + self.hear(coarser)
        x = F.gelu(self.norm(x))
        return self.offsets(x).unflatten(1, (self.rows, -1)), x


class Encoder(nn.Module):
    """Faces [N, 3, R, R], FFHQ-aligned, RGB, −1…1 → W+ [N, styles, D]."""

    mean_style: Tensor
    style_deviation: Tensor

    def __init__(self, config: EncoderConfig | None = None) -> None:
        """Random, but for what `start` takes in."""
        super().__init__()
        self.config = config = config or EncoderConfig()
        self.trunk = EfficientNetLite0(3 * config.passes)
        self.groups = nn.ModuleList(
            Group(CHANNELS[stride], config.reduced[i], config.hidden if i else 0, config.rows[i], config)
            for i, stride in enumerate(STRIDES)
        )
        self.places = min(POOLED, config.resolution // max(STRIDES))
        self.linear = nn.Linear(sum(CHANNELS[stride] for stride in STRIDES) * self.places**2, config.style_dim)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.register_buffer("mean_style", torch.zeros(config.style_dim))  # [D]
        self.register_buffer("style_deviation", torch.ones(config.style_dim))  # [D], of each element of w

    @torch.no_grad()
    def start(self, styles: Tensor) -> None:
        """Before training: ImageNet's trunk, and answers that lie near the mean of `styles`, many w [N, D].

        Raises AnycostError when the trunk's file is missing or damaged.
        """
        self.trunk.load_imagenet()
        self.mean_style.copy_(styles.mean(0))
        self.style_deviation.copy_(styles.std(0))
        for name, parameter in self.groups.named_parameters():
            if ".offsets." in name:
                parameter.mul_(0.02)

    def pooled(self, face: Tensor) -> Tensor:
        """What is read linearly of faces [N, 3, R, R]: [N, features]."""
        missing = 3 * self.config.passes - face.shape[1]
        face = F.pad(face, (0, 0, 0, 0, 0, missing)).contiguous(memory_format=torch.channels_last)
        return _pooled(self.trunk(face), self.places)

    @torch.no_grad()
    def solve(self, features: Tensor, latents: Tensor, ridge: float = 1.0) -> None:
        """The linear reading, by ridge regression in closed form.

        features: `pooled` of N faces; latents [N, styles, D]: what the rows' mean should be; ridge: relative to the
        mean squared size of a face's features.
        """
        wanted = (latents.mean(1) - self.mean_style) / self.style_deviation  # [N, D]
        middle, mean = features.mean(0), wanted.mean(0)
        x, y = (features - middle).double(), (wanted - mean).double()
        gram = x @ x.T  # N faces are fewer than features
        gram += ridge * gram.diagonal().mean() * torch.eye(len(x), dtype=torch.float64)
        self.linear.weight.copy_((x.T @ torch.linalg.solve(gram, y)).T)
        self.linear.bias.copy_(mean - self.linear.weight @ middle)

    def forward(self, face: Tensor, rendered: Tensor | None = None, latent: Tensor | None = None) -> Tensor:
        """One pass. rendered [N, 3, R, R]: what `latent` [N, styles, D] renders; the answer is then that and an offset.

        Without them (a first pass), the offset is to the mean style.
        """
        start = self.mean_style.expand(len(face), self.config.styles, -1) if latent is None else latent
        return start + self.offsets(face, rendered) * self.style_deviation

    def offsets(self, face: Tensor, rendered: Tensor | None = None) -> Tensor:
        """[N, styles, D] in standard deviations of w: what to regularise."""
        if self.config.passes > 1:
            face = torch.cat([face, torch.zeros_like(face) if rendered is None else rendered], 1)
        features = self.trunk(face.contiguous(memory_format=torch.channels_last))
        offsets, hidden = [], None
        for group, stride in zip(self.groups, STRIDES, strict=True):
            rows, hidden = group(features[stride], hidden)
            offsets.append(rows)
        found = torch.cat(offsets, 1)
        # A second pass corrects; what can be read off the face alone is in the first's answer already.
        return found if rendered is not None else found + self.linear(_pooled(features, self.places))[:, None]

    def encode(self, face: Tensor, render: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """The latent after each pass, the last one the best. render: W+ → images [N, 3, R, R], about −1…1."""
        latents = [self(face)]
        while len(latents) < self.config.passes:
            latents.append(self(face, render(latents[-1]).clamp(-1, 1), latents[-1]))
        return latents


def _pooled(features: dict[int, Tensor], places: int) -> Tensor:
    parts = (features[stride] for stride in STRIDES)
    return torch.cat([F.avg_pool2d(part, part.shape[-1] // places).flatten(1) for part in parts], 1)


def save_encoder(model: Encoder, path: Path) -> None:
    """As fp16. Raises AnycostError when it cannot be written; a file that was there is untouched then."""
    tensors = {name: tensor.detach().half() for name, tensor in model.state_dict().items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise AnycostError(f"cannot write {path}: the encoder holds values that fp16 cannot", "train it again")
    save_tensors(tensors, FAMILY, dataclasses.asdict(model.config), path)


def load_encoder(path: Path) -> Encoder:
    """The encoder in `path`, float32, for inference. AnycostError when it is missing, damaged or foreign."""
    families = {FAMILY: Family(EncoderConfig, Encoder, torch.float16)}
    return cast(Encoder, load_network(path, families, "network"))
