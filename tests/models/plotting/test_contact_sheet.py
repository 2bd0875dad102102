"""Contact sheets hold every picture in its cell, and titles that can be read."""

from pathlib import Path

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.plotting.contact_sheet import BACKGROUND, contact_sheet, save_image, save_png
from PIL import Image
from skimage.data import astronaut

FACE = astronaut()


def test_pictures_stand_in_rows_and_columns() -> None:
    sheet = contact_sheet([[FACE, 255 - FACE], [FACE]], tile=64)
    gap = 2
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * 66 + gap, 2 * 66 + gap, 3)
    means = [sheet[y : y + 64, x : x + 64].mean() for y in (2, 68) for x in (2, 68)]
    assert means[:3] == pytest.approx([FACE.mean(), 255 - FACE.mean(), FACE.mean()], abs=1)
    assert (sheet[68:, 68:] == BACKGROUND).all()  # the missing picture


def test_empty_cells_grey_pictures_and_proportions() -> None:
    sheet = contact_sheet([[None, FACE[:, :, 0], FACE[:200]]], tile=64)
    assert (sheet[2:66, 2:66] == BACKGROUND).all()
    grey = sheet[2:66, 68:132]
    assert np.array_equal(grey[..., 0], grey[..., 1])
    assert (sheet[2:20, 134:198] == BACKGROUND).all()  # a wide picture is centred: 25 of 64 lines
    assert not (sheet[22:46, 134:198] == BACKGROUND).all(axis=2).any()


def test_small_pictures_are_enlarged() -> None:
    assert contact_sheet([[np.full((1, 1, 3), 200, np.uint8)]], tile=32)[2:34, 2:34].min() == 200


@pytest.mark.parametrize("tile", [48, 256])
def test_titles_are_drawn_and_pictures_move_aside(tile: int) -> None:
    plain = contact_sheet([[FACE, FACE]], tile=tile)
    titled = contact_sheet([[FACE, FACE]], ["before", "smile +½"], ["Eileen Collins"], tile, title="One edit")
    assert titled.shape[0] > plain.shape[0]
    assert titled.shape[1] > plain.shape[1]
    corner = titled[-(tile + tile // 32) : -(tile // 32 or 2), : titled.shape[1] - plain.shape[1]]
    ink = (corner.min(axis=2) > 150).sum(axis=1)
    assert (ink > 0).sum() >= 6  # lines of pixels that carry text: high enough to be read


def test_signs_that_the_font_lacks_are_spelled() -> None:
    """− and ½ would be boxes."""
    with_signs = contact_sheet([[FACE]], ["−1 ½ é"], tile=128)
    assert np.array_equal(with_signs, contact_sheet([[FACE]], ["-1 1/2 e"], tile=128))


def test_long_titles_are_cut() -> None:
    short = contact_sheet([[FACE, FACE]], ["", "b"], tile=64)
    long = contact_sheet([[FACE, FACE]], ["a title much longer than its picture", "b"], tile=64)
    assert long.shape == short.shape
    assert np.array_equal(long[:, 68:], short[:, 68:])


def test_a_sheet_without_pictures_is_a_sheet() -> None:
    assert contact_sheet([]).shape[2] == 3


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg", "sheet.JPEG"])
def test_sheets_are_written_by_extension(tmp_path: Path, name: str) -> None:
    save_image(tmp_path / name, FACE)
    read = np.asarray(Image.open(tmp_path / name))
    assert np.abs(read.astype(int) - FACE).mean() < (0.1 if name.endswith("png") else 3)


def test_other_extensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnycostError, match=r"\.png"):
        save_image(tmp_path / "sheet.bmp", FACE)
    with pytest.raises(AnycostError, match=r"\.png"):
        save_png(tmp_path / "sheet.jpg", FACE)
    assert list(tmp_path.iterdir()) == []
