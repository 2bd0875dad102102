"""Matches one photographed face to another: labels are compared as photographed, and as the edited photo shows them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from anycost_models.editing.face_matching import FaceMatch, MatchKind, labels_to_compare, match

from anycost_backend.editing.edit_plan import RenderSpec
from anycost_backend.editing.models import Models

if TYPE_CHECKING:
    from anycost_backend.editing.session import Session

_SIDE = 256  # pixels: of the squares that are compared


def match_faces(
    what: MatchKind,
    models: Models,
    face: "tuple[Session[Any], int]",
    source: "tuple[Session[Any], int]",
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> FaceMatch:
    """What `face` takes over from `source`. Each is a session and a face's number there, and projected.

    on_progress: called with 0…1; what it raises ends the search. Raises AnycostError when this model has no attributes
    for it, ValueError when a face is not projected."""
    latents, labels = [], []
    for session, number in (face, source):
        latent = session.planner.start(number)
        if latent is None:
            raise ValueError("a face has not been projected")
        latents.append(latent)
        labels.append(models.labels.measure(session.crop(number, _SIDE)))  # as photographed, not as projected
    (session, number), (before, wanted) = face, labels
    directions, spec = session.planner.directions(number), RenderSpec(models.quick, _SIDE)

    def labels_at(strengths: Mapping[str, float]) -> Mapping[str, float]:
        if not any(strengths.values()):
            return before
        change = session.planner.plan(number, strengths, spec, directions=directions).change
        return models.labels.measure(session.square_with(number, change, _SIDE))

    differences = {name: wanted[name] - before[name] for name in labels_to_compare(what, before)}
    return match(what, directions.by_name, latents[0], latents[1], differences, labels_at, on_progress)


def text_of(found: FaceMatch) -> str:
    """A summary for people."""
    strengths = ", ".join(f"{name} {value:+.2g}" for name, value in found.strengths.items() if abs(value) >= 0.05)
    colours = "colours as in the other face" if found.offset is not None else ""
    return "; ".join(part for part in (strengths, colours) if part) or "the faces are alike in it"
