"""What is written: one new layer and one step to undo, the edit kept with it; and previews that leave no trace."""

from dataclasses import replace

import numpy as np
import pytest
from adapter_desk import drawn, noise
from anycost_client.protocol.messages import Edited, Picture, Rectangle
from anycost_krita.document import annotations
from anycost_krita.document.host_interface import HostProblem, Layer
from anycost_krita.document.layers import PREVIEW_NAME, is_preview, uuid
from fake_krita import Selection


def face(seed: int = 5, size: tuple[int, int] = (20, 30)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 4), np.uint8)


def preview(x: int = 20, y: int = 20, width: int = 30, height: int = 20) -> Edited:
    picture = Picture.packed(6, 4, 4, bytes(96))
    return Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, y, width, height))


def test_apply_adds_one_layer_above_the_source_in_one_step(desk):
    desk.document.layer("above", noise(10, 10))
    desk.document._active = desk.photo
    before = desk.photo.pixelData(0, 0, 300, 200)
    layer = desk.apply(desk.read(), drawn(40, 50, face(), "smile +0.8, age −0.4"))
    assert isinstance(layer, Layer)
    assert layer.edited
    assert desk.names() == ["photo", "Face: smile +0.8, age −0.4", "above"]
    assert desk.document.steps == ["Add Layer"]
    assert desk.photo.pixelData(0, 0, 300, 200) == before
    new = desk.document.topLevelNodes()[1]
    assert (new.bounds().x(), new.bounds().y()) == (40, 50)
    assert new.pixelData(40, 50, 30, 20) == face().tobytes()
    assert desk.document.activeNode() is desk.photo


def test_the_result_lies_right_for_a_region_that_begins_elsewhere(desk):
    desk.document.layer("moved", noise(100, 100), x=-30, y=60)
    desk.apply(desk.read(), drawn(5, 6, face()))
    assert desk.document.topLevelNodes()[-1].pixelData(-25, 66, 30, 20) == face().tobytes()


def test_in_a_document_of_other_colours_krita_converts_back(desk):
    wide = desk.krita.open(300, 200, profile="ClayRGB-elle-V2-g22.icc")
    wide.layer("photo", noise(200, 300))
    desk.apply(desk.read(), drawn(0, 0, face().astype(np.uint16) * 257))
    assert wide.topLevelNodes()[1].pixelData(0, 0, 30, 20) == face().tobytes()
    assert len(desk.krita.documents()) == 2


def test_an_edit_is_opened_again_with_its_layer_and_apply_updates_it(desk):
    mask = np.full((40, 50), 200, np.uint8)
    desk.document.setSelection(Selection.of(120, 90, mask))
    first = desk.apply(desk.read(), drawn(40, 50, face()))
    desk.document.setSelection(None)
    desk.document._active = desk.document.topLevelNodes()[1]
    assert desk.host.active() == first

    again = desk.read()
    assert again.layer.name == "photo"
    assert again.replaces == first.id
    assert again.record == drawn(0, 0, face()).record
    assert again.region.rectangle == Rectangle(56, 26, 178, 168)
    assert bytes(again.region.selection.data).count(200) == 40 * 50

    desk.apply(again, drawn(40, 50, face(seed=6), "smile −0.2"))
    assert desk.names() == ["photo", "Face: smile −0.2"]
    assert desk.document.steps == ["Add Layer", "Add Layer", "Remove Layer"]
    desk.krita._undo(), desk.krita._undo()
    assert desk.names() == ["photo", "Face: smile +0.8"]
    assert annotations.has(desk.document, uuid(desk.document.topLevelNodes()[1]))


def test_an_edit_whose_layer_is_gone_is_not_lost(desk):
    """The origin: there is nothing to edit. The edited layer: a new one is added."""
    desk.apply(desk.read(), drawn(40, 50, face()))
    edited = desk.document.topLevelNodes()[1]
    desk.document._active = edited
    again = desk.read()
    edited.remove()
    assert isinstance(desk.apply(again, drawn(40, 50, face())), Layer)
    desk.photo.remove()
    desk.document._active = desk.document.topLevelNodes()[0]
    assert desk.refused().reason == "gone"


def test_what_keeps_a_result_from_being_written_is_told_and_nothing_changes(desk):
    source = desk.read()
    group = desk.document.layer("group", kind="grouplayer")
    desk.document._root._take(desk.photo)
    group._insert(desk.photo, 0)
    group.setLocked(True)
    assert desk.apply(source, drawn(0, 0, face())).reason == "locked"
    group.setLocked(False)
    desk.photo.setLocked(True)  # it is not written to
    assert isinstance(desk.apply(source, drawn(0, 0, face())), Layer)
    desk.document._active = group.childNodes()[1]
    again = desk.read()
    group.childNodes()[1].setLocked(True)
    assert desk.apply(again, drawn(0, 0, face())).reason == "locked"
    steps = list(desk.document.steps)
    group.remove()
    assert desk.apply(replace(again, replaces=""), drawn(0, 0, face())).reason == "gone"
    assert desk.document.steps == [*steps, "Remove Layer"]
    desk.document.close()
    assert desk.apply(source, drawn(0, 0, face())).reason == "gone"


