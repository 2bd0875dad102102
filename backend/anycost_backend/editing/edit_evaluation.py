"""Measures what edits show in photographs: each attribute at −1 and +1, in the picture that a user gets."""

import statistics
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from anycost_models.editing.effects import EffectTable
from anycost_models.face.degradation import DegradationStrength, degrade

from anycost_backend.editing.edit_planner import MEASURED_SIDE
from anycost_backend.editing.edit_rules import DRAWN_BY
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer

Embed = Callable[[np.ndarray], np.ndarray]  # aligned face, uint8 RGB [256, 256, 3] → identity embedding [128]

SHOWN = 0.8  # share of what is promised from which on an attribute counts as shown
_FIRST_SEED = 6_000  # of generated faces
_SIDE = 768  # pixels: of generated photographs
# A photograph of the better kind: nothing moved and nothing covered, so that labels are of the face.
_PHOTOGRAPH = DegradationStrength(
    shift=0, turn=0, zoom=0, flip=0, exposure=0.3, blur=0.6, reduce=1.5, noise=5, jpeg=80, occluder=0
)


@dataclass(frozen=True, eq=False)
class MeasuredEdit:
    """One attribute at −1 or +1 on one face."""

    face: str
    name: str
    sense: int  # −1 or 1
    share: float  # of what can be asked of this face; NaN: not measurable
    at_end: bool  # whether the face is there already
    reached: float | None  # what editors are told
    gain: float  # how far the attribute went
    moved: Mapping[str, float]  # label → change in the attribute's sense, in standard deviations
    distance: float  # of the identities before and after
    picture: np.ndarray  # aligned, uint8 RGB [256, 256, 3]


def generated_photographs(models: Models, count: int) -> Iterator[tuple[str, Layer]]:
    """Generated faces with the harm that photographs take. Raises AnycostError as `Renderer.render`."""
    for seed in range(_FIRST_SEED, _FIRST_SEED + count):
        face = models.renderer.render8(models.renderer.sample(seed, 0.8))
        clean = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        yield f"drawn {seed - _FIRST_SEED + 1}", Layer(degrade(clean, seed, _PHOTOGRAPH).image)


def measure_edits(
    face: str, session: Session[Any], names: Collection[str], embed: Embed, between: Callable[[], None] = lambda: None
) -> Iterator[MeasuredEdit]:
    """Of the session's largest face. between: called before each edit. Raises AnycostError when a model is missing."""
    models, planner = session.models, session.planner
    effects, measure = models.effects, models.labels.measure
    session.project(0)
    before_picture = session.crop(0, MEASURED_SIDE)
    photographed, own_identity = measure(before_picture), embed(before_picture)
    hidden = session.editable.hidden(0)
    for name in names:
        drawn = _drawn_for(name, hidden)
        if drawn:
            first = session.square_with(0, planner.plan(0, drawn, planner.final_spec(0)).change, MEASURED_SIDE)
        before, identity = (measure(first), embed(first)) if drawn else (photographed, own_identity)
        for sense in (-1, 1):
            if not models.directions.direction(name).multiple(sense):
                continue  # the slider ends at 0
            between()
            plan = planner.plan(0, {**drawn, name: sense}, planner.final_spec(0))
            picture = session.square_with(0, plan.change, MEASURED_SIDE)
            after = measure(picture)
            moved = {
                label: sense * (after[label] - before[label]) / natural.deviation
                for label, natural in effects.labels.items()
            }
            target = effects.target(name, sense, before[name])
            share = sense * (after[name] - before[name]) / target if drawn or name not in hidden else float("nan")
            distance = float(np.linalg.norm(embed(picture) - identity))
            at_end = effects.at_end(name, sense, before[name])
            gain = planner.gain(0, name, sense)
            reached = plan.reached.get(name)
            yield MeasuredEdit(face, name, sense, share, at_end, reached, gain, moved, distance, picture)


def _drawn_for(name: str, hidden: Collection[str]) -> Mapping[str, float]:
    """The strengths with which the face shows something of the attribute."""
    needed = DRAWN_BY.get(name, {}) if name in hidden else {}
    return {} if needed.keys() & set(hidden) else needed


@dataclass(frozen=True)
class AttributeSummary:
    faces: int  # edits that were counted: those of faces that are not at that end already
    share: float  # median of the share of what is promised
    reached: float  # part of the edits that show `SHOWN` of it
    others: float  # mean over the other labels of their mean movement, standard deviations per strength 1
    same_person: float  # part of the edits that leave the same person


def summary(edits: Sequence[MeasuredEdit], effects: EffectTable, same_person: float) -> dict[str, AttributeSummary]:
    """By attribute. same_person: distance below which two identities are one person's"""
    found = {}
    for name in dict.fromkeys(edit.name for edit in edits):
        own = [edit for edit in edits if edit.name == name]
        counted = [edit.share for edit in own if not edit.at_end and np.isfinite(edit.share)]
        others = [label for label in effects.labels if label != name]
        table = np.array([[edit.moved[label] for label in others] for edit in own])  # [edits, labels]
        means = [abs(float(column[np.isfinite(column)].mean())) for column in table.T if np.isfinite(column).any()]
        found[name] = AttributeSummary(
            len(counted),
            statistics.median(counted) if counted else float("nan"),
            statistics.fmean(share >= SHOWN for share in counted) if counted else float("nan"),
            statistics.fmean(means),
            statistics.fmean(edit.distance < same_person for edit in own),
        )
    return found
