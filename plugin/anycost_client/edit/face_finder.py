"""Faces of other layers, each in a session of its own: for what the backend is to learn from them, or to take over."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from anycost_client.core.problem import Problem
from anycost_client.protocol.events import Event, Lost, Unavailable
from anycost_client.protocol.messages import (
    Cancel,
    Close,
    Face,
    Failed,
    OpenRegion,
    Picture,
    RegionOpened,
    Request,
    SessionFace,
    new_id,
)

_LARGE = 4_000_000  # pixels: of a larger region only what is around the face stays open
_MARGIN = 0.5  # of the square's side: so much around it, for hair and neckline
_SIDE = 64  # pixels: of thumbnails, which nobody sees

Then = Callable[[SessionFace | Problem | None], None]  # None: there is no face


@dataclass(frozen=True)
class _Asked:
    id: str
    region: OpenRegion
    then: Then
    whole: bool  # not yet cut to the face


class FaceFinder:
    """Uses the same link to the backend as an Editor: give it every event. One region at a time."""

    def __init__(self, send: Callable[[Request], None]) -> None:
        self._send = send
        self._asked: _Asked | None = None
        self._sessions: list[str] = []
        self._abandoned: set[str] = set()

    @property
    def waits_for(self) -> str:
        """Id of the pending request; "" for none."""
        return self._asked.id if self._asked else ""

    def find(self, region: OpenRegion, then: Then) -> None:
        """`then` gets the largest face; its session stays open until `close`."""
        self._ask(replace(region, max_side=_SIDE, selection=None, known=()), then, whole=True)

    def close(self) -> None:
        """Closes all sessions and drops the pending request."""
        if self._asked:
            self._abandoned.add(self._asked.id)
            self._send(Cancel(what=self._asked.id))
        self._asked = None
        for session in self._sessions:
            self._send(Close(session=session))
        self._sessions.clear()

    def handle(self, event: Event) -> None:
        if isinstance(event, (Lost, Unavailable)):
            self._sessions.clear()
            self._abandoned.clear()
            self._done(Problem(event.cause, "try again", "lost"))
        elif isinstance(event, RegionOpened) and event.id in self._abandoned:
            self._abandoned.discard(event.id)
            self._send(Close(session=event.session))
        elif isinstance(event, RegionOpened) and event.id == self.waits_for:
            self._opened(event)
        elif isinstance(event, Failed) and event.id in (self.waits_for, *self._abandoned):
            self._abandoned.discard(event.id)
            if event.id == self.waits_for:
                self._done(Problem(event.cause, event.remedy, event.reason))

    # ------------------------------------------------------------------ inside

    def _ask(self, region: OpenRegion, then: Then, whole: bool) -> None:
        region = replace(region, id=new_id())
        self._asked = _Asked(region.id, region, then, whole)
        self._send(region)

    def _opened(self, reply: RegionOpened) -> None:
        asked = self._asked
        if asked is None:
            return
        image = asked.region.image
        too_large = asked.whole and image.width * image.height > _LARGE
        if not reply.faces or too_large:
            self._send(Close(session=reply.session))
        if not reply.faces:
            self._done(None)
        elif too_large:
            self._ask(replace(asked.region, image=around(image, reply.faces[0])), asked.then, whole=False)
        else:
            self._sessions.append(reply.session)
            self._done(SessionFace(reply.session, reply.faces[0].id))

    def _done(self, found: SessionFace | Problem | None) -> None:
        asked, self._asked = self._asked, None
        if asked:
            asked.then(found)


def around(image: Picture, face: Face) -> Picture:
    """Cuts an image to a face with a margin."""
    xs, ys = ([corner[axis] for corner in face.corners] for axis in (0, 1))
    margin = _MARGIN * math.dist(face.corners[0], face.corners[1])
    left, top = max(math.floor(min(xs) - margin), 0), max(math.floor(min(ys) - margin), 0)
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    right, bottom = (
        min(max(math.ceil(max(places) + margin), start + 1), end)
        for places, start, end in ((xs, left, image.width), (ys, top, image.height))
    )
    sample = image.row_bytes // image.width
    data = memoryview(image.data).cast("B")
    starts = range(top * image.stride + left * sample, bottom * image.stride, image.stride)
    rows = b"".join(data[start : start + (right - left) * sample] for start in starts[: bottom - top])
    return Picture.packed(right - left, bottom - top, image.channels, rows, image.bit_depth)
