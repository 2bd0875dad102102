"""Layers of every depth and colour model, read and written by the plug-in's adapter in the real Krita."""

import json

import pytest
from krita_programs import kritarunner

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("krita")
    said = kritarunner("layers_in_krita", str(folder), profile=folder / "profile")
    report = folder / "seen.json"
    assert report.exists(), said[-3000:]
    seen = json.loads(report.read_text())
    assert "error" not in seen, seen["error"]
    return seen


def test_every_colour_space_is_read_as_srgb(seen):
    """8 bits of tolerance where Krita converts; none where it does not."""
    assert len(seen["spaces"]) == 14
    for name, space in seen["spaces"].items():
        if space["colour"]:
            exact = name.startswith(("RGBA U8 sRGB", "RGBA U16 sRGB"))
            most = {"CMYKA": 20, "LABA": 4}.get(name.split()[0], 2)  # the test's picture is rounded once more there
            assert space["read_off"] <= (1.1 / 65535 if exact else most / 255), name


def test_a_result_is_seen_as_it_was_meant_and_nothing_else_changes(seen):
    for name, space in seen["spaces"].items():
        assert space["inside"] <= (8 if name.startswith("CMYKA") else 2) / 255, name  # its profile there and back
        assert space["outside"] == 0, name
        assert space["source_untouched"], name
        assert space["edited"], name
        assert space["layers"][1] == "Face: smile +0.8"
        assert space["bounds"] == [10, 8, 20, 16]
        assert space["new"] == name.split(" ", 2), name


def test_only_what_needs_it_is_converted(seen):
    sent = {name: space["sent"] for name, space in seen["spaces"].items()}
    assert sent["RGBA U8 sRGB-elle-V2-srgbtrc.icc"] == ["8", "bgr", "srgb"]
    assert sent["RGBA U16 sRGB-elle-V2-srgbtrc.icc"] == ["16", "bgr", "srgb"]
    assert sent["RGBA F16 sRGB-elle-V2-g10.icc"] == ["16f", "rgb", "linear"]
    assert sent["CMYKA U8 Chemical proof"] == ["16", "bgr", "srgb"]
    assert sent["GRAYA F32 Gray-D50-elle-V2-g10.icc"] == ["32f", "rgb", "srgb"]


def test_a_layer_partly_off_the_canvas(seen):
    assert seen["offset"] == {"read": [-20, 30, 64, 48], "off": 0, "written": [-18, 33]}


def test_a_group_is_read_as_it_is_seen(seen):
    assert seen["group"] == {"read": [5, 6, 10, 10], "pixel": [1, 2, 3, 255], "batch": ["inner"]}


def test_an_edit_survives_in_the_saved_document(seen):
    saved = seen["saved"]
    assert saved["record"] == {"smile": 0.8}
    assert saved["latent"] == 64
    assert saved["source"] == "Background"
    assert saved["selected"] == 30 * 20
    assert saved["names"] == ["Background", "Face: smile +0.8"]


def test_a_preview_is_drawn_and_goes(seen):
    assert seen["preview"] == {"shown": [0, 0, 255, 255], "locked": True, "left": 1}


def test_the_smallest_layers(seen):
    assert seen["small"] == {"one": [1, 1], "empty": "empty"}


def test_documents_that_krita_converted_in_are_closed(seen):
    assert seen["open"] == 0
