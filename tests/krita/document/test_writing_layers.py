"""What is written: one new layer and one step to undo, the edit kept with it; and previews that leave no trace."""

from dataclasses import replace

import numpy as np
import pytest
from adapter_setup import drawn, noise
from anycost_client.core.problem import Problem
from anycost_client.protocol.messages import Edited, Picture, Rectangle
from anycost_krita.document import annotations
from anycost_krita.document.host_interface import Layer
from anycost_krita.document.layers import PREVIEW_NAME, is_preview, uuid
from fake_krita import Selection


def face(seed: int = 5, size: tuple[int, int] = (20, 30)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 4), np.uint8)


def preview(x: int = 20, y: int = 20, width: int = 30, height: int = 20) -> Edited:
    picture = Picture.packed(6, 4, 4, bytes(96))
    return Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, y, width, height))


def test_apply_adds_one_layer_above_the_source_in_one_step(setup):
    setup.document.layer("above", noise(10, 10))
    setup.document._active = setup.photo
    before = setup.photo.pixelData(0, 0, 300, 200)
    layer = setup.apply(setup.read(), drawn(40, 50, face(), "smile +0.8, age −0.4"))
    assert isinstance(layer, Layer)
    assert layer.edited
    assert setup.names() == ["photo", "Face: smile +0.8, age −0.4", "above"]
    assert setup.document.steps == ["Add Layer"]
    assert setup.photo.pixelData(0, 0, 300, 200) == before
    new = setup.document.topLevelNodes()[1]
    assert (new.bounds().x(), new.bounds().y()) == (40, 50)
    assert new.pixelData(40, 50, 30, 20) == face().tobytes()
    assert setup.document.activeNode() is setup.photo


def test_the_result_lies_right_for_a_region_that_begins_elsewhere(setup):
    setup.document.layer("moved", noise(100, 100), x=-30, y=60)
    setup.apply(setup.read(), drawn(5, 6, face()))
    assert setup.document.topLevelNodes()[-1].pixelData(-25, 66, 30, 20) == face().tobytes()


def test_in_a_document_of_other_colours_krita_converts_back(setup):
    wide = setup.krita.open(300, 200, profile="ClayRGB-elle-V2-g22.icc")
    wide.layer("photo", noise(200, 300))
    setup.apply(setup.read(), drawn(0, 0, face().astype(np.uint16) * 257))
    assert wide.topLevelNodes()[1].pixelData(0, 0, 30, 20) == face().tobytes()
    assert len(setup.krita.documents()) == 2


def test_an_edit_is_opened_again_with_its_layer_and_apply_updates_it(setup):
    mask = np.full((40, 50), 200, np.uint8)
    setup.document.setSelection(Selection.of(120, 90, mask))
    first = setup.apply(setup.read(), drawn(40, 50, face(), "Smile +0.8"))
    setup.document.setSelection(None)
    setup.document._active = setup.document.topLevelNodes()[1]
    assert setup.host.active() == first

    again = setup.read()
    assert again.layer.name == "photo"
    assert again.replaces == first
    assert again.record == drawn(0, 0, face()).record
    assert again.region.rectangle == Rectangle(56, 26, 178, 168)
    assert bytes(again.region.selection.data).count(200) == 40 * 50

    setup.apply(again, drawn(40, 50, face(seed=6), "smile −0.2"))
    assert setup.names() == ["photo", "Face: smile −0.2"]
    assert setup.document.steps == ["Add Layer", "Add Layer", "Remove Layer"]
    setup.krita._undo(), setup.krita._undo()
    assert setup.names() == ["photo", "Face: Smile +0.8"]
    assert annotations.has(setup.document, uuid(setup.document.topLevelNodes()[1]))


def test_an_edit_whose_layer_is_gone_is_not_lost(setup):
    """The origin: there is nothing to edit. The edited layer: a new one is added."""
    setup.apply(setup.read(), drawn(40, 50, face()))
    edited = setup.document.topLevelNodes()[1]
    setup.document._active = edited
    again = setup.read()
    edited.remove()
    assert isinstance(setup.apply(again, drawn(40, 50, face())), Layer)
    setup.photo.remove()
    setup.document._active = setup.document.topLevelNodes()[0]
    assert setup.refused().reason == "gone"


def test_what_keeps_a_result_from_being_written_is_told_and_nothing_changes(setup):
    source = setup.read()
    group = setup.document.layer("group", kind="grouplayer")
    setup.document._root._take(setup.photo)
    group._insert(setup.photo, 0)
    group.setLocked(True)
    assert setup.apply(source, drawn(0, 0, face())).reason == "locked"
    group.setLocked(False)
    setup.photo.setLocked(True)  # it is not written to
    assert isinstance(setup.apply(source, drawn(0, 0, face())), Layer)
    setup.document._active = group.childNodes()[1]
    again = setup.read()
    group.childNodes()[1].setLocked(True)
    assert setup.apply(again, drawn(0, 0, face())).reason == "locked"
    steps = list(setup.document.steps)
    group.remove()
    assert setup.apply(replace(again, replaces=None), drawn(0, 0, face())).reason == "gone"
    assert setup.document.steps == [*steps, "Remove Layer"]
    setup.document.close()
    assert setup.apply(source, drawn(0, 0, face())).reason == "gone"


