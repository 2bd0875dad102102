"""Messages to frames and back: a JSON header, then one frame per picture. The same few lines for every message.

Nothing is unpickled, and nothing is allocated on the word of a header: sizes are compared with what has arrived."""

import dataclasses
import json
import math
import re
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from anycost_client.core.errors import UnknownKind, WireError, WrongVersion
from anycost_client.protocol.messages import (
    CONTROL,
    MAX_PICTURE_BYTES,
    PROTOCOL,
    REPLIES,
    REQUESTS,
    Message,
    Picture,
    Reply,
    Request,
)

__all__ = [
    "CONTROL",
    "ENCRYPTION_BYTES",
    "MAX_FRAMES",
    "MAX_FRAME_BYTES",
    "MAX_HEADER_BYTES",
    "Frame",
    "decode",
    "decode_reply",
    "decode_request",
    "encode",
    "kind_of",
]

Frame = bytes | bytearray | memoryview

MAX_HEADER_BYTES = 1 << 20
MAX_FRAMES = 256  # header included
MAX_FRAME_BYTES = MAX_PICTURE_BYTES
ENCRYPTION_BYTES = 64  # more that ZMQ_MAXMSGSIZE must allow: what CURVE adds to a frame counts there
_MAX_INTEGER = 1 << 53  # what every JSON reader keeps exactly
_MAX_ENTRIES = 10_000  # of a list or mapping

M = TypeVar("M", Request, Reply)


def kind_of(message: type[Message]) -> str:
    """OpenRegion → "open_region"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()


_MESSAGES: tuple[type[Message], ...] = (*REQUESTS, *REPLIES)
_KINDS = {kind_of(message): message for message in _MESSAGES}


def encode(message: Message) -> list[Frame]:
    """The frames of one multipart message. Raises WireError for what cannot be said (not-a-number, too much)."""
    frames: list[Frame] = [b""]
    header = {"version": PROTOCOL, "kind": kind_of(type(message)), **_plain(message, frames)}
    try:
        frames[0] = json.dumps(header, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:
        raise WireError(f"this {header['kind']} cannot be sent ({error})", "correct its values", message.id) from error
    if len(frames[0]) > MAX_HEADER_BYTES or len(frames) > MAX_FRAMES:
        raise WireError(f"this {header['kind']} is too large to be sent", "send less at once", message.id)
    return frames


def decode(frames: Sequence[Frame], reader: str = "plug-in") -> Message:
    """Raises WireError, UnknownKind or WrongVersion, and nothing else, whatever the frames hold.

    `reader`: for messages to people, "plug-in" or "backend". Pictures refer to the frames given: nothing is copied."""
    header = _header(frames)
    id = header.get("id")
    id = id if isinstance(id, str) and len(id) <= 64 and id.isascii() else ""
    version, kind = header.get("version"), header.get("kind")
    if type(version) is not int or not isinstance(kind, str):
        raise WireError("a message without version or kind", id=id)
    if version != PROTOCOL:
        raise WrongVersion(version if abs(version) < _MAX_INTEGER else -1, PROTOCOL, id, reader)
    if kind not in _KINDS:
        raise UnknownKind(kind, id, reader)
    if not id and kind != "failed":  # which answers a message whose id could not be read
        raise WireError(f"this {kind} has no id of 1 to 64 ASCII characters", "send an id with each request")
    try:
        message: Message = _built(_KINDS[kind], header, frames)
    except (WireError, ValueError) as error:
        raise WireError(f"this {kind} is malformed: {getattr(error, 'cause', error)}", id=id) from error
    return message


def decode_request(frames: Sequence[Frame]) -> Request:
    """As `decode`, for backends: a reply is of a kind that they do not know."""
    return _only(decode(frames, "backend"), Request, "backend")


def decode_reply(frames: Sequence[Frame]) -> Reply:
    """As `decode`, for clients."""
    return _only(decode(frames), Reply, "plug-in")


def _only(message: Message, wanted: type[M], reader: str) -> M:
    if isinstance(message, wanted):
        return message
    raise UnknownKind(kind_of(type(message)), message.id, reader)


def _header(frames: Sequence[Frame]) -> dict[str, Any]:
    if not 1 <= len(frames) <= MAX_FRAMES or len(frames[0]) > MAX_HEADER_BYTES:
        raise WireError(f"a message has 1 to {MAX_FRAMES} frames, the first of at most {MAX_HEADER_BYTES} bytes")
    try:
        header = json.loads(bytes(frames[0]).decode())
    except (ValueError, RecursionError) as error:
        raise WireError("the header of a message is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the header of a message is not a JSON object")
    return header


# --------------------------------------------------------- values to JSON and back


def _plain(value: Any, frames: list[Frame]) -> Any:
    if isinstance(value, Picture):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.name != "data"}
        frames.append(value.data)
        return {**fields, "frame": len(frames) - 1}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), frames) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item, frames) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item, frames) for item in value]
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _built(cls: Any, value: Any, frames: Sequence[Frame]) -> Any:
    """`value` from JSON as the dataclass `cls`. Fields that it does not know are ignored."""
    if not isinstance(value, dict):
        raise WireError(f"{cls.__name__} is not an object")
    arguments = {}
    for field in dataclasses.fields(cls):
        if field.name in value:
            arguments[field.name] = _typed(_hints(cls)[field.name], value[field.name], frames, field.name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise WireError(f"'{field.name}' is missing")
    return cls(**arguments)


def _picture(value: Any, frames: Sequence[Frame]) -> Picture:
    if not isinstance(value, dict):
        raise WireError("a picture is not an object")
    index = value.get("frame")
    if type(index) is not int or not 1 <= index < len(frames):
        raise WireError("a picture names a frame that did not come")
    hints = {name: hint for name, hint in _hints(Picture).items() if name != "data"}
    for name in hints:
        if name not in value:
            raise WireError(f"'{name}' of a picture is missing")
    arguments = {name: _typed(hint, value[name], frames, name) for name, hint in hints.items()}
    return Picture(**arguments, data=frames[index])


def _typed(hint: Any, value: Any, frames: Sequence[Frame], name: str) -> Any:
    """`value` as the type `hint` says, checked."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):  # only X | None is used
        return None if value is None else _typed(inner[0], value, frames, name)
    if origin is tuple and isinstance(value, list) and len(value) <= _MAX_ENTRIES:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) == len(value):
            return tuple(_typed(kind, item, frames, name) for kind, item in zip(kinds, value, strict=True))
    elif origin is Mapping and isinstance(value, dict) and len(value) <= _MAX_ENTRIES:
        return {_typed(str, key, frames, name): _typed(inner[1], item, frames, name) for key, item in value.items()}
    elif origin is Literal and isinstance(value, str) and value in inner:
        return value
    elif hint is Picture:
        return _picture(value, frames)
    elif dataclasses.is_dataclass(hint):
        return _built(hint, value, frames)
    elif type(value) is hint and (hint is bool or (hint is int and abs(value) <= _MAX_INTEGER)):
        return value
    elif hint is float and type(value) in (int, float) and abs(value) <= 1e300 and math.isfinite(value):
        return float(value)
    elif type(value) is hint is str:
        value.encode()  # half a character, which JSON can write, is a ValueError here and now
        return value
    raise WireError(f"'{name}' has a wrong value")
