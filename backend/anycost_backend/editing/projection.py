"""Projects aligned faces to latents: by the encoder at once, or refined by optimisation and cached on disk.

The cache is keyed by content: the same pixels are refined once. The encoder is faster than a look-up on disk."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.core.malloc_settings import give_back_freed_memory
from anycost_models.core.signed_cache import SignedCache
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.encoder_graph import EncoderGraph
from anycost_models.projection.settings import BY_CURVATURE
from anycost_models.weights import EMBEDDED_CURVATURE, EMBEDDED_ENCODER, EMBEDDED_GENERATOR
from safetensors import SafetensorError
from safetensors.numpy import load, save

from anycost_backend.editing.renderer import Renderer

if TYPE_CHECKING:
    from anycost_models.projection.inversion import Projection, ProjectionStep
    from anycost_models.projection.objective import Losses
    from anycost_models.projection.scores import ProjectionScorer
    from anycost_models.projection.settings import ProjectionSettings

SIDE = 256  # pixels of the faces that are projected
# The encoder's answer (or the mean style, for a model without encoder), an interim latent, or a finished refinement.
Stage = Literal["encoder", "under way", "refined"]

VERSION = 5  # raise it when projections get better: cached ones are then computed again
LATENTS = SignedCache("latents", ".safetensors", space=500_000_000, days=90)
CONSISTENCY = SignedCache("consistency", ".json", space=1 << 20)
_POLL = 0.01  # seconds
_MAX_LATENT = 1000.0  # no generator's latents lie so far out


@dataclass(frozen=True, eq=False)
class StoredProjection:
    """A projection and where it came from."""

    latent: np.ndarray  # float32 W+ [styles, D]
    psnr: float  # dB at 256 px; NaN: not measured, as after the encoder alone
    enl0: float | None  # perceptual distance at 256 px; None: not measured, as then
    deviation: float | None  # rms distance from the mean style, in standard deviations; None: not measured
    steps: int
    seconds: float  # that it took when it was computed
    remembered: bool  # read from the cache
    complete: bool = True  # not ended early by `on_step`
    stage: Stage = "refined"

    def scores(self) -> dict[str, float | int | bool | str | None]:
        """Everything but the latent, as the command line prints it."""
        return {name: value for name, value in vars(self).items() if name != "latent"}


def embedded_encoder(renderer: Renderer) -> EncoderGraph | None:
    """The encoder of this renderer's generator; None if it has none."""
    fits = renderer.weights == EMBEDDED_GENERATOR and EMBEDDED_ENCODER.is_file()
    return EncoderGraph(EMBEDDED_ENCODER, renderer.runtime, renderer.threads) if fits else None


def project_face(
    renderer: Renderer,
    face: np.ndarray,
    importance: Callable[[], np.ndarray],
    settings: "ProjectionSettings | None" = None,
    on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
    *,
    encoder: EncoderGraph | None = None,
    fresh: bool = False,
    meanwhile: Callable[[], None] | None = None,
) -> StoredProjection:
    """face: aligned, uint8 RGB [256, 256, 3]; importance: returns float32 [256, 256], 0…1, and is called while the
    first graph is loaded; fresh: do not read the cache.

    encoder: of this generator; None: start from the mean style. With a budget of 0 its answer is the projection.
    on_step: as in `inversion.project`; a projection that it ended early is not cached.
    meanwhile: called repeatedly while another thread loads what takes a second or more.
    Raises AnycostError when a model is missing."""
    if encoder and settings and settings.budget == 0:
        return encode_face(renderer, encoder, face)
    curvature = EMBEDDED_CURVATURE if renderer.weights == EMBEDDED_GENERATOR else None
    # Importance follows from the face, and its last bits differ between runtimes: it is no part of the key.
    start = encoder.sha256 if encoder else None
    key = _key((renderer.weights, *([curvature] if curvature else [])), start, face, settings)
    stored = None if fresh else _read(key, (renderer.file.styles, renderer.file.style_dim))
    if stored:
        return stored
    # A cached projection needs none of these.
    from anycost_models.projection.curvature import load_curvature
    from anycost_models.projection.inversion import ProjectionSettings, project

    losses, begin = projection_losses(renderer, meanwhile), None
    settings = settings or ProjectionSettings()
    first = (settings.stages or BY_CURVATURE)[0].sub
    if curvature and settings.budget != 0:
        losses.prepare(first)  # while the encoder answers
    matters = importance()
    if encoder:
        begin = encoding(renderer, encoder)(face)
        encoder.forget()  # refinement takes as much memory as everything else
        give_back_freed_memory()

    ended_early = False

    def watched(step: "ProjectionStep") -> bool:
        nonlocal ended_early
        ended_early = not on_step(step)
        return not ended_early

    found = project(
        losses,
        face,
        matters,
        settings,
        watched,
        start=begin,
        curvature=load_curvature(curvature) if curvature else None,
    )
    if found.steps and not ended_early:
        _write(key, found)
    stage: Stage = "refined" if found.steps else "encoder"
    return StoredProjection(**vars(found), remembered=False, complete=not ended_early, stage=stage)


