"""Generated faces with their parts: each drawn once by the full generator and kept on disk.

Face i follows from i alone. Half of them are edited, so that long hair, bald heads and turned ones are among them. What
the person matte finds nobody in is background, whatever its features look like: people further back, cloth, leaves.
"""

import os
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch

from anycost_models.editing.directions import Directions, load_directions
from anycost_models.export.onnx_export import to_onnx
from anycost_models.face.masks import matte
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import Network, load, load_bytes
from anycost_models.parsing.drawn_parts import DrawingWithParts, load_drawn_parts
from anycost_models.parsing.parts import PARTS, Parts

SIDE, PARTS_SIDE = 256, 128  # pixels, of pictures and of parts
HELD_OUT = 1_000_000  # where faces begin that no training sees
_WIDTHS = (0.5, 0.5, 0.5, 1.0)  # of the 256 px sub-generators that draw the pictures, in turn
_NOBODY = 0.04  # of the matte
_EDITS = (
    "age", "gender", "yaw", "pitch", "hair_length", "hair_volume", "fringe", "glasses", "beard", "hair_lightness",
    "hair_curl", "light_side",
)  # fmt: skip


class ParsedFaces:
    """`count` faces from number `first` on, kept in the folder `cache`.

    Raises AnycostError when a model file is missing."""

    def __init__(self, cache: Path, count: int, first: int = 0) -> None:
        self.count, self.first = count, first
        cache.mkdir(parents=True, exist_ok=True)
        self.images = _kept(cache / f"faces-{first}-{count}.npy", (count, SIDE, SIDE, 3))  # zeros: not drawn yet
        self.shares = _kept(cache / f"parts-{first}-{count}.npy", (count, len(PARTS), PARTS_SIDE, PARTS_SIDE))

    def face(self, index: int) -> tuple[np.ndarray, Parts]:
        """A face, drawn if need be: uint8 RGB [256, 256, 3] and its parts, 128 px."""
        index %= self.count
        if not self.images[index, SIDE // 2].any():
            self._draw(index)
        return np.array(self.images[index]), Parts(np.float32(self.shares[index]) / 255)

    def latent(self, index: int) -> np.ndarray:
        """W+ [styles, D]: of one style, of two, or with a share of another one's in every row; or edited."""
        number, config = self.first + index, self.generator.config
        random = np.random.default_rng(50_000 + number)
        rng = torch.Generator().manual_seed(90_000_000 + number)
        z = torch.randn(2 + config.styles, config.style_dim, generator=rng)
        with torch.inference_mode():
            w = self.generator.styles(z, random.uniform(0.55, 1.0)).numpy()
        latent = np.repeat(w[:1], config.styles, 0)
        kind = random.random()
        if kind < 0.25:
            latent[int(random.integers(2, 14)) :] = w[1]
        elif kind < 0.45:
            share = random.random() * random.random(config.styles)[:, None]
            latent = (latent + (w[2:] - latent) * share).astype(np.float32)
        if random.random() < 0.55:
            names = random.choice(_EDITS, size=int(random.integers(1, 4)), replace=False)
            latent = self.directions.apply(latent, {str(name): float(random.uniform(-1.3, 1.3)) for name in names})
        return np.asarray(latent, np.float32)

    # What drawing needs, loaded when a face is missing.

    @cached_property
    def generator(self) -> MobileGenerator:
        generator = load_generator()
        if not isinstance(generator, MobileGenerator):
            raise TypeError("parts are known of the embedded generator only")
        return generator

    @cached_property
    def directions(self) -> Directions:
        return load_directions()

    @cached_property
    def matte(self) -> Network:
        return load(path_of("selfie_matte"), threads=1)

    @cached_property
    def networks(self) -> dict[float, Network]:
        """By the ratio of the sub-generator's channels: W+ → parts, picture."""
        config, parts = self.generator.config, load_drawn_parts()
        example = {"latent": torch.zeros(1, config.styles, config.style_dim)}
        drawing = {w: DrawingWithParts(self.generator, parts, SubGenerator(SIDE, w)) for w in dict.fromkeys(_WIDTHS)}
        return {
            width: load_bytes(to_onnx(module, example, ["parts", "picture"], {}), Path("drawing with parts"), threads=1)
            for width, module in drawing.items()
        }

    def _draw(self, index: int) -> None:
        shares, picture = self.networks[_WIDTHS[index % len(_WIDTHS)]](self.latent(index)[None])
        image = np.clip(np.rint(picture[0] * 255), 1, 255).astype(np.uint8)  # from 1 on: 0 means not drawn yet
        self.shares[index] = np.rint(self.cleaned(shares[0], image) * 255)
        self.images[index] = image

    def cleaned(self, shares: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Parts [P, 128, 128] without what is behind the person in the picture, uint8 RGB [256, 256, 3]."""
        person = cv2.resize(matte(image, self.matte), (PARTS_SIDE, PARTS_SIDE), interpolation=cv2.INTER_AREA)
        nobody = np.clip(2 - person / _NOBODY, 0, 1)
        cleaned = shares * (1 - nobody)
        cleaned[0] += nobody
        return np.asarray(cleaned, np.float32)


def _kept(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array in a file, made of zeros where there is none."""
    if not path.exists():
        temporary = path.with_suffix(f".{os.getpid()}.part")
        np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        os.replace(temporary, path)
    return np.lib.format.open_memmap(path, mode="r+")
