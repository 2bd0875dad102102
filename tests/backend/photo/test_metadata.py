"""EXIF comes through an edit, wherever it stands in the file, and no preview shows the old face."""

import base64
import struct
from pathlib import Path

import photo_files
import pytest
from anycost_backend.photo.exif import EXIF_FOLDER, MAKER_NOTE, bytes_of, numbers, read_folder
from anycost_backend.photo.maker_notes import MakerNote
from anycost_backend.photo.photo import open_photo, save_photo
from anycost_backend.photo.png_chunks import raw_profile
from photo_files import (
    CROP,
    HEIGHT,
    PACKET,
    RIGHTS,
    WIDTH,
    description,
    jpeg,
    small_jpeg,
    with_png_chunks,
)
from PIL import Image

EXTENSIONS = ["jpg", "png", "webp", "tif"]


def saved(source: Path, extension: str, **options: object) -> tuple[Path, list[str]]:
    target = source.with_name(f"saved.{extension}")
    return target, save_photo(open_photo(source), target, **options)  # type: ignore[arg-type]


# EXIF of every size and place


def long_exif(size: int, orientation: int = 8) -> bytes:
    """A block of exactly so many bytes: a camera's, with a long maker note."""
    for pad in range(size - 600, size):
        tags = photo_files.exif(orientation)
        tags[0x8298] = "NASA"
        tags.get_ifd(0x8769)[0x927C] = b"MAKER" + bytes(pad)
        block = tags.tobytes()[6:]
        if len(block) >= size:
            break
    return b"Exif\0\0" + block


@pytest.mark.parametrize("size", [65_000, 65_200, 65_526])
def test_exif_fills_a_segment(tmp_path: Path, size: int) -> None:
    block = long_exif(size)
    assert len(block) - 6 == size
    target, notes = saved(jpeg(tmp_path / "camera.jpg", (0xE1, block)), "jpg")
    assert notes == []
    assert open_photo(target).orientation == 8
    assert open_photo(target).metadata.exif == block[6:]


def test_exif_too_long_for_jpeg_loses_the_least(tmp_path: Path) -> None:
    block = long_exif(90_000, 1)[6:]
    source = with_png_chunks(photo_files.pillow(tmp_path / "long.png", Image.fromarray(CROP)), [(b"eXIf", block)])
    target, notes = saved(source, "jpg")
    assert any("maker note" in note for note in notes)
    tags = Image.open(target).getexif()
    assert (tags[0x010F], tags[0x8298], tags.get_ifd(0x8825)[1]) == ("Hasselblad", "NASA", "N")
    assert tags.get_ifd(0x8769)[0x9003] == "1990:04:24 12:33:51"


def test_exif_of_long_texts_keeps_the_essentials(tmp_path: Path) -> None:
    tags = photo_files.exif(6)
    tags[0x010E] = "x" * 70_000
    source = tmp_path / "long.png"
    Image.fromarray(CROP).save(source, exif=tags)
    target, notes = saved(source, "jpg")
    assert any("too long" in note for note in notes)
    after = Image.open(target).getexif()
    assert (after[0x010F], after.get(0x0112, 1), after.get_ifd(0x8825)[1]) == ("Hasselblad", 1, "N")
    assert Image.open(target).size == (HEIGHT, WIDTH)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("place", ["after the pixels", "as ImageMagick's text", "as APP1 text"])
def test_exif_anywhere_in_a_png(tmp_path: Path, place: str, extension: str) -> None:
    block = photo_files.exif(6).tobytes()[6:]
    source = photo_files.pillow(tmp_path / "turned.png", Image.fromarray(CROP))
    if place == "after the pixels":
        with_png_chunks(source, [(b"eXIf", block)], after_pixels=True)
    else:
        what = "exif" if "Magick" in place else "APP1"
        with_png_chunks(source, [raw_profile(what, b"Exif\0\0" + block)])
    photo = open_photo(source)
    assert (photo.orientation, photo.width, photo.height) == (6, HEIGHT, WIDTH)
    target, notes = saved(source, extension)
    assert notes == []
    again = open_photo(target)
    assert (again.width, again.height) == (HEIGHT, WIDTH)
    assert Image.open(target).getexif()[0x010F] == "Hasselblad"
    assert b"Raw profile" not in target.read_bytes()


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_exif_behind_a_pointer_of_any_type(tmp_path: Path, byte_order: str) -> None:
    """TIFF knows two types for a pointer to a folder: a number (4) and a folder (13)."""
    source = tmp_path / "pointer.tif"
    Image.fromarray(CROP).save(source, exif=photo_files.exif(6, byte_order).tobytes())
    data = bytearray(source.read_bytes())
    order = "<" if data[:2] == b"II" else ">"
    for tag in (0x8769, 0x8825):
        at = data.index(struct.pack(order + "HHI", tag, 4, 1))
        struct.pack_into(order + "H", data, at + 2, 13)
    source.write_bytes(data)
    for extension in ("tif", "jpg"):
        target, _ = saved(source, extension)
        tags = Image.open(target).getexif()
        assert tags.get_ifd(0x8769)[0x9003] == "1990:04:24 12:33:51"
        assert tags.get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize("extension", ["tif", "jpg", "png"])
