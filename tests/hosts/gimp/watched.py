"""Put beside the installed copy of the plug-in: its dialog tells a test where its parts are and what they say."""

import faulthandler
import json
import os

from anycost_gimp.dialog.dialog import EditDialog
from gi.repository import GLib

FILE = os.environ["ANYCOST_WATCHED"]
faulthandler.enable()


def _place(widget):
    """Middle of a widget on the screen, and its size; None where it cannot be seen."""
    if not widget.get_mapped() or not widget.get_window():
        return None
    _, left, top = widget.get_toplevel().get_window().get_origin()
    found = widget.translate_coordinates(widget.get_toplevel(), 0, 0)
    width, height = widget.get_allocated_width(), widget.get_allocated_height()
    return [left + found[0] + width // 2, top + found[1] + height // 2, width, height]


def _tell(dialog):
    try:
        controller, editor = dialog._controller, dialog._controller.editor
        parts = {
            name: _place(getattr(dialog, name))
            for name in (
                "ok",
                "cancel",
                "undo",
                "redo",
                "reset",
                "compare",
                "whole",
                "in_image",
                "picture",
                "presets",
                "layers",
            )
        }
        parts |= {"retry": _place(dialog.state_page.button), "search": _place(dialog.attributes.search)}
        parts |= {"listed": _place(dialog.attributes.listed)}
        parts |= {"refine": _place(dialog.refine.button), "message button": _place(dialog.message.button)}
        parts |= {"other button": _place(dialog.message.other_button), "intensity": _place(dialog.intensity.scale)}
        for name, row in dialog.attributes.rows.items():
            parts |= {name: _place(row.scale), f"{name} value": _place(row.entry), f"{name} lock": _place(row.lock)}
            parts |= {f"{name} star": _place(row.star)}
        match = dialog.layers._windows.get("match")
        if match:
            parts |= {"match": _place(match.work.start), "match close": _place(match.work.cancel)}
        picture, middle = dialog.picture, parts["picture"]
        if middle and picture._base is not None:
            left = middle[0] - middle[2] // 2 + picture._left(picture._base.get_width())
            top = middle[1] - middle[3] // 2 + picture._top(picture._base.get_height())
            for name, (x, y) in picture._handles._spots.items():
                parts[f"point {name}"] = [round(left + x), round(top + y), 1, 1]
        shown = editor.preview
        told = {
            "page": controller.page.value,
            "favourites": sorted(controller.favourites.names),
            "steps": len(dialog.layers._steps),
            "title": dialog.state_page.title.get_text(),
            "parts": parts,
            "text": dialog.state_page.text.get_text(),
            "message": dialog.message.label.get_text(),
            "quality": dialog.quality.get_tooltip_text(),
            "in image": dialog.in_image.get_active(),
            "intensity": editor.sliders.intensity,
            "strengths": dict(editor.sliders.preset("").strengths),
            "drawn": bool(
                shown
                and shown.picture
                and not shown.more
                and shown.sequence == editor._sequence
                and not editor._stale
                and not editor._asked
            ),
            "can apply": dialog.ok.get_sensitive(),
            "locked": sorted(editor.sliders.locked),
            "refining": editor.refining,
            "matching": controller.multi_layer.running,
            "matched": controller.multi_layer.text,
        }
    except Exception as error:
        told = {"page": "broken", "message": repr(error), "parts": {}}
    with open(FILE + ".part", "w") as file:
        json.dump(told, file)
    os.replace(FILE + ".part", FILE)
    return True


_made = EditDialog.__init__
_closed = EditDialog.close


def _make(self, *arguments):
    _made(self, *arguments)
    self._telling = GLib.timeout_add(150, _tell, self)


def _close(self):
    GLib.source_remove(self._telling)
    if os.path.exists(FILE):
        os.unlink(FILE)
    _closed(self)


EditDialog.__init__, EditDialog.close = _make, _close
