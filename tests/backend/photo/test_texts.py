"""XMP, comments, IPTC, resolution and the rest come through an edit, or are said to be lost."""

import struct
import zlib
from pathlib import Path

import numpy as np
import photo_files
import pytest
import pyvips
from anycost_backend.photo.exif import bytes_of, read_folder
from anycost_backend.photo.jpeg_segments import digest, read_segments
from anycost_backend.photo.photo import open_photo, save_photo
from photo_files import CROP, PACKET, RIGHTS, description, jpeg, small_jpeg, with_png_chunks
from PIL import Image

EXTENSIONS = ["jpg", "png", "webp", "tif"]


def saved(source: Path, extension: str, **options: object) -> tuple[Path, list[str]]:
    target = source.with_name(f"saved.{extension}")
    return target, save_photo(open_photo(source), target, **options)  # type: ignore[arg-type]


# XMP that is not quite XML

WHOLE = PACKET.format(RIGHTS)
ODD = {
    "text after the packet": WHOLE.encode() + b"\n<?xpacket end='w'?> and more",
    "a Latin-1 letter": PACKET.format(
        RIGHTS.replace("NASA", "NASA \N{COPYRIGHT SIGN} Ren\N{LATIN SMALL LETTER E WITH ACUTE}")
    ).encode("latin-1"),
    "a control character": WHOLE.replace("NASA", "NASA\x02 & Co").encode(),
    "a number for one": WHOLE.replace("NASA", "NASA&#0;&#x1F;").encode(),
    "an open end": b'<?xpacket begin=""?>' + WHOLE.encode() + b"<?xpacket end='w'",
    "nul bytes": WHOLE.encode() + bytes(9),
    "UTF-16": WHOLE.encode("utf-16"),
    "UTF-16 without a mark": WHOLE.encode("utf-16-be"),
    "junk before": b"\xef\xbb\xbf  junk " + WHOLE.encode(),
}


@pytest.mark.parametrize("extension", ["jpg", "png"])
@pytest.mark.parametrize("name", ODD)
def test_odd_xmp_is_repaired(tmp_path: Path, name: str, extension: str) -> None:
    source = jpeg(tmp_path / "odd.jpg", xmp=ODD[name])
    target, notes = saved(source, extension)
    assert notes == []
    packet = pyvips.Image.new_from_file(str(target)).get("xmp-data")
    assert b'dc:rights="NASA' in packet
    assert b"compositeWithTrainedAlgorithmicMedia" in packet
    if "Latin" in name:
        assert "René".encode() in packet


def test_xmp_beyond_repair_is_kept_as_it_is(tmp_path: Path) -> None:
    cut = WHOLE.encode()[:-30]
    target, notes = saved(jpeg(tmp_path / "cut.jpg", xmp=cut), "jpg")
    assert open_photo(target).metadata.xmp == cut
    assert any("damaged" in note for note in notes)
    odd = PACKET.format(RIGHTS + "<unclosed>").encode()
    target, notes = saved(jpeg(tmp_path / "odd.jpg", xmp=odd), "jpg")
    assert b'dc:rights="NASA"' in (open_photo(target).metadata.xmp or b"")
    assert b"compositeWithTrainedAlgorithmicMedia" in (open_photo(target).metadata.xmp or b"")


# Extended XMP


def extended(path: Path) -> Path:
    """A JPEG whose XMP goes on in segments of its own."""
    more = PACKET.format(description('xmlns:ex="http://example.org/"', f"<ex:long>{'long ' * 30_000}</ex:long>"))
    data = more.encode()
    note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{digest(data)}"'
    main = PACKET.format(RIGHTS + description(note)).encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + digest(data).encode()
    parts = [
        (0xE1, head + struct.pack(">II", len(data), at) + data[at : at + 60_000]) for at in range(0, len(data), 60_000)
    ]
    return jpeg(path, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main), *parts[::-1])


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_extended_xmp_stays_whole(tmp_path: Path, extension: str) -> None:
    target, notes = saved(extended(tmp_path / "long.jpg"), extension)
    assert notes == []
    packet = open_photo(target).metadata.xmp or b""
    assert packet.count(b"long ") == 30_000
    assert b'dc:rights="NASA"' in packet
    if extension == "jpg":
        found = read_segments(target.read_bytes())
        assert len(found.xmp or b"") < 65_503
        assert digest(found.xmp_extension or b"").encode() in (found.xmp or b"")
    else:
        assert b"HasExtendedXMP" not in packet


def test_an_extension_that_lacks_a_part_is_said_to_go(tmp_path: Path) -> None:
    source = extended(tmp_path / "long.jpg")
    data = source.read_bytes()
    at = data.index(b"http://ns.adobe.com/xmp/extension/") - 4
    source.write_bytes(data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :])
    target, notes = saved(source, "png")
    assert any("extended XMP" in note for note in notes)
    assert b'dc:rights="NASA"' in target.read_bytes()


