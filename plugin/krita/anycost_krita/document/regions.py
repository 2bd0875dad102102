"""Chooses the part of a layer to read: around the selection, within the backend's limits."""

from anycost_client.core.errors import HostError
from anycost_client.edit.areas import Area
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import OpenRegion, Picture

from anycost_krita.base.text import tr
from anycost_krita.document.layers import Place, area_of
from anycost_krita.document.pixels import layer_colour_space

_MAX_MEASURED = 16_000_000  # pixels of a canvas


def area_to_read(place: Place, edit: StoredEdit | None) -> tuple[Area, Area | None]:
    """What to read, and what of it is selected. Raises HostError where there is nothing, or too much."""
    document, node = place.document, place.node
    if node.type() == "filterlayer":
        cause = tr('the layer "{name}" is a filter layer, which has no picture of its own', name=node.name())
        raise HostError(cause, tr("choose a layer with a picture"), "empty")
    canvas = Area(0, 0, document.width(), document.height())
    selected = None
    chosen = document.selection() is not None and edit is None
    # Krita looks at every pixel for the bounds: too long in a large image, where they are not needed.
    unknown = place.time is not None or (chosen and canvas.pixels > _MAX_MEASURED)
    bounds = canvas if unknown else area_of(node.bounds())
    if bounds.empty:
        raise HostError(tr("the layer is empty"), tr("choose a layer with a picture"), "empty")
    if edit is not None:
        area = edit.area
    elif (selection := document.selection()) is not None:
        selected = Area(selection.x(), selection.y(), selection.width(), selection.height())
        area = selected.grown().cut(bounds)
        if area.empty or selected.cut(bounds).empty:
            raise HostError(tr("the selection lies beside the layer"), tr("select a face, or nothing"), "empty")
    else:
        area = bounds
    return bounded(place, area), selected


def bounded(place: Place, area: Area) -> Area:
    """What of the area can be read. Raises HostError for nothing, or too much."""
    if area.empty:
        raise HostError(tr("the layer is empty"), tr("choose a layer with a picture"), "empty")
    pixel_bytes = layer_colour_space(place).sent.pixel_bytes
    if not area.fits(pixel_bytes):  # what lies beyond the canvas is given up first
        area = area.cut(Area(0, 0, place.document.width(), place.document.height()))
    area.check_fits(pixel_bytes, tr)
    return area


def region_of(place: Place, area: Area, image: Picture, mask: bytes | None) -> OpenRegion:
    space = layer_colour_space(place).sent
    selection = None if mask is None else Picture.packed(area.width, area.height, 1, mask)
    return OpenRegion(
        image=image, rectangle=area.rectangle, selection=selection, colours=space.colours, order=space.order
    )
