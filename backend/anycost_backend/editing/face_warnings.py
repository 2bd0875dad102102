"""What a person should know of a face before an edit of it is kept."""

from typing import TYPE_CHECKING, Any

from anycost_models.projection.warnings import warnings

if TYPE_CHECKING:
    from anycost_backend.editing.session import Session


def face_warnings(session: "Session[Any]", face: int) -> tuple[str, ...]:
    """For people. Projects the face, if it was not. `anycost project`, which measures more, may find more."""
    projection = session.project(face)
    found = session.faces[face]
    yaw, *_ = found.mesh.pose()
    return warnings(projection.psnr, None, projection.deviation or 0.0, found.square.side, yaw)
