"""Converts what a region shows to messages of the protocol."""

import time

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.face.aligned_square import Rectangle
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.face_edit import as_face_edit
from anycost_backend.editing.region import FaceEdits, Region, RegionOverlay
from anycost_backend.photo.layer import as_array, as_picture
from anycost_backend.previews.preview_ladder import channels_text
from anycost_backend.server.error_replies import RequestError

THUMBNAIL = 128  # pixels: side of a face's thumbnail


def selection_of(request: m.OpenRegion) -> np.ndarray | None:
    """[H, W], of the type that was sent. Raises RequestError when it does not fit the image."""
    mask, image = request.selection, request.image
    if mask is None:
        return None
    if (mask.width, mask.height, mask.channels) != (image.width, image.height, 1):
        raise RequestError(
            "bad_message", "the selection does not fit the image", "send one channel of the image's size"
        )
    return as_array(mask)[:, :, 0]


def edited_reply(
    request: m.Edit,
    overlay: RegionOverlay,
    sub: SubGenerator,
    quality: m.Quality,
    received: float,
    reached: tuple[m.Reached, ...],
    *,
    more: bool = False,
) -> m.Edited:
    """received: monotonic seconds."""
    return m.Edited(
        id=request.id,
        sequence=request.sequence,
        picture=as_picture(overlay.pixels),
        rectangle=rectangle_of(overlay.bounds),
        quality=quality,
        resolution=sub.resolution,
        channels=channels_text(sub),
        milliseconds=1e3 * (time.monotonic() - received),
        more=more,
        reached=reached,
    )


def reached_of(region: Region, edits: FaceEdits) -> tuple[m.Reached, ...]:
    """What is known by now of how far the faces follow."""
    found = ((face, region.reached(face, as_face_edit(edit).strengths)) for face, edit in edits.items())
    return tuple(m.Reached(face, {name: round(share, 3) for name, share in shares.items()}) for face, shares in found)


def unchanged_reply(request: m.Edit, region: Region) -> m.Edited:
    """The edit changes nothing that can be seen."""
    whole = m.Rectangle(0, 0, region.layer.width, region.layer.height)
    return m.Edited(id=request.id, sequence=request.sequence, picture=None, rectangle=whole, quality=request.quality)


def face_reply(region: Region, face: int) -> m.Face:
    """face: its number in the region."""
    found = region.session.faces[region.numbers[face]]
    corners = [(float(x), float(y)) for x, y in found.square.corners()]
    return m.Face(
        id=face,
        rectangle=rectangle_of(found.box),
        corners=(corners[0], corners[1], corners[2], corners[3]),
        score=min(max(float(found.score), 0.0), 1.0),
        warning=region.warning(face),
        thumbnail=as_picture(region.thumbnail(face, THUMBNAIL)),
        hidden=region.hidden(face),
    )


def rectangle_of(bounds: Rectangle) -> m.Rectangle:
    x0, y0, x1, y1 = bounds
    return m.Rectangle(x0, y0, x1 - x0, y1 - y0)
