"""Shared by the benchmarks: interleaved timing, PSNR, 8-bit images, and the photo that they edit."""

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import skimage.data
from anycost_models.plotting.contact_sheet import save_image


def interleaved_ms(steps: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each step in each round, all steps in turn, so that a change of the machine's load meets all.

    One more round, for warming up, comes first and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - started))
    return {name: values[1:] for name, values in times.items()}


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """Of each list, to a tenth."""
    return {name: round(statistics.median(values), 1) for name, values in times.items()}


def psnr(a: np.ndarray, b: np.ndarray, value_range: float) -> float:
    """dB, without an upper limit. value_range: 2 for −1…1, 1 for 0…1"""
    return float(10 * np.log10(value_range**2 / np.square(a - b).mean()))


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Float 0…1 → uint8, clipped; the shape stays."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


def astronaut_photo() -> Path:
    """demo/astronaut.png (NASA, public domain), written if it is not there yet."""
    path = Path("demo/astronaut.png")
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save_image(path, skimage.data.astronaut())
    return path
