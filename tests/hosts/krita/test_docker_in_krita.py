"""The docker in the real Krita, with real keys."""

import pytest

pytestmark = [pytest.mark.host, pytest.mark.slow]


def test_keys_and_undo_are_the_dockers_and_nothing_is_thrown_away(scene, photo):
    seen = scene("docker_scenes.keys", photo)
    assert 0.55 < seen["kept"] < 0.65
    assert seen["focus"]
    kept = seen["kept"]
    assert seen["undone"] == [0.0, ["Background", "new"]]
    assert seen["redone"] == [kept, ["Background", "new"]]
    name = "Face: Smile +0.6"
    assert seen["applied"] == [["Background", name, "new"], "Update layer"]
    assert seen["apply_undone"][:3] == [kept, ["Background", "new"], "Apply"]
    assert "Added" not in seen["apply_undone"][3]
    assert seen["apply_redone"] == [kept, ["Background", name, "new"], "Update layer"]
    assert seen["updated"] == ["Background", "Face: Smile +0.3", "new"]
    assert seen["update_undone"] == [0.3, ["Background", name, "new"], "Update layer"]
    assert seen["update_redone"] == [0.3, seen["updated"], "Update layer"]
    assert seen["noticed"] == [["Background", name, "new"], "Update layer"]
    assert seen["other"][0] == 0.5
    assert "“new” is active" in seen["other"][1]


def test_the_docker_fits_kritas_usual_width_and_its_actions_can_be_bound(scene, photo):
    seen = scene("docker_scenes.looks", photo)
    assert seen["first"][2] >= 10  # sliders beside the picture, in Krita's own layout
    assert seen["narrow"] <= 258
    assert seen["status"].endswith("…")
    assert seen["status_after"] == ""
    assert seen["gone_back"] == [0.8, 0.0]
    assert seen["favourites"] == 1
    assert all(seen["bound"])
    assert seen["reset"] == 0
    assert 1 <= seen["changed"] <= 5


def test_points_of_the_face_are_dragged_and_presets_show_the_face(scene, photo):
    seen = scene("docker_scenes.points", photo)
    assert seen["dragged"] > 0.1
    assert seen["undone"] == [0.0, False]
    assert seen["offered"] == 12
    assert seen["age"] == 0.8
