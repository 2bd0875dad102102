"""What a training leaves to look at: scalars and sample sheets, as plain files and, where installed, in TensorBoard."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anycost_models.plotting.contact_sheet import save_png
from anycost_models.training.engine.loss_curves import draw_curves


class Records:
    """In `folder`: `scalars.jsonl` (an object for each step), `sheets/step-N.png`, `curves.png` (drawn with each sheet
    and at the end), and `scalars/` for TensorBoard.

    step: where the training begins; what an earlier, interrupted run recorded past it is dropped."""

    def __init__(self, folder: Path, step: int, images_per_step: int) -> None:
        self.folder, self.images_per_step = folder, images_per_step
        self.path = folder / "scalars.jsonl"
        _keep_until(self.path, step)
        self.file = self.path.open("a", encoding="utf-8", buffering=1)  # by the line
        self.writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self.writer = SummaryWriter(str(folder / "scalars"), purge_step=(step + 1) * images_per_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """After `step` steps."""
        images = step * self.images_per_step
        rounded = {name: float(f"{value:.6g}") for name, value in values.items()}
        self.file.write(json.dumps({"step": step, "images": images, **rounded}) + "\n")
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(name, value, images)

    def sheet(self, step: int, picture: np.ndarray) -> None:
        """picture: uint8 [H, W, 3]"""
        folder = self.folder / "sheets"
        folder.mkdir(exist_ok=True)
        save_png(folder / f"step-{step:08d}.png", picture)
        self._draw_curves()
        if self.writer:
            self.writer.add_image("sheet", picture, step * self.images_per_step, dataformats="HWC")

    def close(self) -> None:
        self.file.close()
        self._draw_curves()
        if self.writer:
            self.writer.close()

    def _draw_curves(self) -> None:
        rows = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        save_png(self.folder / "curves.png", draw_curves(self.folder.name, rows))


def _keep_until(path: Path, step: int) -> None:
    """Drops the lines after `step`, and one that was cut short."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] > step:
                break
        except (ValueError, KeyError, TypeError):
            break
        kept.append(line + "\n")
    aside = path.with_suffix(".part")
    aside.write_text("".join(kept), encoding="utf-8")
    os.replace(aside, path)
