"""The aligned square's transform is exact, and its crop goes back to where it came from."""

import math

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_models.face.aligned_square import AlignedSquare, apply, pixel_matrix
from hypothesis import given
from hypothesis import strategies as st

PHOTO = skimage.data.astronaut()
SQUARE = AlignedSquare((225.4, 106.2), (86.3, 14.5))

coordinate = st.floats(-5000, 5000)
squares = st.builds(
    lambda x, y, half, turn: AlignedSquare((x, y), (half * math.cos(turn), half * math.sin(turn))),
    coordinate,
    coordinate,
    st.floats(2, 4000),
    st.floats(0, 2 * math.pi),
)


def psnr(a, b):
    return 10 * math.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


@given(squares, st.integers(16, 2048), coordinate, coordinate)
def test_the_inverse_is_exact(square, size, x, y):
    there = apply(square.matrix(size), np.array([[x, y]]))
    np.testing.assert_allclose(apply(square.inverse(size), there), [[x, y]], atol=1e-6)


@given(squares, st.integers(16, 2048))
def test_the_corners_of_the_square_are_those_of_the_crop(square, size):
    there = apply(square.matrix(size), square.corners())
    np.testing.assert_allclose(there, [[0, 0], [size, 0], [size, size], [0, size]], atol=1e-6)


def test_a_square_on_whole_pixels_is_the_picture_itself():
    crop = AlignedSquare((164.0, 96.0), (64.0, 0.0)).crop(PHOTO, 128)
    np.testing.assert_array_equal(crop, PHOTO[32:160, 100:228])


def test_a_quarter_turn_only_moves_pixels():
    crop = AlignedSquare((256.0, 256.0), (0.0, 256.0)).crop(PHOTO, 512)  # its right side lies at the bottom
    np.testing.assert_array_equal(crop, np.rot90(PHOTO))


def test_halving_is_the_mean_of_four():
    crop = AlignedSquare((256.0, 256.0), (256.0, 0.0)).crop(PHOTO, 256)
    means = PHOTO.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    assert np.abs(crop - means).max() <= 1


@pytest.mark.parametrize("size", [7, 16, 45, 64, 100])
def test_reducing_takes_the_mean_of_what_it_leaves_out(size):
    noise = np.random.default_rng(0).integers(0, 256, (512, 512)).astype(np.float32)
    square = AlignedSquare((256.0, 256.0), (150.0, 40.0))
    for_one = (square.side / size) ** 2  # pixels of the picture behind one of the crop
    assert square.crop(noise, size).std() < 1.3 * noise.std() / math.sqrt(for_one)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_there_and_back_loses_little(size):
    smooth = cv2.GaussianBlur(PHOTO, (0, 0), 3)
    bounds = SQUARE.bounds(PHOTO.shape)
    x0, y0, x1, y1 = bounds
    back = SQUARE.uncrop(SQUARE.crop(smooth, size), bounds)
    assert back.shape == (y1 - y0, x1 - x0, 3)
    inside = SQUARE.uncrop(np.pad(np.ones((size - 8, size - 8), np.float32), 4), bounds) > 0.999
    assert inside.mean() > 0.5
    assert psnr(back[inside], smooth[y0:y1, x0:x1][inside]) > 45


def test_the_picture_reflects_beyond_its_edges():
    corner = AlignedSquare((0.0, 0.0), (40.0, 0.0)).crop(PHOTO, 80)
    np.testing.assert_array_equal(corner[40:, 40:], PHOTO[:40, :40])
    np.testing.assert_array_equal(corner[:40, 40:], PHOTO[:40, :40][::-1])
    np.testing.assert_array_equal(corner[:40, :40], PHOTO[:40, :40][::-1, ::-1])


@pytest.mark.parametrize(("dtype", "full"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1.0)])
@pytest.mark.parametrize("size", [64, 150, 400])
def test_the_kind_of_pixel_is_kept(dtype, full, size):
    picture = (PHOTO.astype(np.float64) / 255 * full).astype(dtype)
    crop = SQUARE.crop(picture, size)
    assert crop.dtype == dtype
    assert crop.shape == (size, size, 3)
    np.testing.assert_allclose((crop / full).clip(0, 1), SQUARE.crop(PHOTO, size) / 255, atol=0.02)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (5, 3, 3), (64, 64), (64, 64, 1), (64, 64, 4)])
def test_any_shape_of_picture_can_be_cropped(shape):
    picture = np.full(shape, 77, np.uint8)
    crop = AlignedSquare((2.0, 3.0), (30.0, 10.0)).crop(picture, 32)
    assert (crop == 77).all()


@given(squares, st.integers(1, 3000), st.integers(1, 3000))
def test_bounds_lie_within_the_picture_and_hold_the_square(square, width, height):
    x0, y0, x1, y1 = square.bounds((height, width, 3))
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height
    for x, y in square.corners():
        if 0 <= x <= width and 0 <= y <= height:
            assert x0 <= x <= x1
            assert y0 <= y <= y1


def test_a_strongly_reduced_picture_stays_in_place():
    dot = np.zeros((2000, 2000), np.float32)
    cv2.circle(dot, (1200, 700), 60, 1.0, -1)  # OpenCV's pixel 1200 has its centre at 1200.5
    square = AlignedSquare((1000.0, 1000.0), (800.0, 500.0))
    crop = square.crop(dot, 90)
    y, x = np.mgrid[0:90, 0:90] + 0.5
    centre = [(x * crop).sum() / crop.sum(), (y * crop).sum() / crop.sum()]
    (expected,) = apply(square.matrix(90), np.array([[1200.5, 700.5]]))
    np.testing.assert_allclose(centre, expected, atol=0.05)


def test_pixel_matrix_counts_from_pixel_centres():
    double = np.array([[2.0, 0, 0], [0, 2.0, 0]])
    ramp = np.tile(np.arange(8, dtype=np.float32), (8, 1))
    grown = cv2.warpAffine(ramp, pixel_matrix(double), (16, 16), flags=cv2.INTER_LINEAR)
    np.testing.assert_allclose(grown[8, 4:12], np.arange(4, 12) / 2 - 0.25, atol=1e-3)
    np.testing.assert_allclose(pixel_matrix(double), [[2, 0, 0.5], [0, 2, 0.5]])
