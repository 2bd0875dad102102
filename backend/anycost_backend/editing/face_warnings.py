"""What a person should know of a face before an edit of it is kept."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from anycost_models.projection.warnings import warnings

from anycost_backend.editing.composite.lens_tint import LENS_TINT
from anycost_backend.editing.editable import OF_COLOURS
from anycost_backend.editing.face_edit import FaceEdit

if TYPE_CHECKING:
    from anycost_backend.editing.session import Session

_COVERED = {"mouth": "the mouth", "eye": "one eye", "eyes": "the eyes", "face": "a part of the face"}


def face_warnings(session: "Session[Any]", face: int, edit: FaceEdit) -> tuple[str, ...]:
    """For people. Projects the face if it was not, and the edit draws. `anycost project`, which measures more, may find
    more. Raises AnycostError for unknown attributes."""
    wanted = edit.strengths
    return (
        *(_drawing_warnings(session, face) if session.planner.draws(edit) else ()),
        *_cover_warnings(session, face, wanted),
        *_hat_warnings(session, face, wanted),
        *_colour_warnings(session, face, wanted),
        *_lens_warnings(session, face, wanted),
    )


def _drawing_warnings(session: "Session[Any]", face: int) -> tuple[str, ...]:
    projection, found = session.project(face), session.faces[face]
    yaw, *_ = found.mesh.pose()
    return warnings(projection.psnr, None, projection.deviation or 0.0, found.square.side, yaw)


def _hat_warnings(session: "Session[Any]", face: int, wanted: Collection[str]) -> tuple[str, ...]:
    directions = session.models.directions.by_name
    hair = [name for name in wanted if name in directions and directions[name].group == "Hair"]
    if not hair or not session.editable.wears_hat(face):
        return ()
    return (f"a hat stays as it is: of {', '.join(hair)} only the hair beside it shows something",)


def _colour_warnings(session: "Session[Any]", face: int, wanted: Collection[str]) -> tuple[str, ...]:
    of_colours = [name for name in wanted if name in OF_COLOURS]
    if not of_colours or not session.editable.is_monochrome(face):
        return ()
    return (f"the picture has no colours: nothing is seen of {', '.join(of_colours)}",)


def _lens_warnings(session: "Session[Any]", face: int, wanted: Mapping[str, float]) -> tuple[str, ...]:
    if not wanted.get(LENS_TINT) or wanted.get("glasses", 0) > 0 or session.editable.wears_glasses(face):
        return ()
    return (f"no glasses are worn: nothing is seen of {LENS_TINT} unless 'glasses' draws some",)


def _cover_warnings(session: "Session[Any]", face: int, wanted: Collection[str]) -> tuple[str, ...]:
    covering = session.editable.covering(face)
    if covering is None:
        return ()
    parts = " and ".join(_COVERED[part] for part in covering.covered)
    text = f"something covers {parts}: what covers it stays as it is"
    hidden = [name for name in wanted if name in covering.hidden]
    return (text + (f", and nothing is seen of {', '.join(hidden)}" if hidden else ""),)
