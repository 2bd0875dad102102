"""Stores edits in the document's annotations, one for each edited layer, under the layer's uuid."""

import re
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.stored_edit import StoredEdit

_TYPE = "anycost-edit-"
_SOURCE = re.compile(rb'"source": "([^"]{1,100})"')  # as StoredEdit writes it, near the beginning
_HEAD = 400  # bytes


def keep(document: Any, node_uuid: str, packed: bytes) -> None:
    """packed: what StoredEdit.packing made."""
    document.setAnnotation(_TYPE + node_uuid, "Anycost Face Editor: what this layer was made of", packed)


def forget(document: Any, node_uuid: str) -> None:
    document.removeAnnotation(_TYPE + node_uuid)


def has(document: Any, node_uuid: str) -> bool:
    return _TYPE + node_uuid in document.annotationTypes()


def source_of(document: Any, node_uuid: str) -> str:
    """The uuid of the layer that an edit was made of, without reading all that is stored; "" for no edit of ours."""
    if not has(document, node_uuid):
        return ""
    found = _SOURCE.search(bytes(document.annotation(_TYPE + node_uuid).data())[:_HEAD])
    return found[1].decode(errors="replace") if found else ""


def stored_with(document: Any, node_uuid: str) -> Steps[StoredEdit | None]:
    """None for a layer that is no edit of ours. Raises ClientError for one that cannot be read."""
    if not has(document, node_uuid):
        return None
    return (yield from StoredEdit.unpacking(bytes(document.annotation(_TYPE + node_uuid).data())))
