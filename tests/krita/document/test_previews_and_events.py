"""Krita delivers events while it is being called: what they bring while a preview is drawn harms nothing."""

import pytest
from adapter_setup import Setup, noise
from anycost_client.protocol.messages import Edited, Picture, Rectangle
from anycost_krita.document.layers import PREVIEW_NAME


def preview(x: int = 20) -> Edited:
    picture = Picture.packed(6, 4, 4, bytes(96))
    return Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, 20, 30, 20))


@pytest.fixture
def nested(setup, monkeypatch):
    """Calls what is appended while Krita adds a layer or composites."""
    calls = []

    def delivering(method):
        def called(*arguments):
            done = method(*arguments)
            for call in calls[:]:
                call()
                setup.run()
            return done

        return called

    root = setup.photo.parentNode()
    monkeypatch.setattr(root, "addChildNode", delivering(root.addChildNode))
    monkeypatch.setattr(setup.document, "refreshProjection", delivering(setup.document.refreshProjection))
    return calls


def test_newer_previews_that_come_while_one_is_drawn_are_drawn_next(setup, nested):
    source = setup.read()
    shown = iter(range(30))
    nested.append(lambda: next(shown, None) is not None and setup.host.show_preview(source, preview(next(shown, 29))))
    setup.host.show_preview(source, preview())
    setup.run()
    assert setup.names() == ["photo", PREVIEW_NAME]
    assert setup.document.steps == ["Add Layer"]


def test_a_preview_that_is_removed_while_it_is_drawn_goes(setup, nested):
    source = setup.read()
    nested.append(setup.host.remove_preview)
    for _ in range(3):
        setup.host.show_preview(source, preview())
        setup.run()
        assert setup.names() == ["photo"]
    assert setup.document.steps == []


def test_one_that_is_wanted_again_meanwhile_is_there(setup, nested):
    source, left = setup.read(), [1]

    def off_and_on() -> None:
        setup.host.remove_preview()
        if left:
            left.pop()
            setup.host.show_preview(source, preview())

    nested.append(off_and_on)
    setup.host.show_preview(source, preview())
    nested.clear() if not left else None
    setup.run()
    nested.clear()
    setup.host.show_preview(source, preview())
    setup.run()
    assert setup.names() == ["photo", PREVIEW_NAME]


def test_reading_goes_on_after_what_was_drawn_when_it_began(setup, nested):
    source, got = setup.read(), []
    nested.append(lambda: setup.host.read(None, got.append) if not got else None)
    setup.host.show_preview(source, preview())
    setup.run()
    assert got
    assert all(one.layer.name == "photo" for one in got)


def test_the_artists_layer_is_active_again_though_krita_activates_what_it_adds_a_moment_later(setup):
    source = setup.read()
    setup.host.watch(lambda _: None)
    setup.host.show_preview(source, preview())
    setup.run()
    setup.document._active = setup.document.topLevelNodes()[1]
    setup.host.look()
    assert setup.document.activeNode() is setup.photo


def test_a_blended_layer_has_none_before_its_first_edit_and_says_so(setup):
    above = setup.document.layer("above", noise(200, 300))
    above.setBlendingMode("multiply")
    source = setup.read()
    assert "on the canvas after Apply" in source.warning
    setup.host.show_preview(source, preview())
    setup.run()
    assert setup.names() == ["photo", "above"]


def test_layer_styles_are_asked_for_once_and_not_by_each_preview(setup, monkeypatch):
    """Krita packs them, patterns and all, each time."""
    asked: list[None] = []
    monkeypatch.setattr(setup.photo, "layerStyleToAsl", lambda: asked.append(None) or "")
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    first = len(asked)
    for x in range(20, 25):
        setup.host.show_preview(source, preview(x))
        setup.run()
    assert setup.names() == ["photo", PREVIEW_NAME]
    assert len(asked) == first


def test_undo_and_redo_of_what_was_done_over_a_preview_show_none(setup):
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    sketch = setup.document.createNode("sketch", "paintlayer")
    setup.document.rootNode().addChildNode(sketch, setup.photo)
    setup.host.remove_preview()
    for _ in range(2):
        setup.step("edit_undo")
        assert setup.names() == ["photo"]
        setup.step("edit_redo")
        assert setup.names() == ["photo", "sketch"]


def test_of_several_steps_above_a_preview_each_is_undone_by_itself(setup):
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    for name in ("sketch", "lines"):
        setup.document.rootNode().addChildNode(setup.document.createNode(name, "paintlayer"), setup.photo)
    setup.host.remove_preview()
    assert setup.names() == ["photo", "lines", "sketch"]

    setup.step("edit_undo")
    assert [name for name in setup.names() if name != PREVIEW_NAME] == ["photo", "sketch"]
    setup.step("edit_undo")
    assert setup.names() == ["photo"]
    setup.step("edit_redo")
    assert [name for name in setup.names() if name != PREVIEW_NAME] == ["photo", "sketch"]
    setup.step("edit_redo")
    assert setup.names() == ["photo", "lines", "sketch"]


def painted(setup: Setup, *names: str) -> None:
    """A layer for each, above the photo."""
    for name in names:
        setup.document.rootNode().addChildNode(setup.document.createNode(name, "paintlayer"), setup.photo)


def seen(setup: Setup) -> list[str]:
    return [name for name in setup.names() if name != PREVIEW_NAME]


@pytest.mark.parametrize("drawn", [[], ["more", "still more"]])
def test_the_last_step_above_a_preview_that_stays_is_redone(setup, drawn):
    """Its removal can't be redone any more: another step took its place."""
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    painted(setup, "sketch", "lines")
    setup.host.remove_preview()
    setup.step("edit_undo")
    painted(setup, "colours", *drawn)
    everything = seen(setup)
    count = 1 + len(drawn)
    for _ in range(count):
        setup.step("edit_undo")
    assert seen(setup) == ["photo", "sketch"]
    for _ in range(count):
        setup.step("edit_redo")
    assert seen(setup) == everything
    setup.step("edit_redo")
    assert seen(setup) == everything


def test_strokes_of_one_name_above_a_preview_are_undone_and_redone_one_by_one(setup):
    source = setup.read()
    setup.host.show_preview(source, preview())
    setup.run()
    strokes: list[int] = []
    for number in range(4):
        setup.document._do("Stroke", lambda number=number: strokes.append(number), strokes.pop)
    setup.host.remove_preview()
    for left in (3, 2, 1):
        setup.step("edit_undo")
        assert strokes == list(range(left))
    for there in (2, 3, 4):
        setup.step("edit_redo")
        assert strokes == list(range(there))
    assert setup.names() == ["photo"]
