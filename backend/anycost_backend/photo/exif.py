"""Reads and edits EXIF blocks and TIFF folders (the same structure) and leaves unknown entries as they are.

Pillow and libvips write EXIF anew: they drop what they do not know, and every maker note breaks."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

import numpy as np

from anycost_backend.photo.maker_notes import MakerNote, without_previews
from anycost_backend.photo.tiff_types import SIZES, UNITS

ORIENTATION, EXIF_FOLDER, GPS_FOLDER = 0x0112, 0x8769, 0x8825
MAKER_NOTE, IPTC, PHOTOSHOP = 0x927C, 33723, 34377
_INTEROP_FOLDER, _WIDTH, _HEIGHT = 0xA005, 0xA002, 0xA003
_THUMBNAIL_START, _THUMBNAIL_LENGTH, _STRIPS, _STRIP_LENGTHS = 0x0201, 0x0202, 0x0111, 0x0117
_FOLDERS = (EXIF_FOLDER, GPS_FOLDER, _INTEROP_FOLDER)

# TIFF tags that describe the image (others say how pixels are stored): names, dates, camera, rights, IPTC, places.
_DESCRIPTIVE = {269, 270, 271, 272, 285, 305, 306, 315, 316, 337, 18246, 18249, 33432, *_FOLDERS}
_DESCRIPTIVE |= {
    33434,
    33437,
    33550,
    33922,
    34264,
    34735,
    34736,
    34737,
    34850,
    34852,
    36867,
    36868,
    42112,
    42113,
    50341,
}
_DESCRIPTIVE |= {*range(34855, 34870), *range(37377, 37397), *range(40091, 40096), *range(41483, 41496)}
# Tags that say how pixels are stored, or that are read elsewhere.
_STORAGE = {*range(254, 267), 266, ORIENTATION, *range(273, 285), *range(288, 294), 296, 297, 301}
_STORAGE |= {
    *range(317, 335),
    336,
    *range(338, 344),
    347,
    512,
    513,
    514,
    515,
    517,
    518,
    519,
    520,
    521,
    *range(529, 533),
}
_STORAGE |= {559, 700, IPTC, PHOTOSHOP, 34675, 37724}
# What remains of an EXIF block that is too long even without its maker note.
_ESSENTIAL = {ORIENTATION, 271, 272, 282, 283, 296, 306, 315, 33432, EXIF_FOLDER, GPS_FOLDER}
_ESSENTIAL_LENGTH = 2000  # bytes of a value

_FOUR_BYTES = {16: 4, 17: 9, 18: 13}  # types of eight bytes, which only BigTIFF has
_MOST_ENTRIES = 65535  # of a folder: what two bytes can count

Block = bytes | bytearray | memoryview
# tag: (type, count, little-endian value, the folder that it points to, or the camera's note)
Folder = dict[int, tuple[int, int, Union[bytes, "Folder", MakerNote]]]


def read_folder(block: Block, at: int | None = None) -> Folder:
    """The folder at byte `at` of the block, or the first one. Entries that lie outside the block are left out.

    A BigTIFF's numbers of eight bytes become ones of four, which other files have; larger ones are left out. Raises
    ValueError when the block is no TIFF structure."""
    layout = _layout(block)
    order = layout.order
    folder: Folder = {}
    try:
        first = struct.unpack_from(order + layout.offset, block, layout.first)[0] if at is None else at
        for tag, entry, value, size in _entries(block, first):
            kind, count = struct.unpack_from(order + "H" + layout.offset, block, entry + 2)
            data = bytes(block[value : value + size])
            if len(data) != size or kind not in SIZES:
                continue
            if tag == MAKER_NOTE:
                folder[tag] = kind, count, MakerNote(data, value, order)
            else:
                turned = np.frombuffer(data, f"{order}u{UNITS[kind]}").astype(f"<u{UNITS[kind]}").tobytes()
                if (entry_value := _in_four_bytes(kind, turned)) is not None:
                    folder[tag] = entry_value[0], count, entry_value[1]
    except struct.error as error:
        raise ValueError("a damaged folder of tags") from error
    return folder


def numbers(folder: Folder, tag: int) -> tuple[int, ...]:
    """The whole numbers of a tag; none where it is missing or holds something else."""
    kind, _, value = folder.get(tag, (0, 0, b""))
    if kind not in (1, 3, 4, 13) or not isinstance(value, bytes):
        return ()
    return tuple(np.frombuffer(value, f"<u{SIZES[kind]}").tolist())


def fraction(folder: Folder, tag: int) -> float:
    """A tag's fraction or number; 0 where it is missing."""
    kind, _, value = folder.get(tag, (0, 0, b""))
    if kind == 5 and isinstance(value, bytes) and len(value) >= 8:
        above, below = struct.unpack_from("<II", value)
        return above / below if below else 0.0
    return float((*numbers(folder, tag), 0)[0])


