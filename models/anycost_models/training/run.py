"""Runs a stage from its file: builds what it trains, resumes, writes sheets and the result; on one process or several.

Several: `torchrun --nproc-per-node=2 -m anycost_backend train STAGE --output FOLDER` (gloo on CPUs, nccl on GPUs); the
same on each of several machines with torchrun's --nnodes and --rdzv-endpoint.
"""

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


@contextmanager
def processes() -> Iterator[int]:
    """Joins the processes that torchrun started, if it did; yields this one's rank."""
    if "WORLD_SIZE" not in os.environ:
        yield 0
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Scalars and CPU tensors always go by gloo.
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield dist.get_rank()
        # Nobody leaves while gloo's threads still hold a tensor: an interpreter that ends under them aborts.
        dist.barrier()
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class TrainingResult:
    result: Path | None  # the trained generator's file; None: not a step was finished
    step: int
    steps: int  # of the whole stage; fewer were done when it was stopped


def task_of(stage: TrainingStage, folder: Path) -> tuple[Trainer, Callable[[nn.Module], np.ndarray]]:
    """What the stage trains, and what draws its sample sheets."""
    if stage.encoder:
        task = EncoderTraining(stage, stage.encoder, folder)
        return task.trainer, task.sheet
    trainer = adversarial_trainer(stage, folder) if stage.adversarial else distillation_trainer(stage, folder)
    return trainer, lambda model: sample_sheet(cast(ElasticGenerator, model), stage.sub_generators)


def train(stage: TrainingStage, folder: Path, resume: Path | None = None) -> TrainingResult | None:
    """Runs to the stage's end or Ctrl-C; leaves checkpoints, scalars, sheets and `trained.safetensors` in `folder`.

    resume: that checkpoint; else the newest in `folder`, if there is one.
    Returns what came of it (None: this is not the first process). Raises AnycostError."""
    keep_freed_memory()
    with processes() as rank:
        trainer, draw = task_of(stage, folder)
        kept = checkpoints.checkpoints(folder)
        if resume or kept:
            trainer.resume(resume or kept[-1])

        def sheet() -> np.ndarray:
            with trainer.averaged() as model:
                return draw(model)

        result = folder / RESULT
        try:
            trainer.run(sheet)
        finally:
            if rank == 0 and trainer.step:
                export_ema(trainer, result)
        return TrainingResult(result if trainer.step else None, trainer.step, trainer.steps) if rank == 0 else None
