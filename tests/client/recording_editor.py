"""An editor without a backend, what it has sent, and what it has told."""

from typing import Any, TypeVar

from anycost_client.edit.editor import Editor
from anycost_client.protocol.events import Connected
from anycost_client.protocol.messages import (
    Attribute,
    AttributeList,
    Attributes,
    Edit,
    Edited,
    Face,
    Failed,
    OpenRegion,
    Picture,
    Rectangle,
    RegionOpened,
    Request,
    Welcome,
)

R = TypeVar("R", bound=Request)
PLACE = Rectangle(2, 2, 8, 8)
PICTURE = Picture.packed(8, 8, 4, bytes(256))
ATTRIBUTES = tuple(Attribute(name, "Expression", "less or more") for name in ("smile", "age", "beard"))


def face(id: int, x: float) -> Face:
    return Face(id, PLACE, ((x, 0.0), (x + 8, 0.0), (x + 8, 8.0), (x, 8.0)), 0.9)


class RecordingEditor:
    """An editor, what it has sent, and what it has told."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.told: list[str] = []
        self.editor = Editor(self.sent.append)
        self.editor.watch(self.told.append)

    def last(self, kind: type[R]) -> R:
        return next(request for request in reversed(self.sent) if isinstance(request, kind))

    def count(self, kind: type[Request]) -> int:
        return sum(isinstance(request, kind) for request in self.sent)

    def connect(self) -> None:
        self.editor.handle(Connected(Welcome(id="w", model_hash="abc")))
        self.editor.handle(AttributeList(id=self.last(Attributes).id, attributes=ATTRIBUTES))

    def opened(self, session: str = "s", faces: int = 2) -> None:
        found = tuple(face(id, 20.0 * id) for id in range(faces))
        self.editor.handle(RegionOpened(id=self.last(OpenRegion).id, session=session, faces=found, thumbnail=PICTURE))

    def edited(self, edit: Edit, more: bool = False, **fields: Any) -> None:
        reply = Edited(id=edit.id, sequence=edit.sequence, picture=PICTURE, rectangle=PLACE, more=more, **fields)
        self.editor.handle(reply)

    def failed(self, request: Request, reason: str) -> None:
        self.editor.handle(Failed(id=request.id, cause="it is so", remedy="do this", reason=reason))
