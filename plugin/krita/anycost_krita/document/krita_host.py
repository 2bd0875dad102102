"""Krita as the docker's host: reads layers, writes results, shows previews (`host_interface.Host`)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from anycost_client.core.cooperative import CooperativeRunner, Later, Steps, Turn
from anycost_client.core.errors import HostError
from anycost_client.core.problem import Problem, problem_of
from anycost_client.edit.areas import Area
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, OpenRegion

from anycost_krita.base.text import tr
from anycost_krita.document import annotations
from anycost_krita.document.apply_undo import ApplyUndo
from anycost_krita.document.edit_layers import EditLayers
from anycost_krita.document.history import History, Step
from anycost_krita.document.host_interface import HostEvent, Layer, Scope, Source
from anycost_krita.document.keyframes import Keyframes
from anycost_krita.document.layers import (
    Place,
    activate_instead,
    area_of,
    find,
    hidden,
    is_layer,
    is_preview,
    keyframe,
    keyframes,
    layer_of,
    locate,
    uuid,
    walk,
)
from anycost_krita.document.pixels import grab_selection, read
from anycost_krita.document.placement import needs_group
from anycost_krita.document.preview_layer import PreviewLayer, Scaled
from anycost_krita.document.regions import area_to_read, bounded, region_of

_LOOK = 500  # milliseconds between looks at what is active
_ACTIVATED = 150  # milliseconds, after which Krita has activated a layer that was added
_GROUP = "AnycostFaceEditor"  # in Krita's settings


class KritaHost:
    """See host_interface.Host. Everything is called in the GUI's thread."""

    def __init__(
        self,
        krita: Any,  # Krita.instance()
        later: Later,
        *,
        scaled: Scaled,
        folder: Path,  # of Krita's user data
    ) -> None:
        self.program = f"Krita {krita.version()}"
        self.presets_folder = folder / "anycost_krita" / "presets"
        self._krita = krita
        self._later = later
        # Krita delivers events while it is being called: only one thing at a time is done to its documents.
        self._turn = Turn(later)
        self._work, self._looks, self._preview_work = (CooperativeRunner(later, tr, self._turn) for _ in range(3))
        self._history = History(krita)
        self._preview = PreviewLayer(krita, scaled, self._history)
        self._edits = EditLayers(krita, self._history, self._place, self.remove_preview)
        self._frames = Keyframes(krita, self._history, self._place, self.remove_preview)
        self.apply_undo = ApplyUndo(krita, self._turn, self._history)
        self._watchers: list[Callable[[HostEvent], None]] = []
        self._seen: object = None  # what was active at the last look
        self._documents: frozenset[str] = frozenset()
        self._read: tuple[str, int, int] | None = None  # id of the layer that was read last, its document's size
        self._names: dict[str, str] = {}  # id → name as people saw it, of layers that may be gone
        self._looking = False
        self._scale = 1.0  # of the canvas, at the last look

    # ------------------------------------------------------------- what is there

    def watch(self, callback: Callable[[HostEvent], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        if not self._looking:
            self._looking = True
            self._look()
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    def active(self) -> Layer | Problem:
        try:
            return self._described(self._active())
        except HostError as error:
            return problem_of(error, tr)

    def batch(self, scope: Scope) -> tuple[Layer, ...] | Problem:
        try:
            places = self._batch(scope)
            if not places:
                raise HostError(*_nothing(scope), "no_layer")
            return tuple(self._described(place) for place in places)
        except HostError as error:
            return problem_of(error, tr)

    def layers(self) -> tuple[Layer, ...]:
        document = self._krita.activeDocument()
        if document is None:
            return ()
        nodes = [n for n in walk(document.topLevelNodes()) if is_layer(n) and not is_preview(n) and not hidden(n)]
        places = [Place(document, node) for node in reversed(nodes) if not annotations.has(document, uuid(node))]
        return tuple(self._described(place) for place in places)

    def exists(self, layer: Layer) -> bool:
        return locate(self._krita, layer.id) is not None

    def document_of(self, layer: Layer) -> str:
        place = locate(self._krita, layer.id)
        return "" if place is None else Path(place.document.fileName()).name or str(place.document.name())

    def setting(self, name: str, default: str) -> str:
        return str(self._krita.readSetting(_GROUP, name, default))

    def keep_setting(self, name: str, value: str) -> None:
        self._krita.writeSetting(_GROUP, name, value)

    # ------------------------------------------------------------- reading

    def read(self, layer: Layer | None, then: Callable[[Source | Problem], None]) -> None:
        self._work.start(self._reading(layer), then)

    def _reading(self, layer: Layer | None) -> Steps[Source]:
        place = self._active() if layer is None else self._place(layer.id)
        edited = place.id
        edit = yield from annotations.stored_with(place.document, uuid(place.node))
        place = self._place(edited)
        if edit is not None:
            origin = find(place.document, edit.source)
            if origin is None:
                raise HostError(
                    tr("the layer from which this edit was made is gone"),
                    tr("bring it back with undo, or edit another layer"),
                    "gone",
                )
            if place.time is not None:  # of an animated edit: the frame that is shown is edited anew
                place, edit = Place(place.document, origin, keyframe(origin, place.document.currentTime())), None
            else:
                place = Place(place.document, origin, edit.time)
        area, selected = area_to_read(place, edit)
        warning = tr("The layer is hidden.") if hidden(place.node) else ""
        if not warning and edit is None and needs_group(place.node):
            warning = tr("This layer is blended: the change is seen here, and on the canvas after Apply.")
        id = place.id
        mask = edit.selection if edit else None
        if selected is not None:
            mask = yield from grab_selection(lambda: self._place(id).document.selection(), area)
        image = yield from read(self._krita, lambda: self._place(id), area)
        place = self._place(id)
        region = region_of(place, area, image, mask)
        self._read = (id, place.document.width(), place.document.height())
        return Source(
            self._described(place),
            region,
            edit.record if edit else None,
            self._described(self._place(edited)) if edit else None,
            warning,
        )

    def look_at(self, layer: Layer, then: Callable[[OpenRegion | Problem], None]) -> None:
        self._looks.start(self._looking_at(layer.id), then)

    def stop_looking(self) -> None:
        self._looks.stop()

    def _looking_at(self, id: str) -> Steps[OpenRegion]:
        place = self._place(id)
        area = bounded(place, area_of(place.node.bounds()))
        image = yield from read(self._krita, lambda: self._place(id), area)
        return region_of(self._place(id), area, image, None)

    # ------------------------------------------------------------- writing

    def apply(self, source: Source, result: EditResult, then: Callable[[Layer | Problem], None]) -> None:
        self._work.start(self._applying(source, result), then)

    def _applying(self, source: Source, result: EditResult) -> Steps[Layer]:
        place = self._place(source.layer.id)
        if place.time is not None:
            return self._described((yield from self._frames.write(source, result)))
        before = place.document.activeNode()
        artists = "" if before is None else uuid(before)
        place = yield from self._edits.write(source, result)
        new = place.id
        self._keep_active(new, artists)
        self._later(_ACTIVATED, lambda: self._keep_active(new, artists))
        return self._described(place)

    def _keep_active(self, new: str, artists: str) -> None:
        if place := locate(self._krita, new):
            with self._turn.take():
                activate_instead(place.document, uuid(place.node), artists)

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        self._later(milliseconds, call)

    def stop(self) -> None:
        self._work.stop()

    def painted_on(self, source: Source, then: Callable[[bool | Problem], None]) -> None:
        """A frame is never replaced: a layer is added."""
        self._work.start(self._edits.painted_on(source), then)

    # ------------------------------------------------------------- preview

    def show_preview(self, source: Source, edited: Edited) -> None:
        area = source.region.rectangle
        place = locate(self._krita, source.layer.id)
        if edited.picture is None or area is None or place is None:
            self.remove_preview()
            return
        self._preview.show(source.layer.id, Area(area.x, area.y, area.width, area.height), edited)
        if not self._preview_work.running:
            self._preview_work.start(self._preview.drawing(), lambda _: None)

    def canvas_scale(self) -> float:
        window, document = self._krita.activeWindow(), self._krita.activeDocument()
        view = window.activeView() if window is not None else None
        canvas = view.canvas() if view is not None else None
        if canvas is None or document is None or document.resolution() <= 0:
            return 1.0
        return float(canvas.zoomLevel()) * 72.0 / document.resolution()  # zoomLevel counts in points

    def remove_preview(self) -> None:
        self._preview_work.stop()
        with self._turn.take():
            self._preview.remove()

    def leave_no_trace(self) -> None:
        """Before the document is saved or closed."""
        self.remove_preview()
        with self._turn.take():
            self._preview.sweep(all=True)

    def stepped(self, step: Step) -> None:
        """Krita has undone or redone something; also called when that was for us."""
        if not self._turn.taken:
            self._later(0, lambda: self._settle(step))

    def _settle(self, step: Step) -> None:
        if self._turn.taken:
            self._turn.wait(lambda: self._settle(step))
            return
        with self._turn.take():
            self._history.settle(step)
        self.look()

    def canvas_changed(self) -> None:
        """Another document or view is shown."""
        self._later(0, self.look)

    def closing(self) -> None:
        """Krita ends."""
        self._looking = False
        self.stop()
        self.stop_looking()
        self.remove_preview()
        self._tell("closing")

    # ------------------------------------------------------------------ inside

    def _tell(self, event: HostEvent) -> None:
        for watcher in list(self._watchers):
            watcher(event)

    def _look(self) -> None:
        """Polls: Krita does not report a change of layer or selection."""
        if not self._looking:
            return
        self.look()
        self._later(_LOOK, self._look)

    def look(self) -> None:
        """Reports what has changed since the last look."""
        if self._turn.taken:  # events that Krita delivered meanwhile: the next look is not far
            return
        self._tidy()
        if self._read and self._gone(*self._read):
            self._read = None
            self._tell("gone")
        scale, before = self.canvas_scale(), self._scale
        self._scale = scale
        if scale != before:
            self._tell("zoomed")
        now = self._now()
        if now != self._seen:
            self._seen = now
            self._tell("active")

    def _tidy(self) -> None:
        documents = frozenset(uuid(document.rootNode()) for document in self._krita.documents())
        with self._turn.take():
            if documents - self._documents or self._left():
                self._preview.sweep()
            self._preview.keep_active()
            self._history.look()
        self._documents = documents

    def _left(self) -> bool:
        """Whether a redo has brought a preview back."""
        document = self._krita.activeDocument()
        node = document.activeNode() if document is not None else None
        parent = node.parentNode() if node is not None else None
        return parent is not None and any(self._preview.is_left(n) for n in parent.childNodes())

    def _gone(self, id: str, width: int, height: int) -> bool:
        place = locate(self._krita, id)
        return place is None or (place.document.width(), place.document.height()) != (width, height)

    def _now(self) -> object:
        document = self._krita.activeDocument()
        node = document.activeNode() if document is not None else None
        if node is None:
            return document is None
        if self._preview.owns(node):
            return self._seen
        selection = document.selection()
        rectangle = selection and (selection.x(), selection.y(), selection.width(), selection.height())
        steps = self._history.texts()
        return uuid(document.rootNode()), uuid(node), node.name(), rectangle, document.currentTime(), steps

    def _active(self) -> Place:
        """Raises HostError."""
        document = self._krita.activeDocument()
        if document is None:
            raise HostError(tr("no document is open"), tr("open a picture"), "no_document")
        node = layer_of(document.activeNode())
        if node is not None and is_preview(node):
            node = next((one for one in reversed(_below(node)) if is_layer(one)), None)
        if node is None:
            raise HostError(tr("no layer is active"), tr("choose a layer in the layer docker"), "no_layer")
        return Place(document, node, keyframe(node, document.currentTime()))

    def _place(self, id: str) -> Place:
        """Raises HostError."""
        place = locate(self._krita, id)
        if place is None:
            name, remedy = self._names.get(id, ""), tr("bring it back with undo, or choose another")
            if not any(id.startswith(uuid(document.rootNode())) for document in self._krita.documents()):
                raise HostError(
                    tr('the document with the layer "{name}" is closed', name=name), tr("open it again"), "gone"
                )
            raise HostError(tr('the layer "{name}" is gone', name=name), remedy, "gone")
        return place

    def _described(self, place: Place) -> Layer:
        name = str(place.node.name())
        if place.time is not None:
            name = tr("{layer}, frame {number}", layer=name, number=place.time)
        self._names[place.id] = name
        return Layer(
            place.id, name, place.time, place.time is None and annotations.has(place.document, uuid(place.node))
        )

    def _batch(self, scope: Scope) -> list[Place]:
        place = self._active()
        document, node = place.document, place.node
        if scope == "keyframes":
            return [replace(place, time=time) for time in keyframes(document, node)]
        if scope == "group":
            nodes = node.childNodes()
        else:
            view = self._krita.activeWindow() and self._krita.activeWindow().activeView()
            nodes = view.selectedNodes() if view else [node]
        kept = {uuid(n): n for n in nodes if is_layer(n) and not is_preview(n) and not hidden(n)}
        now = document.currentTime()
        return [Place(document, n, keyframe(n, now)) for n in kept.values() if not annotations.has(document, uuid(n))]


def _nothing(scope: Scope) -> tuple[str, str]:
    match scope:
        case "keyframes":
            return tr("the layer has no keyframes"), tr("choose an animated layer")
        case "group":
            return tr("there is no visible layer in it"), tr("choose a group with layers")
    return tr("no visible layer is selected"), tr("select layers in the layer docker; edits are not edited again")


def _below(node: Any) -> list[Any]:
    """Its siblings beneath it, the lowest first."""
    siblings = node.parentNode().childNodes()
    return list(siblings[: [uuid(one) for one in siblings].index(uuid(node))])
