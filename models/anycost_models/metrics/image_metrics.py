"""The measures by which generators are compared: pure functions of images, features and labels.

FD-ENL0 is the Fréchet distance of Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017,
arXiv:1706.08500, on ENL0's features in place of Inception's: its numbers must not be compared with FID's.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.metrics.enl0 import PerceptualDistance

MAX_PSNR = 100.0  # dB: that of equal images
MAX_SIDE = 256  # pixels: larger images are compared perceptually at this size, near the 224 px ENL0's network knows
MIN_SIDE = 32  # pixels: smaller ones are enlarged for it


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """dB [N], at most MAX_PSNR, between images [N, 3, H, W] in −1…1."""
    error = (a - b).square().mean((1, 2, 3))
    return 10 * torch.log10(4 / error.clamp_min(4 * 10 ** (-MAX_PSNR / 10)))


def psnr_of_error(error: float, span: float = 2.0) -> float:
    """dB, at most MAX_PSNR, for a mean squared error; −∞ where that is no number.

    span: between the least and the largest value of a pixel: 2 for −1…1, 255 for 8 bits"""
    if not math.isfinite(error):
        return -math.inf
    return min(10 * math.log10(span**2 / error), MAX_PSNR) if error > 0 else MAX_PSNR


def for_perception(image: Tensor) -> Tensor:
    """[N, 3, R, R] → the same at 32…256 px, each pixel the mean of those that it covers."""
    side = min(max(image.shape[-1], MIN_SIDE), MAX_SIDE)
    return image if side == image.shape[-1] else F.interpolate(image, size=(side, side), mode="area")


def enl0(perceptual: PerceptualDistance, a: Tensor, b: Tensor) -> Tensor:
    """ENL0 [N] between images [N, 3, R, R] in −1…1, at `for_perception`'s size."""
    return perceptual(for_perception(a), for_perception(b))


def pooled_features(perceptual: PerceptualDistance, image: Tensor) -> np.ndarray:
    """What FD-ENL0 compares: ENL0's features of images [N, 3, R, R] in −1…1, averaged over places; [N, 192]."""
    taps = perceptual.features(for_perception(image))
    return torch.cat([features.mean((2, 3)) for features in taps], dim=1).double().numpy()


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Between the normal distributions fitted to features [N, F] and [M, F], squared as FID is; 0 or more.

    Few samples make it larger: compare only what was measured with as many.
    Raises AnycostError for fewer than 2 samples."""
    if min(len(a), len(b)) < 2:
        raise AnycostError("a Fréchet distance compares spreads", "take at least 2 samples")
    x, y = _spread(a), _spread(b)
    # tr √(xᵀx yᵀy) is the sum of the singular values of x yᵀ: no root of a matrix that may be singular.
    shared = scipy.linalg.svdvals(x @ y.T).sum()
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    return max(0.0, float(mean + np.square(x).sum() + np.square(y).sum() - 2 * shared))


def _spread(samples: np.ndarray) -> np.ndarray:
    """R [min(N, F), F] for samples [N, F], with RᵀR their covariance."""
    _, r = scipy.linalg.qr((samples - samples.mean(0)) / np.sqrt(len(samples) - 1), mode="economic")
    return r


@dataclass(frozen=True)
class Agreement:
    """Of one label, on two images each of many faces. NaN where too few faces, or all alike, say nothing."""

    difference: float  # mean absolute, in standard deviations of the label
    correlation: float  # −1…1


def agreement(a: np.ndarray, b: np.ndarray, deviation: float) -> Agreement:
    """a, b: values [N] of a label, NaN where it could not be measured; deviation: the label's standard deviation."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < 2 or not deviation > 0:
        return Agreement(np.nan, np.nan)
    varies = np.ptp(a) > 0 and np.ptp(b) > 0
    correlation = float(np.corrcoef(a, b)[0, 1]) if varies else np.nan
    return Agreement(float(np.abs(a - b).mean() / deviation), correlation)
