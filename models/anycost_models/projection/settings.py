"""How a face is projected, as plain values: read without torch."""

from dataclasses import dataclass

from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.schedule import ProjectionStage

# By Adam, for a generator of which nothing is known: rates in standard deviations of the styles.
BY_ADAM = (
    ProjectionStage(SubGenerator(128), 60, 0.12, 0.08),
    ProjectionStage(SubGenerator(256), 45, 0.10, 0.04),
    ProjectionStage(SubGenerator(1024), 14, 0.05, 0.01),
)
# By L-BFGS, for one whose curvature is known: half a second on two cores,
QUICK = (ProjectionStage(SubGenerator(64), 8),)
# and about 10 s.
BY_CURVATURE = (
    *QUICK,
    ProjectionStage(SubGenerator(128), 12),
    ProjectionStage(SubGenerator(256), 6),
    ProjectionStage(SubGenerator(1024), 6),
)


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
