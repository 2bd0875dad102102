"""Generated training faces: a pool of latents, each rendered once by the teacher and cached on disk.

Face i follows from the seed and i alone, so resumed and distributed runs see the same faces. On a GPU rendering is
faster than reading the cache: there, every sample of a distillation is a new face.
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
from anycost_models.generators.image_tensors import to_signed_float
from anycost_models.training.engine.stage import DataSettings

GPU_BATCH = 32  # faces that a GPU renders at once


class GeneratedFaces:
    """The pool of a stage, cached in the folder `cache`.

    teacher: a float32 generator
    fast: render in bfloat16 (46 dB to float32; students reach 20 to 30 dB)
    side: pixels of the cached images; 0: half of the full resolution, larger ones are rendered each time

    Raises AnycostError for a side that the teacher or its exit does not reach, and when the disk is too full."""

    def __init__(
        self,
        teacher: ElasticGenerator,
        data: DataSettings,
        seed: int,
        cache: Path,
        fast: bool,
        side: int = 0,
    ) -> None:
        self.exact, self.data, self.seed = teacher, data, seed
        self.side = side or teacher.config.resolution // 2
        if data.exit and not side:
            raise AnycostError("a generator is distilled from its own full pictures", "leave `exit` out of the stage")
        rendered_at = data.exit or teacher.config.resolution // 2
        if (data.exit and data.exit not in teacher.config.exits) or self.side > rendered_at:
            known = ", ".join(str(r) for r in teacher.config.exits if r >= self.side)
            raise AnycostError(
                f"faces of {self.side} px cannot be rendered at {rendered_at} px", f"choose an exit of {known}"
            )
        renderer = teacher.extract(SubGenerator(data.exit)) if data.exit else teacher
        self.teacher = renderer.with_fast_features() if fast else renderer
        cache.mkdir(parents=True, exist_ok=True)
        shape = (data.pool, self.side, self.side, 3)
        path = cache / f"faces-{data.pool}-{seed}-{self.side}{_settings_hash(data)}.npy"
        if not path.exists():
            if math.prod(shape) > shutil.disk_usage(cache).free:
                raise AnycostError(f"{data.pool} faces take {math.prod(shape) >> 20} MiB in {cache}", "free some")
            temporary = path.with_suffix(f".{os.getpid()}.part")  # other processes may create the same file now
            np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)  # sparse until rendered
            os.replace(temporary, path)
        self.images = np.lib.format.open_memmap(path, mode="r+")  # zeros: not rendered yet
        if self.images.shape != shape or self.images.dtype != np.uint8:
            raise AnycostError(f"{path} is not what this training keeps there", "remove it")

    @property
    def device(self) -> torch.device:
        """The teacher's."""
        return self.exact.mean_style.device

    def faces(self, indices: Sequence[int], resolution: int) -> tuple[Tensor, Tensor]:
        """W+ [N, styles, D] and the teacher's images of it, area-downsampled to `resolution`: float32 [N, 3, R, R],
        −1…1; both on the teacher's device."""
        on_gpu = self.device.type == "cuda"
        latents = self.latents(indices if on_gpu else [index % self.data.pool for index in indices])
        parts = latents.split(GPU_BATCH if on_gpu else 1)
        with torch.no_grad():
            if resolution > self.side:
                images = torch.cat([self.teacher(part).float().clamp(-1, 1) for part in parts])
            elif on_gpu:
                images = torch.cat([self._render(part) for part in parts])
            else:
                images = torch.stack([self.cached_tensor(index) for index in indices])
        return latents, F.avg_pool2d(images, images.shape[-1] // resolution)

    def latents(self, indices: Sequence[int]) -> Tensor:
        """W+ [N, styles, D]"""
        config = self.exact.config
        z, psi, shares = (torch.stack(parts).to(self.device) for parts in zip(*map(self._sample, indices), strict=True))
        with torch.no_grad():
            w = self.exact.mapping(z.flatten(0, 1)).unflatten(0, (len(z), -1))  # the face's, and those mixed in
            w = torch.lerp(self.exact.mean_style, w, psi[:, None, None])
            rows, others = (part.expand(-1, config.styles, -1) for part in (w[:, :1], w[:, 1:]))
            return torch.lerp(rows, others, shares[..., None])

    def _sample(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """z of the face, followed by one to mix in or one per row [2 or 1 + styles, D]; ψ; and the share of those in
        every row [styles]."""
        data, config = self.data, self.exact.config
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + index)
        z = torch.randn(2, config.style_dim, generator=rng)
        chance = torch.rand(5, generator=rng)
        low, high = data.truncation
        share = torch.zeros(config.styles)
        if chance[1] < data.mixing / 2:  # style mixing with a crossover
            share[int(chance[2] * config.styles) :] = 1.0
        elif chance[1] < data.mixing:  # a share of its own in every row, as W+ of projections
            share = chance[2] * torch.rand(config.styles, generator=rng)
        if data.row_mixing:
            others = z[1:].expand(config.styles, -1)
            if chance[3] < data.row_mixing:
                others = torch.randn(config.styles, config.style_dim, generator=rng)
                share = chance[2] * torch.rand(config.styles, generator=rng)
            z = torch.cat([z[:1], others])
        return z, low + (high - low) * chance[0], share

    def cached(self, index: int) -> np.ndarray:
        """A face of the pool, rendered if need be: uint8 RGB [side, side, 3]."""
        index %= self.data.pool
        if not self.images[index].any():
            self._cache([index])
        return np.array(self.images[index])

    def cached_tensor(self, index: int) -> Tensor:
        """The same as float32 [3, side, side], −1…1, on the CPU."""
        return to_signed_float(torch.from_numpy(self.cached(index)).permute(2, 0, 1))

    def fill(self) -> None:
        """Renders all missing faces, for worker processes that read the pool without a GPU."""
        middle = self.side // 2
        missing = [index for index in range(self.data.pool) if not self.images[index, middle, middle].any()]
        with tqdm(total=len(missing), desc="rendering faces", unit="face") as bar:
            for start in range(0, len(missing), GPU_BATCH):
                self._cache(missing[start : start + GPU_BATCH])
                bar.update(GPU_BATCH)

    @torch.no_grad()
    def _cache(self, indices: Sequence[int]) -> None:
        images = self._render(self.latents(indices)).permute(0, 2, 3, 1)
        # From 1 on: 0 means not rendered yet.
        self.images[indices] = images.add(1).mul(127.5).round().clamp(1, 255).byte().cpu().numpy()

    def _render(self, latent: Tensor) -> Tensor:
        """W+ [N, styles, D] → [N, 3, side, side], −1…1"""
        if self.data.exit:
            image = self.teacher(latent[:, : self.teacher.config.styles]).float()
        else:
            image = self.teacher.half_size(latent)
        return F.avg_pool2d(image.clamp(-1, 1), image.shape[-1] // self.side)


def _settings_hash(data: DataSettings) -> str:
    """A suffix for the cache's name, empty for the default settings: pools of different faces are different files."""
    default = DataSettings()
    settings: tuple[object, ...] = (data.generator, data.truncation, data.mixing, data.exit)
    usual = (default.generator, default.truncation, default.mixing, default.exit)
    settings += (data.row_mixing,) if data.row_mixing else ()
    return "" if settings == usual else f"-{zlib.crc32(repr(settings).encode()):08x}"
