"""What one photographed face takes over from another: compared as photographed, found by drawing."""

from collections.abc import Callable
from typing import Any

from anycost_models.editing.face_matching import FaceMatch, What, labels_to_compare, match

from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session

_SIDE = 256  # pixels: of the squares that are compared


def match_faces(
    what: What,
    parts: Models,
    face: tuple[Session[Any], int],
    source: tuple[Session[Any], int],
    on_part: Callable[[float], None] = lambda fraction: None,
) -> FaceMatch:
    """Each a session and a face's number there; both are projected. on_part: told how far it is, 0…1; what it raises
    ends the work. Raises AnycostError when this model cannot take it over."""
    latents, labels = [], []
    for session, number in (face, source):
        latent = session.start(number)
        if latent is None:
            raise ValueError("a face has not been projected")
        latents.append(latent)
        labels.append(parts.labels.measure(session.crop(number, _SIDE)))  # as photographed, not as projected
    wanted = {name: labels[1][name] - labels[0][name] for name in labels_to_compare(what, labels[0])}
    return match(what, parts.directions, latents[0], latents[1], wanted, parts.measure, on_part)


def text_of(found: FaceMatch) -> str:
    """For people."""
    moved = ", ".join(f"{name} {value:+.2g}" for name, value in found.strengths.items() if abs(value) >= 0.05)
    colours = "colours as in the other face" if found.offset is not None else ""
    return "; ".join(part for part in (moved, colours) if part) or "the faces are alike in it"
