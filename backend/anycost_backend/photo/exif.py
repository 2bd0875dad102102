"""Reads and edits EXIF blocks and TIFF folders (the same structure) and leaves unknown entries as they are."""

import struct
from collections.abc import Iterator
from typing import Union

import numpy as np

ORIENTATION, EXIF_FOLDER, GPS_FOLDER = 0x0112, 0x8769, 0x8825
_INTEROP_FOLDER, _WIDTH, _HEIGHT, _THUMBNAIL_START, _THUMBNAIL_LENGTH = 0xA005, 0xA002, 0xA003, 0x0201, 0x0202
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes of a TIFF type
_UNITS = {**_SIZES, 5: 4, 10: 4}  # bytes that the byte order swaps: a fraction is two numbers

# TIFF tags that describe the image (others describe how pixels are stored): names, dates, camera, rights, IPTC.
_DESCRIPTIVE = {269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 33432, 33723, EXIF_FOLDER, GPS_FOLDER}
_DESCRIPTIVE |= set(range(40091, 40096))

Block = bytes | bytearray | memoryview
# tag: (type, count, little-endian value, or the folder that it points to)
Folder = dict[int, tuple[int, int, Union[bytes, "Folder"]]]


def read_folder(block: Block, at: int | None = None) -> Folder:
    """The folder at byte `at` of the block, or the first one. Entries that lie outside the block are left out.

    Raises ValueError when the block is no TIFF structure (or a BigTIFF one)."""
    order = _order(block)
    folder: Folder = {}
    try:
        for tag, entry, value, size in _entries(
            block, struct.unpack_from(order + "I", block, 4)[0] if at is None else at
        ):
            kind, count = struct.unpack_from(order + "HI", block, entry + 2)
            data = bytes(block[value : value + size])
            if len(data) == size and kind in _SIZES:
                turned = np.frombuffer(data, f"{order}u{_UNITS[kind]}").astype(f"<u{_UNITS[kind]}").tobytes()
                folder[tag] = kind, count, turned
    except struct.error as error:
        raise ValueError("a damaged folder of tags") from error
    return folder


def numbers(folder: Folder, tag: int) -> tuple[int, ...]:
    """The whole numbers of a tag; none where it is missing or holds something else."""
    kind, _, value = folder.get(tag, (0, 0, b""))
    return tuple(np.frombuffer(value, f"<u{_SIZES[kind]}").tolist()) if kind in (1, 3, 4) else ()  # type: ignore[arg-type]


def descriptive(block: Block) -> Folder:
    """The descriptive tags of an EXIF block or a TIFF file, with the folders below. Raises ValueError as
    `read_folder`."""
    kept = {tag: entry for tag, entry in read_folder(block).items() if tag in _DESCRIPTIVE}
    for tag in (EXIF_FOLDER, GPS_FOLDER):
        place = numbers(kept, tag)
        kept.pop(tag, None)
        if place:
            below = read_folder(block, place[0])
            below.pop(_INTEROP_FOLDER, None)  # points into the old file
            kept[tag] = 4, 1, below
    return kept


def block_of(folder: Folder) -> bytes:
    """The folder as an EXIF block."""
    return b"II*\0" + struct.pack("<I", 8) + _serialised(folder, 8)


def with_tags(tiff: bytes, exif: bytes) -> bytes:
    """A little-endian TIFF file with the descriptive tags of `exif` added; its own take precedence."""
    try:
        tags = {**descriptive(exif), **read_folder(tiff)}
    except ValueError:
        return tiff
    pad = bytes(len(tiff) % 2)
    base = len(tiff) + len(pad)
    return b"".join([tiff[:4], struct.pack("<I", base), memoryview(tiff)[8:], pad, _serialised(tags, base)])


def cleaned(exif: bytes, orientation: int, upright: bool) -> bytes:
    """The block without its thumbnail, which shows the old face. A damaged block shrinks to the orientation.

    upright: whether the pixels no longer need to be rotated"""
    try:
        return _cleaned(exif, upright)
    except (struct.error, ValueError, IndexError):
        return block_of({ORIENTATION: (3, 1, struct.pack("<H", 1 if upright else orientation))})


def _cleaned(exif: bytes, upright: bool) -> bytes:
    order, block = _order(exif), bytearray(exif)
    (folder,) = struct.unpack_from(order + "I", block, 4)
    entries = {tag: value for tag, _, value, _ in _entries(block, folder)}
    if upright and ORIENTATION in entries:
        if struct.unpack_from(order + "H", block, entries[ORIENTATION])[0] >= 5 and EXIF_FOLDER in entries:
            _swap_size(block, struct.unpack_from(order + "I", block, entries[EXIF_FOLDER])[0])
        struct.pack_into(order + "H", block, entries[ORIENTATION], 1)
    link = folder + 2 + 12 * struct.unpack_from(order + "H", block, folder)[0]  # to the thumbnail's folder
    (thumbnail,) = struct.unpack_from(order + "I", block, link)
    if thumbnail:
        struct.pack_into(order + "I", block, link, 0)
        values = {tag: value for tag, _, value, _ in _entries(block, thumbnail)}
        if _THUMBNAIL_START in values and _THUMBNAIL_LENGTH in values:
            start = struct.unpack_from(order + "I", block, values[_THUMBNAIL_START])[0]
            end = min(start + struct.unpack_from(order + "I", block, values[_THUMBNAIL_LENGTH])[0], len(block))
            block[start:end] = bytes(max(end - start, 0))
            if end == len(block) and start > max(link + 4, thumbnail):
                del block[start:]
    return bytes(block)


def _swap_size(block: bytearray, folder: int) -> None:
    """Swaps the image's width and height, which EXIF repeats."""
    at = {tag: entry for tag, entry, _, _ in _entries(block, folder)}
    if _WIDTH in at and _HEIGHT in at:
        width, height = (bytes(block[at[tag] + 2 : at[tag] + 12]) for tag in (_WIDTH, _HEIGHT))
        block[at[_WIDTH] + 2 : at[_WIDTH] + 12], block[at[_HEIGHT] + 2 : at[_HEIGHT] + 12] = height, width


def _entries(block: Block, folder: int) -> Iterator[tuple[int, int, int, int]]:
    """The entries of a folder: (tag, offset of its 12 bytes, offset of its value, size of the value in bytes)."""
    order = _order(block)
    (number,) = struct.unpack_from(order + "H", block, folder)
    for at in range(folder + 2, folder + 2 + 12 * number, 12):
        tag, kind, count, offset = struct.unpack_from(order + "HHII", block, at)
        size = _SIZES.get(kind, 1) * count
        yield tag, at, offset if size > 4 else at + 8, size


def _order(block: Block) -> str:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]))
    if order is None:
        raise ValueError("no TIFF structure")
    return order


def _serialised(folder: Folder, base: int) -> bytes:
    """The folder's bytes at offset `base` of its file: the table, then the values that do not fit into it."""
    table, values = struct.pack("<H", len(folder)), b""
    for tag in sorted(folder):
        kind, count, value = folder[tag]
        place = base + 2 + 12 * len(folder) + 4 + len(values)
        if isinstance(value, dict):
            value = _serialised(value, place)
        elif len(value) <= 4:
            table += struct.pack("<HHI4s", tag, kind, count, value)
            continue
        table += struct.pack("<HHII", tag, kind, count, place)
        values += value + bytes(len(value) % 2)
    return table + bytes(4) + values
