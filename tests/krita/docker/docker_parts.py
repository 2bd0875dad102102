"""A host and a worker that do what the test says, and the docker between them: no Krita, no backend."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from anycost_client.core.problem import Problem
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Event
from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.docker.panel import Panel
from anycost_krita.document.host_interface import HostEvent, Layer, Scope, Source
from anycost_krita.edit.controller import Controller

ATTRIBUTES = tuple(
    m.Attribute(name, group, about)
    for name, group, about in (
        ("smile", "Expression", "serious … smiling"),
        ("mouth_open", "Expression", "mouth closed … open"),
        ("eyes_open", "Expression", "eyes narrowed … wide open"),
        ("brows_up", "Expression", "brows lowered … raised"),
        ("age", "Age", "younger … older"),
        ("gender", "Identity", "presents as a woman … as a man"),
        ("yaw", "Pose", "turned to the picture's left … right"),
        ("pitch", "Pose", "looking down … up"),
        ("glasses", "Accessories", "without … with glasses"),
        ("hair_lightness", "Hair", "darker … lighter hair"),
        ("skin_warmth", "Colour", "cooler … warmer skin"),
        ("lip_colour", "Colour", "paler … redder lips"),
    )
)
WELCOME = m.Welcome(id="h", program="0.1.0", model="embedded", model_hash="abc")


def grey(width: int, height: int, channels: int = 4, value: int = 128) -> m.Picture:
    return m.Picture.packed(width, height, channels, bytes([value]) * (width * height * channels))


def face(number: int, x: int = 10, y: int = 10, side: int = 40) -> m.Face:
    corners = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return m.Face(number, m.Rectangle(x, y, side, side), corners, 0.9)


class FakeWorker:
    """Keeps what is sent. `answer` lets the backend say something, from the thread that the test runs in."""

    def __init__(self, deliver: Callable[[Event], object]) -> None:
        self._deliver = deliver
        self.sent: list[m.Request] = []
        self.started = self.closed = False
        self.retries = 0

    def start(self) -> None:
        self.started = True

    def send(self, request: m.Request) -> None:
        self.sent.append(request)

    def retry(self) -> None:
        self.retries += 1

    def close(self) -> None:
        self.closed = True

    def join(self, timeout: float = 6.0) -> bool:
        return True

    def answer(self, *events: Event) -> None:
        for event in events:
            self._deliver(event)
        settle()

    def last(self, kind: type[m.Request]) -> m.Request:
        return next(request for request in reversed(self.sent) if isinstance(request, kind))

    def count(self, kind: type[m.Request], **fields: object) -> int:
        fits = (r for r in self.sent if isinstance(r, kind))
        return sum(all(getattr(r, name) == value for name, value in fields.items()) for r in fits)


class FakeUndo:
    """Krita's own, of what Apply did. `blocked`: something else was done since."""

    def __init__(self, there: dict[str, bool]) -> None:
        self._there = there
        self.blocked = False

    def made(self, id: str) -> None:
        pass

    def undo(self, id: str, replaced: str = "") -> bool:
        return not self.blocked and self._turn(id, replaced, False)

    def redo(self, id: str, replaced: str = "") -> bool:
        return not self.blocked and self._turn(id, replaced, True)

    def _turn(self, id: str, replaced: str, there: bool) -> bool:
        self._there[id] = there
        if replaced:
            self._there[replaced] = not there
        return True


