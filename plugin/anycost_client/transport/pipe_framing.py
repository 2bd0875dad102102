"""Messages through a pipe: a short header with socket and lengths, then the frames."""

import struct
from typing import BinaryIO

from anycost_client.core.errors import WireError
from anycost_client.protocol.codec import MAX_FRAME_BYTES, MAX_FRAMES, Frame

MAGIC = b"ANYC"
_START = struct.Struct("<4sBH")  # magic, socket (0 work, 1 control), number of frames
_LENGTH = struct.Struct("<Q")  # before each frame
_CHUNK = 1 << 20


def write_message(pipe: BinaryIO, which: int, frames: list[Frame]) -> None:
    """Raises OSError or ValueError when the pipe is closed."""
    pipe.write(_START.pack(MAGIC, which, len(frames)))
    for frame in frames:
        view = memoryview(frame).cast("B")
        pipe.write(_LENGTH.pack(view.nbytes))
        pipe.write(view)
    pipe.flush()


def read_message(pipe: BinaryIO) -> tuple[int, list[bytes | bytearray]] | None:
    """(0 or 1, frames); None at the end. Raises WireError for what is no message, OSError when the pipe breaks."""
    start = _exactly(pipe, _START.size)
    if start is None:
        return None
    magic, which, count = _START.unpack(start)
    if magic != MAGIC or which > 1 or not 1 <= count <= MAX_FRAMES:
        raise WireError("something else than messages came through the pipe", "restart the backend")
    frames = []
    for _ in range(count):
        length = _exactly(pipe, _LENGTH.size)
        if length is None:
            return None
        size = _LENGTH.unpack(length)[0]
        if size > MAX_FRAME_BYTES:
            raise WireError(f"a frame of {size} bytes is refused", f"send at most {MAX_FRAME_BYTES}")
        frame = _exactly(pipe, size)
        if frame is None:
            return None
        frames.append(frame)
    return which, frames


def _exactly(pipe: BinaryIO, size: int) -> bytes | bytearray | None:
    """None where the pipe ends early. Allocates for what arrives, not for what was announced."""
    first = pipe.read(min(size, _CHUNK))
    if len(first) == size:
        return first
    data = bytearray(first)
    while len(data) < size:
        part = pipe.read(min(size - len(data), _CHUNK))
        if not part:
            return None
        data += part
    return data
