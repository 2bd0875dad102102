"""The pixels that an editor sends: converted to sRGB like a photo's, and back to their own depth and colours."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from anycost_client.protocol.messages import BYTES_PER_SAMPLE, BitDepth, Picture

from anycost_backend.photo.colour_profiles import from_srgb, to_srgb
from anycost_backend.photo.sample_types import Lay, blend, clipped_float, rescaled

DTYPES: dict[BitDepth, str] = {"8": "u1", "16": "<u2", "16f": "<f2", "32f": "<f4"}
_ROWS = 256  # converted at a time, so that a large layer is never float as a whole
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear sRGB


@dataclass(frozen=True, eq=False)
class Layer:
    """The arrays may be views of a received message: read them, never write."""

    colours: np.ndarray  # [H, W, 1 or 3], grey or RGB; uint8, uint16, or float16 or float32 in 0…1 (beyond is clipped)
    alpha: np.ndarray | None = None  # [H, W], of the same type
    linear: bool = False  # linear light; else sRGB's curve

    @property
    def width(self) -> int:
        return int(self.colours.shape[1])

    @property
    def height(self) -> int:
        return int(self.colours.shape[0])

    def srgb8(self, rect: tuple[int, int, int, int] | None = None) -> np.ndarray:
        """uint8 sRGB [h, w, 3] of the whole layer or of `rect` (x, y, width, height)."""
        return self._srgb(*(rect or (0, 0, self.width, self.height)), "uint8")

    def region_srgb(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        """float32 sRGB [h, w, 3] in 0…1."""
        return self._srgb(x, y, width, height, "float32")

    def from_srgb(self, region: np.ndarray) -> np.ndarray:
        """float32 sRGB [h, w, 3] in 0…1 to this layer's own colours and type, [h, w, 1 or 3]."""
        grey, half = self.colours.shape[2] == 1, self.colours.dtype == np.float16
        dtype = "float32" if half else str(self.colours.dtype)
        if not self.linear:
            native = from_srgb(region.astype(np.float32, copy=False), "grey" if grey else "rgb", None, dtype)
        else:
            light = np.where(region <= 0.04045, region / 12.92, ((region + 0.055) / 1.055) ** 2.4)
            native = rescaled((light @ _LUMINANCE)[:, :, None] if grey else light.astype(np.float32), dtype)
        return native.astype(np.float16) if half else native

    def with_region(self, x: int, y: int, native: np.ndarray, mask: np.ndarray) -> "Layer":
        """This layer with `native` [h, w, C] (from `from_srgb`) blended in at x, y by `mask`, float [h, w], 0…1."""
        return self.changing(lambda lay: lay(x, y, native, mask))

    def changing(self, change: Callable[[Lay], None]) -> "Layer":
        """As `Photo.changing`."""
        colours = self.colours.copy()

        def lay(x: int, y: int, native: np.ndarray, mask: np.ndarray) -> None:
            blend(colours[y : y + len(mask), x : x + mask.shape[1]], native, mask)

        change(lay)
        return replace(self, colours=colours)

    def _srgb(self, x: int, y: int, width: int, height: int, dtype: str) -> np.ndarray:
        native = self.colours[y : y + height, x : x + width]
        if not self.linear and native.dtype.kind == "u":
            return to_srgb(native, "rgb", None, dtype)  # grey follows the same curve
        result = np.empty((height, width, 3), dtype)
        for row in range(0, height, _ROWS):
            shades = clipped_float(native[row : row + _ROWS])
            if self.linear:
                shades = np.where(shades <= 0.0031308, 12.92 * shades, 1.055 * shades ** np.float32(1 / 2.4) - 0.055)
            result[row : row + _ROWS] = rescaled(shades.astype(np.float32, copy=False), dtype)
        return result


def layer_of(picture: Picture, colours: str, order: str) -> Layer:
    """colours, order: as in OpenRegion. The layer is a view of the picture's data, unless those are colours of 8 bits
    with alpha or in another order: whatever crops such a view copies all of it first."""
    pixels = as_array(picture)
    count = 3 if picture.channels >= 3 else 1
    colour = pixels[:, :, :count]
    alpha = pixels[:, :, count] if picture.channels > count else None
    if order == "bgr" and count == 3:
        colour = colour[:, :, ::-1]
    if count == 3 and colour.dtype == np.uint8:
        colour = np.ascontiguousarray(colour)
        alpha = None if alpha is None else np.ascontiguousarray(alpha)
    return Layer(colour, alpha, colours == "linear")


def as_array(picture: Picture) -> np.ndarray:
    """[H, W, C] of the picture's type, a view of its data."""
    sample = BYTES_PER_SAMPLE[picture.bit_depth]
    return np.ndarray(
        (picture.height, picture.width, picture.channels),
        np.dtype(DTYPES[picture.bit_depth]),
        picture.data,
        strides=(picture.stride, picture.channels * sample, sample),
    )


def as_picture(pixels: np.ndarray) -> Picture:
    """pixels: [H, W, C], uint8, uint16, float16 or float32, little-endian."""
    pixels = np.ascontiguousarray(pixels)
    depths: dict[np.dtype, BitDepth] = {np.dtype(name): depth for depth, name in DTYPES.items()}
    height, width, channels = pixels.shape
    return Picture.packed(width, height, channels, pixels.data.cast("B"), depths[pixels.dtype])
