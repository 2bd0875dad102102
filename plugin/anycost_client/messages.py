"""What client and backend say to each other: one frozen dataclass per message, pictures included.

Rectangles and points are in pixels, x to the right, y down. Angles, strengths and scores say their range. Every request
has an id of its own; replies and progress carry the id of the request they belong to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from anycost_client.errors import WireError

PROTOCOL = 1  # raised when a message changes its meaning; new fields and new kinds do not raise it

BitDepth = Literal["8", "16", "16f", "32f"]
BYTES_PER_SAMPLE: dict[str, int] = {"8": 1, "16": 2, "16f": 2, "32f": 4}  # little-endian; integers are unsigned
MAX_SIDE = 65_536  # pixels
MAX_CHANNELS = 4
MAX_PICTURE_BYTES = 1 << 30

Quality = Literal["preview", "best", "final"]
Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]  # x, y in pixels of the region: top left of the face, then clockwise


def new_id() -> str:
    return uuid.uuid4().hex


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
                f"a picture of {self.width}×{self.height}×{self.channels} is refused:"
                f" sides are 1 to {MAX_SIDE} pixels, channels 1 to {MAX_CHANNELS}"
            )
        if self.bit_depth not in BYTES_PER_SAMPLE:
            raise WireError(f"bit depth '{self.bit_depth!s:.10}' is unknown: use one of {', '.join(BYTES_PER_SAMPLE)}")
        if self.stride < self.row_bytes or self.stride * self.height > MAX_PICTURE_BYTES:
            raise WireError(
                f"a picture of {self.width}×{self.height} with {self.stride} bytes a row is refused:"
                f" a row needs {self.row_bytes}, all may have {MAX_PICTURE_BYTES}"
            )
        size = self.data.nbytes if isinstance(self.data, memoryview) else len(self.data)
        if size != self.stride * self.height:
            raise WireError(f"a picture announces {self.stride * self.height} bytes and has {size}: send all of it")

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
    """One face of a region. Face 0 is the largest."""

    id: int
    rectangle: Rectangle  # around the face, in pixels of the region
    corners: Corners  # of the aligned square that is drawn; it may lie aslant and beyond the region
    score: float  # 0…1: how surely this is a face
    warning: str = ""  # what may go wrong with it ("small", "seen from the side"), for people
    thumbnail: Picture | None = None


@dataclass(frozen=True)
class FaceEdit:
    """What one face is to become: attributes that are not named are 0."""

    face: int
    strengths: Mapping[str, float]  # attribute → −2…2; ±1 is strong and natural


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
class SubGeneratorTime:
    resolution: int  # pixels
    channels: str  # "½", "full"
    milliseconds: float  # median on this machine


# ---------------------------------------------------------------- requests


@dataclass(frozen=True, kw_only=True)
class Request:
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, kw_only=True)
class Hello(Request):
    """The first message on each of the two sockets. → Welcome. `client` is the same on both, and this client's only."""

    client: str
    program: str = ""  # such as "Krita 5.2.9"
    protocol: int = PROTOCOL


