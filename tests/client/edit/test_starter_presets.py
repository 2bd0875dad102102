"""Presets to begin with: those that the model can do, drawn small on the chosen face."""

from pathlib import Path

from anycost_client.core.translation import Translator
from anycost_client.edit.presets import Preset
from anycost_client.edit.starter_presets import PresetSketches, starter_presets
from anycost_client.protocol import messages as m
from anycost_models.editing.directions import load_directions

SMALL = m.Picture.packed(4, 4, 3, bytes(48))
HAPPY, OLDER = Preset("Happy", {"smile": 0.9}), Preset("Older", {"age": 0.8})


def test_a_model_offers_what_it_has_the_attributes_for(ready, tmp_path: Path) -> None:
    tr = Translator(tmp_path, lambda: "en")
    assert [preset.name for preset in starter_presets(tr, ready.editor)] == ["Older"]  # smile, age, beard
    shipped = tuple(m.Attribute(name, "", "") for name in load_directions().by_name)
    ready.editor.sliders.set_attributes(shipped)
    presets = starter_presets(tr, ready.editor)
    assert len(presets) == 12
    assert all(0 < abs(value) <= 1 for preset in presets for value in preset.strengths.values())


def test_pictures_are_asked_for_once_and_belong_to_their_face(ready) -> None:
    changes: list[None] = []
    sketches = PresetSketches(ready.editor, ready.sent.append, lambda: changes.append(None))
    sketches.want([HAPPY, OLDER])
    sketches.want([HAPPY, OLDER])
    assert ready.count(m.Sketch) == 1
    asked = ready.last(m.Sketch)
    assert asked.edits == (m.FaceEdit(0, {"smile": 0.9}), m.FaceEdit(0, {"age": 0.8}))
    assert sketches.picture(HAPPY) is None
    sketches.handle(m.Sketches(id=asked.id, pictures=(SMALL, SMALL)))
    assert (sketches.picture(HAPPY), sketches.picture(OLDER), len(changes)) == (SMALL, SMALL, 1)
    sketches.want([HAPPY, OLDER])
    assert ready.count(m.Sketch) == 1
    ready.editor.sliders.select([1])
    assert sketches.picture(HAPPY) is None
    sketches.want([HAPPY])
    assert ready.last(m.Sketch).edits[0].face == 1


def test_an_older_backend_draws_none(ready) -> None:
    sketches = PresetSketches(ready.editor, ready.sent.append, lambda: None)
    sketches.want([HAPPY])
    sketches.handle(m.Failed(id=ready.last(m.Sketch).id, cause="unknown", reason="unknown_message"))
    assert sketches.picture(HAPPY) is None


def test_what_is_wanted_while_others_are_drawn_comes_next(ready) -> None:
    sketches = PresetSketches(ready.editor, ready.sent.append, lambda: None)
    sketches.want([HAPPY])
    sketches.want([HAPPY, OLDER])  # the history is opened before the presets' pictures have come
    assert ready.count(m.Sketch) == 1
    sketches.handle(m.Sketches(id=ready.last(m.Sketch).id, pictures=(SMALL,)))
    assert ready.last(m.Sketch).edits == (m.FaceEdit(0, {"age": 0.8}),)
    sketches.handle(m.Sketches(id=ready.last(m.Sketch).id, pictures=(SMALL,)))
    assert sketches.picture(OLDER) == SMALL
    assert ready.count(m.Sketch) == 2


def test_an_answer_that_never_came_keeps_none_from_the_next_image(ready) -> None:
    sketches = PresetSketches(ready.editor, ready.sent.append, lambda: None)
    sketches.want([HAPPY])
    ready.editor.reopen()
    ready.opened("another")
    sketches.want([OLDER])
    assert ready.last(m.Sketch).session == "another"
