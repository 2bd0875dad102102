"""What the parts of `train_on_gpu.py` share: folders and time, how fast a stage trains, files of a few MiB."""

import math
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from anycost_models.core.atomic_files import replacing
from anycost_models.core.errors import AnycostError
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.gan.initial_networks import RESULT
from anycost_models.training.run import build_trainer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

LARGEST = 16 << 20  # bytes of a file that stays
CYCLE = 16  # steps, in which every phase of the stages is due
MEASURED = 6.0  # seconds
MARGIN = 0.93  # share of the time that is planned: steps are not all alike


@dataclass(frozen=True)
class Run:
    folder: Path  # --output
    until: float  # when everything is to be done, seconds since the epoch
    tiny: bool = False  # few, small and short: tries whether everything works, on a CPU
    share: float | None = None  # of the study's pictures, 0…1; None: what fits

    @property
    def work(self) -> Path:
        """The stages' own folders, removed at the end."""
        return self.folder / "work"

    def left(self, reserve: float = 0.0) -> float:
        """Seconds, without those of `reserve`."""
        return self.until - reserve - time.time()


def steps_done(folder: Path) -> int:
    """Of the stage that is trained in the folder; a file that cannot be read is not one of its checkpoints."""
    found = checkpoints.find(folder)
    return int(found[-1].stem.removeprefix("step-")) if found else 0


def measure(stage: TrainingStage, folder: Path, tiny: bool) -> float:
    """Pictures a second of a stage, in a few steps that count as its own: it goes on from them."""
    trainer, _ = build_trainer(stage, folder)
    found = checkpoints.find(folder)
    if found:
        trainer.resume(found[-1])
    cycle = 1 if tiny else CYCLE
    for _ in range(cycle):  # the first ones also choose and load kernels
        trainer.run_step()
    start, first = time.perf_counter(), trainer.step
    while trainer.step == first or (time.perf_counter() - start < MEASURED and not tiny):
        for _ in range(cycle):
            trainer.run_step()
    speed = (trainer.step - first) * trainer.images_per_step / (time.perf_counter() - start)
    trainer.save()
    export_ema(trainer, folder / RESULT)
    return speed


def pack(folder: Path, archive: Path, others: tuple[str, ...] = ()) -> None:
    """Writes what a stage leaves: its network, scalars, curves and other files, and the newest checkpoint if it
    fits. Raises AnycostError when even the rest is larger than LARGEST."""
    named = (folder / name for name in (RESULT, "scalars.jsonl", "curves.png", *others))
    files = [path for path in named if path.exists()]
    for kept in ([*files, *checkpoints.find(folder)[-1:]], files):
        with replacing(archive) as aside:
            with tarfile.open(aside, "w:gz") as tar:
                for path in kept:
                    tar.add(path, path.name)
            fits = aside.stat().st_size < LARGEST
        if fits:
            return
    raise AnycostError(f"{archive} is larger than {LARGEST >> 20} MiB", "train it by 'anycost train' instead")


def unpack(archive: Path, folder: Path) -> None:
    """Puts it back, unless the folder is there. Raises AnycostError when the archive is damaged."""
    if folder.exists() or not archive.exists():
        return
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise AnycostError(f"{archive} cannot be read ({error})", "remove it: its stage then begins anew") from error


def save_parts(weights: Path, folder: Path, name: str) -> list[Path]:
    """Writes the tensors of a network as files NAME-1-of-N.safetensors below LARGEST; removes older ones."""
    with safe_open(weights, "pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    sizes = {key: tensor.numel() * tensor.element_size() for key, tensor in tensors.items()}
    parts: list[list[str]] = [[]]
    for key in sorted(tensors):
        if parts[-1] and sum(sizes[other] for other in [*parts[-1], key]) > 0.95 * LARGEST:
            parts.append([])
        parts[-1].append(key)
    paths = [folder / f"{name}-{number}-of-{len(parts)}.safetensors" for number in range(1, len(parts) + 1)]
    for path, keys in zip(paths, parts, strict=True):
        with replacing(path) as aside:
            save_file({key: tensors[key] for key in keys}, aside, metadata)
    for old in set(folder.glob(f"{name}-*-of-*.safetensors")) - set(paths):
        old.unlink()
    return paths


def join_parts(folder: Path, name: str, target: Path) -> Path | None:
    """Writes what `save_parts` divided as one file. Returns None when there is nothing.

    Raises AnycostError when a part is missing or damaged."""
    paths = sorted(folder.glob(f"{name}-*-of-*.safetensors"))
    if not paths:
        return None
    tensors: dict[str, Tensor] = {}
    metadata = None
    try:
        for path in paths:
            with safe_open(path, "pt") as file:
                metadata = file.metadata()
                tensors |= {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as aside:
            save_file(tensors, aside, metadata)
    except (OSError, SafetensorError) as error:
        raise AnycostError(f"{paths[0]} and its other parts cannot be joined ({error})", "remove them") from error
    if len(paths) != int(paths[0].stem.rpartition("-")[2]):
        raise AnycostError(f"of {paths[0].name} and its other parts one is missing", "copy all of them to the folder")
    return target


def share_that_fits(chains: Iterable[Iterable[tuple[float, float, float]]], seconds: float) -> float:
    """The share, 0…1, of all stages' pictures that is trained in so many seconds.

    chains: trained at once, each of stages (pictures, those trained already, pictures a second) one after the other"""
    shares = [1.0]
    for chain in map(list, chains):
        spent = sum(done / speed for _, done, speed in chain)
        shares.append((seconds + spent) / sum(pictures / speed for pictures, _, speed in chain))
    return max(0.0, min(share for share in shares if math.isfinite(share)))
