"""Previews on the real Krita's canvas: drags of three seconds, and what undo and redo make of them."""

import pytest

pytestmark = [pytest.mark.host, pytest.mark.slow]

PREVIEW = "PREVIEW of Edit Face: not part of the picture"


def test_long_drags_end_without_an_error_and_leave_nothing(stage):
    """The preview is switched off and on and the layer read meanwhile; Krita delivers all that while it is called."""
    seen = stage("preview_scenes.drags")
    assert seen["logged"] == []
    for name in ("small", "large", "48 MP"):
        drag = seen[name]
        assert drag["pictures"] > 1, name
        assert drag["with_preview"] == ["Background", PREVIEW, "mine"]
        assert drag["active"] == drag["active_then"] == drag["active_after"] == "Background"
        assert drag["disturbed"] in (drag["before"], drag["with_preview"])
        assert drag["reads"] > 0
        assert drag["after"] == drag["before"] == ["Background", "mine"]
        assert drag["pixel"] == [10, 20, 30, 255]
        assert drag["undone"] == ["Background"]  # the step before, in one


def test_undo_takes_the_artists_step_and_never_the_preview(stage):
    seen = stage("preview_scenes.undo")
    assert seen["shown"] == seen["shown_again"] == ["Background", PREVIEW, "mine"]
    assert seen["undone"] == ["Background"]
    assert seen["redone"] == seen["redone_again"] == ["Background", "mine"]
    # Two layers were added while it was shown, and then it was switched off.
    worked = ["Background", "mine", "one", "two"]
    assert seen["worked"] == worked
    undone, redone = seen["steps"][:4], seen["steps"][4:]
    assert undone[:2] == [worked[:3], worked[:2]]
    assert redone[-1] == worked
    before, other = worked[:3], [*worked[:3], "other"]
    assert seen["others"] == [before, other, other]
    assert seen["empty"] == [10, 20, 30, 255]
    assert seen["left"] == other
    assert seen["logged"] == []
