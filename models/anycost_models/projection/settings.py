"""How a face is projected, as plain values, and the schedule of its steps. Needs no torch."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from anycost_models.generators.sub_generator import SubGenerator


@dataclass(frozen=True)
class ProjectionStage:
    """Some steps down the loss of one sub-generator's image."""

    sub: SubGenerator
    steps: int  # with a budget, only their part of all steps' work counts
    learning_rate: float = 1.0  # at its start, as the optimiser takes it
    final_rate: float = 1.0  # at its end

    def within(self, resolution: int) -> "ProjectionStage":
        """The same for a generator of fewer pixels: its full image stands in for what it cannot render."""
        return self if self.sub.resolution <= resolution else replace(self, sub=SubGenerator(resolution))

    def rate(self, step: int, progress: float) -> float:
        """The learning rate: half a cosine downwards as `progress` goes from 0 to 1, after a short warm-up."""
        falling = 0.5 * (1 + math.cos(math.pi * progress))
        warm_up = 5 if self.learning_rate < 1 else 1
        return (self.final_rate + (self.learning_rate - self.final_rate) * falling) * min(1.0, (step + 1) / warm_up)


# By Adam, for a generator of which nothing is known: rates in standard deviations of the styles.
BY_ADAM = (
    ProjectionStage(SubGenerator(128), 60, 0.12, 0.08),
    ProjectionStage(SubGenerator(256), 45, 0.10, 0.04),
    ProjectionStage(SubGenerator(1024), 14, 0.05, 0.01),
)
# By L-BFGS, for one whose curvature is known: half a second of processor time,
QUICK = (ProjectionStage(SubGenerator(64), 12),)
# and about 7 s.
BY_CURVATURE = (*QUICK, ProjectionStage(SubGenerator(128), 8), ProjectionStage(SubGenerator(1024), 10))


@dataclass(frozen=True)
class ProjectionSettings:
    stages: tuple[ProjectionStage, ...] | None = None  # None: BY_CURVATURE where the curvature is known, else BY_ADAM
    budget: float | None = None  # seconds of wall-clock time, 0: no step at all; None: all steps of the stages
    editable: float = 0.5  # 0…1: 0 as near to the face as can be, 1 near to what the generator renders by itself
    perceptual: float = 4.0  # weight of ENL0
    pixels: float = 8.0  # weight of the squared error of pixels in −1…1
    outside: float = 0.3  # what pixels outside the face and hair count, those inside count 1
    damping: float = 0.01  # added to the curvature, in units of the loss per squared standard deviation
    patience: int = 25  # steps within a stage without a better loss before it ends early
    seed: int = 0  # of the noise on the first steps by Adam

    @property
    def restraint(self) -> float:
        """Weight of the mean squared distance to where it starts and to the mean style, in standard deviations."""
        return 0.02 * 100 ** (2 * self.editable - 1)


class Schedule:
    """The steps of a projection: so many of each stage, or as many as a budget of seconds allows.

    Iterate over `stages`, and within each over `rates`, the learning rate of each step.

    No step begins that the budget would not see the end of, going by how long such work has taken so far.
    """

    def __init__(
        self,
        stages: Sequence[ProjectionStage],
        work: Sequence[float],
        budget: float | None,
        started: float,
        after: float,
    ) -> None:
        """work: of a step of each stage; after: of what follows all steps, in the same unit; started: by
        time.monotonic, when the budget began to run, seconds."""
        self._stages, self._work, self._after = stages, work, after
        self._deadline = None if budget is None else started + budget
        self._seconds_per_work = 0.0  # of the slowest step so far
        self._at = 0
        self.done = 0  # steps
        self.total = sum(stage.steps for stage in stages)

    @property
    def progress(self) -> float:
        """0…1, of the steps"""
        return self.done / max(self.total, 1)

    def stages(self) -> Iterator[ProjectionStage]:
        for number, stage in enumerate(self._stages):
            self._at = number
            yield stage

    def rates(self) -> Iterator[float]:
        """Of the present stage."""
        return self._by_steps() if self._deadline is None else self._by_time(self._deadline)

    def _by_steps(self) -> Iterator[float]:
        stage = self._stages[self._at]
        for step in range(stage.steps):
            self.done += 1
            yield stage.rate(step, step / max(stage.steps - 1, 1))

    def _by_time(self, deadline: float) -> Iterator[float]:
        stage, work = self._stages[self._at], self._work[self._at]
        shares = [s.steps * w for s, w in zip(self._stages, self._work, strict=True)]
        begun = time.monotonic()
        left = deadline - begun - self._after * self._seconds_per_work
        end = begun + left * shares[self._at] / max(sum(shares[self._at :]), 1e-9)
        taken, before = 0, self.done
        while True:
            now = time.monotonic()
            expected = work * self._seconds_per_work
            if now >= end or now + expected > deadline - self._after * self._seconds_per_work:
                break
            self.done += 1
            seconds = max(now - begun, 1e-9) / taken if taken else expected
            self.total = max(self.done, before + math.ceil((end - begun) / max(seconds, 1e-3)))
            progress = (now - begun) / max(end - begun, 1e-9)
            yield stage.rate(taken, min(progress, 1.0))
            taken += 1
            self._seconds_per_work = (time.monotonic() - now) / work
