"""Measures projection over many faces: the encoder's latent, that after half a second, and the refined one; and the
effect of edits on them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
import torch

from anycost_models.editing.directions import Directions, eased
from anycost_models.face.degradation import IN_PLACE, degrade
from anycost_models.face.labels import FaceLabels
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.masks import face_oval_mask, hair_of_matte, matte
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import image_to_tensor, tensor_to_image
from anycost_models.metrics.identity import SAME_PERSON
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.projection.curvature import Curvature
from anycost_models.projection.inversion import SIDE, Projection, ProjectionSettings, project
from anycost_models.projection.objective import Losses
from anycost_models.projection.scores import ProjectionScorer, ProjectionScores
from anycost_models.projection.settings import QUICK

How = Literal["encoder", "quick", "refined"]  # a latent was found: quick as live editing first shows it
EDITED = "smile"
TYPICAL_EDITS = 16  # generated faces whose edits are the measure


@dataclass(frozen=True, eq=False)
class EvaluatedFace:
    """A face to be projected."""

    name: str
    face: np.ndarray  # aligned, uint8 RGB [256, 256, 3]
    importance: np.ndarray  # float32 [256, 256], 1 on face and hair, 0 elsewhere
    clean: np.ndarray | None = None  # what `face` was before it was degraded, if that is known
    latent: np.ndarray | None = None  # W+ [styles, D] that renders `clean`, if that is known


@dataclass(frozen=True)
class EditScores:
    effect: float | None  # smile at +1 less smile at −1, 0…1; None: not measurable
    sampled: float | None  # the same of this generated face's own latent; where that is not known, of generated faces
    same_person: bool | None  # whether both are still who was projected


@dataclass(frozen=True, eq=False)
class ProjectionRow:
    image: str
    stage: How
    latent: np.ndarray  # W+ [styles, D]
    scores: ProjectionScores  # against the face that was projected
    seconds: float
    clean: ProjectionScores | None = None  # against the clean image
    edits: EditScores | None = None


def face_to_evaluate(name: str, face: np.ndarray, landmarks: Landmarks, labels: FaceLabels) -> EvaluatedFace:
    """face: aligned, uint8 RGB [256, 256, 3], with its landmarks there."""
    person = matte(face, labels.matte)
    covered = np.maximum(face_oval_mask(landmarks, SIDE), hair_of_matte(person, landmarks))
    return EvaluatedFace(name, face, (covered > 0.5).astype(np.float32))


def generated_faces(
    model: ElasticGenerator,
    scorer: ProjectionScorer,
    labels: FaceLabels,
    count: int,
    seed: int,
    truncation: float = 0.7,
) -> Iterator[EvaluatedFace]:
    """Faces that no training has seen, degraded as photographs are.

    Raises AnycostError as `held_out_styles` does."""
    for number, w in enumerate(held_out_styles(model, max(count, 2), seed, truncation)[:count, 0]):
        image = tensor_to_image(scorer.full(model.as_wplus(w[None])))
        clean = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        photograph = degrade(clean, seed * 1_000_003 + number, IN_PLACE).image
        found = face_to_evaluate(f"generated {number + 1}", photograph, labels.mesh.landmarks_aligned(clean), labels)
        yield EvaluatedFace(found.name, photograph, found.importance, clean, model.as_wplus(w[None])[0].numpy())


class EditEvaluation:
    """What an edit does to projections, compared with what it does to generated faces."""

    def __init__(self, scorer: ProjectionScorer, labels: FaceLabels, directions: Directions) -> None:
        self.scorer, self.labels, self.directions = scorer, labels, directions

    @cached_property
    def typical(self) -> float:
        """The mean effect on generated faces."""
        styles = held_out_styles(self.scorer.model, TYPICAL_EDITS)[:, 0]
        latents = (self.scorer.model.as_wplus(w[None])[0].numpy() for w in styles)
        return float(np.nanmean([self._effect(*self._rendered(latent)) for latent in latents]))

    def scores(self, latent: np.ndarray, known: np.ndarray | None) -> EditScores:
        """Scores of edits as users make them, from the eased latent.

        latent, known: W+ [styles, D], the one found and that of the generated face, if known. A broad smile can hardly
        get broader: only its own edits are a fair measure for those of its projection."""
        start = eased(latent)
        less, more = self._rendered(start)
        effect = self._effect(less, more)
        sampled = self.typical if known is None else self._effect(*self._rendered(known))
        same = None
        if self.scorer.identity is not None:
            with torch.inference_mode():
                before = self.scorer.full(torch.from_numpy(start)[None])
                far = max(self.scorer.identity(before, image_to_tensor(after)).item() for after in (less, more))
            same = far < SAME_PERSON
        measured = np.isfinite(effect) and np.isfinite(sampled)
        return EditScores(effect if measured else None, sampled if measured else None, same)

    def _rendered(self, latent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        edited = (self.directions.apply(latent.copy(), {EDITED: strength}) for strength in (-1.0, 1.0))
        less, more = (tensor_to_image(self.scorer.full(torch.from_numpy(each)[None])) for each in edited)
        return less, more

    def _effect(self, less: np.ndarray, more: np.ndarray) -> float:
        return self.labels.measure(more)[EDITED] - self.labels.measure(less)[EDITED]


def evaluate(
    subject: EvaluatedFace,
    scorer: ProjectionScorer,
    settings: ProjectionSettings,
    encode: Callable[[np.ndarray], np.ndarray] | None,
    losses: Losses,
    curvature: Curvature | None = None,
    editing: EditEvaluation | None = None,
) -> Iterator[ProjectionRow]:
    """encode: a face → W+ [styles, D] (None: the model has no encoder); losses: of the scorer's generator.

    The encoder's row comes first, if there is one, and after it that of its first steps down, where the curvature is
    known; then the refined one, unless the budget is 0."""
    start = None

    def found(settings: ProjectionSettings) -> Projection:
        face, covered = subject.face, subject.importance
        return project(losses, face, covered, settings, start=start, curvature=curvature)

    if encode is not None:
        started = time.monotonic()
        start = encode(subject.face)
        yield _row(subject, "encoder", start, time.monotonic() - started, scorer, editing)
        if settings.budget == 0:
            return
    if start is not None and curvature is not None:
        quick = found(replace(settings, stages=QUICK, budget=None))
        yield _row(subject, "quick", quick.latent, quick.seconds, scorer, editing)
    refined = found(settings)
    yield _row(subject, "refined", refined.latent, refined.seconds, scorer, editing)


def _row(
    subject: EvaluatedFace,
    stage: How,
    latent: np.ndarray,
    seconds: float,
    scorer: ProjectionScorer,
    editing: EditEvaluation | None,
) -> ProjectionRow:
    scores = scorer.scores(latent, subject.face)
    clean = None if subject.clean is None else scorer.scores(latent, subject.clean)
    edits = None if editing is None else editing.scores(latent, subject.latent)
    return ProjectionRow(subject.name, stage, latent, scores, seconds, clean, edits)


def summary(rows: Sequence[ProjectionRow]) -> dict[str, float | int | None]:
    """Means over rows of one stage, and shares of those that pass."""

    def mean(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    found: dict[str, float | int | None] = {
        "faces": len(rows),
        "psnr": mean([row.scores.psnr for row in rows]),
        "enl0": mean([row.scores.enl0 for row in rows]),
        "same_person": mean([row.scores.same_person for row in rows]),
        "consistency_ratio": mean([row.scores.consistency_ratio for row in rows]),
        "deviation": mean([row.scores.deviation for row in rows]),
        "seconds": float(np.median([row.seconds for row in rows])) if rows else None,
    }
    if any(row.clean for row in rows):
        clean = [row.clean for row in rows if row.clean]
        found["psnr_clean"] = mean([scores.psnr for scores in clean])
        found["same_person_clean"] = mean([scores.same_person for scores in clean])
    if any(row.edits for row in rows):
        edits = [row.edits for row in rows if row.edits]
        effect, sampled = mean([each.effect for each in edits]), mean([each.sampled for each in edits])
        found["edit_effect"] = effect / sampled if effect is not None and sampled else None
        found["edit_same_person"] = mean([each.same_person for each in edits])
    return found


def projection_sheet(
    subjects: Sequence[EvaluatedFace], rows: Sequence[ProjectionRow], scorer: ProjectionScorer
) -> np.ndarray:
    """uint8 RGB: for each subject the input, what each stage found, and what sub-generators render of the last one."""
    by_subject: Mapping[str, list[ProjectionRow]] = {
        s.name: [row for row in rows if row.image == s.name] for s in subjects
    }
    stages = list(dict.fromkeys(row.stage for row in rows))
    lines = []
    for subject in subjects:
        found = by_subject[subject.name]
        latents = [torch.from_numpy(row.latent)[None] for row in found]
        rendered = [scorer.full(latent) for latent in latents]
        small = [scorer.render(sub, latents[-1]) for sub in scorer.subs]
        lines.append([subject.face, *map(tensor_to_image, rendered), *map(tensor_to_image, small)])
    titles = ["input", *stages, *map(str, scorer.subs)]
    return contact_sheet(lines, titles, [subject.name for subject in subjects], tile=192)
