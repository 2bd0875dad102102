"""Points of a face that can be dragged, and by how far each attribute moves them on this face.

The idea of dragging points is Pan et al., "Drag Your GAN", 2023, arXiv:2305.10973, which optimises a latent on a GPU.
Here a drag becomes strengths of attributes, for which landmarks are measured once for each face."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from anycost_backend.editing.session import Session

_STRENGTH = 0.5  # to both sides of 0, at which landmarks are measured
_STILL = np.zeros((478, 2))
_LEAST = 0.002  # of the face's square: an attribute that moves a point by less at strength 1 does not move it


@dataclass(frozen=True)
class _Kind:
    name: str
    landmark: int  # of the 478
    attributes: tuple[str, ...]  # that people expect to move it: with all of them, a drag would change the whole face


# "Left" and "right" are the picture's sides.
_KINDS = (
    _Kind("mouth_left", 61, ("smile", "mouth_open", "mouth_width")),
    _Kind("mouth_right", 291, ("smile", "mouth_open", "mouth_width")),
    _Kind("lower_lip", 17, ("mouth_open", "lip_fullness")),
    _Kind("brow_left", 105, ("brows_up", "brow_furrow")),
    _Kind("brow_right", 334, ("brows_up", "brow_furrow")),
    _Kind("lid_left", 159, ("eyes_open", "squint")),
    _Kind("lid_right", 386, ("eyes_open", "squint")),
    _Kind("iris_left", 468, ("gaze_side", "gaze_up")),
    _Kind("iris_right", 473, ("gaze_side", "gaze_up")),
    _Kind("nose", 1, ("yaw", "pitch")),
    _Kind("chin", 152, ("chin_length",)),
    _Kind("jaw_left", 172, ("jaw_width",)),
    _Kind("jaw_right", 397, ("jaw_width",)),
)


@dataclass(frozen=True)
class Handle:
    name: str
    point: tuple[float, float]  # where the photo shows it, pixels
    moves: Mapping[str, tuple[float, float]]  # attribute → pixels at strength 1


def handles_of(session: Session, face: int, on_progress: Callable[[float], None]) -> tuple[Handle, ...]:
    """Those that this model's attributes move, known from warps or measured on drawings of the face, which has to be
    projected.

    on_progress: gets 0…1 between drawings; what it raises ends the work. Raises AnycostError as `Renderer.render`."""
    start, directions = session.planner.start(face), session.planner.directions(face)
    if start is None:
        raise ValueError(f"face {face} has not been projected")
    sub = session.models.quick
    gains = session.models.gains(sub)

    def landmarks(strengths: Mapping[str, float]) -> np.ndarray:
        """float64 [478, 2], of the square's side."""
        image = session.models.renderer.render8(directions.apply(start, strengths, gains), sub)
        return session.models.finder.mesh.landmarks_aligned(image).points[:, :2].astype(np.float64) / len(image)

    known = directions.by_name.keys() - set(session.editable.hidden(face))
    wanted = dict.fromkeys(name for kind in _KINDS for name in kind.attributes if name in known)
    shape = session.faces[face].in_square
    moves: dict[str, np.ndarray] = {}  # attribute → [478, 2], of the square's side, at strength 1
    for count, name in enumerate(wanted):
        on_progress(count / len(wanted))
        warped = [session.models.displaced({name: s}, directions, shape) for s in (-_STRENGTH, _STRENGTH)]
        moves[name] = sum((sense * by for sense, by in zip((-1, 1), warped, strict=True) if by is not None), _STILL)
        if session.models.effects.drawn(name):
            moves[name] = moves[name] + landmarks({name: _STRENGTH}) - landmarks({name: -_STRENGTH})
        moves[name] = moves[name] / (2 * _STRENGTH)
    found = session.faces[face]
    to_photo = found.square.inverse(1)[:, :2]
    handles = []
    for kind in _KINDS:
        own = {name: moves[name][kind.landmark] for name in kind.attributes if name in moves}
        moving = {name: _pair(to_photo @ move) for name, move in own.items() if np.hypot(*move) >= _LEAST}
        if moving:
            handles.append(Handle(kind.name, _pair(found.mesh.points[kind.landmark]), moving))
    return tuple(handles)


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
