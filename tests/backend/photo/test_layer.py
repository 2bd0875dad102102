"""The pixels that an editor sends, in every depth, order and kind."""

import numpy as np
import pytest
from anycost_backend.photo.layer import as_array, as_picture, layer_of
from anycost_backend.photo.sample_types import clipped_float
from anycost_client.protocol.messages import Picture
from skimage.data import astronaut

RGB = astronaut()[40:140, 150:260]
SIZE = RGB.shape[:2]
DEPTHS = ["uint8", "uint16", "float16", "float32"]


def in_depth(pixels: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "uint16":
        return pixels.astype(np.uint16) * 257
    return pixels if dtype == "uint8" else (pixels / 255).astype(dtype)


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("linear", [False, True])
def test_a_layer_is_seen_as_srgb_and_given_back_as_it_was(dtype: str, linear: bool) -> None:
    shades = RGB / 255
    light = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    native = in_depth(RGB, dtype) if not linear else (light * (65535 if dtype == "uint16" else 1)).astype(dtype)
    if linear and dtype == "uint8":
        pytest.skip("8 bits are too few for linear light")
    layer = layer_of(as_picture(native), "linear" if linear else "srgb", "rgb")
    assert np.abs(layer.srgb8((10, 5, 60, 70)).astype(int) - RGB[5:75, 10:70]).max() <= (1 if linear else 0)
    seen = layer.region_srgb(10, 5, 60, 70)
    assert seen.dtype == np.float32
    back = layer.from_srgb(seen)
    assert back.dtype == dtype
    exact = native[5:75, 10:70].astype(np.float64)
    assert np.abs(back - exact).max() <= (1.5 if native.dtype.kind == "u" else 1e-3)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_grey_stays_grey(dtype: str) -> None:
    grey = in_depth(RGB[:, :, :1], dtype)
    layer = layer_of(as_picture(grey), "srgb", "rgb")
    assert np.array_equal(layer.srgb8(), np.repeat(RGB[:, :, :1], 3, axis=2))
    back = layer.from_srgb(layer.region_srgb(0, 0, layer.width, layer.height))
    assert back.shape == grey.shape
    assert np.abs(back.astype(np.float64) - grey).max() <= {"uint8": 1, "uint16": 200}.get(dtype, 3e-3)


def test_rows_may_be_padded_and_channels_swapped() -> None:
    height, width = SIZE
    bgra = np.dstack([RGB[:, :, ::-1], np.full(SIZE, 200, np.uint8)])
    padded = np.zeros((height, width * 4 + 12), np.uint8)
    padded[:, : width * 4] = bgra.reshape(height, -1)
    picture = Picture(width, height, 4, "8", width * 4 + 12, padded.tobytes())
    layer = layer_of(picture, "srgb", "bgr")
    assert np.array_equal(layer.srgb8(), RGB)
    assert layer.alpha is not None
    assert clipped_float(layer.alpha[4:10, 3:8]) == pytest.approx(np.full((6, 5), 200 / 255))
    assert np.array_equal(as_array(picture), bgra)
    assert np.shares_memory(as_array(picture), np.frombuffer(picture.data, np.uint8))


def test_numbers_that_are_none_do_not_spread() -> None:
    wild = in_depth(RGB, "float32").copy()
    wild[0, 0], wild[0, 1], wild[0, 2] = np.nan, np.inf, -7
    for colours in ("srgb", "linear"):
        seen = layer_of(as_picture(wild), colours, "rgb").region_srgb(0, 0, 5, 5)
        assert np.isfinite(layer_of(as_picture(wild), colours, "rgb").from_srgb(np.clip(seen, 0, 1))).all()
    assert np.isfinite(clipped_float(wild)).all()


def test_what_is_put_in_replaces_nothing_else() -> None:
    layer = layer_of(as_picture(RGB), "srgb", "rgb")
    mask = np.zeros((4, 6), np.float32)
    mask[1:3, 1:5] = [1, 0.5, 0.5, 1]
    other = layer.with_region(10, 20, np.zeros((4, 6, 3), np.uint8), mask)
    assert np.array_equal(layer.colours, RGB)
    expected = RGB.copy()
    expected[20:24, 10:16] = np.rint(expected[20:24, 10:16] * (1 - mask[:, :, None]))
    assert np.array_equal(other.colours, expected)
