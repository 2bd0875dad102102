"""Learns an attribute from the latents of two sets of faces: a dozen that show it and a dozen that do not.

Two dozen points do not span 512 dimensions: most of the difference of their means is chance. So only the leading
principal components of W are used, whitened, as many as the number of faces allows: fewer miss part of the attribute,
more change the face besides. Leave-one-out classification measures the direction, a permutation test its significance.
All rows of a latent separate the two sets, but not all change the image: the rows to move are chosen by rendering and
encoding again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anycost_models.core.errors import AnycostError

Reencode = Callable[[np.ndarray], np.ndarray]  # W+ [styles, D] → W+ [styles, D]

MIN_FACES = 4  # faces on each side
MAX_FACES = 500
FEW = 12  # faces on a side: below, the report advises more
RANGES = ((0, 1.0), (0, 0.31), (0, 0.5), (0.19, 0.56), (0.31, 0.69), (0.44, 1.0))  # of the rows of W+, as shares
COMPONENTS = ((8, 24), (24, 64), (100, 128), (MAX_FACES + 1, 256))  # below so many faces on a side: how many components
_ENOUGH = 0.6  # of the visible effect of all rows
_MAX_STRETCH = 3.0
_HARDLY = 0.15  # of a step is visible: below, the report warns
MAX_LENGTH = 4.0  # of strength 1, in standard deviations of w: beyond, faces fall apart
SHUFFLES = 100  # of the permutation test
SIGNIFICANCE = 0.05  # of the permutation test


@dataclass(frozen=True, eq=False)
class LearnedDirection:
    """What strength 1 adds, and how significant it is."""

    vector: np.ndarray  # float32 [D]
    layers: tuple[int, int]  # the rows of W+ it moves, the last excluded
    faces: tuple[int, int]  # with, without
    right: float  # 0…1: leave-one-out accuracy, mean of both sides
    separation: float  # of both sides' leave-one-out scores, in standard deviations
    chance: float  # 0…1: p-value of the permutation test
    length: float  # of strength 1, in standard deviations of w
    shown: float = 1.0  # 0…1: share of a step that the encoder finds again in the image; without `see`: 1

    @property
    def holds(self) -> bool:
        return self.chance <= SIGNIFICANCE and self.right >= 0.7

    def report(self) -> dict[str, float | int | bool]:
        return {
            "with": self.faces[0],
            "without": self.faces[1],
            "right": round(self.right, 3),
            "separation": round(self.separation, 2),
            "chance": round(self.chance, 3),
            "length": round(self.length, 2),
            "shown": round(self.shown, 2),
            "holds": self.holds,
        }

    def text(self) -> str:
        """One line for people."""
        sides = f"{self.faces[0]} faces with it and {self.faces[1]} without"
        if not self.holds:
            return (
                f"this does not hold: of {sides}, {self.right:.0%} are told apart when left out, shuffled ones as well"
                f" in {self.chance:.0%} of cases: use more pictures that differ in nothing else"
            )
        if self.shown < _HARDLY:
            return (
                f"of {sides}, {self.right:.0%} are told apart when left out, but the model hardly draws the difference"
            )
        more = "" if min(self.faces) >= FEW else f"; {FEW} on each side would be surer"
        return (
            f"of {sides}, {self.right:.0%} are told apart when left out"
            f" (shuffled ones as well in {self.chance:.0%} of cases){more}"
        )


def learn(
    positive: np.ndarray,
    negative: np.ndarray,
    styles: np.ndarray,
    see: Reencode | None = None,
    on_part: Callable[[float], None] = lambda fraction: None,
    seed: int = 0,
) -> LearnedDirection:
    """positive, negative: W+ [N, styles, D] of faces with and without; styles: w [M, D], many of the generator's own.

    see: renders a latent and encodes the image again; None: all rows are moved, by what latents alone say
    on_part: called with the progress, 0…1; what it raises ends the work. Raises AnycostError for too few or too many
    faces."""
    for faces, what in ((positive, "with"), (negative, "without")):
        if not MIN_FACES <= len(faces) <= MAX_FACES:
            raise AnycostError(
                f"{len(faces)} faces {what} it",
                f"give {MIN_FACES} to {MAX_FACES}, best a dozen that differ in nothing else",
            )
    fewest = min(len(positive), len(negative))
    space = _PrincipalComponents.of(styles, next(count for faces, count in COMPONENTS if fewest < faces))
    points = space.points(np.concatenate([positive, negative]))
    labels = np.array([1] * len(positive) + [0] * len(negative))
    gram = points @ points.T
    found = _left_out(gram, labels)
    rng = np.random.default_rng(seed)
    as_well = sum(_left_out(gram, rng.permutation(labels)).separation >= found.separation for _ in range(SHUFFLES))
    step = (points[labels == 1].mean(0) - points[labels == 0].mean(0)) / 2  # to one side from halfway between
    between = (positive.mean(0) + negative.mean(0)) / 2
    layers, shown = _rows(between, step, space, see, on_part)
    length = float(np.linalg.norm(step))
    # Longer by what the encoder does not find again, so that strength 1 shows the whole difference.
    stretch = min(1 / max(shown, 1 / _MAX_STRETCH), MAX_LENGTH / max(length, 1e-9))
    return LearnedDirection(
        (stretch * step @ space.components).astype(np.float32),
        layers,
        (len(positive), len(negative)),
        found.right,
        found.separation,
        (as_well + 1) / (SHUFFLES + 1),
        stretch * length,
        shown,
    )


@dataclass(frozen=True, eq=False)
class _PrincipalComponents:
    """The leading principal components of w, each as long as its standard deviation."""

    mean: np.ndarray  # [D]
    components: np.ndarray  # [K, D]

    @classmethod
    def of(cls, styles: np.ndarray, count: int) -> "_PrincipalComponents":
        mean = styles.mean(0).astype(np.float64)
        _, deviation, components = np.linalg.svd(
            (styles - mean) / np.sqrt(max(len(styles) - 1, 1)), full_matrices=False
        )
        return cls(mean, components[:count] * deviation[:count, None])

    def points(self, latents: np.ndarray) -> np.ndarray:
        """W+ [N, styles, D] → [N, K], in standard deviations."""
        units = self.components / np.square(self.components).sum(1, keepdims=True)
        return (latents.mean(1) - self.mean) @ units.T


def _rows(
    face: np.ndarray,
    step: np.ndarray,
    space: _PrincipalComponents,
    see: Reencode | None,
    on_part: Callable[[float], None],
) -> tuple[tuple[int, int], float]:
    """The rows of W+ in which the step shows most of what is meant and least of anything else, and how much of it, 0…1,
    is seen there."""
    count = len(face)
    ranges = [(round(low * count), max(round(high * count), round(low * count) + 1)) for low, high in RANGES]
    if see is None:
        return ranges[0], 1.0
    axis = step / max(float(np.linalg.norm(step)), 1e-9)
    (still,) = space.points(see(face)[None])
    seen = []
    for number, layers in enumerate(ranges):
        on_part(number / len(ranges))
        moved = face.copy()
        moved[slice(*layers)] += (step @ space.components).astype(face.dtype)
        change = space.points(see(moved)[None])[0] - still
        gain = float(change @ axis)
        seen.append((gain, gain / max(float(np.linalg.norm(change)), 1e-9)))
    shown = max(seen[0][0], 1e-9)
    able = [i for i, (gain, _) in enumerate(seen) if gain >= _ENOUGH * shown] or [0]
    # The cosine, less where less is shown; among equals the fewest rows.
    scores = [round(cosine * min(max(gain, 0.0) / shown, 1) ** 0.5, 2) for gain, cosine in seen]
    best = max(able, key=lambda i: (scores[i], ranges[i][0] - ranges[i][1]))
    meant = max(float(np.linalg.norm(step)), 1e-9)
    return ranges[best], min(max(seen[best][0] / meant, 0.0), 1.0)


@dataclass(frozen=True)
class _Separation:
    right: float
    separation: float


def _left_out(gram: np.ndarray, labels: np.ndarray) -> _Separation:
    """Each face scored by the difference of the others' means. gram: [N, N], of all faces' points."""
    sides = []
    for side in (1, 0):
        mine = (labels == side).astype(np.float64)
        others = mine[None, :] - np.diag(mine)  # row i: who is on that side when face i is left out
        sides.append(others / others.sum(1, keepdims=True))
    middle = [(mean @ gram * mean).sum(1) / 2 for mean in sides]  # half the squared length of each mean
    scores = ((sides[0] - sides[1]) @ gram).diagonal() - middle[0] + middle[1]
    with_it, without = scores[labels == 1], scores[labels == 0]
    spread = np.sqrt((with_it.var(ddof=1) + without.var(ddof=1)) / 2)
    separation = float((with_it.mean() - without.mean()) / max(spread, 1e-9))
    return _Separation(float(((with_it > 0).mean() + (without < 0).mean()) / 2), separation)
