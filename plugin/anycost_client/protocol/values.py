"""The values that messages are made of: pictures, places, faces, and what faces are to become.

Rectangles and points are in pixels, x to the right, y down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from anycost_client.core.errors import WireError

BitDepth = Literal["8", "16", "16f", "32f"]
BYTES_PER_SAMPLE: dict[str, int] = {"8": 1, "16": 2, "16f": 2, "32f": 4}  # little-endian; integers are unsigned
MAX_SIDE = 65_536  # pixels
MAX_CHANNELS = 4
MAX_PICTURE_BYTES = 1 << 30

Quality = Literal["preview", "best", "final"]
What = Literal["expression", "pose", "hair", "lighting"]  # can be taken over from another face
Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]  # x, y in pixels of the region: top left of the face, then clockwise


@dataclass(frozen=True)
class Picture:
    """Pixels in rows from the top: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; alpha straight, not premultiplied.

    Integers span 0…255 or 0…65535, floats 0…1. Raises WireError when the numbers and the data do not fit."""

    width: int
    height: int
    channels: int
    bit_depth: BitDepth
    stride: int  # bytes from one row to the next
    data: bytes | bytearray | memoryview = field(repr=False)  # stride · height bytes

    def __post_init__(self) -> None:
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE and 0 < self.channels <= MAX_CHANNELS):
            raise WireError(
                f"a picture of {self.width}×{self.height}×{self.channels} is refused",
                f"send sides of 1 to {MAX_SIDE} pixels, and 1 to {MAX_CHANNELS} channels",
            )
        if self.bit_depth not in BYTES_PER_SAMPLE:
            raise WireError(f"bit depth {self.bit_depth!a:.12} is unknown", f"use one of {', '.join(BYTES_PER_SAMPLE)}")
        if self.stride < self.row_bytes or self.stride * self.height > MAX_PICTURE_BYTES:
            raise WireError(
                f"a picture of {self.width}×{self.height} with {self.stride} bytes a row is refused",
                f"send at least {self.row_bytes} bytes a row, and at most {MAX_PICTURE_BYTES} in all",
            )
        size = self.data.nbytes if isinstance(self.data, memoryview) else len(self.data)
        if size != self.stride * self.height:
            raise WireError(
                f"a picture announces {self.stride * self.height} bytes and has {size}",
                "send stride times height bytes",
            )

    @property
    def row_bytes(self) -> int:
        """Without padding."""
        return self.width * self.channels * BYTES_PER_SAMPLE[self.bit_depth]

    @classmethod
    def packed(
        cls,
        width: int,
        height: int,
        channels: int,
        data: bytes | bytearray | memoryview,
        bit_depth: BitDepth = "8",
    ) -> "Picture":
        """Rows without padding. Raises WireError when the data is of another size."""
        stride = width * channels * BYTES_PER_SAMPLE.get(bit_depth, 1)
        return cls(width, height, channels, bit_depth, stride, data)


@dataclass(frozen=True)
class Rectangle:
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Face:
    """One face of a region. Face 0 is the largest of those that the selection does not cut."""

    id: int
    rectangle: Rectangle  # around the face, in pixels of the region
    corners: Corners  # of the aligned square that is drawn; it may lie aslant and beyond the region
    score: float  # 0…1: how surely this is a face
    warning: str = ""  # what may go wrong with it ("small", "seen from the side"), for people
    thumbnail: Picture | None = None
    hidden: tuple[str, ...] = ()  # attributes that show nothing on it: they are covered, or it has no colours


@dataclass(frozen=True)
class Handle:
    """A point of a face that can be dragged."""

    name: str  # such as "mouth_left"; the sides are the picture's
    point: Corner  # where it is in the region without an edit, pixels
    moves: Mapping[str, Corner]  # attribute → by how many pixels strength 1 moves it, as measured on this face


@dataclass(frozen=True)
class Offset:
    """What was taken over from another face, where no attribute says it: see Matched."""

    values: Picture  # added to the latent at amount 1; laid out as Latent.values
    amount: float = 1.0  # 0…1


@dataclass(frozen=True)
class FaceEdit:
    """What one face is to become: attributes that are not named are 0."""

    face: int
    strengths: Mapping[str, float]  # attribute → −2…2; ±1 is strong and natural
    held: tuple[str, ...] = ()  # attributes that stay as they are seen, whatever the others do to them
    offsets: tuple[Offset, ...] = ()


LITTLE = 0.75  # share of what is asked below which people are told


@dataclass(frozen=True)
class Reached:
    """How much of what was asked of a face it shows: not every face can smile much more, or has hair to grow."""

    face: int
    shares: Mapping[str, float]  # attribute → 0…1 of what its strength promises; those not named are not known


@dataclass(frozen=True)
class KnownFace:
    """A face whose latent was kept with the document, so that it need not be found again."""

    corners: Corners  # as in Face
    model: str  # Welcome.model_hash of the model that the latent is for; with another it is ignored
    latent: Picture  # Latent.values


@dataclass(frozen=True)
class Attribute:
    name: str
    group: str  # under which editors show it
    about: str  # what −1 and +1 do
    least: float = -1.0  # the slider's ends; up to ±2 may be sent
    most: float = 1.0


@dataclass(frozen=True)
class SessionFace:
    """A face of any of this client's open sessions."""

    session: str
    face: int


@dataclass(frozen=True)
class SubGeneratorTime:
    resolution: int  # pixels
    channels: str  # "½", "full"
    milliseconds: float  # median on this machine