def test_what_a_bigtiff_says_stays(tmp_path: Path, extension: str) -> None:
    """Its offsets have eight bytes; so may its numbers."""
    source = tmp_path / "big.tif"
    Image.fromarray(CROP).save(source, exif=photo_files.exif(6).tobytes(), big_tiff=True)
    assert source.read_bytes()[:4] == b"II+\0"
    assert open_photo(source).orientation == 6
    target, notes = saved(source, extension)
    tags = Image.open(target).getexif()
    assert tags[0x010F] == "Hasselblad"
    assert tags.get_ifd(0x8769)[0x9003] == "1990:04:24 12:33:51"
    assert tags.get_ifd(0x8825)[1] == "N"
    assert open_photo(target).orientation == (6 if extension == "tif" else 1)
    assert not any("tags" in note for note in notes)


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_numbers_of_eight_bytes_become_ones_of_four(byte_order: str) -> None:
    def entry(tag: int, kind: int, value: int) -> bytes:
        return struct.pack(byte_order + "HHQQ", tag, kind, 1, value)

    head = (b"II+\0" if byte_order == "<" else b"MM\0+") + struct.pack(byte_order + "HHQ", 8, 0, 16)
    block = head + struct.pack(byte_order + "Q", 2) + entry(256, 16, 70000) + entry(257, 16, 1 << 40) + bytes(8)
    folder = read_folder(block)
    assert folder == {256: (4, 1, (70000).to_bytes(4, "little"))}
    for damaged in (head[:8] + b"\xff" * 8, block[:16] + b"\xff" * 8, block[:40]):
        with pytest.raises(ValueError, match="folder"):
            read_folder(damaged)


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_orientation_of_any_type_is_reset(tmp_path: Path, kind: int) -> None:
    value = {1: b"\6\0\0\0", 3: b"\6\0\0\0", 4: b"\6\0\0\0"}[kind]
    block = b"Exif\0\0II*\0" + struct.pack("<IHHHI4sI", 8, 1, 0x0112, kind, 1, value, 0)
    source = jpeg(tmp_path / "turned.jpg", (0xE1, block))
    turned = open_photo(source).orientation
    target, _ = saved(source, "png")
    assert open_photo(target).orientation == 1
    assert (open_photo(target).width, turned) in ((HEIGHT, 6), (WIDTH, 1))


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("as_element", [False, True])
def test_xmp_is_turned_with_the_pixels(tmp_path: Path, extension: str, as_element: bool) -> None:
    spaces = 'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    sizes = f'tiff:ImageWidth="{WIDTH}" tiff:ImageLength="{HEIGHT}" exif:PixelXDimension="{WIDTH}" '
    sizes += f'exif:PixelYDimension="{HEIGHT}"'
    content = "<tiff:Orientation>6</tiff:Orientation>" if as_element else ""
    attribute = "" if as_element else ' tiff:Orientation="6"'
    xmp = PACKET.format(description(spaces + sizes + attribute, content)).encode()
    source = tmp_path / ("turned.png" if extension == "jpg" else "turned.jpg")
    if extension == "jpg":
        Image.fromarray(CROP).save(source, exif=photo_files.exif(6))
        with_png_chunks(source, [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)])
    else:
        jpeg(source, exif=photo_files.exif(6), xmp=xmp)
    target, _ = saved(source, extension)
    packet = open_photo(target).metadata.xmp or b""
    assert b">6<" not in packet
    assert b'Orientation="6"' not in packet
    assert Image.open(target).getexif().get(0x0112, 1) == 1
    for name, value in (("tiff:ImageWidth", HEIGHT), ("exif:PixelYDimension", WIDTH)):
        assert f'{name}="{value}"'.encode() in packet
    same, _ = saved(source, source.suffix[1:])
    assert b"6" in (open_photo(same).metadata.xmp or b"").split(b"Orientation")[1][:4]


# Maker notes


def canon_note(at: int, order: str) -> bytes:
    """As Canon writes them: a table whose offsets count from the start of the file."""
    entries = [(1, 3, 6, struct.pack(order + "6H", 12, 1, 2, 3, 4, 5)), (6, 2, 16, b"Canon EOS Model\0")]
    entries += [(0x10, 4, 1, struct.pack(order + "I", 0x80000001)), (0x95, 2, 20, b"EF50mm f/1.8 lens  \0")]
    table, values = struct.pack(order + "H", len(entries)), b""
    base = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        table += struct.pack(order + "HHI", tag, kind, count)
        table += value if len(value) <= 4 else struct.pack(order + "I", base + len(values))
        values += value if len(value) > 4 else b""
    return table + bytes(4) + values


def olympus_note(order: str) -> bytes:
    """As Olympus writes them now: offsets count from the note."""
    head = b"OLYMPUS\0" + (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 3)
    return head + canon_note(len(head), order)