def bytes_of(folder: Folder, tag: int) -> bytes:
    """A tag's value; empty where it is missing."""
    value = folder.get(tag, (0, 0, b""))[2]
    return value if isinstance(value, bytes) else b""


def orientation_of(block: Block) -> int | None:
    """1…8; None where the block does not say."""
    try:
        found = numbers(read_folder(block), ORIENTATION)
    except ValueError:
        return None
    return found[0] if found and 1 <= found[0] <= 8 else None


def descriptive(block: Block) -> tuple[Folder, list[str]]:
    """The descriptive tags of an EXIF block or a TIFF file, with the folders below, and notes on what is not kept.

    Raises ValueError as `read_folder`."""
    notes: list[str] = []
    kept = {tag: entry for tag, entry in read_folder(block).items() if tag in _DESCRIPTIVE}
    _follow(block, kept, notes, 0)
    return kept, notes


def other_tags(folder: Folder) -> list[int]:
    """Tags of a TIFF file that a new one does not have."""
    return sorted(set(folder) - _DESCRIPTIVE - _STORAGE)


def block_of(folder: Folder) -> bytes:
    """The folder as an EXIF block."""
    return b"II*\0" + struct.pack("<I", 8) + _serialised(folder, 8)


def with_more(exif: bytes | None, tags: Folder) -> bytes:
    """The block with these plain tags, unless it has them. What is there stays where it is."""
    if exif is None:
        return block_of(tags)
    order = _order(exif)
    (folder,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, folder)
    entries = {tag: exif[at : at + 12] for tag, at, _, _ in _entries(exif, folder)}
    rest = exif[folder + 2 + 12 * count :][:4].ljust(4, b"\0")  # the link to the next folder
    base = len(exif) + len(exif) % 2
    values = base + 2 + 12 * len({*entries, *tags}) + 4
    added = b""
    for tag in sorted(set(tags) - set(entries)):
        kind, number, value = tags[tag]
        if not isinstance(value, bytes):
            continue
        swapped = np.frombuffer(value, f"<u{UNITS[kind]}").astype(f"{order}u{UNITS[kind]}").tobytes()
        place = swapped.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", values + len(added))
        added += swapped if len(value) > 4 else b""
        entries[tag] = struct.pack(order + "HHI", tag, kind, number) + place
    table = struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + rest
    return b"".join([exif[:4], struct.pack(order + "I", base), exif[8:], bytes(len(exif) % 2), table, added])


def with_tags(tiff: bytes, more: Folder, without: tuple[int, ...] = ()) -> bytes:
    """A little-endian TIFF file with more tags; its own take precedence, but for those it is to be without."""
    own = {tag: entry for tag, entry in read_folder(tiff).items() if tag not in without}
    pad = bytes(len(tiff) % 2)
    base = len(tiff) + len(pad)
    return b"".join([tiff[:4], struct.pack("<I", base), memoryview(tiff)[8:], pad, _serialised({**more, **own}, base)])


@dataclass(frozen=True)
class CleanedExif:
    block: bytes
    notes: tuple[str, ...] = ()  # for people, on what it no longer has


def cleaned(exif: bytes, orientation: int, upright: bool) -> CleanedExif:
    """The block without thumbnails and previews, which show the old face. A damaged one shrinks to the orientation.

    upright: whether the pixels no longer need to be rotated"""
    try:
        return _cleaned(exif, upright)
    except (struct.error, ValueError, IndexError):
        block = block_of({ORIENTATION: (3, 1, struct.pack("<H", 1 if upright else orientation))})
        return CleanedExif(block, ("the EXIF block is damaged: only the orientation is kept",))