def test_a_pointer_without_an_extension_goes(tmp_path: Path) -> None:
    note = 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF"'
    target, _ = saved(jpeg(tmp_path / "lost.jpg", xmp=PACKET.format(RIGHTS + description(note)).encode()), "jpg")
    assert b"HasExtendedXMP" not in target.read_bytes()
    assert b'dc:rights="NASA"' in target.read_bytes()


# Comments, IPTC and the rest


def test_jpeg_comments_stay(tmp_path: Path) -> None:
    comments = (b"Taken at noon", b"Andr\xe9")
    source = jpeg(tmp_path / "comment.jpg", *((0xFE, comment) for comment in comments))
    target, notes = saved(source, "jpg")
    assert (open_photo(target).metadata.comments, notes) == (comments, [])
    assert any("comment" in note for note in saved(source, "png")[1])


def test_iptc_in_any_segment_stays(tmp_path: Path) -> None:
    first = b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\x10" + bytes(16)
    source = jpeg(tmp_path / "agency.jpg", (0xED, first), (0xED, photo_files.IPTC))
    for extension in ("jpg", "tif", "png"):
        target, notes = saved(source, extension)
        assert notes == []
        assert b"An Agent" in (open_photo(target).metadata.photoshop or b"")
    assert b"An Agent" in bytes_of(read_folder((tmp_path / "saved.tif").read_bytes()), 33723)


@pytest.mark.parametrize("tag", [33723, 34377])
def test_iptc_in_tiff_stays(tmp_path: Path, tag: int) -> None:
    fields = photo_files.IPTC[14:] if tag == 34377 else photo_files.IPTC[26:]
    source = tmp_path / "agency.tif"
    photo_files.tiff(source, CROP, photometric="rgb", extratags=[(tag, 7, len(fields), fields, True)])
    for extension in ("tif", "jpg", "png"):
        target, notes = saved(source, extension)
        assert notes == []
        assert b"An Agent" in (open_photo(target).metadata.photoshop or b"")


def test_other_parts_of_jpeg_are_said_to_go(tmp_path: Path) -> None:
    blocks = [(0xE1, photo_files.exif(orientation).tobytes()) for orientation in (6, 3)]
    source = jpeg(tmp_path / "signed.jpg", (0xEB, b"JP\0\1jumb c2pa"), (0xE4, b"CAMERA\0private"), *blocks)
    target, notes = saved(source, "jpg")
    assert open_photo(target).orientation == 6
    assert any("second EXIF" in note for note in notes)
    assert any("APP11 JP" in note and "APP4 CAMERA" in note for note in notes)


def test_png_chunks_stay(tmp_path: Path) -> None:
    text = b"Title\0\0\0en-GB\0Title\0" + "Grüße".encode()
    chunks = [(b"tIME", struct.pack(">HBBBBB", 2020, 5, 17, 12, 30, 0)), (b"bKGD", struct.pack(">3H", 9, 8, 7))]
    chunks += [(b"sBIT", b"\5\6\5"), (b"iTXt", text), (b"tEXt", b"Author\0Andr\xe9"), (b"teSt", b"may be copied")]
    source = with_png_chunks(photo_files.pillow(tmp_path / "rich.png", Image.fromarray(CROP)), chunks)
    target, notes = saved(source, "png")
    assert notes == []
    assert sorted(open_photo(target).metadata.chunks) == sorted(chunks)
    notes = saved(source, "jpg")[1]
    assert any("Title, Author" in note for note in notes)
    assert any("tIME" in note for note in notes)


def test_png_chunks_that_depend_on_the_pixels_are_said_to_go(tmp_path: Path) -> None:
    source = photo_files.pillow(tmp_path / "signed.png", Image.fromarray(CROP))
    _, notes = saved(with_png_chunks(source, [(b"caBX", b"c2pa")]), "png")
    assert any("caBX" in note for note in notes)


def test_unknown_tags_of_tiff_are_said_to_go(tmp_path: Path) -> None:
    source = tmp_path / "private.tif"
    photo_files.tiff(source, CROP, photometric="rgb", extratags=[(60001, "s", 0, "private", True)], software=None)
    assert any("60001" in note for note in saved(source, "tif")[1])


# What follows the image

MOTION = (
    'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" '
)
MOTION += 'xmlns:C="http://ns.google.com/photos/1.0/container/"'
DIRECTORY = (
    "<C:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><C:Item C:Length='999'/></rdf:li></rdf:Seq></C:Directory>"
)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_motion_photo_promises_no_video(tmp_path: Path, extension: str) -> None:
    source = jpeg(tmp_path / "moving.jpg", xmp=PACKET.format(RIGHTS + description(MOTION, DIRECTORY)).encode())
    source.write_bytes(source.read_bytes() + b"\0\0\0\x18ftypmp42" + bytes(range(200)))
    target, notes = saved(source, extension)
    packet = open_photo(target).metadata.xmp or b""
    assert b"MotionPhoto" not in packet
    assert b"Directory" not in packet
    assert b'dc:rights="NASA"' in packet
    assert any("a video that follows" in note for note in notes)
    assert any("motion photo" in note for note in notes)


