"""Generated faces to learn from: a pool of latents, each drawn once by the teacher and kept on disk.

Everything about face i follows from the seed and i alone, so that a resumed or distributed training sees the same.
A GPU draws faster than is worth keeping: there every sample of a distillation is a face of its own.
"""

import math
import os
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.training.engine.stage import Data

AT_ONCE = 32  # faces that a GPU draws together


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
            raise AnycostError("a generator is distilled from its own full pictures", "leave `exit` out of the stage")
        drawn_at = data.exit or teacher.config.resolution // 2
        if (data.exit and data.exit not in teacher.config.exits) or self.side > drawn_at:
            known = ", ".join(str(r) for r in teacher.config.exits if r >= self.side)
            raise AnycostError(
                f"faces of {self.side} px cannot be drawn at {drawn_at} px", f"choose an exit of {known}"
            )
        drawing = teacher.extract(SubGenerator(data.exit)) if data.exit else teacher
        self.teacher = drawing.with_fast_features() if fast else drawing
        cache.mkdir(parents=True, exist_ok=True)
        shape = (data.pool, self.side, self.side, 3)
        path = cache / f"faces-{data.pool}-{seed}-{self.side}{_mark(data)}.npy"
        if not path.exists():  # aside, since other processes of the same training may be doing this too
            if math.prod(shape) > shutil.disk_usage(cache).free:
                raise AnycostError(f"{data.pool} faces take {math.prod(shape) >> 20} MiB in {cache}", "free some")
            aside = path.with_suffix(f".{os.getpid()}.part")
            np.lib.format.open_memmap(aside, mode="w+", dtype=np.uint8, shape=shape)  # sparse until drawn
            os.replace(aside, path)
        self.pictures = np.lib.format.open_memmap(path, mode="r+")
        if self.pictures.shape != shape or self.pictures.dtype != np.uint8:
            raise AnycostError(f"{path} is not what this training keeps there", "remove it")

    @property
    def device(self) -> torch.device:
        """The teacher's."""
        return self.exact.mean_style.device

    def faces(self, indices: Sequence[int], resolution: int) -> tuple[Tensor, Tensor]:
        """Latents [N, styles, D], and what the teacher draws of them, area-downsampled to `resolution`: float32
        [N, 3, R, R]; on the teacher's device."""
        on_gpu = self.device.type == "cuda"
        latents = self.latents(indices if on_gpu else [index % self.data.pool for index in indices])
        parts = latents.split(AT_ONCE if on_gpu else 1)
        with torch.no_grad():
            if resolution > self.side:
                pictures = torch.cat([self.teacher(part).float().clamp(-1, 1) for part in parts])
            elif on_gpu:
                pictures = torch.cat([self._draw(part) for part in parts])
            else:
                pictures = torch.stack([self.pooled(index) for index in indices])
        return latents, F.avg_pool2d(pictures, pictures.shape[-1] // resolution)

    def latents(self, indices: Sequence[int]) -> Tensor:
        """W+ [N, styles, D]"""
        config = self.exact.config
        z, psi, shares = (
            torch.stack(parts).to(self.device) for parts in zip(*map(self._chances, indices), strict=True)
        )
        with torch.no_grad():
            w = self.exact.mapping(z.flatten(0, 1)).unflatten(0, (len(z), -1))  # of the face, and of what is mixed in
            w = torch.lerp(self.exact.mean_style, w, psi[:, None, None])
            rows, others = (part.expand(-1, config.styles, -1) for part in (w[:, :1], w[:, 1:]))
            return torch.lerp(rows, others, shares[..., None])

    def _chances(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """z of the face and of one that is mixed in, or one for each row [2 or 1 + styles, D]; ψ; and how much of
        those every row takes [styles]."""
        data, config = self.data, self.exact.config
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + index)
        z = torch.randn(2, config.style_dim, generator=rng)
        chance = torch.rand(5, generator=rng)
        low, high = data.truncation
        share = torch.zeros(config.styles)
        if chance[1] < data.mixing / 2:
            share[int(chance[2] * config.styles) :] = 1.0
        elif chance[1] < data.mixing:  # as projections are: every row a little its own
            share = chance[2] * torch.rand(config.styles, generator=rng)
        if data.strangers:
            others = z[1:].expand(config.styles, -1)
            if chance[3] < data.strangers:
                others = torch.randn(config.styles, config.style_dim, generator=rng)
                share = chance[2] * torch.rand(config.styles, generator=rng)
            z = torch.cat([z[:1], others])
        return z, low + (high - low) * chance[0], share

    def kept(self, index: int) -> np.ndarray:
        """A face of the pool: uint8 [side, side, 3]."""
        index %= self.data.pool
        if not self.pictures[index].any():
            self._keep([index])
        return np.array(self.pictures[index])

    def pooled(self, index: int) -> Tensor:
        """The same as float32 [3, side, side], −1…1, in the processor's memory."""
        return torch.from_numpy(self.kept(index)).permute(2, 0, 1).float() / 127.5 - 1

    def fill(self) -> None:
        """Draws what is missing in the pool, for processes that read it and have no GPU."""
        middle = self.side // 2
        missing = [index for index in range(self.data.pool) if not self.pictures[index, middle, middle].any()]
        with tqdm(total=len(missing), desc="drawing faces", unit="face") as bar:
            for start in range(0, len(missing), AT_ONCE):
                self._keep(missing[start : start + AT_ONCE])
                bar.update(AT_ONCE)

    @torch.no_grad()
    def _keep(self, indices: Sequence[int]) -> None:
        drawn = self._draw(self.latents(indices)).permute(0, 2, 3, 1)
        # 0 says: not drawn yet
        self.pictures[indices] = drawn.add(1).mul(127.5).round().clamp(1, 255).byte().cpu().numpy()

    def _draw(self, latent: Tensor) -> Tensor:
        """[N, 3, side, side], −1…1"""
        if self.data.exit:
            picture = self.teacher(latent[:, : self.teacher.config.styles]).float()
        else:
            picture = self.teacher.half_size(latent)
        return F.avg_pool2d(picture.clamp(-1, 1), picture.shape[-1] // self.side)


def _mark(data: Data) -> str:
    """Of faces that are drawn otherwise than usual, so that nobody takes them for those."""
    plain = Data()
    settings: tuple[object, ...] = (data.generator, data.truncation, data.mixing, data.exit)
    usual = (plain.generator, plain.truncation, plain.mixing, plain.exit)
    settings += (data.strangers,) if data.strangers else ()
    return "" if settings == usual else f"-{zlib.crc32(repr(settings).encode()):08x}"
