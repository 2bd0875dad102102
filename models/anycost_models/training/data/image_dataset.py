"""Pictures to learn from at one resolution: those of a folder, prepared once, or faces that a generator draws."""

import hashlib
import os
import random
import shutil
import warnings
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor
from tqdm import tqdm

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.engine.device import training_device
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import seed_of

LARGEST = 150_000_000  # pixels of one picture
MOST = 10_000_000  # pictures


class ImageDataset(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Tensor: ...  # float32 [3, R, R], −1…1


class FolderImages:
    """The pictures of a folder, each its largest central square, area-resized.

    Every picture is read at the start, once for as long as the folder doesn't change: `cache` keeps them. Raises
    AnycostError naming the folder or the picture that is missing, damaged, too large or too small."""

    def __init__(self, folder: Path, resolution: int, cache: Path) -> None:
        files = _files(folder)
        stated = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        digest = hashlib.sha256(repr(stated).encode()).hexdigest()[:12]
        path = cache / f"pictures-{digest}-{resolution}.npy"
        if not path.exists():
            _prepare(files, resolution, path)
        self.pixels = np.load(path, mmap_mode="r", allow_pickle=False)  # [N, R, R, 3]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.array(self.pixels[index])).permute(2, 0, 1).float() / 127.5 - 1


class RenderedImages:
    """Generated faces."""

    def __init__(self, faces: GeneratedFaces) -> None:
        self.faces = faces

    def __len__(self) -> int:
        return self.faces.data.pool

    def __getitem__(self, index: int) -> Tensor:
        return self.faces.pooled(index)


class Shuffled:
    """Which picture each sample of a training is: all of them in each epoch's own order, half of them flipped if so
    wished. It follows from the seed and the sample alone."""

    def __init__(self, pictures: ImageDataset, seed: int, flip: bool) -> None:
        self.pictures, self.seed, self.flip = pictures, seed, flip
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def __call__(self, samples: range, resolution: int) -> Tensor:
        """float32 [N, 3, R, R], −1…1, area-downsampled to `resolution`."""
        batch = torch.stack([self._sample(sample) for sample in samples])
        return F.avg_pool2d(batch, batch.shape[-1] // resolution)

    def _sample(self, sample: int) -> Tensor:
        epoch, place = divmod(sample, len(self.pictures))
        if epoch != self._epoch:
            self._order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))
            self._epoch = epoch
        picture = self.pictures[int(self._order[place])]
        flipped = self.flip and random.Random(seed_of("flip", self.seed, sample)).random() < 0.5
        return picture.flip(-1) if flipped else picture


def pictures_of(stage: TrainingStage, resolution: int, folder: Path, fast: bool) -> ImageDataset:
    """What the stage says it learns from. folder: the stage's own; fast: faces are drawn in bfloat16."""
    data = stage.data
    keeper = folder.parent / data.kept_by if data.kept_by else folder
    cache = keeper / "pictures"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnycostError(f"{cache} cannot be made: {error.strerror}", "name another folder") from error
    if data.folder:
        return FolderImages(Path(data.folder), resolution, cache)
    if data.generator == "own":
        raise AnycostError(
            "an adversarial stage cannot learn from its own pictures", "name a folder or another generator"
        )
    artist = load_generator() if data.generator == "embedded" else load_generator(Path(data.generator))
    device = training_device()
    faces = GeneratedFaces(artist.to(device), data, stage.seed, cache, fast, resolution)
    if device.type == "cuda":
        faces.fill()
    return RenderedImages(faces)


def _files(folder: Path) -> list[Path]:
    """Those with a picture's extension, in sub-folders too, by name."""
    if not folder.is_dir():
        raise AnycostError(f"there is no folder {folder} of pictures", "name one that exists")
    known = set(Image.registered_extensions())
    try:
        found = [
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in known and not path.name.startswith(".") and path.is_file()
        ]
    except OSError as error:
        raise AnycostError(f"the folder {folder} cannot be read ({error.strerror})", "check its permissions") from error
    if not 1 <= len(found) <= MOST:
        raise AnycostError(f"the folder {folder} holds {len(found) or 'no'} pictures", f"put 1 to {MOST} there")
    return sorted(found)


def _prepare(files: list[Path], resolution: int, path: Path) -> None:
    """Written aside and renamed, since other processes of the same training may be doing this too."""
    size = len(files) * resolution**2 * 3
    if size > shutil.disk_usage(path.parent).free:
        raise AnycostError(
            f"{len(files)} pictures of {resolution} px take {size >> 20} MiB in {path.parent}", "free some"
        )
    aside = path.with_suffix(f".{os.getpid()}.part")
    try:
        shape = (len(files), resolution, resolution, 3)
        kept = np.lib.format.open_memmap(aside, mode="w+", dtype=np.uint8, shape=shape)
        for i, file in enumerate(tqdm(files, "reading pictures", unit="", disable=None)):
            kept[i] = read_square(file, resolution)
        kept.flush()
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def read_square(path: Path, resolution: int) -> np.ndarray:
    """The largest central square of the upright picture, area-resized: uint8 [R, R, 3]. Raises AnycostError."""
    try:
        with warnings.catch_warnings(), Image.open(path) as file:
            warnings.simplefilter("ignore")  # about odd tags
            if file.width * file.height > LARGEST:
                raise AnycostError(f"{path} is {file.width} × {file.height} pixels", "remove it or make it smaller")
            image = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow's readers raise
        raise AnycostError(f"the picture {path} cannot be read ({error})", "remove it or repair it") from error
    side = min(image.size)
    if side < resolution:
        raise AnycostError(f"{path} is {image.width} × {image.height} pixels: {resolution} are trained", "remove it")
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((resolution, resolution), Image.Resampling.BOX, box))
