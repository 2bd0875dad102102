"""Shared by the tests of training: two processes that train as one, and how far two results are apart."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from anycost_models.training.engine import checkpoints
from torch import Tensor

SCRIPT = """
import sys
from pathlib import Path
import torch
from anycost_models.training.engine.stage import read_stage
from anycost_models.training.run import build_trainer, process_group
torch.set_num_threads(1)
with process_group():
    build_trainer(read_stage(Path(sys.argv[1])), Path(sys.argv[2]))[0].run()
"""


def train_on_two_processes(stage: Path, folder: Path) -> dict[str, Any]:
    """Runs the stage by torchrun in `folder`. Returns its last checkpoint."""
    script = folder.with_suffix(".py")
    script.write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--standalone"]
    subprocess.run([*torchrun, script, stage, folder], check=True, capture_output=True, timeout=120)
    return checkpoints.load(checkpoints.find(folder)[-1])


def relative_distance(a: dict[str, Tensor], b: dict[str, Tensor], start: dict[str, Tensor]) -> float:
    """Distance between two results, relative to their distance from where both started."""
    moved = torch.stack([(a[name] - start[name]).norm() for name in a]).norm()
    return (torch.stack([(a[name] - b[name]).norm() for name in a]).norm() / moved).item()
