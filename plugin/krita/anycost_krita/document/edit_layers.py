"""Writes edits as layers: a new one above the older ones of its source, a changed one in the place of the one before.

A changed edit is a copy of its layer with other pixels: masks, layer style, blending, opacity and labels stay, and undo
brings the layer back as it was."""

from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import HostError
from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import Edited, Picture, Rectangle

from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.document import annotations
from anycost_krita.document.brush_mask import add_mask
from anycost_krita.document.colour_spaces import colour_space_of
from anycost_krita.document.grouping import grouped, insert, join_group
from anycost_krita.document.history import Between, History
from anycost_krita.document.host_interface import Source
from anycost_krita.document.layers import Place, area_of, locate, locked_group, uuid
from anycost_krita.document.pixels import clear, digest, digested, strips, write
from anycost_krita.document.placement import blend_like, needs_group, topmost


class EditLayers:
    """Errors are HostErrors for people."""

    def __init__(
        self, krita: Any, history: History, place: Callable[[str], Place], remove_preview: Callable[[], None]
    ) -> None:
        """place: by id; raises HostError."""
        self._krita, self._history, self._place, self._remove_preview = krita, history, place, remove_preview

    def write(self, source: Source, result: EditResult) -> Steps[Place]:
        """Adds a layer, or updates source.replaces."""
        place, old = self.target(source)
        picture, read, area = placed(source, result.edited)
        name = tr("Face: {edit}", edit=result.title)
        node = (
            place.document.createNode(name, "paintlayer")
            if old is None
            else (yield from self._copied(place.document, old, name))
        )
        yield from write(self._krita, node, picture, area.x, area.y, colour_space_of(source.region))
        written = yield from digest(lambda: node, area)
        selection = source.region.selection
        mask = None if selection is None else bytes(selection.data)
        edit = StoredEdit(uuid(place.node), read, mask, result.record, written=written)
        packed = yield from edit.packing()
        self._remove_preview()
        place, old = self.target(source)  # much may have happened meanwhile
        group = ""
        if old is None and needs_group(place.node):
            group = yield from grouped(self._krita, self._place, source.layer.id)
            place, old = self.target(source)
        annotations.keep(place.document, uuid(node), packed)
        try:
            if old is None:
                self._add(place, node)
            else:
                self._replace(place.document, old, node)
        except HostError:
            annotations.forget(place.document, uuid(node))
            raise
        if group:
            join_group(self._history, place.document, group, node)
        if old is None:
            yield from add_mask(self._krita, self._history, Place(place.document, node).id)
        return Place(place.document, node)

    def target(self, source: Source) -> tuple[Place, Any | None]:
        """The source's layer, and the one that is updated. Raises HostError."""
        place = self._place(source.layer.id)
        old = locate(self._krita, source.replaces.id) if source.replaces else None
        if old is not None and old.node.locked():
            raise HostError(
                tr('the layer "{name}" is locked', name=old.node.name()), tr("unlock it, then apply again"), "locked"
            )
        if group := locked_group(old.node if old else place.node):
            raise HostError(tr('the group "{name}" is locked', name=group), tr("unlock it, then apply again"), "locked")
        return place, old.node if old else None

    def painted_on(self, source: Source) -> Steps[bool]:
        """Whether the layer with the edit has other pixels than were written, or nobody knows. False for no layer."""
        id = source.replaces.id if source.replaces else ""
        old = locate(self._krita, id)
        if old is None or old.time is not None:
            return False
        edit = yield from annotations.stored_with(old.document, uuid(old.node))
        if edit is None or edit.written is None:
            return True
        area, bounds = digested(edit.written), area_of(self._place(id).node.bounds())
        if area is None or (not bounds.empty and bounds.cut(area) != bounds):
            return True
        return edit.written != (yield from digest(lambda: self._place(id).node, area))

    # ------------------------------------------------------------------ inside

    def _copied(self, document: Any, old: Any, name: str) -> Steps[Any]:
        """A copy without pixels, in no document's stack yet."""
        edit = yield from annotations.stored_with(document, uuid(old))
        node = old.duplicate()
        node.setName(name if edit and old.name() == title_of(edit.record) else old.name())
        for strip in strips(area_of(node.bounds())):
            clear(node, strip)
            yield
        return node

    def _replace(self, document: Any, old: Any, node: Any) -> None:
        root, ids = uuid(document.rootNode()), frozenset({uuid(old), uuid(node)})
        insert(node, old)
        old.remove()
        self._history.join(Between(root, ids))

    def _add(self, place: Place, node: Any) -> None:
        source = place.node
        blend_like(node, source)
        insert(node, topmost(place.document, source))


def placed(source: Source, edited: Edited) -> tuple[Picture, Area, Area]:
    """The picture, what was read of the document, and where in it the picture lies. Raises HostError."""
    picture, where, read = edited.picture, edited.rectangle, source.region.rectangle
    if picture is None or read is None or (picture.width, picture.height) != (where.width, where.height):
        raise HostError(tr("the result does not fit the layer"), tr("report this"))
    area = Area(read.x + where.x, read.y + where.y, where.width, where.height)
    return picture, Area(read.x, read.y, read.width, read.height), area


def title_of(record: EditRecord) -> str:
    """The name that a layer with this edit is given."""
    empty = EditResult(Edited(id="", sequence=0, picture=None, rectangle=Rectangle(0, 0, 0, 0)), "", record)
    return tr("Face: {edit}", edit=attribute_labels.named(empty).title)
