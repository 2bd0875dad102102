"""Projection by latent optimisation: the W+ latent whose picture is the given aligned face.

Cheap sub-generators carry the signal first; the last steps run the full generator, because what is optimised must be
what is rendered: an exit's colours are not quite the generator's.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.elastic import ElasticGenerator, SubGenerator
from anycost_models.perceptual import PerceptualDistance

SIDE = 256  # pixels at which projection and face are compared


@dataclass(frozen=True)
class Stage:
    """Some steps of Adam on one sub-generator."""

    sub: SubGenerator
    steps: int
    learning_rate: float  # at its start, in units of the styles' standard deviation
    final_rate: float  # at its end

    def rate(self, step: int) -> float:
        """Down along half a cosine, after a short warm-up."""
        falling = 0.5 * (1 + math.cos(math.pi * step / max(self.steps - 1, 1)))
        return (self.final_rate + (self.learning_rate - self.final_rate) * falling) * min(1.0, (step + 1) / 5)


@dataclass(frozen=True)
class ProjectionSettings:
    stages: tuple[Stage, ...] = (
        Stage(SubGenerator(128), 60, 0.12, 0.08),
        Stage(SubGenerator(256), 45, 0.10, 0.04),
        Stage(SubGenerator(1024), 14, 0.05, 0.01),
    )
    perceptual: float = 4.0  # weight of ENL0
    pixels: float = 8.0  # weight of the squared error of pixels in −1…1
    editability: float = 0.02  # weight of the mean squared distance to the mean style, in standard deviations
    outside: float = 0.3  # what pixels outside the face and hair count, those inside count 1
    patience: int = 25  # steps within a stage without a better loss before it ends early
    seed: int = 0  # of the noise on the first steps

    def within(self, resolution: int) -> "ProjectionSettings":
        """The same for a generator of fewer pixels: its full picture stands in for what it cannot draw."""
        stages = (replace(s, sub=SubGenerator(min(s.sub.resolution, resolution))) for s in self.stages)
        return replace(self, stages=tuple(stages))


@dataclass(frozen=True, eq=False)
class Projection:
    """A face as the generator can draw it."""

    latent: np.ndarray  # float32 [styles, D], W+
    psnr: float  # dB at 256 px, whole crop
    enl0: float  # perceptual distance at 256 px
    deviation: float  # rms distance from the mean style in standard deviations: above about 1.5 edits suffer
    steps: int
    seconds: float


@dataclass(frozen=True)
class Step:
    """Where a running projection is."""

    step: int
    steps: int
    loss: float
    sub: SubGenerator


def style_deviation(model: ElasticGenerator, samples: int = 4096) -> Tensor:
    """[D], the standard deviation of each dimension of w."""
    z = torch.randn(samples, model.config.style_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.mapping(z).std(0)


def has_fast_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class Objective:
    """How far a picture is from the face, at any size up to 256 px."""

    def __init__(
        self,
        perceptual: PerceptualDistance,
        face: np.ndarray,
        importance: np.ndarray | None,
        settings: ProjectionSettings,
    ) -> None:
        self.perceptual, self.settings = perceptual, settings
        self.face = torch.from_numpy(face.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        self.weight = torch.ones(1, 1, SIDE, SIDE)
        if importance is not None:
            inside = torch.from_numpy(importance).float()[None, None]
            self.weight = settings.outside + (1 - settings.outside) * inside
            self.weight = self.weight / self.weight.mean()

    def at(self, side: int) -> Callable[[Tensor], Tensor]:
        """The loss of pictures [1, 3, R, R], R ≥ side, −1…1, compared at `side` pixels."""
        goal, weight = resized(self.face, side), resized(self.weight, side)
        with torch.no_grad():
            goal_features = self.perceptual.features(goal)

        def loss(picture: Tensor) -> Tensor:
            picture = resized(picture, side)
            pixels = ((picture - goal).square() * weight).mean()
            distance = self.perceptual.distance(self.perceptual.features(picture), goal_features, weight).mean()
            return self.settings.pixels * pixels + self.settings.perceptual * distance

        return loss

    def scores(self, picture: Tensor) -> tuple[float, float]:
        """PSNR in dB and ENL0 of the whole crop at 256 px."""
        picture = resized(picture.clamp(-1, 1), SIDE)
        error = (picture - self.face).square().mean().item()
        return 10 * math.log10(4 / max(error, 1e-10)), self.perceptual(picture, self.face).item()


def resized(picture: Tensor, side: int) -> Tensor:
    return F.interpolate(picture, size=(side, side), mode="area")


def project(
    model: ElasticGenerator,
    perceptual: PerceptualDistance,
    face: np.ndarray,
    importance: np.ndarray | None = None,
    settings: ProjectionSettings = ProjectionSettings(),
    on_step: Callable[[Step], bool] = lambda step: True,
) -> Projection:
    """face: aligned, uint8 RGB [256, 256, 3]. importance: float32 [256, 256], 1 on face and hair, 0 elsewhere.
    on_step is told every step; when it returns False the best latent so far is returned at once.
    Deterministic for the same inputs and settings on one machine."""
    started = time.monotonic()
    objective = Objective(perceptual, face, importance, settings)
    fast = model.with_fast_features() if has_fast_bfloat16() else model
    sigma = style_deviation(model)
    offset = torch.zeros(model.config.styles, model.config.style_dim)  # from the mean style, in standard deviations
    rng = torch.Generator().manual_seed(settings.seed)
    total, done = sum(stage.steps for stage in settings.stages), 0

    def draw(offset: Tensor, sub: SubGenerator) -> Tensor:
        latent = (model.mean_style + offset * sigma)[None]
        # The full picture at half size is exact, and 256 px is less than half.
        halves = sub.resolution == model.config.resolution >= 2 * SIDE
        return fast.half_size(latent, thrifty=True) if halves else fast(latent, sub).float()

    for stage in settings.stages:
        loss_at_side = objective.at(min(SIDE, stage.sub.resolution))
        variable = offset.clone().requires_grad_(True)
        optimizer = torch.optim.Adam([variable], betas=(0.9, 0.99))
        best, stale, running = math.inf, 0, True
        for step in range(stage.steps):
            optimizer.param_groups[0]["lr"] = stage.rate(step)
            # Early noise shakes it out of the mean face's own corner.
            noise = 0.1 * max(0.0, 1 - 5 * done / total) * torch.randn(variable.shape, generator=rng)
            loss = loss_at_side(draw(variable + noise, stage.sub))
            loss = loss + settings.editability * variable.square().mean()
            if loss.item() < best * 0.999:
                best, offset, stale = loss.item(), variable.detach().clone(), 0
            else:
                stale += 1
            done += 1
            running = on_step(Step(done, total, loss.item(), stage.sub))
            if not running or stale > settings.patience:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if not running:
            break

    with torch.no_grad():
        psnr, enl0 = objective.scores(draw(offset, SubGenerator(model.config.resolution)))
    return Projection(
        latent=(model.mean_style + offset * sigma).numpy(),
        psnr=psnr,
        enl0=enl0,
        deviation=offset.square().mean().sqrt().item(),
        steps=done,
        seconds=time.monotonic() - started,
    )
