"""In which form pixels travel, and which part of a layer."""

import pytest
from anycost_client.messages import Picture
from anycost_gimp.areas import Area
from anycost_gimp.formats import Format, packed, sent


@pytest.mark.parametrize(
    ("grey", "precision", "srgb", "babl"),
    [
        (False, "u8-non-linear", True, "R~G~B~A u8"),
        (False, "u8-perceptual", True, "R~G~B~A u8"),
        (False, "u8-linear", True, "R~G~B~A float"),
        (False, "u8-non-linear", False, "R~G~B~A float"),
        (False, "u16-linear", True, "R~G~B~A u16"),
        (False, "u32-non-linear", True, "R~G~B~A float"),
        (False, "half-linear", True, "R~G~B~A float"),
        (True, "u8-non-linear", True, "Y~A u8"),
        (True, "double-non-linear", False, "Y~A float"),
    ],
)
def test_nothing_is_rounded_on_the_way(grey, precision, srgb, babl):
    assert sent(grey, precision, srgb).babl == babl


def test_rows_lose_their_padding():
    padded = Picture(1, 2, 4, "8", 6, b"abcd__efgh__")
    assert packed(padded) == b"abcdefgh"
    assert Format.of(padded) == Format(4, "8")


def test_strips_cover_an_area_once():
    area = Area(-5, 7, 3000, 1000)
    strips = area.strips()
    assert sum(strip.pixels for strip in strips) == area.pixels
    assert [strip.y for strip in strips] == sorted({strip.y for strip in strips})
    assert max(strip.pixels for strip in strips) <= 1_000_000


def test_a_selection_is_grown_to_its_face_and_cut_to_the_layer():
    grown = Area(100, 100, 200, 100).grown()
    assert grown == Area(-20, -20, 440, 340)
    assert grown.cut(Area(0, 0, 300, 300)) == Area(0, 0, 300, 300)
    assert Area(0, 0, 5, 5).cut(Area(9, 9, 5, 5)).empty