def test_a_gain_map_is_not_promised(tmp_path: Path) -> None:
    attributes = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" hdrgm:GainMapMax="3"'
    source = jpeg(tmp_path / "hdr.jpg", xmp=PACKET.format(RIGHTS + description(attributes)).encode())
    source.write_bytes(source.read_bytes() + small_jpeg())
    target, notes = saved(source, "jpg")
    assert b"hdrgm" not in target.read_bytes()
    assert any("a picture that follows" in note for note in notes)
    assert any("gain map" in note for note in notes)


# Resolution


def test_no_resolution_is_invented(tmp_path: Path) -> None:
    for source, target in ((s, t) for s in ("jpg", "png", "tif") for t in ("jpg", "png", "tif")):
        path = tmp_path / f"plain.{source}"
        if source == "tif":
            photo_files.tiff(path, CROP, photometric="rgb", resolution=(1, 1), resolutionunit=1)
        else:
            Image.fromarray(CROP).save(path)
        result, notes = saved(path, target)
        assert notes == []
        assert open_photo(result).metadata.resolution is None, (source, target)
        assert Image.open(result).info.get("jfif_unit", 0) == 0
        tags = read_folder(result.read_bytes()) if target == "tif" else {}
        assert not {282, 283} & set(tags)


@pytest.mark.parametrize("target", ["jpg", "png", "tif"])
@pytest.mark.parametrize("source", ["jpg", "png", "tif"])
def test_the_shape_of_pixels_is_no_resolution(tmp_path: Path, source: str, target: str) -> None:
    path = tmp_path / f"anamorphic.{source}"
    if source == "jpg":
        data = bytearray(jpeg(path).read_bytes())
        struct.pack_into(">BHH", data, 13, 0, 2, 1)
        path.write_bytes(data)
    elif source == "png":
        with_png_chunks(photo_files.pillow(path, Image.fromarray(CROP)), [(b"pHYs", struct.pack(">IIB", 2, 1, 0))])
    else:
        photo_files.tiff(path, CROP, photometric="rgb", resolution=(2, 1), resolutionunit=1)
    result, _ = saved(path, target)
    found = open_photo(result).metadata.resolution
    assert found is not None
    assert (found.unit, found.across / found.down) == ("none", 2)


@pytest.mark.parametrize("target", ["jpg", "png", "tif", "webp"])
def test_centimetres_become_inches_of_the_same_size(tmp_path: Path, target: str) -> None:
    path = tmp_path / "metric.jpg"
    data = bytearray(jpeg(path).read_bytes())
    struct.pack_into(">BHH", data, 13, 2, 100, 50)
    path.write_bytes(data)
    result, notes = saved(path, target)
    assert notes == []
    if target == "webp":
        assert float(Image.open(result).getexif()[282]) == pytest.approx(254)
    else:
        assert open_photo(result).metadata.dpi == pytest.approx((254, 127), rel=1e-3)


def test_webp_takes_the_resolution_into_its_exif(tmp_path: Path) -> None:
    source = jpeg(tmp_path / "camera.jpg", exif=photo_files.exif(1), dpi=(300, 300))
    target, notes = saved(source, "webp")
    tags = Image.open(target).getexif()
    assert (notes, float(tags[282]), tags[0x010F]) == ([], 300, "Hasselblad")
    assert bytes(tags.get_ifd(0x8769)[0x927C]) == b"MAKER\0\1\2\3"


def test_a_compressed_xmp_text_is_read(tmp_path: Path) -> None:
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(WHOLE.encode())
    source = with_png_chunks(photo_files.pillow(tmp_path / "packed.png", Image.fromarray(CROP)), [(b"iTXt", text)])
    assert b'dc:rights="NASA"' in (open_photo(saved(source, "png")[0]).metadata.xmp or b"")


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_saving_again_changes_nothing_more(tmp_path: Path, extension: str) -> None:
    source = jpeg(tmp_path / "camera.jpg", exif=photo_files.exif(6), xmp=photo_files.XMP, dpi=(300, 300))
    once, _ = saved(source, extension)
    first = open_photo(once)
    twice, notes = saved(once.rename(tmp_path / f"once.{extension}"), extension)
    assert notes == []
    assert open_photo(twice).metadata == first.metadata
    if extension != "jpg":
        assert np.array_equal(open_photo(twice).pixels, first.pixels) or extension == "webp"
