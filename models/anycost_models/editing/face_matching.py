"""Copies expression, pose, hair or light from one face to another.

Where there are attributes for it, their strengths are found by editing and measuring, so that sliders show them and
the user can change them. Where there are none, the rows of W+ that control it are copied; that moves more than is
meant, and hair hardly at all (docs/own_attributes.md).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from anycost_models.core.errors import AnycostError
from anycost_models.editing.strength_solver import jacobian_of, solve_strengths

MatchKind = Literal["expression", "pose", "hair", "lighting"]
MATCH_KINDS: tuple[MatchKind, ...] = get_args(MatchKind)
ATTRIBUTES: Mapping[MatchKind, tuple[str, ...]] = {  # each with a label of its name; as many of them as there are
    "expression": (
        *("smile", "mouth_open", "mouth_frown", "pucker", "surprise"),
        *("eyes_open", "squint", "brows_up", "brow_furrow", "gaze_side"),  # gaze_up: by person more than by gaze
    ),
    "pose": ("yaw", "pitch"),
    "hair": (
        *("hair_lightness", "hair_blond", "hair_red", "hair_grey"),
        *("hair_length", "fringe", "hair_volume", "hair_curl", "baldness"),
    ),
    "lighting": ("light_side", "light_above"),
}
ROWS: Mapping[MatchKind, tuple[float, float]] = {"lighting": (0.375, 0.625)}  # of W+, as shares
LabelsAt = Callable[[Mapping[str, float]], Mapping[str, float]]
MAX_STRENGTH = 1.5  # strength: beyond, a likeness costs more than it gives
STEPS = 6  # of feedback


@dataclass(frozen=True, eq=False)
class FaceMatch:
    """The edit that gives one face what another shows."""

    strengths: Mapping[str, float] = field(default_factory=dict)  # of these attributes, instead of what they had
    offset: np.ndarray | None = None  # float32 W+ [styles, D]: what amount 1 adds
    left: float = 0.0  # share of the difference between the faces' labels that remains


def match(
    what: MatchKind,
    attributes: Collection[str],
    latent: np.ndarray,
    source: np.ndarray,
    differences: Mapping[str, float],
    labels_at: LabelsAt,
    on_part: Callable[[float], None] = lambda fraction: None,
) -> FaceMatch:
    """attributes: names of those that there are
    latent, source: W+ [styles, D] of the face that changes and of the one that it takes from, without edits
    differences: labels of the source's image minus those of the face's image
    labels_at: strengths of attributes → labels of the face's image with them
    on_part: called with the progress, 0…1; what it raises ends the work

    Raises AnycostError when this model has neither attributes nor rows for it."""
    names = [name for name in ATTRIBUTES[what] if name in attributes and name in differences]
    if names:
        return _solved_strengths(names, differences, labels_at, on_part)
    if what not in ROWS:
        raise AnycostError(
            f"this model has no attributes for {what}", "match something else, or use the embedded model"
        )
    rows = slice(*(round(share * len(latent)) for share in ROWS[what]))
    offset = np.zeros_like(latent)
    offset[rows] = source[rows] - latent[rows]
    return FaceMatch(offset=offset)


def labels_to_compare(what: MatchKind, labels: Collection[str]) -> tuple[str, ...]:
    """Those of `labels` that `match` compares."""
    return tuple(name for name in ATTRIBUTES[what] if name in labels)


def _solved_strengths(
    names: list[str], differences: Mapping[str, float], labels_at: LabelsAt, on_part: Callable[[float], None]
) -> FaceMatch:
    """The strengths that bring the labels closest to the source's."""
    expected = 2 * len(names) + STEPS + 3  # images to render
    measured = 0

    def values(strengths: Mapping[str, float]) -> np.ndarray:
        nonlocal measured
        on_part(min(measured / expected, 1.0))
        measured += 1
        labels = labels_at(strengths)
        return np.array([labels[name] for name in names], np.float64)

    neutral = values({})
    low, high = (np.array([values({name: sign}) - neutral for name in names]) for sign in (-1.0, 1.0))
    jacobian, units = jacobian_of(low, high)
    target = np.array([differences[name] for name in names]) / units

    def error_at(strengths: np.ndarray) -> np.ndarray:
        return (values(dict(zip(names, strengths.tolist(), strict=True))) - neutral) / units - target

    found = solve_strengths(error_at, jacobian, np.zeros(len(names)), STEPS, MAX_STRENGTH)
    left = float(np.sqrt(np.nansum(error_at(found) ** 2)) / max(float(np.sqrt(np.nansum(target**2))), 1e-9))
    return FaceMatch({name: round(float(value), 3) for name, value in zip(names, found, strict=True)}, left=left)
