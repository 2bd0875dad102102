"""In which form pixels travel."""

import pytest
from anycost_client.protocol.messages import Picture
from anycost_gimp.image.babl_formats import Format, packed, sent


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
