"""The sliders of the edit in progress: several faces, history, locks, presets, and what they refuse."""

from typing import Any

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.edit.presets import Preset
from anycost_client.edit.sliders import Sliders
from anycost_client.protocol.messages import Edit, FaceEdit
from recording_editor import RecordingEditor


def test_all_chosen_faces_move_and_all_are_sent(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("age", 0.5)
    sliders.select((0, 1))
    assert sliders.mixed("age")
    sliders.set("smile", 1)
    ready.edited(ready.last(Edit))
    assert ready.last(Edit).faces == (FaceEdit(0, {"age": 0.5, "smile": 1.0}), FaceEdit(1, {"smile": 1.0}))
    assert not sliders.mixed("smile")
    assert sliders.title() == "age +0.5, smile +1"


def test_a_drag_is_one_step_of_the_history(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    for strength in (0.1, 0.2, 0.3):
        sliders.set("smile", strength, done=False)
    sliders.set("smile", 0.3)
    sliders.set("age", -0.5)
    assert (sliders.value("smile"), sliders.value("age")) == (0.3, -0.5)
    sliders.undo()
    assert (sliders.value("smile"), sliders.value("age")) == (0.3, 0.0)
    sliders.undo()
    assert not sliders.values
    assert not sliders.can_undo
    sliders.undo()  # nothing more to undo
    sliders.redo()
    assert sliders.value("smile") == 0.3
    sliders.set("beard", 1)
    assert not sliders.can_redo  # what was undone is forgotten


def test_back_to_nothing_is_asked_for_too(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.sliders.reset("smile")
    assert ready.last(Edit).faces == ()


def test_locks_hold_against_reset_and_presets(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("smile", 0.5)
    sliders.set("age", 0.5)
    sliders.lock("smile")
    with pytest.raises(ClientError, match="locked"):
        sliders.set("smile", 0.1)
    assert sliders.apply_preset(Preset("p", {"smile": -1, "beard": 1, "horns": 1})) == ("horns",)
    assert dict(sliders.values[0]) == {"smile": 0.5, "beard": 1}
    sliders.reset_all()
    assert dict(sliders.values[0]) == {"smile": 0.5}
    sliders.lock("smile", False)
    sliders.reset_all()
    assert not sliders.values


def test_one_intensity_scales_the_whole_edit_and_a_drag_of_it_is_one_step(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("smile", 0.8)
    sliders.select((1,))
    sliders.set("age", -1.6)
    for intensity in (0.9, 0.0, 1.2):
        sliders.set_intensity(intensity, done=False)
    sliders.set_intensity(1.5)
    assert {face: dict(strengths) for face, strengths in sliders.values.items()} == {
        0: {"smile": 1.2},
        1: {"age": -2.0},
    }
    sliders.set_intensity(-1)
    assert dict(sliders.values[0]) == {"smile": -0.8}
    sliders.undo()
    sliders.undo()
    assert sliders.intensity == 1.0
    assert dict(sliders.values[0]) == {"smile": 0.8}
    assert sliders.value("age") == -1.6  # what was cut off at 2 has not been lost


def test_a_slider_sets_what_is_seen_at_every_intensity(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("smile", 0.8)
    sliders.set_intensity(0.5)
    sliders.set("age", 0.3)
    assert dict(sliders.values[0]) == {"smile": 0.4, "age": 0.3}
    sliders.set_intensity(1)
    assert dict(sliders.values[0]) == {"smile": 0.8, "age": 0.6}
    sliders.set_intensity(0)
    assert not sliders.values
    sliders.set("age", 0.3)  # where nothing is seen, a new edit begins
    assert (dict(sliders.values[0]), sliders.intensity) == ({"age": 0.3}, 1.0)
    sliders.undo()
    sliders.set_intensity(1)
    assert dict(sliders.values[0]) == {"smile": 0.8, "age": 0.6}


def test_the_intensity_leaves_what_is_locked_and_begins_anew_with_presets(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("smile", 0.8)
    sliders.set("age", 0.4)
    sliders.lock("age")
    sliders.set_intensity(0.5)
    assert dict(sliders.values[0]) == {"smile": 0.4, "age": 0.4}
    sliders.apply_preset(Preset("p", {"beard": 1}))
    assert (dict(sliders.values[0]), sliders.intensity) == ({"beard": 1, "age": 0.4}, 1.0)


@pytest.mark.parametrize("intensity", [1.6, -1.1, float("nan"), "1", True, None])
def test_impossible_intensities_are_refused(ready: RecordingEditor, intensity: Any) -> None:
    with pytest.raises(ClientError):
        ready.editor.sliders.set_intensity(intensity)


@pytest.mark.parametrize("strength", [2.1, -3, float("nan"), float("inf"), True, "1", None])
def test_impossible_strengths_are_refused(ready: RecordingEditor, strength: Any) -> None:
    with pytest.raises(ClientError, match="use −2 to 2"):
        ready.editor.sliders.set("smile", strength)


def test_unknown_attributes_are_refused(ready: RecordingEditor) -> None:
    with pytest.raises(ClientError, match="no attribute 'horns'"):
        ready.editor.sliders.set("horns", 1)


def test_presets_are_shared_as_json(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    preset = ready.editor.sliders.preset("Happy")
    assert Preset.from_json(preset.to_json()) == preset
    for wrong in ("", "{}", "[]", '{"anycost_preset": 1, "name": "x", "strengths": {"smile": 9}}', "[" * 50_000):
        with pytest.raises(ClientError):
            Preset.from_json(wrong)


def test_one_faces_sliders_are_given_to_all(ready) -> None:
    sliders = ready.editor.sliders
    sliders.select([1])
    sliders.set("beard", 0.3)
    sliders.lock("beard")
    sliders.select([0])
    sliders.set("smile", 0.8)
    sliders.copy_to(face.id for face in ready.editor.faces)
    assert {face: dict(values) for face, values in sliders.values.items()} == {
        0: {"smile": 0.8},
        1: {"smile": 0.8, "beard": 0.3},
    }
    sliders.undo()
    assert dict(sliders.values[1]) == {"beard": 0.3}


def test_clicked_faces_are_chosen_in_the_order_found(ready):
    sliders = ready.editor.sliders
    sliders.click_face(1, several=False)
    sliders.click_face(0, several=True)
    assert sliders.selected == (0, 1)  # as thumbnails choose them
    sliders.click_face(0, several=True)
    sliders.click_face(1, several=True)
    assert sliders.selected == (1,)  # one stays


def test_what_shows_nothing_shows_once_another_slider_draws_it() -> None:
    sliders = Sliders(lambda what: None)
    sliders.begin((0,))
    sliders.hidden = {0: ("lens_tint", "fringe")}
    assert not sliders.shows("lens_tint")
    sliders.set("glasses", -1)
    assert not sliders.shows("lens_tint")
    sliders.set("glasses", 0.5)
    assert sliders.shows("lens_tint")
    assert not sliders.shows("fringe")