def shortened(exif: bytes, limit: int) -> CleanedExif:
    """The block in at most `limit` bytes: without its maker note, or reduced to orientation, dates, camera, places and
    rights. Raises ValueError when it cannot be read."""
    folder, _ = descriptive(exif)
    own = read_folder(exif)
    folder.update({tag: own[tag] for tag in (ORIENTATION, 282, 283, 296) if tag in own})
    below = folder.get(EXIF_FOLDER, (0, 0, b""))[2]
    if isinstance(below, dict):
        below.pop(MAKER_NOTE, None)
    block = block_of(folder)
    if len(block) <= limit:
        return CleanedExif(block, ("the camera's own notes (maker note) are too long to be kept",))
    block = block_of(_reduced({tag: entry for tag, entry in folder.items() if tag in _ESSENTIAL}))
    if len(block) > limit:
        block = block_of({tag: entry for tag, entry in folder.items() if tag == ORIENTATION})
        return CleanedExif(block, ("the EXIF block is too long to be kept: only the orientation is",))
    kept = "dates, camera, place, exposure and rights are"
    return CleanedExif(block, (f"the EXIF block is too long to be kept: {kept}",))


def _reduced(folder: Folder) -> Folder:
    kept: Folder = {}
    for tag, (kind, count, value) in folder.items():
        if isinstance(value, dict):
            kept[tag] = kind, count, _reduced(value)
        elif isinstance(value, bytes) and len(value) <= _ESSENTIAL_LENGTH:
            kept[tag] = kind, count, value
    return kept


def _follow(block: Block, folder: Folder, notes: list[str], depth: int) -> None:
    """Puts the folders below in the place of their offsets, and leaves out what cannot move."""
    for tag in _FOLDERS:
        place = numbers(folder, tag)
        folder.pop(tag, None)
        if place and depth < 2:
            try:
                below = read_folder(block, place[0])
            except ValueError:
                notes.append("a damaged part of the EXIF block is not kept")
                continue
            _follow(block, below, notes, depth + 1)
            folder[tag] = 4, 1, below
    note = folder.get(MAKER_NOTE, (0, 0, b""))[2]
    if isinstance(note, MakerNote) and not note.movable:
        del folder[MAKER_NOTE]
        notes.append("the camera's own notes (maker note) cannot be moved into this file and are not kept")


def _cleaned(exif: bytes, upright: bool) -> CleanedExif:
    order, block = _order(exif), bytearray(exif)
    (folder,) = struct.unpack_from(order + "I", block, 4)
    entries = {tag: (entry, value) for tag, entry, value, _ in _entries(block, folder)}
    if upright and ORIENTATION in entries:
        own = read_folder(exif)
        turned, below = numbers(own, ORIENTATION), numbers(own, EXIF_FOLDER)
        if turned and turned[0] >= 5 and below:
            _swap_size(block, below[0])
        struct.pack_into(order + "HI", block, entries[ORIENTATION][0] + 2, 3, 1)
        struct.pack_into(order + "HH", block, entries[ORIENTATION][0] + 8, 1, 0)
    link = folder + 2 + 12 * struct.unpack_from(order + "H", block, folder)[0]  # to the thumbnail's folder
    for _ in range(8):
        if link + 4 > len(block):
            break
        (thumbnail,) = struct.unpack_from(order + "I", block, link)
        struct.pack_into(order + "I", block, link, 0)
        if not thumbnail or thumbnail + 2 > len(block):
            break
        _blank_thumbnail(block, thumbnail, max(link + 4, thumbnail))
        link = thumbnail + 2 + 12 * struct.unpack_from(order + "H", block, thumbnail)[0]
    previews = without_previews(block)
    notes = ("previews inside the EXIF block, which showed the face as it was, are blanked",) if previews else ()
    return CleanedExif(bytes(block), notes)


