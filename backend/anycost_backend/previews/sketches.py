"""Small pictures of how a face would look: for presets to choose from."""

from collections.abc import Callable

import cv2
import numpy as np
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.edit_plan import RenderSpec
from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.region import Region

_RESOLUTION = 128  # pixels: of the drawing; small enough to be quick, large enough for landmarks


def sketch(region: Region, face: int, edit: FaceEdit, side: int, check: Callable[[], None]) -> np.ndarray:
    """The aligned face with the edit, uint8 RGB [side, side, 3]. Project the face first.

    check: called between the stages; what it raises ends the work. Raises AnycostError as `EditPlanner.plan`."""
    session, number = region.session, region.numbers[face]
    exits = session.models.renderer.file.exits
    resolution = min(exits, key=lambda exit: abs(exit - _RESOLUTION))
    picture = session.crop(number, resolution)
    if edit.changes:
        spec = RenderSpec(SubGenerator(resolution), resolution)
        change = session.planner.plan(number, edit, spec, check, session.planner.directions(number)).change
        picture = session.square_with(number, change, resolution)
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
