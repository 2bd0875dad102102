"""Projection by latent optimisation: the W+ latent whose image is the given aligned face.

As in StyleGAN2's projection (Karras et al., 2019, arXiv:1912.04958, section 5), but in W+, on pixels and ENL0, from an
encoder's latent where there is one. As in Anycost GAN (2021, arXiv:2103.03243), sub-generators take part: the first
steps run cheap ones. The last steps run the full generator, because its colours differ a little from theirs. Whoever
answers loss and gradient (`Losses`) may need torch; what is here does not.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anycost_models.core.malloc_settings import give_back_freed_memory
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.curvature import Curvature
from anycost_models.projection.objective import SIDE, Goal, Losses, Value
from anycost_models.projection.optimizers import Adam, Optimizer, QuasiNewton
from anycost_models.projection.settings import BY_ADAM, BY_CURVATURE, ProjectionSettings, Schedule

__all__ = ["SIDE", "Projection", "ProjectionSettings", "ProjectionStep", "project"]

MAX_PSNR = 100.0  # dB: that of equal images


@dataclass(frozen=True, eq=False)
class Projection:
    """The latent of a face, and how close it comes."""

    latent: np.ndarray  # float32 [styles, D], W+
    psnr: float  # dB at 256 px, whole crop
    enl0: float  # perceptual distance at 256 px
    deviation: float  # rms distance from the mean style in standard deviations: above about 1.5 edits suffer
    steps: int
    seconds: float


@dataclass(frozen=True)
class ProjectionStep:
    """The progress of a running projection."""

    step: int
    steps: int  # that it will take, as far as is known
    loss: float
    psnr: float  # dB of this step's image, at its resolution, at most 256 px
    sub: SubGenerator
    latent: np.ndarray  # float32 [styles, D], W+: the best so far


RENDERING = 0.6  # of the work of a step of the full generator
CLEARLY = 1.08  # times the loss before: above, a step led uphill. The exact image's is up to .05 above the steps' own
DEFAULTS = ProjectionSettings()


def psnr(error: float) -> float:
    """dB, at most MAX_PSNR, for a mean squared error in −1…1; −∞ where that is no number."""
    if not math.isfinite(error):
        return -math.inf
    return min(10 * math.log10(4 / error), MAX_PSNR) if error > 0 else MAX_PSNR


def _seen(error: float, enl0: float, settings: ProjectionSettings) -> float:
    """The loss of a whole image, without restraint and importance."""
    return settings.pixels * error + settings.perceptual * enl0


def project(
    losses: Losses,
    face: np.ndarray,
    importance: np.ndarray | None = None,
    settings: ProjectionSettings = DEFAULTS,
    on_step: Callable[[ProjectionStep], bool] = lambda step: True,
    *,
    start: np.ndarray | None = None,
    curvature: Curvature | None = None,
) -> Projection:
    """face: aligned, uint8 RGB [256, 256, 3]. importance: float32 [256, 256], 1 on face and hair, 0 elsewhere.
    start: W+ [styles, D], an encoder's answer (None: the mean style). curvature: the model's, if it is known.
    on_step: called after every step; when it returns False the best latent so far is returned at once.

    Without a budget, deterministic for the same inputs and settings on one machine."""
    started = time.monotonic()
    goal, mean, sigma = Goal(face, importance, settings), losses.mean_style, losses.deviation
    begin = np.zeros((losses.styles, len(mean)), np.float32)  # from the mean style, in standard deviations
    if start is not None:
        begin = (start - mean) / sigma
    rng = np.random.default_rng(settings.seed)
    descent: Optimizer = Adam() if curvature is None else QuasiNewton(curvature, settings.damping)
    stages = settings.stages or (BY_ADAM if curvature is None else BY_CURVATURE)
    stages = tuple(stage.within(losses.full.resolution) for stage in stages)
    work = [losses.work(stage.sub) for stage in stages]
    # Rendering the final image, for its scores, takes its time as well.
    schedule = Schedule(stages, work, settings.budget, started, after=RENDERING * losses.work(losses.full))

    def latent_of(offset: np.ndarray) -> np.ndarray:
        return np.asarray(mean + offset * sigma, np.float32)

    offset, running = begin, True
    ahead: np.ndarray | None = None  # where a stage's last step led, which nobody has evaluated
    known = -math.inf  # the loss of the whole image at `offset`; −∞: there is no comparing with the result's
    loss_at: Callable[[np.ndarray], Value] | None = None
    for number, stage in enumerate(schedule.stages()):
        loss_at = losses.of(stage.sub, goal)
        for later in stages[number + 1 : number + 2]:
            losses.prepare(later.sub)
        own = losses.rows(stage.sub)  # the last one only tints what it draws, and is left to wider stages
        # It evaluates where it begins: so the last step of the stage before is free.
        point, best, stale = offset if ahead is None else ahead, math.inf, 0
        ahead = None
        descent.restart()
        for rate in schedule.rates():
            noise = np.zeros_like(point)
            if curvature is None:  # early noise shakes it out of the mean face's own corner
                noise = 0.1 * max(0.0, 1 - 5 * schedule.progress) * rng.standard_normal(point.shape, np.float32)
            value = loss_at(latent_of(np.concatenate([(point + noise)[:own], point[own:]])))
            gradient = value.gradient * sigma
            gradient[own:] = 0
            from_start = point - begin
            restraint = settings.restraint * float(np.mean(point**2 + from_start**2)) / 2
            gradient += settings.restraint * (point + from_start) / point.size
            loss = value.loss + restraint
            if loss < best * 0.999:
                best, offset, stale, known = loss, point, 0, _seen(value.error, value.enl0, settings)
            else:
                stale += 1
            so_far = latent_of(offset)
            running = on_step(ProjectionStep(schedule.done, schedule.total, loss, psnr(value.error), stage.sub, so_far))
            if not running or stale > settings.patience:
                break
            point = descent.step(point, loss, gradient, rate)
        if not running:
            break
        ahead = point if curvature is not None and not stale and best < math.inf else None
        if stage.sub != losses.full or settings.budget is not None:  # another image, or no time to draw twice
            known = -math.inf

    loss_at = None  # its network takes as much memory as what follows
    give_back_freed_memory()
    # The result is drawn anyway, for its scores: one more step is nearly free.
    last = offset if ahead is None or known < 0 else ahead
    error, enl0 = losses.scores(latent_of(last), goal)
    if last is ahead and not _seen(error, enl0, settings) < CLEARLY * known:
        last = offset
        error, enl0 = losses.scores(latent_of(last), goal)
    latent = latent_of(last)
    return Projection(
        latent=latent,
        psnr=psnr(error),
        enl0=enl0,
        deviation=float(np.sqrt(np.mean(last**2))),
        steps=schedule.done,
        seconds=time.monotonic() - started,
    )
