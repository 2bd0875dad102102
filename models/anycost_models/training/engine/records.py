"""Records of a training run: scalars, loss curves and sample sheets, as plain files and for TensorBoard."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anycost_models.core.atomic_files import write_aside
from anycost_models.plotting.chart import COLOURS, Axis, Chart
from anycost_models.plotting.contact_sheet import save_png

CURVE_POINTS = 50  # a curve shows the mean of each 50th of the run


class Records:
    """Writes into `folder`: `scalars.jsonl` (one object per step), `sheets/step-N.png`, `curves.png` (with each sheet
    and at the end) and, if TensorBoard is installed, `scalars/`.

    step: where the run starts; later records of an interrupted run are dropped."""

    def __init__(self, folder: Path, step: int, images_per_step: int) -> None:
        self.folder, self.images_per_step = folder, images_per_step
        self.path = folder / "scalars.jsonl"
        _truncate(self.path, step)
        self.file = self.path.open("a", encoding="utf-8", buffering=1)  # line-buffered
        self.writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self.writer = SummaryWriter(str(folder / "scalars"), purge_step=(step + 1) * images_per_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Records the values after `step` steps."""
        images = step * self.images_per_step
        rounded = {name: float(f"{value:.6g}") for name, value in values.items()}
        self.file.write(json.dumps({"step": step, "images": images, **rounded}) + "\n")
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(name, value, images)

    def sheet(self, step: int, image: np.ndarray) -> None:
        """image: uint8 RGB [H, W, 3]"""
        folder = self.folder / "sheets"
        folder.mkdir(exist_ok=True)
        save_png(folder / f"step-{step:08d}.png", image)
        self._save_curves()
        if self.writer:
            self.writer.add_image("sheet", image, step * self.images_per_step, dataformats="HWC")

    def close(self) -> None:
        self.file.close()
        self._save_curves()
        if self.writer:
            self.writer.close()

    def _save_curves(self) -> None:
        rows = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        save_png(self.folder / "curves.png", render_curves(self.folder.name, rows))


def render_curves(title: str, rows: Sequence[Mapping[str, float]]) -> np.ndarray:
    """The terms of the loss over the run, uint8 RGB [720, 1120, 3], on a logarithmic scale.

    rows: the objects of `scalars.jsonl`; a row may lack terms. Terms that are not always positive are left out."""
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ("step", "images")))
    curves = {name: _smoothed([(row["images"], row[name]) for row in rows if name in row]) for name in names}
    curves = {name: curve for name, curve in curves.items() if all(value > 0 for _, value in curve)}
    values = [value for curve in curves.values() for _, value in curve] or [1.0]
    last = max([row["images"] for row in rows], default=1)
    chart = Chart(
        title,
        f"means over a {CURVE_POINTS}th of the training each",
        Axis("pictures", 0, 1.3 * last),  # room for the legend beside the curves
        Axis("", min(values) / 1.2, max(values) * 1.2, log=True),
    )
    for number, curve in enumerate(curves.values()):
        chart.line(curve, COLOURS[number % len(COLOURS)])
    chart.legend(curves)
    return chart.image()


def _smoothed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    parts = np.array_split(np.array(points), min(CURVE_POINTS, len(points)))
    return [(float(x), float(y)) for x, y in (part.mean(axis=0) for part in parts)]


def _truncate(path: Path, step: int) -> None:
    """Drops the lines after `step`, and an incomplete last line."""
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
    write_aside(path, "".join(kept).encode())
