"""Edits as layers: their order, what an update keeps, and how they are blended."""

from dataclasses import replace

import numpy as np
import pytest
from adapter_setup import drawn, noise
from anycost_krita.document import annotations
from anycost_krita.document.host_interface import Layer
from anycost_krita.document.layers import uuid


def face(seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 256, (20, 30, 4), np.uint8)


def edit(setup, title: str = "Smile +0.8", as_new: bool = True) -> Layer:
    source = setup.read()
    layer = setup.apply(replace(source, replaces=None) if as_new else source, drawn(40, 50, face(), title))
    assert isinstance(layer, Layer), layer
    return layer


def test_a_newer_edit_lies_above_the_older_ones_of_its_source(setup):
    other = setup.document.layer("other", noise(10, 10))
    setup.document._active = setup.photo
    edit(setup, "a"), edit(setup, "b")
    setup.document._active = other
    edit(setup, "c")
    setup.document._active = setup.photo
    edit(setup, "d")
    assert setup.names() == ["photo", "Face: a", "Face: b", "Face: d", "other", "Face: c"]


def test_an_update_keeps_what_the_artist_added(setup):
    edit(setup)
    old = setup.document.topLevelNodes()[1]
    old._insert(setup.document.createNode("brushed", "transparencymask"), 0)
    old.setBlendingMode("screen")
    old.setOpacity(120)
    old.setColorLabel(3)
    setup.document._active = old
    edit(setup, "Smile −0.2", as_new=False)
    new = setup.document.topLevelNodes()[1]
    assert (new.name(), uuid(new) != uuid(old)) == ("Face: Smile −0.2", True)
    assert [mask.name() for mask in new.childNodes()] == ["brushed"]
    assert (new.blendingMode(), new.opacity(), new.colorLabel()) == ("screen", 120, 3)

    setup.step("edit_undo")
    assert setup.document.topLevelNodes() == [setup.photo, old]
    setup.step("edit_redo")
    assert setup.document.topLevelNodes() == [setup.photo, new]


def test_a_name_that_the_artist_gave_stays(setup):
    edit(setup)
    old = setup.document.topLevelNodes()[1]
    old.setName("Anna smiles")
    setup.document._active = old
    edit(setup, "Smile −0.2", as_new=False)
    assert setup.names() == ["photo", "Anna smiles"]


@pytest.mark.parametrize(("x", "y", "painted"), [(45, 55, True), (200, 150, True), (None, None, False)])
def test_whether_a_layer_was_painted_on(setup, x, y, painted):
    edit(setup)
    layer = setup.document.topLevelNodes()[1]
    setup.document._active = layer
    source = setup.read()
    if x is not None:
        layer.setPixelData(bytes((9, 9, 9, 255)), x, y, 1, 1)
    assert setup.outcome(lambda then: setup.host.painted_on(source, then)) is painted


def test_an_edit_of_an_earlier_version_counts_as_painted_on_and_one_that_is_gone_does_not(setup):
    edit(setup)
    layer = setup.document.topLevelNodes()[1]
    setup.document._active = layer
    source = setup.read()
    key = "anycost-edit-" + uuid(layer)
    setup.document._annotations[key] = setup.document._annotations[key].replace(b'"written": "', b'"earlier": "')
    assert setup.outcome(lambda then: setup.host.painted_on(source, then)) is True
    layer.remove()
    assert setup.outcome(lambda then: setup.host.painted_on(source, then)) is False


def test_above_a_layer_that_blends_the_edit_takes_its_alpha_within_a_group_of_both(setup):
    multiplied = setup.document.layer("multiplied", noise(200, 300, seed=1))
    multiplied.setBlendingMode("multiply")
    edit(setup)
    photo, group = setup.document.topLevelNodes()
    assert photo is setup.photo
    assert (group.type(), group.name(), group.blendingMode()) == ("grouplayer", "multiplied with its edits", "multiply")
    source, layer = group.childNodes()
    assert source is multiplied
    assert (layer.name(), layer.inheritAlpha(), layer.blendingMode()) == ("Face: Smile +0.8", True, "normal")
    edit(setup, "second")
    assert [node.name() for node in group.childNodes()] == ["multiplied", "Face: Smile +0.8", "Face: second"]

    setup.step("edit_undo"), setup.step("edit_undo")
    assert setup.names() == ["photo", "multiplied"]
    assert annotations.has(setup.document, uuid(layer))  # redo brings it back
    setup.step("edit_redo")
    assert group.childNodes() == [multiplied, layer]


def test_the_lowest_layer_needs_no_group(setup):
    setup.photo.setOpacity(100)
    edit(setup)
    assert setup.names() == ["photo", "Face: Smile +0.8"]
    layer = setup.document.topLevelNodes()[1]
    assert (layer.inheritAlpha(), layer.opacity()) == (True, 255)


def test_a_filter_layer_is_named(setup):
    setup.document.layer("curves", noise(10, 10), kind="filterlayer")
    assert '"curves" is a filter layer' in setup.refused().cause


def test_what_is_gone_or_closed_is_named(setup):
    source = setup.read()
    setup.photo.remove()
    assert setup.apply(source, drawn(0, 0, face())).cause == 'the layer "photo" is gone'
    setup.document.close()
    assert "document" in setup.apply(source, drawn(0, 0, face())).cause
