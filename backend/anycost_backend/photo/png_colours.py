"""What a PNG file's colour chunks say, as an ICC profile."""

import struct
from collections.abc import Iterable

from anycost_backend.photo.colour_profiles import Kind
from anycost_backend.photo.matrix_profile import (
    BT709,
    BT709_CURVE,
    D65,
    LINEAR,
    SRGB_CURVE,
    Chromaticities,
    Curve,
    grey_profile,
    rgb_profile,
)
from anycost_backend.photo.png_chunks import Chunk

# Of ITU-T H.273, which cICP's numbers come from.
_PRIMARIES: dict[int, Chromaticities] = {
    1: BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
}
_CURVES = {
    **dict.fromkeys((1, 6, 14, 15), BT709_CURVE),
    4: Curve(2.2),
    5: Curve(2.8),
    8: LINEAR,
    13: SRGB_CURVE,
    17: Curve(2.6),
}
_HDR = {16: "PQ", 18: "HLG"}
_USUAL_GAMMA = range(45000, 46000)  # 1/2.2 in 100,000ths: written for sRGB's curve, and read so by browsers


class UnknownColours(ValueError):
    """The colours are described in a way that cannot be followed. Its text says how."""


def without_colours(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    return tuple(chunk for chunk in chunks if chunk[0] not in (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI"))


def profile_of_chunks(chunks: Iterable[Chunk], kind: Kind, has_icc: bool) -> bytes | None:
    """The ICC profile that the chunks describe; None where they say nothing, sRGB, or less than the file's profile.

    cICP counts most, then an ICC profile, sRGB, and gAMA with cHRM, as the standard says. Raises UnknownColours."""
    found = dict(chunks)
    if len(coded := found.get(b"cICP", b"")) == 4:
        return _coded(tuple(coded), kind)
    if has_icc or b"sRGB" in found:
        return None
    gamma = struct.unpack(">I", found[b"gAMA"])[0] if len(found.get(b"gAMA", b"")) == 4 else 0
    primaries: Chromaticities | None = None
    if kind == "rgb" and len(found.get(b"cHRM", b"")) == 32:
        white_x, white_y, *rest = (number / 100_000 for number in struct.unpack(">8I", found[b"cHRM"]))
        primaries = (*rest, white_x, white_y)
    if not gamma and not primaries:
        return None
    curve = SRGB_CURVE if not gamma or gamma in _USUAL_GAMMA else Curve(100_000 / gamma)
    if not 0.1 <= curve.gamma <= 10:
        raise UnknownColours(f"a gamma of {curve.gamma:.3g}")
    try:
        return grey_profile(curve) if kind == "grey" else rgb_profile(primaries or BT709, curve)
    except ValueError as error:
        raise UnknownColours(str(error)) from error


def _coded(numbers: tuple[int, ...], kind: Kind) -> bytes:
    primaries, transfer, matrix, full_range = numbers
    if transfer in _HDR:
        raise UnknownColours(f"high dynamic range ({_HDR[transfer]})")
    if matrix != 0 or full_range != 1:
        raise UnknownColours("video levels (cICP)")
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        raise UnknownColours(f"colours by numbers that it does not know (cICP {primaries}, {transfer})")
    curve = _CURVES[transfer]
    return grey_profile(curve) if kind == "grey" else rgb_profile(_PRIMARIES[primaries], curve)