def note_block(make: object, order: str = "<") -> bytes:
    """An EXIF block with the note at a place that it knows."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order]
    note = make(56)  # type: ignore[operator]
    block = head + struct.pack(order + "IHHHIII", 8, 1, EXIF_FOLDER, 4, 1, 26, 0)
    block += struct.pack(order + "HHHII", 2, 0x9003, 2, 20, 56 + len(note)) + struct.pack(
        order + "HHII", MAKER_NOTE, 7, len(note), 56
    )
    return block + bytes(4) + note + b"1990:04:24 12:33:51\0"


def texts_of_note(block: bytes) -> list[bytes]:
    """The texts in a note as a reader finds them that knows where its offsets count from."""
    found = read_folder(block, numbers(read_folder(block), EXIF_FOLDER)[0])[MAKER_NOTE][2]
    assert isinstance(found, MakerNote)
    itself = found.data.startswith(b"OLYMPUS")
    table, base = (12, 0) if itself else (0, found.at)
    texts = []
    for at in range(table + 2, table + 2 + 48, 12):
        _, kind, count, offset = struct.unpack_from("<HHII", found.data, at)
        if kind == 2:
            texts.append(found.data[offset - base : offset - base + count])
    return texts


@pytest.mark.parametrize("target", ["jpg", "tif", "png", "webp"])
@pytest.mark.parametrize("source", ["jpg", "tif"])
@pytest.mark.parametrize("maker", ["canon", "olympus"])
def test_maker_notes_keep_their_values(tmp_path: Path, source: str, target: str, maker: str) -> None:
    block = note_block(lambda at: canon_note(at, "<") if maker == "canon" else olympus_note("<"))
    path = jpeg(tmp_path / "camera.jpg", (0xE1, b"Exif\0\0" + block))
    if source == "tif":
        path, _ = saved(path, "tif")
        path = path.rename(tmp_path / "camera.tif")
    result, notes = saved(path, target)
    assert notes == []
    after = result.read_bytes() if target == "tif" else open_photo(result).metadata.exif or b""
    assert texts_of_note(after) == [b"Canon EOS Model\0", b"EF50mm f/1.8 lens  \0"]


def test_a_maker_note_that_cannot_move_is_left_out_and_said(tmp_path: Path) -> None:
    """Its numbers are in the other byte order than those of the TIFF file that is written."""
    block = note_block(lambda at: canon_note(at, ">"), ">")
    source = jpeg(tmp_path / "camera.jpg", (0xE1, b"Exif\0\0" + block))
    target, notes = saved(source, "tif")
    assert any("maker note" in note for note in notes)
    data = target.read_bytes()
    folder = read_folder(data, numbers(read_folder(data), EXIF_FOLDER)[0])
    assert MAKER_NOTE not in folder
    assert bytes_of(folder, 0x9003) == b"1990:04:24 12:33:51\0"
    assert saved(source, "jpg")[1] == []


# Old faces


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_no_preview_shows_the_old_face(tmp_path: Path, extension: str) -> None:
    old = small_jpeg()
    thumbnails = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"'
    encoded = base64.b64encode(old).decode()
    image = f"<xmp:Thumbnails><rdf:Alt><rdf:li><rdf:Description><xmpGImg:image>{encoded}</xmpGImg:image>"
    image += "</rdf:Description></rdf:li></rdf:Alt></xmp:Thumbnails>"
    xmp = PACKET.format(RIGHTS + description(thumbnails, image)).encode()
    block = note_block(lambda at: b"PENTAX \0" + old)
    source = jpeg(tmp_path / "camera.jpg", (0xE1, b"Exif\0\0" + block), xmp=xmp)
    target, notes = saved(source, extension)
    data = target.read_bytes()
    assert old[100:400] not in data
    assert encoded[200:300].encode() not in data
    assert b'dc:rights="NASA"' in (open_photo(target).metadata.xmp or b"")
    assert any("preview" in note for note in notes)


def test_no_raw_profile_shows_the_old_face(tmp_path: Path) -> None:
    source = photo_files.pillow(tmp_path / "old.png", Image.fromarray(CROP))
    with_png_chunks(source, [raw_profile("exif", photo_files.exif_with_thumbnail())])
    old = photo_files.exif_with_thumbnail()[-300:]
    target, _ = saved(source, "png")
    chunks = open_photo(target).metadata
    assert old not in (chunks.exif or b"")
    assert chunks.chunks == ()


def test_thumbnails_of_plain_pixels_go(tmp_path: Path) -> None:
    old = CROP[::4, ::4].tobytes()
    block = bytearray(photo_files.exif(1, "<").tobytes()[6:])
    folder = struct.unpack_from("<I", block, 4)[0]
    link = folder + 2 + 12 * struct.unpack_from("<H", block, folder)[0]
    struct.pack_into("<I", block, link, len(block))
    entries = [(0x0103, 1), (0x0111, len(block) + 42), (0x0117, len(old))]
    block += struct.pack("<H", 3) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    block += bytes(4) + old + b"end"
    target, _ = saved(jpeg(tmp_path / "old.jpg", (0xE1, b"Exif\0\0" + bytes(block))), "jpg")
    assert old[:100] not in target.read_bytes()
