"""What client and backend say to each other: one frozen dataclass per message, pictures included.

Rectangles and points are in pixels, x to the right, y down. Angles, strengths and scores say their range. Every request
has an id of its own; replies and progress carry the id of the request they belong to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from anycost_client.protocol.values import (  # noqa: F401 (part of what is said: to be had from here)
    BYTES_PER_SAMPLE,
    MAX_CHANNELS,
    MAX_PICTURE_BYTES,
    MAX_SIDE,
    Attribute,
    BitDepth,
    Corner,
    Corners,
    Face,
    FaceEdit,
    Handle,
    KnownFace,
    Offset,
    Picture,
    Quality,
    Reached,
    Rectangle,
    SessionFace,
    SubGeneratorTime,
    What,
)

PROTOCOL = 1  # raised when a message changes its meaning; new fields and new kinds do not raise it


def new_id() -> str:
    return uuid.uuid4().hex


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
class Sketch(Request):
    """Draw small pictures of how faces would look. Progress, then → Sketches. Nothing of the session changes."""

    session: str
    edits: tuple[FaceEdit, ...]  # one picture each, of its face
    side: int = 96  # pixels, at most 256


@dataclass(frozen=True, kw_only=True)
class ReadLatent(Request):
    """→ Latent: what is needed to open this edit again."""

    session: str
    face: int


@dataclass(frozen=True, kw_only=True)
class ReadHandles(Request):
    """Measure which points of a face can be dragged, and what moves them. → HandleList."""

    session: str
    face: int


@dataclass(frozen=True, kw_only=True)
class Attributes(Request):
    """→ AttributeList."""


@dataclass(frozen=True, kw_only=True)
class LearnAttribute(Request):
    """Make an attribute of the user's own from faces with it and faces without it. Progress, then → Learned.

    One of that name is replaced. AttributeList has it from then on, for all clients."""

    name: str  # 1 to 40 small letters, digits and _, a letter first; not one that comes with the program
    positive: tuple[SessionFace, ...]  # a dozen or more of each, at least four
    negative: tuple[SessionFace, ...]
    about: str = ""  # what −1 and +1 do
    region: Literal["face", "head"] = "head"  # what it may change: the face, or hair and neckline with it


@dataclass(frozen=True, kw_only=True)
class RemoveAttribute(Request):
    """Remove one of the user's own. → Done."""

    name: str


@dataclass(frozen=True, kw_only=True)
class MatchFace(Request):
    """Find how a face takes over something from another. Progress, then → Matched, which is to be set by Edit."""

    session: str
    face: int
    what: What
    source: SessionFace


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
    channels: str = ""  # "¼", "½", "full", "~312": of the sub-generator that drew it
    milliseconds: float = 0.0  # from request to picture, in the backend; of a better one that follows: to draw it
    more: bool = False  # better ones will follow by themselves, with the same id and sequence
    reached: tuple[Reached, ...] = ()  # what is known of it by now


@dataclass(frozen=True, kw_only=True)
class Sketches(Reply):
    pictures: tuple[Picture, ...]  # RGB 8, of the aligned faces, in the order of the edits


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
class HandleList(Reply):
    face: int
    handles: tuple[Handle, ...]  # empty: the model has no attribute that moves one


@dataclass(frozen=True, kw_only=True)
class AttributeList(Reply):
    attributes: tuple[Attribute, ...]  # in the order in which to show them


@dataclass(frozen=True, kw_only=True)
class Learned(Reply):
    attribute: Attribute
    holds: bool  # else it is there all the same, and `text` says why it is not to be trusted
    scores: Mapping[str, float] = field(default_factory=dict)  # such as "right": 0…1
    text: str = ""  # how well it was learned, for people


@dataclass(frozen=True, kw_only=True)
class Matched(Reply):
    face: int
    what: str
    strengths: Mapping[str, float]  # for Edit: instead of those that these attributes had
    offset: Picture | None = None  # for Edit, as Offset.values; where attributes say all there is none
    left: float = (
        0.0  # of the difference in what those attributes say, what remains: 0 as wanted, 1 nothing was reached
    )
    text: str = ""  # the same for people


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
    frames_per_second: int = 0  # of previews, 60 or 30, in the last drag; 0 before this machine was measured


@dataclass(frozen=True, kw_only=True)
class Pong(Reply):
    pass


@dataclass(frozen=True, kw_only=True)
class Done(Reply):
    pass


@dataclass(frozen=True, kw_only=True)
class Failed(Reply):
    """reason, for programs: unknown_message, bad_message, version, no_hello, busy, no_session, no_face,
    unknown_attribute, too_large, cancelled, model, ending, memory, disk, files, internal. Others may come."""

    cause: str  # one line for people
    remedy: str = ""  # what to do, for people
    reason: str = "internal"


REQUESTS: tuple[type[Request], ...] = (
    Hello,
    OpenRegion,
    Edit,
    Refine,
    Sketch,
    ReadLatent,
    ReadHandles,
    Attributes,
    LearnAttribute,
    RemoveAttribute,
    MatchFace,
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
    Sketches,
    Superseded,
    Refined,
    Latent,
    HandleList,
    AttributeList,
    Learned,
    Matched,
    Sample,
    StatusReport,
    Pong,
    Done,
    Failed,
)
CONTROL: tuple[type[Request], ...] = (Status, Cancel, Leave, Shutdown, Ping)  # these go over the control socket
Message = Request | Reply
