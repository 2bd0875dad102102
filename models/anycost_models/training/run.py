"""Runs a training stage: builds the trainer, resumes, writes sample sheets and the result; on one process or several.

Several processes: `torchrun --nproc-per-node=2 -m anycost_backend train STAGE --output FOLDER` (gloo on CPUs, nccl on
GPUs); on several machines the same command on each, with torchrun's --nnodes and --rdzv-endpoint.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from anycost_models.core.malloc_settings import keep_freed_memory
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.training.distillation.distil import distillation_trainer
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.sample_sheet import sample_sheet
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.trainer import Trainer
from anycost_models.training.gan.adversarial import adversarial_trainer
from anycost_models.training.gan.initial_networks import RESULT
from anycost_models.training.inversion.encoder import EncoderTraining
from anycost_models.training.parsing.parser import ParserTraining


@contextmanager
def process_group() -> Iterator[int]:
    """Joins torchrun's process group, if there is one. Yields the rank of this process, 0 without torchrun."""
    if "WORLD_SIZE" not in os.environ:
        yield 0
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # CPU tensors, such as scalars, always use gloo.
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield dist.get_rank()
        # gloo's threads may still hold tensors: an interpreter that exits meanwhile aborts.
        dist.barrier()
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class TrainingResult:
    result: Path | None  # the exported network; None: no step was finished
    step: int  # steps done
    steps: int  # steps of the whole stage


def build_trainer(stage: TrainingStage, folder: Path) -> tuple[Trainer, Callable[[nn.Module], np.ndarray]]:
    """The trainer of a stage, and a function that renders a sample sheet, uint8 RGB [H, W, 3], of its model.

    Raises AnycostError when the stage does not fit its networks or data, or one of them is missing."""
    if stage.encoder:
        training = EncoderTraining(stage, stage.encoder, folder)
        return training.trainer, training.sheet
    if stage.parser:
        parsing = ParserTraining(stage, stage.parser, folder)
        return parsing.trainer, parsing.sheet
    trainer = adversarial_trainer(stage, folder) if stage.adversarial else distillation_trainer(stage, folder)
    return trainer, lambda model: sample_sheet(cast(ElasticGenerator, model), stage.sub_generators)


def train(
    stage: TrainingStage, folder: Path, resume: Path | None = None, until: float = math.inf
) -> TrainingResult | None:
    """Runs to the stage's end or a stop request. Writes checkpoints, records and `trained.safetensors` into `folder`.

    resume: a checkpoint to continue from; None: the newest in `folder`, if there is one
    until: when to stop at the latest, seconds since the epoch
    Returns None on all processes but the first. Raises AnycostError as `build_trainer` and `Trainer.run` do."""
    keep_freed_memory()
    with process_group() as rank:
        trainer, render_sheet = build_trainer(stage, folder)
        found = checkpoints.find(folder)
        if resume or found:
            trainer.resume(resume or found[-1])

        def sheet() -> np.ndarray:
            with trainer.ema_weights() as model:
                return render_sheet(model)

        result = folder / RESULT
        try:
            trainer.run(sheet, until)
        finally:
            if rank == 0 and trainer.step:
                export_ema(trainer, result)
        return TrainingResult(result if trainer.step else None, trainer.step, trainer.steps) if rank == 0 else None
