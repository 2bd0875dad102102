"""Stores each edit with its layer, as a parasite."""

from typing import Any

from anycost_client.core.cooperative import Steps, at_once
from anycost_client.core.errors import ClientError
from anycost_client.edit.stored_edit import StoredEdit
from gi.repository import Gimp

MAX_BYTES = 8 << 20  # of a parasite: GIMP and its files hold all of it in memory
_PARASITE = "anycost-edit"


def keep(layer: Any, packed: bytes) -> None:
    """packed: what StoredEdit.to_bytes made."""
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(_PARASITE, flags, packed))


def is_edit(layer: Any) -> bool:
    return layer.get_parasite(_PARASITE) is not None


def stored_with(layer: Any) -> Steps[StoredEdit | None]:
    """None for a layer that is no edit of ours. Raises ClientError for one that cannot be read."""
    parasite = layer.get_parasite(_PARASITE)
    return None if parasite is None else (yield from StoredEdit.unpacking(bytes(parasite.get_data())))


def edits_of(source: Any, layers: list[Any]) -> list[Any]:
    """Those of the layers that are edits of `source`."""
    return [layer for layer in layers if is_edit(layer) and _source_name(layer) == source_name(source)]


def source_name(layer: Any) -> str:
    """Its tattoo: a number that it keeps as long as the image lives, also in files."""
    return str(layer.get_tattoo())


def source_of(image: Any, stored: StoredEdit) -> Any:
    """The layer that the edit was made from; None where it is gone."""
    name = stored.source
    tattoo = int(name) if name.isascii() and name.isdecimal() and len(name) < 11 else 0
    return image.get_layer_by_tattoo(tattoo) if 0 < tattoo < 1 << 32 else None


def _source_name(layer: Any) -> str:
    """Of the layer that an edit was made from; "" where that cannot be read."""
    try:
        stored = at_once(stored_with(layer))
    except ClientError:
        return ""
    return stored.source if stored else ""