def _blank_thumbnail(block: bytearray, folder: int, after: int) -> None:
    """Blanks the thumbnail that a folder describes, JPEG or pixels; cuts it off where it lies at the end."""
    found = read_folder(block, folder)
    places = [*numbers(found, _THUMBNAIL_START), *numbers(found, _STRIPS)]
    lengths = [*numbers(found, _THUMBNAIL_LENGTH), *numbers(found, _STRIP_LENGTHS)]
    for start, length in zip(places, lengths, strict=False):
        end = min(start + length, len(block))
        block[start:end] = bytes(max(end - start, 0))
        if end == len(block) and start > after:
            del block[start:]


def _swap_size(block: bytearray, folder: int) -> None:
    """Swaps the image's width and height, which EXIF repeats."""
    at = {tag: entry for tag, entry, _, _ in _entries(block, folder)}
    if _WIDTH in at and _HEIGHT in at:
        width, height = (bytes(block[at[tag] + 2 : at[tag] + 12]) for tag in (_WIDTH, _HEIGHT))
        block[at[_WIDTH] + 2 : at[_WIDTH] + 12], block[at[_HEIGHT] + 2 : at[_HEIGHT] + 12] = height, width


def _entries(block: Block, folder: int) -> Iterator[tuple[int, int, int, int]]:
    """The entries of a folder: (tag, offset of its 12 bytes, offset of its value, size of the value in bytes)."""
    layout = _layout(block)
    head = struct.calcsize("=" + layout.count)
    if folder > len(block):
        raise ValueError("a folder of tags outside the file")
    (number,) = struct.unpack_from(layout.order + layout.count, block, folder)
    if number > _MOST_ENTRIES:
        raise ValueError("a damaged folder of tags")
    for at in range(folder + head, folder + head + layout.entry * number, layout.entry):
        tag, kind, count, offset = struct.unpack_from(f"{layout.order}HH2{layout.offset}", block, at)
        size, room = SIZES.get(kind, 1) * count, struct.calcsize("=" + layout.offset)
        yield tag, at, offset if size > room else at + layout.entry - room, size


@dataclass(frozen=True)
class _Layout:
    """How offsets and counts are stored; letters as for `struct`."""

    order: str
    offset: str = "I"  # and how many values a tag has
    count: str = "H"  # of a folder's entries
    entry: int = 12  # bytes of an entry
    first: int = 4  # where the first folder's offset is


_LAYOUTS = {
    b"II*\0": _Layout("<"),
    b"MM\0*": _Layout(">"),
    b"II+\0": _Layout("<", "Q", "Q", 20, 8),  # BigTIFF
    b"MM\0+": _Layout(">", "Q", "Q", 20, 8),
}


def _layout(block: Block) -> _Layout:
    layout = _LAYOUTS.get(bytes(block[:4]))
    if layout is None:
        raise ValueError("no TIFF structure")
    return layout


def _order(block: Block) -> str:
    """Of a block that is to be written to: no BigTIFF."""
    layout = _layout(block)
    if layout.entry != 12:
        raise ValueError("no EXIF structure")
    return layout.order


def _in_four_bytes(kind: int, value: bytes) -> tuple[int, bytes] | None:
    """Type and little-endian value of a tag, of which LONG8, SLONG8 and IFD8 become LONG, SLONG and IFD; None if these
    cannot hold it."""
    smaller = _FOUR_BYTES.get(kind)
    if smaller is None:
        return kind, value
    long, short = ("<i8", "<i4") if kind == 17 else ("<u8", "<u4")
    values = np.frombuffer(value, long)
    fits = values.astype(short)
    return (smaller, fits.tobytes()) if (fits == values).all() else None


def _serialised(folder: Folder, base: int) -> bytes:
    """The folder's bytes at offset `base` of its file: the table, then the values that do not fit into it."""
    table, values = struct.pack("<H", len(folder)), b""
    for tag in sorted(folder):
        kind, count, value = folder[tag]
        place = base + 2 + 12 * len(folder) + 4 + len(values)
        if isinstance(value, dict):
            value = _serialised(value, place)
        else:
            value = value.moved(place) if isinstance(value, MakerNote) else value
            if len(value) <= 4:
                table += struct.pack("<HHI4s", tag, kind, count, value)
                continue
        table += struct.pack("<HHII", tag, kind, count, place)
        values += value + bytes(len(value) % 2)
    return table + bytes(4) + values
