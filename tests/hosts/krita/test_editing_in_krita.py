"""A face is edited in the real Krita, with the real backend, from its menu to the saved document."""

from pathlib import Path

import numpy as np
import pytest
from krita_programs import by_command_line
from PIL import Image

pytestmark = [pytest.mark.host, pytest.mark.slow]

WIDTH, HEIGHT = 512, 320


def raw(seen: dict, name: str) -> np.ndarray:
    """R G B A."""
    pixels = np.fromfile(seen["folder"] / f"{name}.raw", np.uint8).reshape(HEIGHT, WIDTH, 4)
    return pixels[:, :, [2, 1, 0, 3]].astype(int)


def test_from_the_menu_to_a_saved_document_and_back(scene, photo):
    seen = scene("edit", photo)
    assert seen["menus"] == ["Filter"]
    assert seen["page"] == "EDITING"
    assert " px · " in seen["quality"]
    assert seen["strength"] == pytest.approx(0.8)
    assert len(seen["with_preview"]) == 2  # the temporary layer is one
    assert seen["redrawn"] == seen["with_preview"]
    source, edit = seen["layers"]
    assert source == "Background"
    assert edit == "Face: Smile +0.8"
    assert seen["undone"] == ["Background"]  # one step
    assert seen["undo_after"] == seen["undo_before"]  # previews have left none
    assert seen["redone"] == seen["layers"]

    before, after, layer = raw(seen, "before"), raw(seen, "after"), raw(seen, "layer")
    assert np.array_equal(raw(seen, "source"), before)
    changed = layer[:, :, 3] > 0
    assert 0.01 < changed.mean() < 0.6
    assert np.array_equal(after[~changed], before[~changed])
    by_command_line(seen["profile"], photo, 0.8, seen["folder"] / "command_line.png")
    expected = np.asarray(Image.open(seen["folder"] / "command_line.png").convert("RGB")).astype(int)
    assert np.abs(expected - before[:, :, :3]).max() > 20  # it did something
    assert np.abs(after[:, :, :3] - expected).max() <= 2

    again = scene("reopen", seen["folder"] / "edited.kra")
    assert again["strength"] == pytest.approx(0.8)
    assert again["source"] == "Background"
    assert len(again["layers"]) == 2
    assert again["layers"][1].startswith("Face: Smile −0.5")


def test_a_selection_with_soft_edges_bounds_the_change(scene, photo):
    seen = scene("selection", photo)
    before, after = raw(seen, "before"), raw(seen, "after")
    mask = np.fromfile(seen["folder"] / "mask.raw", np.uint8).reshape(HEIGHT, WIDTH)
    assert np.array_equal(after[mask == 0], before[mask == 0])
    assert np.abs(after - before)[mask == 255].max() > 10
    assert set(np.unique(mask)) - {0, 255}  # it has soft edges


def test_what_goes_wrong_is_told_and_harms_nothing(scene, photo):
    seen = scene("troubles", photo)
    assert [name for name, page, _ in seen["no_face"] if page in ("NO_FACE", "FAILED")] == ["flat", "dot", "empty"]
    assert seen["no_face"][2][2] == "empty"
    assert seen["locked"] == "EDITING"
    assert seen["killed"] == ["EDITING", True]
    assert not any(name.startswith(("Face:", "PREVIEW")) for name in seen["deleted"][1])
    assert len(seen["brought_back"]) == len(seen["deleted"][1]) + 1
    assert seen["closed"] in ("NO_DOCUMENT", "FAILED", "START")
    assert seen["code"] == 0


def test_a_batch_goes_on_after_a_layer_without_a_face_and_takes_keyframes(scene, photo):
    seen = scene("batches", photo)
    assert [result[:2] for result in seen["results"]] == [["one", "DONE"], ["flat", "NO_FACE"], ["two", "DONE"]]
    assert [name.startswith("Face:") for name in seen["group"]] == [False, True, False, False, True]
    assert seen["film"] == [[0, 6]]  # one layer with both frames
    assert all(seen["drawn"])
    assert all(seen["kept"])
    assert seen["code"] == 0
    assert seen["time"] == 3


def test_a_face_takes_its_pose_from_another_layer(scene, photo):
    seen = scene("other_layers", photo)
    assert {seen["edited"], *seen["layers"]} == {"Background", "mirrored"}  # the other one is offered
    failed, text = seen["matched"]
    assert not failed, text
    assert set(seen["strengths"]) <= {"yaw", "pitch"}
    assert seen["strengths"]
    assert seen["code"] == 0


def test_a_picture_of_12000_by_12000_is_refused_as_a_whole_and_read_within_a_selection(scene):
    seen = scene("large")
    assert seen["whole"] == ["FAILED", "too_large"]
    assert seen["selected"] in ("EDITING", "NO_FACE")


def test_krita_quits_with_a_render_running_and_the_backend_goes_too(scene, photo):
    seen = scene("quit_while_rendering", photo)
    assert seen["code"] == 0
    assert not Path(f"/proc/{seen['pid']}").exists()
    assert "Traceback" not in (seen["folder"] / "krita.log").read_text(errors="replace")
