"""Projection by latent optimisation: the W+ latent whose image is the given aligned face.

As in StyleGAN2's projection (Karras et al., 2019, arXiv:1912.04958, section 5), but in W+, on pixels and ENL0, from an
encoder's latent where there is one. As in Anycost GAN (2021, arXiv:2103.03243), sub-generators take part: the first
steps run cheap ones. The last steps run the full generator, because its colours differ a little from theirs.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.metrics.image_metrics import psnr_of_error
from anycost_models.projection.curvature import Curvature
from anycost_models.projection.optimizers import Adam, Optimizer, QuasiNewton
from anycost_models.projection.settings import BY_ADAM, BY_CURVATURE, ProjectionSettings, Schedule

__all__ = ["Objective", "Projection", "ProjectionSettings", "ProjectionStep", "project"]

SIDE = 256  # pixels at which projection and face are compared
BACKWARD = 3.0  # times the work of rendering an image, for that and the gradient


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


def style_deviation(model: ElasticGenerator, samples: int = 4096) -> Tensor:
    """[D], the standard deviation of each dimension of w over so many samples."""
    z = torch.randn(samples, model.config.style_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.mapping(z).std(0)


DEFAULTS = ProjectionSettings()


class Objective:
    """The loss: how far an image is from the face, at any size up to 256 px."""

    def __init__(
        self,
        perceptual: PerceptualDistance,
        face: np.ndarray,
        importance: np.ndarray | None,
        settings: ProjectionSettings,
    ) -> None:
        self.perceptual, self.settings = perceptual, settings
        self.face = image_to_tensor(face)
        self.weight = torch.ones(1, 1, SIDE, SIDE)
        if importance is not None:
            inside = torch.from_numpy(importance).float()[None, None]
            self.weight = settings.outside + (1 - settings.outside) * inside
            self.weight = self.weight / self.weight.mean()

    def at(self, side: int) -> Callable[[Tensor], tuple[Tensor, float]]:
        """The loss of images [1, 3, R, R], R ≥ side, −1…1, compared at `side` pixels, and their PSNR there."""
        goal, weight = resized(self.face, side), resized(self.weight, side)
        with torch.no_grad():
            goal_features = self.perceptual.features(goal)

        def loss(image: Tensor) -> tuple[Tensor, float]:
            image = resized(image, side)
            error = (image - goal).square()
            distance = self.perceptual.distance(self.perceptual.features(image), goal_features, weight).mean()
            loss = self.settings.pixels * (error * weight).mean() + self.settings.perceptual * distance
            return loss, psnr_of_error(error.mean().item())

        return loss

    def scores(self, image: Tensor) -> tuple[float, float]:
        """PSNR in dB and ENL0 of the whole crop at 256 px; image: [1, 3, R, R]."""
        image = resized(image.clamp(-1, 1), SIDE)
        return psnr_of_error((image - self.face).square().mean().item()), self.perceptual(image, self.face).item()


def resized(image: Tensor, side: int) -> Tensor:
    """[N, C, H, W] → [N, C, side, side], each pixel the mean of those that it covers."""
    return F.interpolate(image, size=(side, side), mode="area")


def project(
    model: ElasticGenerator,
    perceptual: PerceptualDistance,
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
    objective = Objective(perceptual, face, importance, settings)
    full = model.config.resolution
    fast = model.with_fast_features() if has_fast_bfloat16() else model
    sigma = style_deviation(model)
    begin = torch.zeros(model.config.styles, model.config.style_dim)  # from the mean style, in standard deviations
    if start is not None:
        begin = (torch.from_numpy(start) - model.mean_style) / sigma
    rng = torch.Generator().manual_seed(settings.seed)
    descent: Optimizer = Adam() if curvature is None else QuasiNewton(curvature, settings.damping)
    stages = settings.stages or (BY_ADAM if curvature is None else BY_CURVATURE)
    stages = tuple(stage.within(full) for stage in stages)
    work = [BACKWARD * model.cost(stage.sub).macs for stage in stages]
    # Rendering the final image, for its scores, takes its time as well.
    schedule = Schedule(stages, work, settings.budget, started, after=model.cost(SubGenerator(full)).macs)

    def render(network: ElasticGenerator, offset: Tensor) -> Tensor:
        latent = (model.mean_style + offset * sigma)[None]
        # The full image at half size is exact, and 256 px is less than half.
        halves = network is fast and full >= 2 * SIDE
        return network.half_size(latent, checkpoint_activations=True) if halves else network(latent).float()

    offset, running = begin, True
    for stage in schedule.stages():
        network = fast if stage.sub.resolution == full else model.extract(stage.sub)
        if network is not fast and has_fast_bfloat16():
            network = network.with_fast_features()
        own = model.layers_at(stage.sub.resolution)  # rows; the last one only tints it, and is left to wider stages
        loss_at_side = objective.at(min(SIDE, stage.sub.resolution))
        point, best, stale = offset, math.inf, 0
        descent.restart()
        for rate in schedule.rates():
            variable = point.clone().requires_grad_(True)
            noise = torch.zeros(())
            if curvature is None:  # early noise shakes it out of the mean face's own corner
                noise = 0.1 * max(0.0, 1 - 5 * schedule.progress) * torch.randn(variable.shape, generator=rng)
            moved = torch.cat([(variable + noise)[:own], point[own:]])[: network.config.styles]
            loss, psnr = loss_at_side(render(network, moved))
            restraint = (variable.square() + (variable - begin).square()).mean() / 2
            loss = loss + settings.restraint * restraint
            if loss.item() < best * 0.999:
                best, offset, stale = loss.item(), point, 0
            else:
                stale += 1
            so_far = (model.mean_style + offset * sigma).numpy()
            running = on_step(ProjectionStep(schedule.done, schedule.total, loss.item(), psnr, stage.sub, so_far))
            if not running or stale > settings.patience:
                break
            (gradient,) = torch.autograd.grad(loss, variable)
            point = descent.step(point, loss.item(), gradient, rate)
        if not running:
            break

    with torch.no_grad():
        psnr, enl0 = objective.scores(render(fast, offset))
    return Projection(
        latent=(model.mean_style + offset * sigma).numpy(),
        psnr=psnr,
        enl0=enl0,
        deviation=offset.square().mean().sqrt().item(),
        steps=schedule.done,
        seconds=time.monotonic() - started,
    )