def test_a_layer_that_is_deleted_while_the_result_is_written_leaves_no_trace(desk):
    source = desk.read()
    got: list[object] = []
    desk.host.apply(source, drawn(0, 0, face()), got.append)
    desk.photo.remove()
    desk.run()
    assert [type(one) for one in got] == [HostProblem]
    assert desk.names() == []
    assert desk.document.annotationTypes() == []


@pytest.mark.parametrize("damaged", [b"", b"[]", b'{"anycost_layer": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_edit_is_told_in_one_line(desk, damaged):
    desk.document.setAnnotation("anycost-edit-" + uuid(desk.photo), "", damaged)
    assert "cannot be read" in desk.refused().cause


def test_other_layers_are_looked_at_as_a_whole_and_edits_previews_and_hidden_ones_are_not_offered(desk):
    desk.document.setSelection(Selection.of(120, 90, np.ones((10, 10), np.uint8)))
    source = desk.read()
    desk.apply(source, drawn(40, 50, face()))
    desk.document.layer("hidden", noise(10, 10)).setVisible(False)
    desk.document.layer("group", kind="grouplayer")
    desk.document.layer("sky", noise(50, 60, seed=3), x=200, y=20)
    desk.host.show_preview(source, preview())
    desk.run()
    assert [layer.name for layer in desk.host.layers()] == ["sky", "group", "photo"]
    sky, empty, _ = desk.host.layers()
    region = desk.outcome(lambda then: desk.host.look_at(sky, then))
    assert (region.rectangle.x, region.rectangle.y, region.selection) == (200, 20, None)
    assert bytes(region.image.data) == noise(50, 60, seed=3).tobytes()
    assert desk.outcome(lambda then: desk.host.look_at(empty, then)).reason == "empty"


# ---------------------------------------------------------------- previews


def test_a_preview_stays_though_krita_lets_timers_go_on_while_it_adds_a_layer(desk):
    source, root = desk.read(), desk.photo.parentNode()
    add = root.addChildNode

    def added(*nodes):
        done = add(*nodes)
        desk.host.look()
        return done

    root.addChildNode = added
    desk.host.show_preview(source, preview())
    desk.run()
    assert desk.names() == ["photo", PREVIEW_NAME]


def test_a_preview_is_one_locked_layer_that_says_what_it_is(desk):
    source = desk.read()
    for _ in range(3):
        desk.host.show_preview(source, preview())
        desk.run()
    assert desk.names() == ["photo", PREVIEW_NAME]
    shown = desk.document.topLevelNodes()[1]
    assert shown.locked()
    assert is_preview(shown)
    assert desk.document.steps == ["Add Layer"]


def test_a_preview_that_moves_leaves_nothing_where_it_was(desk):
    source = desk.read()
    desk.host._preview._scaled = lambda picture, width, height: b"\x09" * (4 * width * height)
    desk.host.show_preview(source, preview())
    desk.run()
    desk.host.show_preview(source, preview(x=100, width=10, height=10))
    desk.run()
    bounds = desk.document.topLevelNodes()[1].bounds()
    assert (bounds.x(), bounds.y(), bounds.width(), bounds.height()) == (100, 20, 10, 10)


def test_a_preview_goes_without_a_step_to_undo(desk):
    desk.host.show_preview(desk.read(), preview())
    desk.run()
    desk.host.remove_preview()
    assert desk.names() == ["photo"]
    assert desk.document.steps == []


def test_what_the_artist_did_meanwhile_is_kept(desk):
    desk.host.show_preview(desk.read(), preview())
    desk.run()
    sketch = desk.document.createNode("sketch", "paintlayer")
    desk.document.rootNode().addChildNode(sketch, desk.photo)
    desk.host.remove_preview()
    assert desk.names() == ["photo", "sketch"]


def test_apply_and_the_end_of_krita_take_the_preview_away(desk):
    source = desk.read()
    desk.host.show_preview(source, preview())
    desk.run()
    desk.apply(source, drawn(0, 0, face()))
    assert desk.names() == ["photo", "Face: smile +0.8"]
    assert desk.document.steps == ["Add Layer"]
    desk.host.show_preview(source, preview())
    desk.run()
    desk.host.closing()
    assert desk.names() == ["photo", "Face: smile +0.8"]


def test_a_preview_that_a_crash_left_goes_when_its_document_is_opened(desk):
    desk.host.show_preview(desk.read(), preview())
    desk.run()
    left = desk.document
    desk.host._preview._root = ""  # as a new start of Krita knows nothing of it
    desk.host._documents = frozenset()
    desk.host.look()
    assert [node.name() for node in left.topLevelNodes()] == ["photo"]


def test_a_preview_that_redo_brings_back_goes_again(desk):
    desk.host.show_preview(desk.read(), preview())
    desk.run()
    desk.host.look()
    desk.host.remove_preview()
    desk.krita._redo()
    assert len(desk.names()) == 2
    desk.host.look()
    assert desk.names() == ["photo"]
