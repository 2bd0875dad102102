"""Camera makers' notes inside EXIF: undocumented tables of tags, whose offsets often count from the file's start.

A note that moves within its file keeps its values only if these offsets move with it."""

import re
import struct
from dataclasses import dataclass

from anycost_backend.photo.tiff_types import SIZES

# Their offsets count from the note itself, or they have none.
_SELF_CONTAINED = (b"Nikon\0\x02", b"OLYMPUS\0", b"OM SYSTEM\0", b"FUJIFILM", b"GENERALE", b"Apple iOS\0", b"PENTAX \0")
_HEADS = (
    b"SONY",
    b"Panasonic\0",
    b"OLYMP\0",
    b"EPSON\0",
    b"MINOL\0",
    b"CAMER\0",
    b"QVC\0",
    b"AOC\0",
    b"RICOH\0",
    b"Ricoh\0",
)
_HEAD_SIZES = {b"SONY": 12, b"Panasonic\0": 12, b"QVC\0": 6, b"AOC\0": 6}  # others: 8
_MAX_ENTRIES = 512
_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")


@dataclass(frozen=True)
class MakerNote:
    data: bytes
    at: int  # where it lies in its file or block, which offsets count from
    order: str  # "<" or ">", of the block

    @property
    def movable(self) -> bool:
        """Whether the note can lie elsewhere, in a little-endian block, with its values intact."""
        table = self._table()
        if table is None:
            return True
        return self.order == "<" and _shifted(bytearray(self.data), table, self.at, 0)

    def moved(self, at: int) -> bytes:
        """The note's bytes for a place at byte `at`. Ask `movable` first."""
        table = self._table()
        data = bytearray(self.data)
        if table is not None and at != self.at:
            _shifted(data, table, self.at, at - self.at)
        return bytes(data)

    def _table(self) -> int | None:
        """Where the note's table begins if its offsets count from the file's start; None for a note without such."""
        if self.data.startswith(_SELF_CONTAINED):
            return None
        head = next((_HEAD_SIZES.get(head, 8) for head in _HEADS if self.data.startswith(head)), 0)
        for table in dict.fromkeys((head, 0, 6, 8, 10, 12, 16, 18)):
            for order in (self.order, "<", ">"):
                outside = _outside(self.data, table, order)
                if outside is None:
                    continue
                if not outside:
                    return None
                end = len(self.data)
                inside_note = sum(table < offset and offset + size <= end for offset, size in outside)
                inside_file = sum(
                    self.at + table < offset and offset + size <= self.at + end for offset, size in outside
                )
                first = min(offset for offset, _ in outside)
                nearer = abs(first - table) < abs(first - self.at - table)
                relative = inside_note > inside_file or (inside_note == inside_file and nearer)
                return None if relative else table
        return None


def without_previews(block: bytearray) -> bool:
    """Blanks JPEG images within the block: previews that show the old face. Returns whether there were any."""
    found, at = False, 0
    while match := _JPEG.search(block, at):
        start, at = match.start(), match.start() + 2
        end = _end_of_jpeg(block, start)
        if end:
            block[start:end] = bytes(end - start)
            found, at = True, end
    return found


def _end_of_jpeg(block: bytearray, start: int) -> int:
    """Where the image that begins here ends; 0 if none does: three bytes may be anything."""
    at, segments = start + 2, 0
    while at + 4 <= len(block) and block[at] == 0xFF and 0xC0 <= block[at + 1] <= 0xFE:
        length = struct.unpack_from(">H", block, at + 2)[0]
        if length < 2:
            return 0
        segments += 1
        if block[at + 1] == 0xDA:
            end = block.find(b"\xff\xd9", at)
            return end + 2 if end >= 0 else len(block)
        at += 2 + length
    return len(block) if segments > 1 and at >= len(block) else 0  # cut short


def _outside(data: bytes | bytearray, table: int, order: str) -> list[tuple[int, int]] | None:
    """Offsets and sizes of values outside of the table there; None where there is no table."""
    if table + 2 > len(data):
        return None
    (number,) = struct.unpack_from(order + "H", data, table)
    if not 1 <= number <= _MAX_ENTRIES or table + 2 + 12 * number > len(data):
        return None
    outside = []
    for at in range(table + 2, table + 2 + 12 * number, 12):
        _, kind, count, offset = struct.unpack_from(order + "HHII", data, at)
        if kind not in SIZES or count > 1 << 24:
            return None
        if SIZES[kind] * count > 4:
            outside.append((offset, SIZES[kind] * count))
    return outside


def _shifted(data: bytearray, table: int, base: int, by: int, depth: int = 0) -> bool:
    """Adds `by` to the offsets of the table and of those below, whose file place is `base` before it. Returns False
    when a value lies outside of the note."""
    if _outside(data, table, "<") is None or depth > 4:
        return False
    (number,) = struct.unpack_from("<H", data, table)
    for at in range(table + 2, table + 2 + 12 * number, 12):
        _, kind, count, offset = struct.unpack_from("<HHII", data, at)
        size = SIZES[kind] * count
        place = offset - base
        if size <= 4:
            pointer = kind in (4, 13) and count == 1 and table < place < len(data)
            if not (pointer and _is_table(data, place, base)):
                continue
        elif not 0 <= place <= len(data) - size:
            return False
        struct.pack_into("<I", data, at + 8, offset + by)
        if size <= 4 or (kind == 7 and _is_table(data, place, base)):
            _shifted(data, place, base, by, depth + 1)
    return True


def _is_table(data: bytearray, table: int, base: int) -> bool:
    """Whether a table with offsets into the note lies there."""
    outside = _outside(data, table, "<")
    return bool(outside) and all(0 <= offset - base <= len(data) - size for offset, size in outside or ())
