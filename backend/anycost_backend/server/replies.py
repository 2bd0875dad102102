"""Replies of the compute thread as messages: what a region shows in the words of the protocol."""

import time

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.region import Region, RegionOverlay
from anycost_backend.photo.layer import as_array, as_picture
from anycost_backend.previews.preview_ladder import channels_text
from anycost_backend.server.error_replies import RequestError

THUMBNAIL = 128  # pixels: side of a face's


def selection_of(request: m.OpenRegion) -> np.ndarray | None:
    """[H, W]. Raises Refused when it does not fit."""
    mask, image = request.selection, request.image
    if mask is None:
        return None
    if (mask.width, mask.height, mask.channels) != (image.width, image.height, 1):
        raise RequestError(
            "bad_message", "the selection does not fit the image", "send one channel of the image's size"
        )
    return as_array(mask)[:, :, 0]


def edited_reply(
    request: m.Edit, shown: RegionOverlay, sub: SubGenerator, quality: m.Quality, since: float, *, more: bool = False
) -> m.Edited:
    return m.Edited(
        id=request.id,
        sequence=request.sequence,
        picture=as_picture(shown.pixels),
        rectangle=rectangle_of(shown.bounds),
        quality=quality,
        resolution=sub.resolution,
        channels=channels_text(sub),
        milliseconds=1e3 * (time.monotonic() - since),
        more=more,
    )


def face_reply(region: Region, number: int) -> m.Face:
    found = region.session.faces[region.numbers[number]]
    corners = [(float(x), float(y)) for x, y in found.square.corners()]
    return m.Face(
        id=number,
        rectangle=rectangle_of(found.box),
        corners=(corners[0], corners[1], corners[2], corners[3]),
        score=min(max(float(found.score), 0.0), 1.0),
        warning=region.warning(number),
        thumbnail=as_picture(region.thumbnail(number, THUMBNAIL)),
    )


def rectangle_of(bounds: tuple[int, int, int, int]) -> m.Rectangle:
    x0, y0, x1, y1 = bounds
    return m.Rectangle(x0, y0, x1 - x0, y1 - y0)
