"""Checkpoints of a training run: the state from which a resumed run continues bit for bit."""

import os
from pathlib import Path
from typing import Any

import torch

from anycost_models.core.errors import AnycostError

MAX_KEPT = 2  # newest checkpoints


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Writes `step-NNNNNNNN.pt` atomically, then removes all but the MAX_KEPT newest."""
    path = folder / f"step-{step:08d}.pt"
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    os.replace(temporary, path)
    for old in find(folder)[:-MAX_KEPT]:
        old.unlink()
    return path


def find(folder: Path) -> list[Path]:
    """The checkpoints in the folder, oldest first."""
    return sorted(folder.glob("step-*.pt"))


def load(path: Path) -> dict[str, Any]:
    """The state, on the CPU. Raises AnycostError when the file is missing or damaged."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds of errors for damaged files
        raise AnycostError(f"the checkpoint {path} cannot be read", "resume from an older one") from error
