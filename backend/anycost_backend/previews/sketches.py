"""Small pictures of how a face would look: for presets to choose from."""

from collections.abc import Callable

import cv2
import numpy as np
from anycost_models.core.images import to_uint8, to_unit_float
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.composite.placing import apply_rows
from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.region import Region
from anycost_backend.editing.session import RenderSpec

_RESOLUTION = 128  # pixels: of the drawing; small enough to be quick, large enough for landmarks


def sketch(region: Region, face: int, edit: FaceEdit, side: int, check: Callable[[], None]) -> np.ndarray:
    """The aligned face with the edit, uint8 RGB [side, side, 3]. Project the face first.

    check: called between the stages; what it raises ends the work. Raises AnycostError as `Session.plan`."""
    session, number = region.session, region.numbers[face]
    exits = session.models.renderer.file.exits
    resolution = min(exits, key=lambda exit: abs(exit - _RESOLUTION))
    photo = to_unit_float(session.crop(number, resolution))
    if edit.changes:
        spec = RenderSpec(SubGenerator(resolution), resolution)
        change = session.plan(number, edit, spec, check).change
        to_square = np.array([[1 / resolution, 0, 0], [0, 1 / resolution, 0]])
        size, rows = (resolution, resolution), (0, resolution)
        edited, mask = apply_rows(change, to_square, size, rows, lambda first, last: photo[first:last])
        photo = photo + mask[:, :, None] * (edited - photo)
    return cv2.resize(to_uint8(photo), (side, side), interpolation=cv2.INTER_AREA)
