"""Where a training computes: on a GPU where there is one, in bfloat16 where that is quick."""

import os
from contextlib import AbstractContextManager

import torch

from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.training.engine.stage import TrainingStage


def training_device() -> torch.device:
    """This process's GPU, as torchrun numbers them, or the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def is_fast(stage: TrainingStage, device: torch.device) -> bool:
    """Whether features are computed in bfloat16."""
    return stage.bfloat16 and (device.type == "cuda" or has_fast_bfloat16())


def features_in(fast: bool, device: torch.device) -> AbstractContextManager[None]:
    """Within it convolutions and matrices are bfloat16, if `fast`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)
