"""Krita's own undo takes an Apply back as a whole, and nothing else with it."""

import numpy as np
from adapter_setup import Setup, drawn, noise
from anycost_client.edit.host import EditSource
from anycost_krita.document.host_interface import Layer


def applied(setup: Setup, source: EditSource | None = None) -> Layer:
    face = np.dstack([noise(20, 20)[:, :, :3], np.full((20, 20, 1), 255, np.uint8)])
    layer: Layer = setup.apply(source or setup.read(), drawn(40, 50, face))
    setup.host.apply_undo.made(layer.id)
    return layer


def test_a_new_layer_is_taken_back_and_brought_back(setup: Setup) -> None:
    layer = applied(setup)
    assert setup.host.apply_undo.undo(layer.id)
    assert setup.names() == ["photo"]
    assert not setup.host.exists(layer)
    assert setup.host.apply_undo.redo(layer.id)
    assert setup.names() == ["photo", layer.name]


def test_an_updated_layer_is_taken_back_as_one_step(setup: Setup) -> None:
    first = applied(setup)
    setup.document._active = setup.document.topLevelNodes()[1]
    source = setup.read()
    second = applied(setup, source)
    assert source.replaces == first
    assert setup.host.apply_undo.undo(second.id, first.id)
    assert [setup.host.exists(layer) for layer in (first, second)] == [True, False]
    assert setup.host.apply_undo.redo(second.id, first.id)
    assert [setup.host.exists(layer) for layer in (first, second)] == [False, True]


def test_what_was_done_since_is_left_alone(setup: Setup) -> None:
    layer = applied(setup)
    sketch = setup.document.createNode("sketch", "paintlayer")
    setup.document.rootNode().addChildNode(sketch, None)
    steps = setup.document.steps
    assert not setup.host.apply_undo.undo(layer.id)
    assert sorted(setup.names()) == sorted(["photo", layer.name, "sketch"])
    assert setup.document.steps == steps


def test_what_krita_has_forgotten_is_not_brought_back(setup: Setup) -> None:
    layer = applied(setup)
    assert setup.host.apply_undo.undo(layer.id)
    sketch = setup.document.createNode("sketch", "paintlayer")
    setup.document.rootNode().addChildNode(sketch, None)
    steps = setup.document.steps
    assert not setup.host.apply_undo.redo(layer.id)
    assert (setup.document.steps, sorted(setup.names())) == (steps, ["photo", "sketch"])