def projection_losses(renderer: Renderer, meanwhile: Callable[[], None] | None = None) -> "Losses":
    """Of this renderer's generator: by graphs, or torch. Raises AnycostError when a model is missing, or
    torch, which other families need."""
    if renderer.weights == EMBEDDED_GENERATOR:
        from anycost_models.projection.loss_graphs import LossGraphs

        return LossGraphs(renderer.graphs, meanwhile)
    with ThreadPoolExecutor(1, "loading") as executor:
        loading = executor.submit(_load_torch, renderer)
        while meanwhile is not None and not loading.done():
            meanwhile()
            wait([loading], _POLL)
    return loading.result()


def _load_torch(renderer: Renderer) -> "Losses":
    from anycost_models.metrics.enl0 import load_perceptual
    from anycost_models.projection.loss import AutogradLosses

    return AutogradLosses(renderer.model, load_perceptual())


def encode_face(renderer: Renderer, encoder: EncoderGraph, face: np.ndarray) -> StoredProjection:
    """The encoder's answer for an aligned face, uint8 RGB [256, 256, 3]: without torch, in a fraction of a second.

    Raises AnycostError when a model is missing."""
    started = time.monotonic()
    latent = encoding(renderer, encoder)(face)
    seconds = time.monotonic() - started
    return StoredProjection(latent, math.nan, None, None, 0, seconds, remembered=False, stage="encoder")


def encoding(renderer: Renderer, encoder: EncoderGraph) -> Callable[[np.ndarray], np.ndarray]:
    """The function from aligned faces, uint8 RGB [256, 256, 3], to W+ [styles, D]."""
    return lambda face: encoder.encode(face, lambda latent: renderer.render(latent, SubGenerator(SIDE)))


def with_typical_consistency(renderer: Renderer, scorer: "ProjectionScorer") -> "ProjectionScorer":
    """The scorer, which then has the typical consistency of this generator: measured once, cached on disk.

    Raises AnycostError when the generator's file cannot be read."""
    key = _key((renderer.weights,), "typical", scorer.subs)
    data = CONSISTENCY.read(key)
    try:
        typical = float(json.loads(data)) if data else math.nan
    except (TypeError, ValueError):
        typical = math.nan
    if math.isfinite(typical) and typical > 0:
        scorer.typical = typical
    elif scorer.typical is not None:
        CONSISTENCY.write(key, json.dumps(scorer.typical).encode())
    return scorer


def _key(files: Sequence[Path], *values: object) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise AnycostError(
                f"the model {file} cannot be read ({error.strerror})", "install the package again"
            ) from error
    for value in (VERSION, *values):
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()[:40]


def _read(key: str, shape: tuple[int, int]) -> StoredProjection | None:
    """None if there is none, or it makes no sense: it will be replaced. shape: (styles, D)."""
    data = LATENTS.read(key)
    if data is None:
        return None
    try:
        tensors, scores = load(data), json.loads(_metadata(data)["scores"])
        found = StoredProjection(latent=tensors["latent"], **scores, remembered=True)
        _check(found, shape)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        LATENTS.forget(key, f"{type(error).__name__}: {error}")
        return None
    return found


def _check(found: StoredProjection, shape: tuple[int, int]) -> None:
    """Raises ValueError or TypeError unless this is a finished projection. An unfinished one would let Apply wait for
    ever, and what is no number would ruin the picture."""
    latent, scores = found.latent, (found.psnr, found.enl0, found.deviation, found.seconds)
    if latent.dtype != np.float32 or latent.shape != shape:
        raise ValueError(f"its latent is {latent.dtype} {latent.shape}")
    if not np.isfinite(latent).all() or np.abs(latent).max() > _MAX_LATENT:
        raise ValueError("its latent is out of range")
    if found.stage != "refined" or found.complete is not True or type(found.steps) is not int or found.steps < 1:
        raise ValueError("it is not finished")
    if not all(score is None or math.isfinite(score) for score in scores):
        raise ValueError("its scores are no numbers")


def _metadata(data: bytes) -> dict[str, str]:
    """Of a safetensors file in memory: its header is JSON after eight bytes with its size."""
    size = int.from_bytes(data[:8], "little")
    return dict(json.loads(data[8 : 8 + size])["__metadata__"])


def _write(key: str, found: "Projection") -> None:
    scores = {name: value for name, value in vars(found).items() if name != "latent"}
    LATENTS.write(key, save({"latent": found.latent}, {"scores": json.dumps(scores)}))
