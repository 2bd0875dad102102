"""Converts a photo's own colours to sRGB and back, through its ICC profile.

Without a profile, RGB is taken as sRGB, grey as grey with sRGB's curve, CMYK as libvips' built-in press profile.
"""

import io
from typing import Literal

import numpy as np
import pyvips
from PIL import Image, ImageCms

from anycost_backend.photo.sample_types import rescaled

pyvips.cache_set_max(0)  # libvips would keep the last operations, and with them whole photos, in memory


def _ignore_remark(*_: object) -> None:
    """What matters comes as an error. pyvips' own handler prints a traceback for a remark that is not UTF-8."""


if pyvips.API_mode:
    pyvips.ffi.def_extern(name="_log_handler_callback")(_ignore_remark)

Kind = Literal["grey", "rgb", "cmyk"]

CHANNELS: dict[Kind, int] = {"grey": 1, "rgb": 3, "cmyk": 4}
INTERPRETATION: dict[tuple[Kind, str], str] = {
    ("grey", "uint8"): "b-w",
    ("grey", "uint16"): "grey16",
    ("grey", "float32"): "b-w",
    ("rgb", "uint8"): "srgb",
    ("rgb", "uint16"): "rgb16",
    ("rgb", "float32"): "scrgb",
    ("cmyk", "uint8"): "cmyk",
    ("cmyk", "uint16"): "cmyk",
    ("cmyk", "float32"): "cmyk",
}
_BUILT_IN: dict[Kind, str] = {"grey": "sgrey", "rgb": "srgb", "cmyk": "cmyk"}
_SHADES: dict[Kind, int] = {"grey": 33, "rgb": 9, "cmyk": 6}  # of a channel that are checked
# How far most colours may move there and back, of 1: presses' profiles are tables, some 8 of 255 coarse.
_MAX_APART: dict[Kind, float] = {"grey": 5 / 255, "rgb": 5 / 255, "cmyk": 15 / 255}
# The same in both directions, so that a colour that is not edited stays the same.
_RENDERING = {"intent": "relative", "black_point_compensation": True}


def to_srgb(native: np.ndarray, kind: Kind, profile: bytes | None, dtype: str = "uint8") -> np.ndarray:
    """sRGB [h, w, 3] of `native` [h, w, C] without alpha (uint8, uint16 or float32 in 0..1; beyond is clipped).

    `dtype` is "uint8", "uint16" or "float32" (0..1, as exact as `native` allows: converted with 16 bits).
    """
    if profile is None and kind != "cmyk":
        return rescaled(np.broadcast_to(native, (*native.shape[:2], 3)), dtype)
    if kind == "rgb" and native.dtype == np.uint8 and dtype == "uint8":
        return _quick(native, profile)
    whole = native if native.dtype != np.float32 else rescaled(native, "uint16")
    connection = _connection(_as_vips(whole, kind), kind, profile)
    depth = 8 if dtype == "uint8" else 16
    return rescaled(_as_numpy(connection.icc_export(output_profile="srgb", depth=depth, **_RENDERING)), dtype)


def from_srgb(srgb: np.ndarray, kind: Kind, profile: bytes | None, dtype: str) -> np.ndarray:
    """The inverse of `to_srgb`: sRGB [h, w, 3] of any of the three dtypes to `dtype` [h, w, C], without alpha.

    Colours outside of the profile's gamut are clipped."""
    if profile is None and kind == "rgb":
        return rescaled(srgb, dtype)
    connection = _connection(_as_vips(rescaled(srgb, "uint16"), "rgb"), "rgb", None)
    target = {"output_profile": _BUILT_IN[kind]}
    if profile:  # libvips exports to the profile that the image carries
        connection, target = _with_profile(connection, profile), {}
    depth = 8 if dtype == "uint8" else 16
    return rescaled(_as_numpy(connection.icc_export(depth=depth, **target, **_RENDERING)), dtype)


class OneWayProfile(ValueError):
    """Colours can be converted from the profile, not back."""


def checked(kind: Kind, profile: bytes) -> bytes | None:
    """The profile; None if it only says sRGB, which is more exact without.

    Raises OneWayProfile when colours do not come back, and ValueError when the profile is damaged or for another kind
    of image."""
    spaces: dict[Kind, bytes] = {"grey": b"GRAY", "rgb": b"RGB ", "cmyk": b"CMYK"}
    if profile[16:20] != spaces[kind]:
        raise ValueError("a profile of another kind")
    channels = CHANNELS[kind]
    shades = np.linspace(0, 65535, _SHADES[kind]).astype(np.uint16)
    cube = np.stack(np.meshgrid(*[shades] * channels), axis=-1).reshape(-1, 1, channels)
    try:
        seen = to_srgb(cube, kind, profile, "float32")
        if kind != "cmyk" and np.abs(seen - to_srgb(cube, kind, None, "float32")).max() < 0.5 / 255:
            return None
        to_srgb((cube >> 8).astype(np.uint8), kind, profile)
    except (pyvips.Error, ImageCms.PyCMSError, OSError) as error:
        raise ValueError("a damaged profile") from error
    try:
        again = to_srgb(from_srgb(seen, kind, profile, "uint16"), kind, profile, "float32")
    except (pyvips.Error, ImageCms.PyCMSError) as error:
        raise OneWayProfile from error
    inside = ((seen > 0.02) & (seen < 0.98)).all(axis=2)  # beyond, sRGB clips
    apart = np.abs(again - seen).max(axis=2)[inside]
    if len(apart) and np.percentile(apart, 90) > _MAX_APART[kind]:
        raise OneWayProfile
    return profile


def _quick(native: np.ndarray, profile: bytes | None) -> np.ndarray:
    """8-bit RGB by the same engine without the step through Lab: a third of the time for a whole photo."""
    ends = ImageCms.ImageCmsProfile(io.BytesIO(profile or b"")), ImageCms.createProfile("sRGB")
    intent, compensation = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    transform = ImageCms.buildTransform(*ends, "RGB", "RGB", intent, compensation)
    image = Image.fromarray(np.ascontiguousarray(native))
    ImageCms.applyTransform(image, transform, inPlace=True)
    return np.asarray(image)


def _connection(image: pyvips.Image, kind: Kind, profile: bytes | None) -> pyvips.Image:
    """The image in a profile connection space: CIE Lab, or XYZ for grey, which Lab makes coarse in the dark."""
    if not profile:
        return image.icc_import(input_profile=_BUILT_IN[kind], **_RENDERING)
    return _with_profile(image, profile).icc_import(embedded=True, pcs="xyz" if kind == "grey" else "lab", **_RENDERING)


def _with_profile(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _as_vips(pixels: np.ndarray, kind: Kind) -> pyvips.Image:
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    return image.copy(interpretation=INTERPRETATION[kind, str(pixels.dtype)])


def _as_numpy(image: pyvips.Image) -> np.ndarray:
    return image.numpy().reshape(image.height, image.width, image.bands)
