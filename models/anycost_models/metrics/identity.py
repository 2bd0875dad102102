"""Tells whether two faces are the same person's: the embedding of dlib's face recognition network.

Davis King's face recognition model for dlib, 2017: a ResNet (He et al., "Deep Residual Learning for Image Recognition",
2015, arXiv:1512.03385, section 3) of 29 layers. It is packaged in 8 bits, dequantised here and written in torch so that
gradients pass through.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.image_tensors import to_signed_float
from anycost_models.hub.catalogue import FIX_COMMAND, path_of

# Distance below which two faces are taken for one person's. Measured with CROP: photographs of one person
# lie 0.24-0.46 apart, of two at least 0.77; generated faces and their edits 0.2-0.3, two generated faces 0.70 ± 0.10.
# dlib's own threshold, 0.6, would take 17 % of the pairs of generated faces for one person's; this one takes 8 %.
SAME_PERSON = 0.55
CHIP = 150  # pixels: the side of the square that the network sees
# What of the FFHQ square that chip shows (centre x, y and side, in sides of the square): where dlib's own alignment
# puts it, on the mean of 48 generated faces. Of eleven crops compared, from the whole square to its half, this one
# pulls different people furthest apart (0.70; whole square: 0.49) and cares least about a shift or a mirror image.
CROP = (0.5, 0.605, 0.68)
_MEAN = (122.782, 117.001, 104.298)  # RGB, 0…255

_BLOCKS = (  # name, output channels, whether it halves the image
    *((f"conv32_{i}", 32, False) for i in (1, 2, 3)),
    ("conv64_down", 64, True),
    *((f"conv64_{i}", 64, False) for i in (1, 2, 3)),
    ("conv128_down", 128, True),
    *((f"conv128_{i}", 128, False) for i in (1, 2)),
    ("conv256_down", 256, True),
    *((f"conv256_{i}", 256, False) for i in (1, 2)),
    ("conv256_down_out", 256, True),
)


class Convolution(nn.Module):
    """With its bias and the scale and shift per channel that follow folded in."""

    def __init__(self, tensors: dict[str, Tensor], name: str, stride: int = 1) -> None:
        super().__init__()
        scale = tensors[f"{name}/scale/weights"]
        weight = tensors[f"{name}/conv/filters"].permute(3, 2, 0, 1) * scale[:, None, None, None]
        bias = tensors[f"{name}/conv/bias"] * scale + tensors[f"{name}/scale/biases"]
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] → [N, outputs, H / stride, W / stride]; unpadded where the stride is 2."""
        return F.conv2d(x, self.weight, self.bias, self.stride, 1 if self.stride == 1 else 0)