class FakeHost:
    """One document with layers; a layer named in `broken` cannot be read. `there`: whether a layer that was applied is,
    by its id; `documents`: names of closed ones are empty."""

    program = "Krita 5.2.9"

    def __init__(self, folder: Path, picture: m.Picture | None = None) -> None:
        self.presets_folder = folder / "presets"
        self.picture = picture or grey(120, 90)
        self.layers_ = [Layer("a", "Portrait"), Layer("b", "Group photo"), Layer("c", "Sky")]
        self.at: Layer | Problem = self.layers_[0]
        self.record = None
        self.broken: dict[str, Problem] = {}
        self.applied: list[tuple[Source, EditResult]] = []
        self.painted = False  # whether the layer to update was, since it was written
        self.preview: m.Edited | None = None
        self.settings: dict[str, str] = {}
        self.stops = 0
        self.scale = 0.0
        self.there: dict[str, bool] = {}
        self.documents: dict[str, str] = {}  # id of a layer → name of its document
        self.apply_undo = FakeUndo(self.there)
        self._watchers: list[Callable[[HostEvent], None]] = []

    def watch(self, callback: Callable[[HostEvent], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def tell(self, what: HostEvent) -> None:
        for callback in tuple(self._watchers):
            callback(what)
        settle()

    def canvas_changed(self) -> None:
        self.tell("active")

    def active(self) -> Layer | Problem:
        return self.at

    def read(self, layer: Layer | None, then: Callable[[Source | Problem], None]) -> None:
        layer = layer or self.at
        if layer.name in self.broken:
            then(self.broken[layer.name])
            return
        place = m.Rectangle(0, 0, self.picture.width, self.picture.height)
        source = Source(layer, m.OpenRegion(image=self.picture, rectangle=place))
        if layer.edited:
            source = replace(source, layer=self.layers_[0], record=self.record, replaces=layer)
        then(source)

    def apply(self, source: Source, result: EditResult, then: Callable[[Layer | Problem], None]) -> None:
        if (problem := self.broken.get("apply")) is not None:
            then(problem)
            return
        self.applied.append((source, result))
        id = f"new {len(self.applied)}"
        self.there[id] = True
        if source.replaces:
            self.there[source.replaces.id] = False
        then(Layer(id, result.title, edited=True))

    def painted_on(self, source: Source, then: Callable[[bool | Problem], None]) -> None:
        then(self.painted)

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        QtCore.QTimer.singleShot(milliseconds, call)

    def stop(self) -> None:
        self.stops += 1

    def show_preview(self, source: Source, edited: m.Edited) -> None:
        self.preview = edited

    def canvas_scale(self) -> float:
        return self.scale

    def remove_preview(self) -> None:
        self.preview = None

    def batch(self, scope: Scope) -> tuple[Layer, ...] | Problem:
        return tuple(self.layers_) if scope == "selected" else Problem("no group is active", "choose one")

    def layers(self) -> tuple[Layer, ...]:
        return tuple(self.layers_)

    def look_at(self, layer: Layer, then: Callable[[m.OpenRegion | Problem], None]) -> None:
        then(self.broken.get(layer.name) or m.OpenRegion(image=self.picture))

    def stop_looking(self) -> None:
        pass

    def exists(self, layer: Layer) -> bool:
        return self.there.get(layer.id, True)

    def document_of(self, layer: Layer) -> str:
        return self.documents.get(layer.id, "photo.kra")

    def setting(self, name: str, default: str) -> str:
        return self.settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        self.settings[name] = value


@dataclass
class Docker:
    """What a test talks to."""

    panel: Panel
    host: FakeHost
    workers: list[FakeWorker]
    copied: list[str]

    @property
    def controller(self) -> Controller:
        return self.panel.controller

    @property
    def worker(self) -> FakeWorker:
        return self.workers[-1]

    def connect(self) -> None:
        """Find faces is pressed, and the backend is there."""
        self.panel.state_page.button.click()
        settle()
        self.worker.answer(Connected(WELCOME))
        self.worker.answer(m.AttributeList(id=self.worker.last(m.Attributes).id, attributes=ATTRIBUTES))

    def find(self, *faces: m.Face, before: m.Picture | None = None) -> None:
        """The backend finds these."""
        opening = self.worker.last(m.OpenRegion)
        reply = m.RegionOpened(id=opening.id, session="s1", faces=faces, thumbnail=before or grey(120, 90, 3))
        self.worker.answer(reply)

    def slide(self, attribute: str, strength: float) -> None:
        """As the mouse does: it is pressed, moved and released."""
        slider = self.panel.attributes.rows[attribute].slider
        slider.moved.emit(strength)
        slider.released.emit()
        settle()

    def draw(self, edit: m.Request | None = None, **fields: object) -> m.Edited:
        """The backend answers the newest edit, or this one."""
        edit = edit or self.worker.last(m.Edit)
        values = {"picture": grey(40, 40), "rectangle": m.Rectangle(10, 10, 40, 40), "resolution": 256} | fields
        values = {"channels": "½", "milliseconds": 24.2, "quality": edit.quality} | values
        edited = m.Edited(id=edit.id, sequence=edit.sequence, **values)
        self.worker.answer(edited)
        return edited

    def shown(self) -> str:
        """All texts that can be seen."""
        labels = self.panel.findChildren(QtWidgets.QLabel) + self.panel.findChildren(QtWidgets.QAbstractButton)
        return "\n".join(label.text() for label in labels if label.isVisible())


def settle() -> None:
    for _ in range(4):
        QtWidgets.QApplication.processEvents()
