"""Aligned face → latent: at once by the encoder, or refined and remembered by content.

The same pixels are refined once. What the encoder answers comes in less time than it takes to look it up on a disk."""

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import cache_dir
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.encoder_graph import EncoderGraph
from anycost_models.weights import EMBEDDED_CURVATURE, EMBEDDED_ENCODER, EMBEDDED_GENERATOR
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anycost_backend.editing.renderer import Renderer

if TYPE_CHECKING:
    from anycost_models.projection.inversion import Projection, ProjectionStep
    from anycost_models.projection.scores import ProjectionScorer
    from anycost_models.projection.settings import ProjectionSettings

SIDE = 256  # pixels of the faces that are projected
How = Literal["encoder", "under way", "refined"]

_NAP = 0.01  # seconds

VERSION = 4  # raise it when projections of the same face get better: remembered ones are then made anew


@dataclass(frozen=True, eq=False)
class StoredProjection:
    """A projection and where it came from."""

    latent: np.ndarray  # float32 [styles, D], W+
    psnr: float  # dB at 256 px
    enl0: float | None  # perceptual distance at 256 px; None: not measured, as after the encoder alone
    deviation: float | None  # rms distance from the mean style, in standard deviations; None: not measured
    steps: int
    seconds: float  # that it took when it was computed
    remembered: bool  # read from the cache
    complete: bool = True  # not ended early by its watcher
    # As the encoder answered (where there is none: the mean style), or as far as a refinement has come by now.
    stage: How = "refined"

    def scores(self) -> dict[str, float | int | bool | str | None]:
        """Everything but the latent, as the command line prints it."""
        return {name: value for name, value in vars(self).items() if name != "latent"}


def embedded_encoder(renderer: Renderer) -> EncoderGraph | None:
    """The encoder that answers with latents of this renderer's generator, if there is one."""
    fits = renderer.weights == EMBEDDED_GENERATOR and EMBEDDED_ENCODER.is_file()
    return EncoderGraph(EMBEDDED_ENCODER, renderer.runtime, renderer.threads) if fits else None


def project_face(
    renderer: Renderer,
    face: np.ndarray,
    importance: np.ndarray,
    settings: "ProjectionSettings | None" = None,
    on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
    *,
    encoder: EncoderGraph | None = None,
    fresh: bool = False,
    meanwhile: Callable[[], None] | None = None,
) -> StoredProjection:
    """face: aligned, uint8 RGB [256, 256, 3]; importance: float32 [256, 256], 0…1; fresh: don't ask the cache.

    encoder: of this generator (None: starts from the mean style). With a budget of 0 its answer is all there is.
    on_step as in `inversion.project`; a projection that it ended early is not remembered.
    meanwhile: called again and again while another thread loads what is needed, which takes seconds the first time.
    Raises AnycostError when a model is missing."""
    if encoder and settings and settings.budget == 0:
        return encode_face(renderer, encoder, face)
    curvature = EMBEDDED_CURVATURE if renderer.weights == EMBEDDED_GENERATOR else None
    # What counts where follows from the face; measured, it would differ in its last bits between runtimes.
    start = encoder.sha256 if encoder else None
    key = _key((renderer.weights, *([curvature] if curvature else [])), start, face, settings)
    path = cache_dir() / "latents" / f"{key}.safetensors"
    stored = None if fresh else _read(path)
    if stored:
        return stored
    if meanwhile is None:
        _load(renderer)
    else:
        with ThreadPoolExecutor(1, "loading") as executor:
            loading = executor.submit(_load, renderer)
            while not loading.done():
                meanwhile()
                wait([loading], _NAP)
        loading.result()
    # torch comes with these: heavy, and not needed for a face that is remembered.
    from anycost_models.metrics.enl0 import load_perceptual
    from anycost_models.projection.curvature import load_curvature
    from anycost_models.projection.inversion import ProjectionSettings, project

    cut_short = False

    def watched(step: "ProjectionStep") -> bool:
        nonlocal cut_short
        cut_short = not on_step(step)
        return not cut_short

    found = project(
        renderer.model,
        load_perceptual(),
        face,
        importance,
        settings or ProjectionSettings(),
        watched,
        start=encoding(renderer, encoder)(face) if encoder else None,
        curvature=load_curvature(curvature) if curvature else None,
    )
    if found.steps and not cut_short:
        _remember(path, found)
    stage: How = "refined" if found.steps else "encoder"
    return StoredProjection(**vars(found), remembered=False, complete=not cut_short, stage=stage)


def _load(renderer: Renderer) -> None:
    """The slow part of a first projection. Raises AnycostError when a model is missing."""
    import anycost_models.metrics.enl0
    import anycost_models.projection.inversion  # noqa: F401

    _ = renderer.model


def encode_face(renderer: Renderer, encoder: EncoderGraph, face: np.ndarray) -> StoredProjection:
    """The encoder's answer alone, without torch: in a fraction of a second.

    face: as in `project_face`. Raises AnycostError when a model is missing."""
    started = time.monotonic()
    latent = encoding(renderer, encoder)(face)
    # By the exit that is loaded already: the encoder looked at its own answer.
    own = SubGenerator(SIDE) if SIDE in renderer.file.exits else renderer.full
    drawn = cv2.resize(renderer.render(latent, own), (SIDE, SIDE), interpolation=cv2.INTER_AREA) * 255
    error = float(np.square(drawn - face).mean())
    psnr = 10 * math.log10(255**2 / max(error, 1e-6))
    seconds = time.monotonic() - started
    return StoredProjection(latent, psnr, None, None, 0, seconds, remembered=False, stage="encoder")


def encoding(renderer: Renderer, encoder: EncoderGraph) -> Callable[[np.ndarray], np.ndarray]:
    """Aligned faces, uint8 RGB [256, 256, 3] → W+ [styles, D]."""
    return lambda face: encoder.encode(face, lambda latent: renderer.render(latent, SubGenerator(SIDE)))


def _key(files: Sequence[Path], *parts: object) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise AnycostError(
                f"the model {file} cannot be read ({error.strerror})", "install the package again"
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


def typical_consistency(renderer: Renderer, judge: "ProjectionScorer") -> "ProjectionScorer":
    """The judge, who then knows what is typical of this generator: measured once and remembered."""
    key = _key((renderer.weights,), "typical", judge.subs)
    path = cache_dir() / "consistency" / f"{key}.json"
    try:
        typical = float(json.loads(path.read_bytes()))
        if math.isfinite(typical) and typical > 0:
            judge.typical = typical
            return judge
    except (OSError, TypeError, ValueError):
        pass
    if judge.typical is not None:
        with contextlib.suppress(AnycostError, OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, json.dumps(judge.typical).encode())
    return judge