def test_a_layer_that_is_deleted_while_the_result_is_written_leaves_no_trace(setup):
    source = setup.read()
    got: list[object] = []
    setup.host.apply(source, drawn(0, 0, face()), got.append)
    setup.photo.remove()
    setup.run()
    assert [type(one) for one in got] == [Problem]
    assert setup.names() == []
    assert setup.document.annotationTypes() == []


@pytest.mark.parametrize("damaged", [b"", b"[]", b'{"anycost_layer": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_edit_is_told_in_one_line(setup, damaged):
    setup.document.setAnnotation("anycost-edit-" + uuid(setup.photo), "", damaged)
    assert "cannot be read" in setup.refused().cause


def test_other_layers_are_looked_at_as_a_whole_and_edits_previews_and_hidden_ones_are_not_offered(setup):
    setup.document.setSelection(Selection.of(120, 90, np.ones((10, 10), np.uint8)))
    source = setup.read()
    setup.apply(source, drawn(40, 50, face()))
    setup.document.layer("hidden", noise(10, 10)).setVisible(False)
    setup.document.layer("group", kind="grouplayer")
    setup.document.layer("sky", noise(50, 60, seed=3), x=200, y=20)
    setup.host.show_preview(source, preview())
    setup.run()
    assert [layer.name for layer in setup.host.layers()] == ["sky", "group", "photo"]
    sky, empty, _ = setup.host.layers()
    region = setup.outcome(lambda then: setup.host.look_at(sky, then))
    assert (region.rectangle.x, region.rectangle.y, region.selection) == (200, 20, None)
    assert bytes(region.image.data) == noise(50, 60, seed=3).tobytes()
    assert setup.outcome(lambda then: setup.host.look_at(empty, then)).reason == "empty"


# ---------------------------------------------------------------- previews


def test_a_preview_stays_though_krita_lets_timers_go_on_while_it_adds_a_layer(setup):
    source, root = setup.read(), setup.photo.parentNode()
    add = root.addChildNode

    def added(*nodes):
        done = add(*nodes)
        setup.host.look()
        return done

    root.addChildNode = added
    setup.host.show_preview(source, preview())
    setup.run()
    assert setup.names() == ["photo", PREVIEW_NAME]


def test_a_preview_is_one_locked_layer_that_says_what_it_is(setup):
    source = setup.read()
    for _ in range(3):
        setup.host.show_preview(source, preview())
        setup.run()
    assert setup.names() == ["photo", PREVIEW_NAME]
    shown = setup.document.topLevelNodes()[1]
    assert shown.locked()
    assert is_preview(shown)
    assert setup.document.steps == ["Add Layer"]


def test_a_preview_that_moves_leaves_nothing_where_it_was(setup):
    source = setup.read()
    setup.host._preview._scaled = lambda picture, width, height: b"\x09" * (4 * width * height)
    setup.host.show_preview(source, preview())
    setup.run()
    setup.host.show_preview(source, preview(x=100, width=10, height=10))
    setup.run()
    bounds = setup.document.topLevelNodes()[1].bounds()
    assert (bounds.x(), bounds.y(), bounds.width(), bounds.height()) == (100, 20, 10, 10)


def test_a_preview_goes_without_a_step_to_undo(setup):
    setup.host.show_preview(setup.read(), preview())
    setup.run()
    setup.host.remove_preview()
    assert setup.names() == ["photo"]
    assert setup.document.steps == []


def test_what_the_artist_did_meanwhile_is_kept(setup):
    setup.host.show_preview(setup.read(), preview())
    setup.run()
    sketch = setup.document.createNode("sketch", "paintlayer")
    setup.document.rootNode().addChildNode(sketch, setup.photo)
    setup.host.remove_preview()
    assert setup.names() == ["photo", "sketch"]


def test_apply_and_the_end_of_krita_take_the_preview_away(setup):
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    setup.apply(source, drawn(0, 0, face()))
    assert setup.names() == ["photo", "Face: smile +0.8"]
    assert setup.document.steps == ["Add Layer"]
    setup.host.show_preview(source, preview())
    setup.run()
    setup.host.closing()
    assert setup.names() == ["photo", "Face: smile +0.8"]


def test_a_preview_that_a_crash_left_goes_when_its_document_is_opened(setup):
    setup.host.show_preview(setup.read(), preview())
    setup.run()
    left = setup.document
    setup.host._preview._root = ""  # as a new start of Krita knows nothing of it
    setup.host._documents = frozenset()
    setup.host.look()
    assert [node.name() for node in left.topLevelNodes()] == ["photo"]


def test_a_preview_that_redo_brings_back_goes_again(setup):
    setup.host.show_preview(setup.read(), preview())
    setup.run()
    setup.host.look()
    setup.host.remove_preview()
    setup.krita._redo()
    assert len(setup.names()) == 2
    setup.host.look()
    assert setup.names() == ["photo"]
