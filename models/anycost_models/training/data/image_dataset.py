"""Training images at one resolution: those of a folder, decoded once, or faces that a generator renders."""

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
from anycost_models.generators.image_tensors import to_signed_float
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.engine.device import training_device
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import seed_of

MAX_PIXELS = 150_000_000  # of one image
MAX_IMAGES = 10_000_000


class ImageDataset(Protocol):
    """Images by index: float32 [3, R, R], −1…1."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Tensor: ...


class FolderImages:
    """The images of a folder and its sub-folders, each cropped to its central square and area-resized.

    All images are decoded at the start and cached in the folder `cache` until the folder changes. Raises AnycostError
    with the folder or the file that is missing, damaged, too large or too small."""

    def __init__(self, folder: Path, resolution: int, cache: Path) -> None:
        files = _files(folder)
        listing = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        digest = hashlib.sha256(repr(listing).encode()).hexdigest()[:12]
        path = cache / f"pictures-{digest}-{resolution}.npy"
        if not path.exists():
            _prepare(files, resolution, path)
        self.pixels = np.load(path, mmap_mode="r", allow_pickle=False)  # uint8 [N, R, R, 3]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return to_signed_float(torch.from_numpy(np.array(self.pixels[index])).permute(2, 0, 1))


class RenderedImages:
    """The pool of generated faces as an ImageDataset."""

    def __init__(self, faces: GeneratedFaces) -> None:
        self.faces = faces

    def __len__(self) -> int:
        return self.faces.data.pool

    def __getitem__(self, index: int) -> Tensor:
        return self.faces.cached_tensor(index)


class Shuffled:
    """Batches of a dataset, shuffled in every epoch and flipped at random if `flip`. A sample follows from the seed and
    its number alone."""

    def __init__(self, dataset: ImageDataset, seed: int, flip: bool) -> None:
        self.dataset, self.seed, self.flip = dataset, seed, flip
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def __call__(self, samples: range, resolution: int) -> Tensor:
        """float32 [N, 3, R, R], −1…1, area-downsampled to `resolution`."""
        batch = torch.stack([self._sample(sample) for sample in samples])
        return F.avg_pool2d(batch, batch.shape[-1] // resolution)

    def _sample(self, sample: int) -> Tensor:
        epoch, position = divmod(sample, len(self.dataset))
        if epoch != self._epoch:
            self._order = np.random.default_rng((self.seed, epoch)).permutation(len(self.dataset))
            self._epoch = epoch
        image = self.dataset[int(self._order[position])]
        flipped = self.flip and random.Random(seed_of("flip", self.seed, sample)).random() < 0.5
        return image.flip(-1) if flipped else image


def open_dataset(stage: TrainingStage, resolution: int, folder: Path, fast: bool) -> ImageDataset:
    """The dataset that the stage's [data] describes. folder: the stage's own; fast: render faces in bfloat16.

    Raises AnycostError when the folder, the generator or an image is missing or unusable."""
    data = stage.data
    cache = (folder.parent / data.kept_by if data.kept_by else folder) / "pictures"
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
    generator = load_generator() if data.generator == "embedded" else load_generator(Path(data.generator))
    device = training_device()
    faces = GeneratedFaces(generator.to(device), data, stage.seed, cache, fast, resolution)
    if device.type == "cuda":
        faces.fill()
    return RenderedImages(faces)


def _files(folder: Path) -> list[Path]:
    """Files with an extension that Pillow knows, sorted by path. Raises AnycostError if there are none or too many."""
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
    if not 1 <= len(found) <= MAX_IMAGES:
        raise AnycostError(f"the folder {folder} holds {len(found) or 'no'} pictures", f"put 1 to {MAX_IMAGES} there")
    return sorted(found)


def _prepare(files: list[Path], resolution: int, path: Path) -> None:
    """Decodes the files into an .npy file, atomically: other processes may write the same file now."""
    size = len(files) * resolution**2 * 3
    if size > shutil.disk_usage(path.parent).free:
        raise AnycostError(
            f"{len(files)} pictures of {resolution} px take {size >> 20} MiB in {path.parent}", "free some"
        )
    temporary = path.with_suffix(f".{os.getpid()}.part")
    try:
        shape = (len(files), resolution, resolution, 3)
        pixels = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        for i, file in enumerate(tqdm(files, "reading pictures", unit="", disable=None)):
            pixels[i] = read_square(file, resolution)
        pixels.flush()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_square(path: Path, resolution: int) -> np.ndarray:
    """The central square, upright by EXIF, area-resized: uint8 RGB [R, R, 3]. Raises AnycostError when the file is
    damaged, larger than MAX_PIXELS or smaller than `resolution`."""
    try:
        with warnings.catch_warnings(), Image.open(path) as file:
            warnings.simplefilter("ignore")  # about unusual tags
            if file.width * file.height > MAX_PIXELS:
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
