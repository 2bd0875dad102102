"""Makes the ICC profile of colours that a file describes by numbers: primaries, a white point and a curve."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Chromaticities = Sequence[float]  # x and y of red, green, blue and white

D65 = (0.3127, 0.3290)
BT709: Chromaticities = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *D65)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Curve:
    """From stored values to light, both 0…1: (a·x + b)^gamma from d on, c·x below."""

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0


LINEAR = Curve(1.0)
SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
BT709_CURVE = Curve(1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.08124)


def rgb_profile(colours: Chromaticities, curve: Curve) -> bytes:
    """Raises ValueError when the primaries span no colours."""
    columns = [_xyz(*colours[at : at + 2]) for at in (0, 2, 4, 6)]
    primaries, white = np.stack(columns[:3], axis=1), columns[3]
    try:
        to_xyz = primaries * np.linalg.solve(primaries, white)
    except np.linalg.LinAlgError as error:
        raise ValueError("primaries that span no colours") from error
    cones = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white))
    adapted = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ to_xyz
    if not np.isfinite(adapted).all() or abs(adapted).max() > 4:
        raise ValueError("primaries that span no colours")
    tags = {name: _xyz_tag(adapted[:, at]) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _profile(b"RGB ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve_tag(curve))})


def grey_profile(curve: Curve) -> bytes:
    return _profile(b"GRAY", {b"kTRC": _curve_tag(curve)})


def _xyz(x: float, y: float) -> np.ndarray:
    if not 0 < y <= 1:
        raise ValueError("primaries that span no colours")
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _xyz_tag(xyz: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*xyz)


def _curve_tag(curve: Curve) -> bytes:
    return b"para\0\0\0\0\0\x03\0\0" + _fixed(curve.gamma, curve.a, curve.b, curve.c, curve.d)


def _text_tag(text: str) -> bytes:
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", 2 * len(text), 28) + text.encode("utf-16-be")


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 4.3 for a display."""
    tags = {b"desc": _text_tag("as the file describes"), b"cprt": _text_tag("CC0"), b"wtpt": _xyz_tag(_D50_XYZ), **tags}
    at = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, at + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(data), bytes(4), 0x04300000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_D50_XYZ)
    return head.ljust(128, b"\0") + table + data
