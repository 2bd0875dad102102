"""Colour spaces of layers: which ones the backend is sent as they are, and how Krita converts the others."""

from dataclasses import dataclass
from typing import Any, Literal

from anycost_client.core.errors import HostError
from anycost_client.protocol.messages import BitDepth, OpenRegion

from anycost_krita.base.text import tr

SRGB = "sRGB-elle-V2-srgbtrc.icc"  # Krita's own, always there
LINEAR = "sRGB-elle-V2-g10.icc"
_AS_SRGB = {SRGB, "sRGB-elle-V4-srgbtrc.icc", "sRGB built-in", "sRGB IEC61966-2.1", "sRGB IEC61966-2-1"}
_CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
_DEPTHS: dict[str, BitDepth] = {"U8": "8", "U16": "16", "F16": "16f", "F32": "32f"}
Colours = Literal["srgb", "linear", "unknown"]


@dataclass(frozen=True)
class ColourSpace:
    """As Krita names it: "RGBA", "U8", the profile's name."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, owner: Any) -> "ColourSpace":
        """Of a node or a document. Raises HostError for one that nobody can read."""
        space = cls(owner.colorModel(), owner.colorDepth(), owner.colorProfile())
        if space.model not in _CHANNELS or space.depth not in _BYTES:
            raise HostError(
                tr("the colour model {model} {depth} cannot be edited", model=space.model, depth=space.depth),
                tr("convert the layer to RGB"),
            )
        return space

    @property
    def pixel_bytes(self) -> int:
        return _CHANNELS[self.model] * _BYTES[self.depth]

    @property
    def integer(self) -> bool:
        return self.depth in ("U8", "U16")

    @property
    def sent(self) -> "ColourSpace":
        """The space that the backend is sent: this one where it is sRGB or linear sRGB, else one that holds as much.

        8 bits of another profile become 16, so that the way there and back rounds nothing that is seen."""
        if self.model == "RGBA":
            if self.profile in _AS_SRGB:
                return ColourSpace("RGBA", self.depth, SRGB)
            if self.profile == LINEAR and not self.integer:
                return self
        return ColourSpace("RGBA", "U16" if self.integer else "F32", SRGB)

    def same(self, other: "ColourSpace") -> bool:
        """Whether samples mean the same in both."""
        return self == other or (
            (self.model, self.depth) == (other.model, other.depth)
            and self.model == "RGBA"
            and self.profile in _AS_SRGB
            and other.profile in _AS_SRGB
        )

    # What OpenRegion says of a space that is sent.

    @property
    def bit_depth(self) -> BitDepth:
        return _DEPTHS[self.depth]

    @property
    def order(self) -> Literal["rgb", "bgr"]:
        return "bgr" if self.integer else "rgb"  # how Krita stores them

    @property
    def colours(self) -> Colours:
        return "linear" if self.profile == LINEAR else "srgb"


def colour_space_of(region: OpenRegion) -> ColourSpace:
    """Of a region that was read here, and so of its final images: what ColourSpace.sent said."""
    depths = {bits: depth for depth, bits in _DEPTHS.items()}
    return ColourSpace("RGBA", depths[region.image.bit_depth], LINEAR if region.colours == "linear" else SRGB)


class Converter:
    """Has Krita convert pixels, in a document that nobody sees. Close it."""

    def __init__(self, krita: Any, source: ColourSpace, target: ColourSpace) -> None:
        self._source, self._target = source, target
        self._scratch: Any = None
        if not source.same(target):
            self._scratch = krita.createDocument(1, 1, "", source.model, source.depth, source.profile, 72.0)
            if self._scratch is None or ColourSpace.of(self._scratch) != source:
                self.close()
                raise HostError(
                    tr("the colour profile {profile} cannot be converted", profile=source.profile),
                    tr("convert the layer to sRGB"),
                )

    def __call__(self, pixels: bytes, width: int, height: int) -> bytes:
        """Rows without padding, before and after."""
        if self._scratch is None:
            return pixels
        node = self._scratch.createNode("", "paintlayer")
        node.setPixelData(pixels, 0, 0, width, height)
        target = self._target
        if not node.setColorSpace(target.model, target.depth, target.profile):
            raise HostError(
                tr("the colours cannot be converted to {profile}", profile=target.profile),
                tr("convert the layer to sRGB"),
            )
        return bytes(node.pixelData(0, 0, width, height).data())

    def close(self) -> None:
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.setModified(False)
            scratch.setBatchmode(True)
            scratch.close()
