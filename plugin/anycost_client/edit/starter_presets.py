"""Presets to begin with, and small pictures of what presets do to the chosen face."""

from collections.abc import Callable, Mapping

from anycost_client.core.translation import Translator, mark
from anycost_client.edit.editor import Editor
from anycost_client.edit.presets import Preset
from anycost_client.edit.state import State
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import FaceEdit, Failed, Picture, Request, SessionFace, Sketch, Sketches

_SIDE = 96  # pixels
_STARTERS: tuple[tuple[str, Mapping[str, float]], ...] = (
    (mark("Retouched"), {"skin_smoothness": 0.6, "eyes_open": 0.15, "blush": 0.2}),
    (mark("Friendly"), {"smile": 0.45, "squint": 0.2}),
    (mark("Happy"), {"smile": 0.9, "squint": 0.3}),
    (mark("Serious"), {"smile": -0.6, "brow_furrow": 0.2}),
    (mark("Surprised"), {"surprise": 0.7, "brows_up": 0.6, "eyes_open": 0.4}),
    (mark("Awake"), {"eyes_open": 0.5, "brows_up": 0.3, "squint": -0.4}),
    (mark("Younger"), {"age": -0.7, "skin_smoothness": 0.4}),
    (mark("Older"), {"age": 0.8}),
    (mark("Warmer"), {"skin_warmth": 0.7, "blush": 0.2}),
    (mark("Sunny"), {"light_above": 0.6, "skin_warmth": 0.5, "smile": 0.3}),
    (mark("Made up"), {"eye_makeup": 0.7, "lip_colour": 0.7, "blush": 0.4}),
    (mark("Blond"), {"hair_blond": 0.8, "hair_lightness": 0.4}),
)


def starter_presets(tr: Translator, editor: Editor) -> list[Preset]:
    """Those of which the model has all attributes, with their names for people."""
    there = {attribute.name for attribute in editor.sliders.attributes}
    return [Preset(tr(name), strengths) for name, strengths in _STARTERS if there >= strengths.keys()]


_Key = tuple[tuple[str, float], ...]


def _key(preset: Preset) -> _Key:
    return tuple(sorted(preset.strengths.items()))


class PresetSketches:
    """Give it every event after the editor. `changed`: there are other pictures."""

    def __init__(self, editor: Editor, send: Callable[[Request], None], changed: Callable[[], None]) -> None:
        self._editor, self._send, self._changed = editor, send, changed
        self._asked: tuple[Sketch, tuple[Preset, ...]] | None = None
        self._next: list[Preset] = []  # wanted while others were asked for
        self._pictures: dict[_Key, Picture] = {}  # by the preset's strengths
        self._of: SessionFace | None = None  # whom they show

    def picture(self, preset: Preset) -> Picture | None:
        """RGB 8; None until it is drawn. Without strengths: the face as it is."""
        face = self._editor.chosen_face
        if not preset.strengths and face is not None:
            return next((one.thumbnail for one in self._editor.faces if one.id == face.face), None)
        return self._pictures.get(_key(preset)) if self._of == face else None

    def want(self, presets: list[Preset]) -> None:
        """Asks for those that are not drawn yet. They come together; after those that were asked for before."""
        face = self._editor.chosen_face
        if face is None or self._editor.state is not State.READY:
            return
        if self._asked and self._asked[0].session == face.session:
            self._next = presets
            return
        if face != self._of:
            self._of, self._pictures = face, {}
        missing = tuple(preset for preset in presets if _key(preset) not in self._pictures and preset.strengths)[:64]
        if missing:
            edits = tuple(FaceEdit(face.face, preset.strengths) for preset in missing)
            self._asked = Sketch(session=face.session, edits=edits, side=_SIDE), missing
            self._send(self._asked[0])

    def handle(self, event: Event) -> None:
        """Takes every event of the backend, in order."""
        if self._asked is None or not isinstance(event, (Sketches, Failed)) or event.id != self._asked[0].id:
            return
        (request, presets), self._asked = self._asked, None
        wanted, self._next = self._next, []
        if (
            isinstance(event, Sketches)
            and SessionFace(request.session, request.edits[0].face) == self._editor.chosen_face
        ):
            self._pictures |= {_key(preset): one for preset, one in zip(presets, event.pictures, strict=False)}
            self._changed()
        self.want(wanted)
