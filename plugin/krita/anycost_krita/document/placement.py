"""Where an edit lies, and how it is blended: so that all looks as the source would with another face.

Above a layer that covers what is beneath it, the edit's soft mask does. Elsewhere (another blending mode, less opacity,
masks, layer styles) the edit must change the layer's colours before it is blended: it takes over the alpha of what lies
beneath it in its group (Krita's "inherit alpha"), which must then be the source alone."""

from typing import Any

from anycost_krita.document import annotations
from anycost_krita.document.layers import is_layer, uuid

_OPAQUE = 255


def topmost(document: Any, source: Any) -> Any:
    """The layer above which an edit of the source comes: its topmost edit beside it, or itself."""
    siblings, id = source.parentNode().childNodes(), uuid(source)
    above = siblings[[uuid(node) for node in siblings].index(id) + 1 :]
    edits = [node for node in above if is_layer(node) and annotations.source_of(document, uuid(node)) == id]
    return edits[-1] if edits else source


def covers(node: Any) -> bool:
    """Whether the layer covers what is beneath it where it is opaque itself."""
    return (
        node.blendingMode() == "normal"
        and node.opacity() == _OPAQUE
        and not any(mask.visible() for mask in node.childNodes() if not is_layer(mask))
        and not str(node.layerStyleToAsl() or "")
    )


def needs_group(source: Any) -> bool:
    """Whether the source and its edits must be a group of their own. Not where the source itself inherits alpha: within
    a group there would be nothing to inherit it from."""
    return not (covers(source) or alone(source) or source.inheritAlpha())


def alone(node: Any) -> bool:
    """Whether nothing lies beneath the layer in its group, so that its alpha is that of the group so far."""
    siblings = node.parentNode().childNodes()
    return uuid(next(one for one in siblings if is_layer(one))) == uuid(node) and not _passes_through(node.parentNode())


def inherits_alpha(source: Any) -> bool:
    """Whether an edit or a preview above the source takes over the alpha beneath it."""
    return bool(source.inheritAlpha()) or (alone(source) and not covers(source))


def blend_like(node: Any, source: Any) -> None:
    """Gives an edit or preview above the source its alpha, and its opacity where that does not come with the alpha."""
    inherits = inherits_alpha(source)
    node.setInheritAlpha(inherits)
    if source.inheritAlpha() or not inherits:
        node.setOpacity(source.opacity())


def _passes_through(group: Any) -> bool:
    return hasattr(group, "passThroughMode") and bool(group.passThroughMode())