@dataclass(frozen=True, kw_only=True)
class OpenRegion(Request):
    """Find the faces in these pixels. Progress, then → RegionOpened."""

    image: Picture
    rectangle: Rectangle | None = None  # where the image lies in its layer; only handed back in reports
    selection: Picture | None = None  # 1 channel, of the image's size: outside it nothing changes, soft edges count
    colours: Literal["srgb", "linear", "unknown"] = "srgb"  # what the samples mean; "unknown" is taken for sRGB
    order: Literal["rgb", "bgr"] = "rgb"  # of the image's channels, and of final pictures
    max_side: int = 1024  # pixels: longest side of previews and of RegionOpened.thumbnail
    known: tuple[KnownFace, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Edit(Request):
    """Draw the region with these faces edited, all together. → Edited (perhaps several), Superseded or Failed.

    A preview or best replaces those of the same session that came before; a final is only replaced by a final."""

    session: str
    faces: tuple[FaceEdit, ...]  # faces that are not named stay as they are
    quality: Quality = "preview"  # preview: quick, better ones follow; best: for max_side; final: full size and depth
    sequence: int = 0  # grows with each edit of a session
    max_side: int = 0  # pixels: longest side of the picture; 0: as OpenRegion said; final ignores it


@dataclass(frozen=True, kw_only=True)
class Refine(Request):
    """Make the projection of a face better for some seconds. Progress (with pictures), then → Refined."""

    session: str
    face: int
    budget: float = 30.0  # seconds
    faithful: float = 0.5  # 0: easy to edit … 1: like the photo


@dataclass(frozen=True, kw_only=True)
class ReadLatent(Request):
    """→ Latent: what is needed to open this edit again."""

    session: str
    face: int


@dataclass(frozen=True, kw_only=True)
class Attributes(Request):
    """→ AttributeList."""


@dataclass(frozen=True, kw_only=True)
class RenderSample(Request):
    """A face that nobody has, to see that all works. → Sample."""

    seed: int = 0
    truncation: float = 0.7  # ψ, 0…1
    resolution: int = 256  # pixels


@dataclass(frozen=True, kw_only=True)
class Status(Request):
    """→ StatusReport. On the control socket."""


@dataclass(frozen=True, kw_only=True)
class Cancel(Request):
    """Drop this client's request of that id, waiting or running. → Done; the dropped one → Failed "cancelled".

    On the control socket."""

    what: str = ""  # id of a request; "": all of this client's


@dataclass(frozen=True, kw_only=True)
class Close(Request):
    """Forget a session. → Done, also when it is gone already."""

    session: str


@dataclass(frozen=True, kw_only=True)
class Leave(Request):
    """This client goes: its sessions close, and the backend ends if it was the last. → Done. On the control socket."""


@dataclass(frozen=True, kw_only=True)
class Shutdown(Request):
    """The backend ends, whoever else uses it. → Done. On the control socket."""


@dataclass(frozen=True, kw_only=True)
class Ping(Request):
    """ "I am alive; are you?" → Pong. On the control socket, every Welcome.heartbeat seconds."""


# ----------------------------------------------------------------- replies


@dataclass(frozen=True, kw_only=True)
class Reply:
    id: str  # of the request


@dataclass(frozen=True, kw_only=True)
class Welcome(Reply):
    protocol: int = PROTOCOL
    program: str = ""  # the backend's version
    pid: int = 0
    model: str = ""  # name of the generator
    model_hash: str = ""
    heartbeat: float = 2.0  # seconds: how often to ping
    patience: float = 8.0  # seconds without a ping after which the backend forgets a client


@dataclass(frozen=True, kw_only=True)
class Progress(Reply):
    what: str  # "finding faces", for people
    fraction: float = 0.0  # 0…1
    text: str = ""  # "12 of 60, 8 s left", for people
    picture: Picture | None = None  # how it looks so far


@dataclass(frozen=True, kw_only=True)
class RegionOpened(Reply):
    session: str
    faces: tuple[Face, ...]  # the largest first; empty: none was found
    thumbnail: Picture | None = None  # the region as it is, RGB or RGBA 8, at most max_side: the "before" of previews
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Edited(Reply):
    """The change alone: RGBA, to be laid over the region; alpha is 0 where nothing changed, soft at the edge.

    With all strengths 0 there is no picture. Previews are sRGB, 8 bit, R G B A; final ones have the region's depth,
    colours and order."""

    sequence: int
    picture: Picture | None
    rectangle: Rectangle  # where the picture lies, in pixels of the region: a smaller picture is to be scaled up to it
    quality: Quality = "preview"
    resolution: int = 0  # pixels: of the sub-generator that drew it
    channels: str = ""  # "¼", "½", "full": of the sub-generator that drew it
    milliseconds: float = 0.0  # from request to picture, in the backend
    more: bool = False  # better ones will follow by themselves, with the same id and sequence


@dataclass(frozen=True, kw_only=True)
class Superseded(Reply):
    """A newer edit of the session came before this one was drawn. The newer one is answered under its own id."""

    sequence: int


@dataclass(frozen=True, kw_only=True)
class Refined(Reply):
    face: int
    scores: Mapping[str, float] = field(default_factory=dict)  # such as "similarity": 0…1
    text: str = ""  # the same for people


@dataclass(frozen=True, kw_only=True)
class Latent(Reply):
    face: int
    model: str  # hash
    values: Picture  # W+: one row per style, 1 channel, 32f


@dataclass(frozen=True, kw_only=True)
class AttributeList(Reply):
    attributes: tuple[Attribute, ...]  # in the order in which to show them


@dataclass(frozen=True, kw_only=True)
class Sample(Reply):
    picture: Picture
    resolution: int = 0
    channels: str = ""
    milliseconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StatusReport(Reply):
    running: str = ""  # what the compute thread does; "" when idle
    waiting: int = 0  # requests
    clients: int = 0  # this one included
    sessions: int = 0
    refused: int = 0  # connections without the right key since the start
    seconds: float = 0.0  # since the start
    peak_megabytes: float = 0.0
    sub_generators: tuple[SubGeneratorTime, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pong(Reply):
    pass


@dataclass(frozen=True, kw_only=True)
class Done(Reply):
    pass


@dataclass(frozen=True, kw_only=True)
class Failed(Reply):
    """reason, for programs: unknown_message, bad_message, version, no_hello, busy, no_session, no_face,
    unknown_attribute, too_large, cancelled, model, ending, memory, disk, internal. Others may come."""

    cause: str  # one line for people
    remedy: str = ""  # what to do, for people
    reason: str = "internal"


REQUESTS: tuple[type[Request], ...] = (
    Hello,
    OpenRegion,
    Edit,
    Refine,
    ReadLatent,
    Attributes,
    RenderSample,
    Status,
    Cancel,
    Close,
    Leave,
    Shutdown,
    Ping,
)
REPLIES: tuple[type[Reply], ...] = (
    Welcome,
    Progress,
    RegionOpened,
    Edited,
    Superseded,
    Refined,
    Latent,
    AttributeList,
    Sample,
    StatusReport,
    Pong,
    Done,
    Failed,
)
CONTROL: tuple[type[Request], ...] = (Status, Cancel, Leave, Shutdown, Ping)  # these go over the control socket
Message = Request | Reply
