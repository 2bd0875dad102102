"""Edits as layers of the real Krita: their order, updates, blending and frames; other documents stay as they are."""

import pytest

pytestmark = [pytest.mark.host, pytest.mark.slow]

PREVIEW = "PREVIEW of Edit Face: not part of the picture"


def test_new_edits_and_previews_lie_above_older_ones_of_their_source(stage):
    seen = stage("edit_scenes.order")
    assert seen["edits"] == ["Background", "Face: first", "Face: second", "Face: third", "other", "Face: of other"]
    assert seen["preview"] == [*seen["edits"][:4], PREVIEW, *seen["edits"][4:]]
    assert seen["active"] == ["Background", "Background", "other", "Background"]


def test_a_new_edit_has_a_white_mask_and_the_selection_stays(stage):
    seen = stage("edit_scenes.order")
    assert seen["masks"] == [[[255]]] * 4
    assert seen["selected"] == [128]


def test_black_on_the_mask_hides_the_effect_and_updates_keep_it(stage):
    seen = stage("edit_scenes.update")
    assert seen["brushed"] == [[10, 20, 30, 255], [0, 0, 200, 255]]
    assert seen["mask"] == [[0], [255], [255]]
    assert seen["logged"] == []


def test_an_update_keeps_masks_blending_and_label_and_is_one_step_to_undo(stage):
    seen = stage("edit_scenes.update")
    masks, mode, opacity, label, alpha_locked = seen["old"]
    assert masks == [["Paint black to hide", "transparencymask"], ["warmer", "filtermask"]]
    assert (mode, opacity, label, alpha_locked) == ("screen", 120, 3, True)
    assert seen["new"] == seen["undone_properties"] == seen["old"]
    assert seen["names"] == seen["redone"]
    assert seen["names"] == ["Background", "Face: Smile −0.5"]
    assert seen["undone"] == ["Background", "Face: Smile +0.8"]
    assert (seen["pixel"], seen["undone_pixel"]) == ([210, 60, 20, 255], [0, 0, 200, 255])


def test_a_layer_that_was_painted_on_is_known_and_a_name_of_the_artists_stays(stage):
    seen = stage("edit_scenes.update")
    assert (seen["untouched"], seen["inside"], seen["beside"], seen["restored"]) == (False, True, True, False)
    assert seen["renamed"][1] == "Anna smiles"
    assert seen["logged"] == []


def test_the_sum_looks_like_the_source_with_another_face(stage):
    seen = stage("edit_scenes.blending")
    assert seen.pop("logged") == []
    del seen["version"], seen["error"], seen["code"], seen["folder"]
    for case, looks in seen.items():
        assert looks["result"] == "Face: Smile +0.8", case
        assert looks["unchanged_off"] <= 1, case
        assert looks["changed"] > 20, case
        if case != "clipped multiply":  # a group would have nothing to inherit alpha from
            assert looks["off"] <= 1, case
        assert looks["undone_off"] == looks["redone_off"] == 0, case
        assert looks["redone"] == looks["names"], case


def test_frames_without_an_edit_are_seen_as_they_are(stage):
    seen = stage("edit_scenes.frames")
    assert seen["names"] == ["Background", ["film with its edits", ["film", "Face: Smile +0.8"]]]
    red, green, blue = [0, 0, 24], [0, 14, 5], [8, 5, 2]  # multiplied with what is beneath
    assert seen["looks"] == [[blue, red], [green, green]]
    assert seen["keys"] == [[0, 6, 12]]
    assert seen["drawn"] == [True, False, True]


def test_apply_on_an_animated_layer_writes_the_frame_that_is_shown(stage):
    seen = stage("edit_scenes.frames")
    assert seen["active"] == seen["source"] == seen["again"] == "film, frame 6"
    group = ["film with its edits", ["film", "Face: Smile +0.8", "Face: Smile −0.3"]]
    assert seen["names_then"] == ["Background", group]
    assert seen["drawn_then"] == [False, True, False]
    assert seen["time"] == 7
    assert seen["logged"] == []


def test_layers_of_every_kind_are_read_as_they_are_seen_or_refused_by_name(stage):
    seen = stage("edit_scenes.kinds")
    assert seen["Background"] == ["Background", [0, 0, 300, 200], [0, 0, 200, 255], ""]
    assert seen["vector"][:3] == ["vector", [20, 20, 90, 90], [0, 255, 0, 255]]
    assert seen["group"][:3] == ["group", [10, 10, 50, 50], [210, 60, 20, 255]]
    assert seen["clone"][2] == [0, 0, 200, 255]
    assert seen["hidden"][2:] == [[0, 180, 40, 255], "The layer is hidden."]
    assert seen["in hidden"][2:] == seen["hidden group"][2:] == [[210, 60, 20, 255], "The layer is hidden."]
    assert seen["filter"][0].startswith('the layer "filter" is a filter layer')
    assert seen["empty"][2] == "empty"


def test_another_document_is_never_written_to(stage):
    seen = stage("edit_scenes.kinds")
    result, document, other = seen["switched"]
    assert result == "Face: Smile +0.8"
    assert document[:2] == ["Background", "Face: Smile +0.8"]
    assert other == ["Background"]
    problem, third = seen["closed"]
    assert problem[0] == 'the document with the layer "Background" is closed'
    assert third == ["Background"]
    assert seen["logged"] == []


def test_a_face_in_48_megapixels_is_read_and_written(stage):
    seen = stage("edit_scenes.large")
    print(seen)
    assert seen["names"] == ["Background", "Face: apply"]
    assert seen["logged"] == []
