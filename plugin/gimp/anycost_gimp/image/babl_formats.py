"""Pixel formats for the backend: GEGL converts from and to the image's precision and profile."""

from dataclasses import dataclass

from anycost_client.protocol.messages import BitDepth, Picture

_TYPES: dict[BitDepth, str] = {"8": "u8", "16": "u16", "16f": "half", "32f": "float"}
_MODELS = {1: "Y~", 2: "Y~A", 3: "R~G~B~", 4: "R~G~B~A"}
_BYTES = {"8": 1, "16": 2, "16f": 2, "32f": 4}


@dataclass(frozen=True)
class Format:
    """sRGB's primaries and curve always: a format's name without a profile means that."""

    channels: int  # alpha is the last
    bit_depth: BitDepth

    @property
    def babl(self) -> str:
        """As GEGL names it. With ~ rather than ', which was seen to go wrong in a deep image with a profile."""
        return f"{_MODELS[self.channels]} {_TYPES[self.bit_depth]}"

    @property
    def pixel_bytes(self) -> int:
        return self.channels * _BYTES[self.bit_depth]

    @classmethod
    def of(cls, picture: Picture) -> "Format":
        return cls(picture.channels, picture.bit_depth)


def sent(grey: bool, precision: str, srgb: bool) -> Format:
    """For an image of this precision ("u8-linear", "float-non-linear": GIMP's nicknames).

    `srgb`: whether the image's profile is sRGB, or its grey counterpart. Only then integers stay what they are: with
    any other, or in linear light, 8 and 16 bits on the way would round what floats keep."""
    depth, _, curve = precision.partition("-")
    bits: BitDepth = "32f"
    if srgb and (depth == "u16" or (depth == "u8" and curve != "linear")):
        bits = "8" if depth == "u8" else "16"
    return Format(2 if grey else 4, bits)


def packed(picture: Picture) -> bytes:
    """Its rows without padding."""
    data = bytes(picture.data)
    if picture.stride == picture.row_bytes:
        return data
    rows = range(0, len(data), picture.stride)
    return b"".join(data[row : row + picture.row_bytes] for row in rows)
