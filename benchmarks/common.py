"""Shared by the benchmarks: medians, PSNR, and the photo that they edit."""

import statistics
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import skimage.data
from anycost_models.plotting.contact_sheet import save_image


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """Of each list, to a tenth."""
    return {name: round(statistics.median(values), 1) for name, values in times.items()}


def psnr(a: np.ndarray, b: np.ndarray, value_range: float) -> float:
    """dB, without an upper limit. value_range: 2 for −1…1, 1 for 0…1"""
    return float(10 * np.log10(value_range**2 / np.square(a - b).mean()))


def astronaut_photo() -> Path:
    """demo/astronaut.png (NASA, public domain), written if it is not there yet."""
    path = Path("demo/astronaut.png")
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save_image(path, skimage.data.astronaut())
    return path