class Block(nn.Module):
    """Two 3×3 convolutions and a shortcut, by 2×2 means where the block halves the image."""

    def __init__(self, tensors: dict[str, Tensor], name: str, halves: bool) -> None:
        super().__init__()
        self.conv1 = Convolution(tensors, f"{name}/conv1", 2 if halves else 1)
        self.conv2 = Convolution(tensors, f"{name}/conv2")
        self.halves = halves

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] → [N, outputs, H, W], or half of both sides where the block halves."""
        y = self.conv2(F.relu(self.conv1(x)))
        if self.halves:
            x = F.avg_pool2d(x, 2)
            # The shorter of the two goes on as zeros: channels of the shortcut, a row and a column of the rest.
            x = F.pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
            y = F.pad(y, (0, x.shape[3] - y.shape[3], 0, x.shape[2] - y.shape[2]))
        return F.relu(x + y)


class IdentityDistance(nn.Module):
    """Images are FFHQ-aligned squares [N, 3, S, S], RGB, −1…1, S ≥ 64."""

    mean: Tensor

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        """tensors: by their names in the manifest, in TensorFlow's layout; `layout` has their shapes."""
        super().__init__()
        self.stem = Convolution(tensors, "conv32_down", stride=2)
        self.blocks = nn.Sequential(*(Block(tensors, name, halves) for name, _, halves in _BLOCKS))
        self.fc = nn.Parameter(tensors["fc"].T.contiguous(), requires_grad=False)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)

    def embed_chip(self, chip: Tensor) -> Tensor:
        """Embeddings [N, 128] of dlib's face chips [N, 3, 150, 150], RGB, 0…255."""
        x = (chip - self.mean) / 256
        x = F.max_pool2d(F.relu(self.stem(x.contiguous(memory_format=torch.channels_last))), 3, 2)
        return F.linear(self.blocks(x).mean((2, 3)), self.fc)

    def embed(self, image: Tensor) -> Tensor:
        """Embeddings [N, 128]. Faces lie about 0.4 apart if they are the same person's, else about 0.75."""
        return self.embed_chip((face_chip(image).clamp(-1, 1) + 1) * 127.5)

    @torch.inference_mode()
    def of_image(self, image: np.ndarray) -> np.ndarray:
        """FFHQ-aligned uint8 RGB [S, S, 3] → embedding [128]."""
        found: np.ndarray = self.embed(to_signed_float(torch.from_numpy(image).permute(2, 0, 1)[None]))[0].numpy()
        return found

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The distance [N] between the faces in two sets of images: below SAME_PERSON they are one person's."""
        return distance(self.embed(a), self.embed(b))


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Between embeddings [N, 128]: [N], Euclidean; its gradient is finite at 0 as well."""
    return ((a - b).square().sum(1) + 1e-12).sqrt()


def face_chip(image: Tensor) -> Tensor:
    """What dlib would cut out of FFHQ-aligned squares [N, 3, S, S], as [N, 3, 150, 150], antialiased."""
    side = image.shape[-1]
    x, y, size = (side * part for part in CROP)
    # Cut at whole pixels: half of one is a hundredth of the chip at most, and the network was trained on worse.
    left, top, size = round(x - size / 2), round(y - size / 2), round(size)
    chip = image[..., top : top + size, left : left + size]
    # As interpolate does to an image, whose gradient would differ in its last bits from one time to the next.
    columns = torch.eye(size, dtype=image.dtype, device=image.device)[None, None]
    reduce = F.interpolate(columns, (CHIP, size), mode="bilinear", align_corners=False, antialias=True)[0, 0]
    return reduce @ chip @ reduce.T


def load_identity() -> IdentityDistance:
    """With the fetched weights, in float32. Raises AnycostError when they are missing or damaged."""
    path, manifest = path_of("identity"), path_of("identity_manifest")
    try:
        return IdentityDistance(read_tensors(path.read_bytes(), manifest.read_bytes())).eval()
    except (OSError, ValueError) as error:
        raise AnycostError(f"the model file {path} or {manifest.name} is damaged", FIX_COMMAND) from error


def layout() -> dict[str, tuple[int, ...]]:
    """The name and shape of every tensor of the network, as its manifest must list them."""
    shapes: dict[str, tuple[int, ...]] = dict(_convolution("conv32_down", 7, 3, 32))
    width = 32
    for name, channels, _ in _BLOCKS:
        shapes |= _convolution(f"{name}/conv1", 3, width, channels)
        shapes |= _convolution(f"{name}/conv2", 3, channels, channels)
        width = channels
    return shapes | {"fc": (256, 128)}


def _convolution(name: str, kernel: int, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}/conv/filters", (kernel, kernel, inputs, outputs)
    for what in ("conv/bias", "scale/weights", "scale/biases"):
        yield f"{name}/{what}", (outputs,)


def read_tensors(data: bytes, manifest: bytes) -> dict[str, Tensor]:
    """The float32 tensors of a TensorFlow.js weights file, 8-bit ones as minimum + scale · value.

    Raises ValueError unless the manifest lists exactly the tensors of `layout`, and the file holds those and no more.
    """
    try:
        (group,) = json.loads(manifest)
        entries = {entry["name"]: entry for entry in group["weights"]}
        if len(entries) != len(group["weights"]):
            raise ValueError("a tensor is listed twice")
        wanted, found = layout(), {name: tuple(entry["shape"]) for name, entry in entries.items()}
        if found != wanted:
            raise ValueError(f"other tensors than expected: {sorted(set(found.items()) ^ set(wanted.items()))[:2]}")
        tensors, start = {}, 0
        for name, entry in entries.items():  # in the file's order
            stored, scale, least = _encoding(entry)
            values = np.frombuffer(data, stored, math.prod(found[name]), start)
            start += values.nbytes
            with np.errstate(invalid="ignore", over="ignore"):
                array = values.astype(np.float32) * np.float32(scale) + np.float32(least)
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are no numbers")
            tensors[name] = torch.from_numpy(array.reshape(found[name]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a weights manifest: {error}") from error
    if start != len(data):
        raise ValueError(f"{len(data)} bytes where the manifest lists {start}")
    return tensors


def _encoding(entry: dict[str, Any]) -> tuple[np.dtype[Any], float, float]:
    """How a tensor's values are stored; its scale and minimum."""
    if entry["dtype"] != "float32":
        raise ValueError(f"{entry['name']} is of type {entry['dtype']}")
    if "quantization" not in entry:
        return np.dtype("<f4"), 1.0, 0.0
    packed = entry["quantization"]
    if packed["dtype"] != "uint8":
        raise ValueError(f"{entry['name']} is stored as {packed['dtype']}")
    return np.dtype("u1"), float(packed["scale"]), float(packed["min"])
