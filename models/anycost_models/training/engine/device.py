"""Device and precision of a training run: a GPU if torch finds one, bfloat16 where it is fast."""

import os
from contextlib import AbstractContextManager

import torch

from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.training.engine.stage import TrainingStage


def training_device() -> torch.device:
    """The GPU with torchrun's local rank, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def use_bfloat16(stage: TrainingStage, device: torch.device) -> bool:
    """Whether the stage allows bfloat16 and the device multiplies it in hardware."""
    return stage.bfloat16 and (device.type == "cuda" or has_fast_bfloat16())


def autocast(fast: bool, device: torch.device) -> AbstractContextManager[None]:
    """Within the context, convolutions and matrix products run in bfloat16 if `fast`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)
