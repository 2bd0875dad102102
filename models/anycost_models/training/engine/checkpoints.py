"""Checkpoints of a training: everything that a continued run needs to be bit for bit the uninterrupted one."""

import os
from pathlib import Path
from typing import Any

import torch

from anycost_models.core.errors import AnycostError

KEEP = 2  # newest checkpoints


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Written aside and renamed; older checkpoints than the last two are removed."""
    path = folder / f"step-{step:08d}.pt"
    aside = path.with_suffix(".part")
    torch.save(state, aside)
    os.replace(aside, path)
    for old in checkpoints(folder)[:-KEEP]:
        old.unlink()
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(folder.glob("step-*.pt"))


def load(path: Path) -> dict[str, Any]:
    """Raises AnycostError when the file is missing or damaged."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # reading damaged bytes as a pickle fails in a dozen ways
        raise AnycostError(f"the checkpoint {path} cannot be read", "resume from an older one") from error
