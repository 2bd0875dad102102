"""Generated faces to learn from: a pool of latents, each drawn once by the teacher and kept on disk.

Everything about face i follows from the seed and i alone, so that a resumed or distributed training sees the same.
"""

import math
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.elastic import ElasticGenerator, SubGenerator
from anycost_models.errors import AnycostError
from anycost_models.training.stage import Data


class GeneratedFaces:
    """teacher: a float32 generator; fast: draw in bfloat16 (46 dB away; students are 20 to 30 dB away); side: pixels of
    what is kept (half of the full resolution, if not said). Raises AnycostError for a side that can't be had."""

    def __init__(
        self,
        teacher: ElasticGenerator,
        data: Data,
        seed: int,
        cache: Path,
        fast: bool,
        side: int = 0,
    ) -> None:
        self.exact, self.data, self.seed = teacher, data, seed
        self.side = side or teacher.config.resolution // 2  # larger pictures are drawn again each time
        if data.exit and not side:
            raise AnycostError("a generator is distilled from its own full pictures: leave `exit` out of the stage")
        drawn_at = data.exit or teacher.config.resolution // 2
        if (data.exit and data.exit not in teacher.config.exits) or self.side > drawn_at:
            known = ", ".join(str(r) for r in teacher.config.exits if r >= self.side)
            raise AnycostError(f"faces of {self.side} px cannot be drawn at {drawn_at} px: choose an exit of {known}")
        drawing = teacher.extract(SubGenerator(data.exit)) if data.exit else teacher
        self.teacher = drawing.with_fast_features() if fast else drawing
        cache.mkdir(parents=True, exist_ok=True)
        shape = (data.pool, self.side, self.side, 3)
        path = cache / f"faces-{data.pool}-{seed}-{self.side}{_mark(data)}.npy"
        if not path.exists():  # aside, since other processes of the same training may be doing this too
            if math.prod(shape) > shutil.disk_usage(cache).free:
                raise AnycostError(f"{data.pool} faces take {math.prod(shape) >> 20} MiB in {cache}: free some")
            aside = path.with_suffix(f".{os.getpid()}.part")
            np.lib.format.open_memmap(aside, mode="w+", dtype=np.uint8, shape=shape)  # sparse until drawn
            os.replace(aside, path)
        self.pictures = np.lib.format.open_memmap(path, mode="r+")
        if self.pictures.shape != shape or self.pictures.dtype != np.uint8:
            raise AnycostError(f"{path} is not what this training keeps there: remove it")

    def latent(self, index: int) -> Tensor:
        """W+ [1, styles, D] of face `index`."""
        config = self.exact.config
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + index)
        z = torch.randn(2, config.style_dim, generator=rng)
        chance = torch.rand(5, generator=rng).tolist()
        low, high = self.data.truncation
        with torch.no_grad():
            w = torch.lerp(self.exact.mean_style, self.exact.mapping(z), low + (high - low) * chance[0])
            share = torch.zeros(config.styles)  # of the second face, by row
            if chance[1] < self.data.mixing / 2:
                share[int(chance[2] * config.styles) :] = 1.0
            elif chance[1] < self.data.mixing:  # as projections are: every row a little its own
                share = chance[2] * torch.rand(config.styles, generator=rng)
            return torch.lerp(w[0], w[1], share[:, None])[None]

    @torch.no_grad()
    def picture(self, index: int, resolution: int) -> tuple[Tensor, Tensor]:
        """The latent, and what the teacher draws of it, area-downsampled to `resolution`: float32 [1, 3, R, R]."""
        index %= self.data.pool
        latent = self.latent(index)
        if resolution > self.side:
            return latent, self.teacher(latent).float().clamp(-1, 1)
        kept = self.pictures[index]
        if not kept.any():
            drawn = self._draw(latent)[0].permute(1, 2, 0)
            kept[:] = drawn.add(1).mul(127.5).round().clamp(1, 255).byte().numpy()  # 0 says: not drawn yet
        picture = torch.from_numpy(np.array(kept)).permute(2, 0, 1)[None].float() / 127.5 - 1
        return latent, F.avg_pool2d(picture, self.side // resolution)

    def _draw(self, latent: Tensor) -> Tensor:
        """[1, 3, side, side], −1…1"""
        if self.data.exit:
            picture = self.teacher(latent[:, : self.teacher.config.styles]).float()
        else:
            picture = self.teacher.half_size(latent)
        return F.avg_pool2d(picture.clamp(-1, 1), picture.shape[-1] // self.side)


def _mark(data: Data) -> str:
    """Of faces that are drawn otherwise than usual, so that nobody takes them for those."""
    plain = Data()
    settings = (data.generator, data.truncation, data.mixing, data.exit)
    usual = (plain.generator, plain.truncation, plain.mixing, plain.exit)
    return "" if settings == usual else f"-{zlib.crc32(repr(settings).encode()):08x}"
