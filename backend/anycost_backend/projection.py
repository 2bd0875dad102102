"""Aligned face → latent, remembered by content: the same pixels are projected once."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anycost_models.errors import AnycostError
from anycost_models.files import write_aside
from anycost_models.paths import cache_dir
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anycost_backend.renderer import Renderer

if TYPE_CHECKING:
    from anycost_models.inversion import Projection, ProjectionSettings, Step

VERSION = 2  # raise it when projections of the same face get better: remembered ones are then made anew


@dataclass(frozen=True, eq=False)
class StoredProjection:
    """A projection and where it came from."""

    latent: np.ndarray  # float32 [styles, D], W+
    psnr: float  # dB at 256 px
    enl0: float  # perceptual distance at 256 px
    deviation: float  # rms distance from the mean style, in standard deviations
    steps: int
    seconds: float  # that it took when it was computed
    remembered: bool  # read from the cache
    complete: bool = True  # not ended early by its watcher

    def scores(self) -> dict[str, float | int | bool]:
        """Everything but the latent, as the command line prints it."""
        return {name: value for name, value in vars(self).items() if name != "latent"}


def project_face(
    renderer: Renderer,
    face: np.ndarray,
    importance: np.ndarray,
    settings: "ProjectionSettings | None" = None,
    on_step: "Callable[[Step], bool]" = lambda step: True,
    *,
    fresh: bool = False,
) -> StoredProjection:
    """face: aligned, uint8 RGB [256, 256, 3]; importance: float32 [256, 256], 0…1; fresh: don't ask the cache.

    on_step as in `inversion.project`; a projection that it ended early is not remembered.
    Raises AnycostError when a model is missing."""
    # What counts where follows from the face; measured, it would differ in its last bits between runtimes.
    key = _key(renderer.weights, face, settings)
    path = cache_dir() / "latents" / f"{key}.safetensors"
    stored = None if fresh else _read(path)
    if stored:
        return stored
    # torch comes with these: heavy, and not needed for a face that is remembered.
    from anycost_models.inversion import ProjectionSettings, project
    from anycost_models.perceptual import load_perceptual

    cut_short = False

    def watched(step: "Step") -> bool:
        nonlocal cut_short
        cut_short = not on_step(step)
        return not cut_short

    settings = settings or ProjectionSettings().within(renderer.model.config.resolution)
    found = project(renderer.model, load_perceptual(), face, importance, settings, watched)
    if not cut_short:
        _remember(path, found)
    return StoredProjection(**vars(found), remembered=False, complete=not cut_short)


def _key(weights: Path, *parts: object) -> str:
    try:
        digest = hashlib.sha256(weights.read_bytes())
    except OSError as error:
        raise AnycostError(
            f"the model {weights} cannot be read ({error.strerror}): install the package again"
        ) from error
    for part in (VERSION, *parts):
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return digest.hexdigest()[:40]


def _read(path: Path) -> StoredProjection | None:
    """None if it is not there; a damaged file counts as not there and will be replaced."""
    try:
        with safe_open(path, "np") as file:
            scores = json.loads(file.metadata()["scores"])
            return StoredProjection(latent=file.get_tensor("latent"), **scores, remembered=True)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _remember(path: Path, found: "Projection") -> None:
    """A cache that cannot be written costs time later, not this edit."""
    scores = {name: value for name, value in vars(found).items() if name != "latent"}
    with contextlib.suppress(AnycostError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, save({"latent": found.latent}, {"scores": json.dumps(scores)}))
