"""A saved photo keeps everything but the edit: pixels, orientation, metadata, depth; and says that it was edited."""

import io
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import photo_files
import pytest
import pyvips
from anycost_backend.photo.exif import numbers, read_folder
from anycost_backend.photo.photo import Photo, open_photo, save_photo, stored
from anycost_models.core.errors import AnycostError
from photo_files import ALL, CROP, HEIGHT, LOSSLESS, P3, WIDTH
from PIL import Image, JpegImagePlugin
from PIL.TiffImagePlugin import IFDRational

EDITED = b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
OPENERS = {"jpeg": "jpegload", "png": "pngload", "webp": "webpload", "tiff": "tiffload"}


def field(photo: Photo | Path, name: str) -> bytes | None:
    """What libvips, another reader, finds in the file."""
    path = photo if isinstance(photo, Path) else photo.path
    image = pyvips.Image.new_from_file(str(path), revalidate=True)
    return image.get(name) if image.get_typeof(name) else None


def edited(photo: Photo) -> tuple[Photo, np.ndarray]:
    """A square made white, and where it lies in the upright image [H, W]."""
    mask = np.ones((16, 24), np.float32)
    where = np.zeros(photo.pixels.shape[:2], bool)
    where[40:56, 48:72] = True
    return photo.with_region(48, 40, photo.from_srgb(np.ones((16, 24, 3), np.float32)), mask), where


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_keep_every_bit_outside_the_edit(tmp_path: Path, name: str) -> None:
    source = photo_files.make(tmp_path, name)
    photo = open_photo(source)
    changed, where = edited(photo)
    target = tmp_path / f"saved{source.suffix}"
    save_photo(changed, target)
    again = open_photo(target)
    assert again.pixels.dtype == photo.pixels.dtype
    assert np.array_equal(again.pixels[~where], photo.pixels[~where])
    assert np.array_equal(again.pixels[where], changed.pixels[where])
    assert not np.array_equal(again.pixels[where], photo.pixels[where])
    assert (again.has_alpha, again.kind, again.profile) == (photo.has_alpha, photo.kind, photo.profile)
    if photo.metadata.dpi:
        assert again.metadata.dpi == pytest.approx(photo.metadata.dpi, rel=1e-4)


@pytest.mark.parametrize("name", [name for name in ALL if name not in LOSSLESS])
def test_lossy_formats_lose_next_to_nothing(tmp_path: Path, name: str) -> None:
    source = photo_files.make(tmp_path, name)
    photo = open_photo(source)
    target = tmp_path / f"saved{source.suffix}"
    save_photo(photo, target)
    again = open_photo(target)
    difference = np.abs(again.pixels.astype(float) - photo.pixels)
    assert difference.mean() < (1.5 if "webp" in name else 0.7)
    assert (again.has_alpha, again.kind, again.profile) == (photo.has_alpha, photo.kind, photo.profile)


@pytest.mark.parametrize("name", ["jpeg 4:2:0", "jpeg 4:4:4", "jpeg progressive 4:2:2", "jpeg grey"])
def test_jpeg_is_packed_as_the_source_was(tmp_path: Path, name: str) -> None:
    source = photo_files.make(tmp_path, name)
    target = tmp_path / "saved.jpg"
    save_photo(open_photo(source), target)
    old, new = Image.open(source), Image.open(target)
    assert new.quantization == old.quantization
    assert JpegImagePlugin.get_sampling(new) == JpegImagePlugin.get_sampling(old)
    assert new.info.get("progressive") == old.info.get("progressive")
    assert target.stat().st_size < 1.3 * source.stat().st_size + 2000
    save_photo(open_photo(source), target, quality=30)
    assert Image.open(target).quantization != old.quantization


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
def test_turned_files_stay_turned(tmp_path: Path, extension: str, orientation: int) -> None:
    """The stored rows and columns, and the tag that turns them, are those of the source."""
    source, target = tmp_path / f"turned.{extension}", tmp_path / f"saved.{extension}"
    options = {"lossless": True} if extension == "webp" else {"quality": 95} if extension == "jpg" else {}
    Image.fromarray(CROP).save(source, exif=photo_files.exif(orientation), **options)
    photo, where = edited(open_photo(source))
    save_photo(photo, target)
    old, new = (pyvips.Image.new_from_file(str(path)).numpy() for path in (source, target))
    assert Image.open(target).getexif()[0x0112] == orientation
    assert open_photo(target).orientation == orientation
    assert new.shape == CROP.shape
    outside = ~stored(where[:, :, None], orientation)[:, :, 0]
    difference = np.abs(old.astype(int) - new)
    if extension == "jpg":  # blocks of 16 pixels that the edit reaches change as a whole
        assert np.median(difference[outside]) == 0
    else:
        assert difference[outside].max() == 0
    assert (new[~outside] >= 250).mean() > 0.9


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("name", ["jpeg 4:2:0", "png 8 bit", "webp lossless", "tiff 8 bit", "png 16 bit P3 alpha"])
def test_metadata_travels_between_formats(tmp_path: Path, name: str, extension: str) -> None:
    photo = open_photo(photo_files.make(tmp_path, name))
    target = tmp_path / f"saved.{extension}"
    save_photo(photo, target)
    again = open_photo(target)
    assert again.profile == photo.profile
    if photo.metadata.dpi and extension != "webp":  # which has no place for it but EXIF
        assert again.metadata.dpi == pytest.approx(photo.metadata.dpi, rel=0.02)  # whole numbers in JPEG
    if "16 bit" not in name:
        tags = Image.open(target).getexif()
        assert tags[0x010F] == "Hasselblad"
        assert float(tags.get_ifd(0x8769)[0x829A]) == pytest.approx(0.008)
        assert bytes(tags.get_ifd(0x8769)[0x927C]) == b"MAKER\0\1\2\3"
        assert tags.get_ifd(0x8825)[1] == "N"
    packet = field(target, "xmp-data")
    assert packet is not None
    assert EDITED in packet
    if photo.metadata.xmp:
        assert b'dc:rights="NASA"' in packet


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("extension", ["png", "webp", "tif", "jpg"])
def test_another_format_is_written_upright(tmp_path: Path, extension: str, byte_order: str) -> None:
    source, target = tmp_path / "turned.jpg", tmp_path / f"saved.{extension}"
    if extension == "jpg":
        source = tmp_path / "turned.png"
    Image.fromarray(CROP).save(source, exif=photo_files.exif(6, byte_order), dpi=(300, 150))
    photo = open_photo(source)
    save_photo(photo, target)
    new = Image.open(target)
    tags = new.getexif()
    assert tags.get(0x0112, 1) == 1
    assert new.size == (HEIGHT, WIDTH)
    assert (tags.get_ifd(0x8769)[0xA002], tags.get_ifd(0x8769)[0xA003]) == (HEIGHT, WIDTH)
    if extension != "webp":
        assert new.info["dpi"] == pytest.approx((150, 300), rel=1e-3)
    assert np.abs(np.asarray(new.convert("RGB")).astype(int) - photo.srgb8()).mean() < 3


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_tiff_keeps_the_types_of_exif_values(tmp_path: Path, byte_order: str) -> None:
    source, target = tmp_path / "camera.jpg", tmp_path / "saved.tif"
    tags = photo_files.exif(1, byte_order)
    tags.get_ifd(0x8769).update({0x9000: b"0232", 0x9101: b"\1\2\3\0", 0x829D: IFDRational(28, 10), 0x8827: 3200})
    Image.fromarray(CROP).save(source, exif=tags)
    save_photo(open_photo(source), target)
    before = read_folder(open_photo(source).metadata.exif or b"")
    block = target.read_bytes()
    exif_before, exif_after = (
        read_folder(data, numbers(read_folder(data), 0x8769)[0])
        for data in (open_photo(source).metadata.exif or b"", block)
    )
    notes = [folder.pop(0x927C)[2] for folder in (exif_before, exif_after)]
    assert notes[0].data == notes[1].data == b"MAKER\0\1\2\3"
    assert exif_after == exif_before
    assert exif_after[0x829D] == (5, 1, b"\x0e\0\0\0\x05\0\0\0")
    assert exif_after[0x8827] == (3, 1, b"\x80\x0c")
    assert read_folder(block)[0x010F] == before[0x010F]


def test_old_iptc_fields_stay(tmp_path: Path) -> None:
    source, target = tmp_path / "agency.jpg", tmp_path / "saved.jpg"
    thumbnail = b"8BIM\x04\x0c\0\0\0\0\0\x05FACE!\0"
    block = photo_files.IPTC + thumbnail
    marker = b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block
    Image.fromarray(CROP).save(source, extra=marker)
    assert open_photo(source).metadata.photoshop == block.removeprefix(b"Photoshop 3.0\0")
    assert save_photo(open_photo(source), target) == []
    assert field(target, "iptc-data") == photo_files.IPTC
    for extension in ("png", "tif"):
        assert save_photo(open_photo(source), tmp_path / f"saved.{extension}") == []
        assert open_photo(tmp_path / f"saved.{extension}").metadata.photoshop == photo_files.IPTC[14:]
    notes = save_photo(open_photo(source), tmp_path / "saved.webp")
    assert any("IPTC" in note for note in notes)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_thumbnails_of_the_old_face_go(tmp_path: Path, extension: str) -> None:
    source, target = tmp_path / "camera.jpg", tmp_path / f"saved.{extension}"
    Image.fromarray(CROP).save(source, exif=photo_files.exif_with_thumbnail())
    assert field(source, "jpeg-thumbnail-data")
    save_photo(open_photo(source), target)
    assert field(target, "jpeg-thumbnail-data") is None
    assert b"JFIF" not in (field(target, "exif-data") or b"JFIF")
    assert Image.open(target).getexif()[0x010F] == "Hasselblad"


def test_damaged_exif_does_not_stop_a_save(tmp_path: Path) -> None:
    source, target = tmp_path / "odd.jpg", tmp_path / "saved.jpg"
    whole = photo_files.exif(6).tobytes()
    for cut in (8, 15, 20, 60, len(whole) - 3):
        Image.fromarray(CROP).save(source, exif=whole[:cut])
        photo = open_photo(source)
        save_photo(photo, target)
        assert open_photo(target).orientation == photo.orientation


@pytest.mark.parametrize("extension", ["jpg", "tif"])
def test_texts_in_any_encoding_are_kept_as_they_are(tmp_path: Path, extension: str) -> None:
    source, target = tmp_path / f"old.{extension}", tmp_path / f"saved.{extension}"
    old = b"Andr\xe9 \xff\xfe"
    if extension == "jpg":
        tags = Image.Exif()
        tags[0x010E] = old
        Image.fromarray(CROP).save(source, exif=tags)
    else:
        photo_files.tiff(source, CROP, photometric="rgb", extratags=[(315, "s", 0, old, True)])
    save_photo(open_photo(source), target)
    assert old in target.read_bytes()


def test_png_texts_stay(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    source, target = tmp_path / "texts.png", tmp_path / "saved.png"
    texts = PngInfo()
    texts.add_text("Title", "Eileen Collins")
    texts.add_itxt("Comment", "Grüße aus dem All: 🚀")
    texts.add(b"tEXt", b"Author\0Andr\xe9")  # Latin-1, as old PNG texts are
    Image.fromarray(CROP).save(source, pnginfo=texts)
    save_photo(open_photo(source), target)
    expected = {"Title": "Eileen Collins", "Comment": "Grüße aus dem All: 🚀", "Author": "André"}
    assert expected.items() <= Image.open(target).text.items()


# The declaration


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize(
    "xmp", [None, photo_files.XMP, b"<broken", b"<a/>", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", b"\xff\xfe\x00"]
)
def test_the_file_says_that_it_was_edited(tmp_path: Path, extension: str, xmp: bytes | None) -> None:
    source, target = tmp_path / "source.jpg", tmp_path / f"saved.{extension}"
    Image.fromarray(CROP).save(source, **({"xmp": xmp} if xmp else {}))
    for _ in range(2):  # saying it twice adds nothing
        save_photo(open_photo(source), target)
        source = target
    packet = field(target, "xmp-data")
    assert packet is not None
    assert packet.count(EDITED) == 1
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    (found,) = ET.fromstring(packet.strip(b"\0")).iter(name)
    assert (found.text or "").encode() == EDITED
    assert b"Iptc4xmpExt:DigitalSourceType" in packet
    if xmp == photo_files.XMP:
        assert b'dc:rights="NASA"' in packet


def test_png_carries_xmp_where_readers_look_for_it(tmp_path: Path) -> None:
    target = tmp_path / "saved.png"
    save_photo(open_photo(photo_files.make(tmp_path, "png 8 bit")), target)
    assert b"iTXtXML:com.adobe.xmp\0\0\0\0\0<?xpacket" in target.read_bytes()


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
def test_the_declaration_can_be_left_out(tmp_path: Path, extension: str) -> None:
    target = tmp_path / f"saved.{extension}"
    save_photo(open_photo(photo_files.make(tmp_path, "jpeg 4:2:0")), target, declare_edit=False)
    assert field(target, "xmp-data") == photo_files.XMP


# What a format cannot hold


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("name", ALL)
def test_every_kind_can_be_written_as_every_format(tmp_path: Path, name: str, extension: str) -> None:
    photo = open_photo(photo_files.make(tmp_path, name))
    target = tmp_path / f"saved.{extension}"
    notes = save_photo(photo, target)
    seen, expected = open_photo(target).srgb8().astype(float), photo.srgb8().astype(float)
    if photo.has_alpha and extension == "jpg":
        cover = photo_files.ALPHA / 255
        expected = expected * cover + 255 * (1 - cover)
        assert any("white" in note for note in notes)
    assert np.abs(seen - expected).mean() < 4
    lost = {"16 bit": extension in ("jpg", "webp"), "float": extension != "tif", "cmyk": extension in ("png", "webp")}
    if not photo.has_alpha and not photo.notes:
        assert bool(notes) == any(goes for what, goes in lost.items() if what in name), notes


def test_sixteen_bits_survive_where_they_can(tmp_path: Path) -> None:
    photo = open_photo(photo_files.make(tmp_path, "tiff 16 bit alpha big-endian"))
    assert save_photo(photo, tmp_path / "saved.png") == []
    assert np.array_equal(open_photo(tmp_path / "saved.png").pixels, photo.pixels)
    assert open_photo(photo_files.make(tmp_path, "png 16 bit P3")).profile == P3


# Bad output


@pytest.mark.parametrize("name", ["photo.bmp", "photo", "photo.psd"])
def test_an_unknown_extension_names_those_that_work(tmp_path: Path, name: str) -> None:
    photo = open_photo(photo_files.make(tmp_path, "png 8 bit"))
    with pytest.raises(AnycostError, match=r"\.jpg.*\.png.*\.webp.*\.tif"):
        save_photo(photo, tmp_path / name)


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_has_a_range(tmp_path: Path, quality: int) -> None:
    with pytest.raises(AnycostError, match="from 1 to 100"):
        save_photo(open_photo(photo_files.make(tmp_path, "png 8 bit")), tmp_path / "saved.jpg", quality=quality)


def test_a_picture_too_long_for_the_format_is_refused(tmp_path: Path) -> None:
    wide = open_photo(photo_files.vips_file(tmp_path / "wide.png", np.zeros((1, 17000, 3), np.uint8)))
    with pytest.raises(AnycostError, match="16383"):
        save_photo(wide, tmp_path / "wide.webp")
    save_photo(wide, tmp_path / "wide.jpg")


@pytest.mark.parametrize("name", ["jpeg 4:2:0", "tiff 16 bit P3", "png 8 bit", "webp lossless"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    """The limit on the size of files stands in for a disk that fills up while the file is written."""
    resource = pytest.importorskip("resource")
    source = photo_files.make(tmp_path, name)
    before = source.read_bytes()
    code = (
        "import sys\nfrom anycost_backend.photo.photo import open_photo, save_photo\n"
        "from anycost_models.core.errors import AnycostError\n"
        "try: save_photo(open_photo(sys.argv[1]), sys.argv[1])\nexcept AnycostError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, source],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert done.stdout.startswith(f"cannot write {source}: ")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert source.read_bytes() == before
    assert os.listdir(tmp_path) == [source.name]


def test_the_source_itself_can_be_replaced(tmp_path: Path) -> None:
    source = photo_files.make(tmp_path, "png 8 bit")
    photo, where = edited(open_photo(source))
    save_photo(photo, source)
    assert np.array_equal(open_photo(source).pixels[where], photo.pixels[where])
    assert np.asarray(Image.open(io.BytesIO(source.read_bytes()))).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_a_copy_can_be_read_by_those_who_can_read_the_photo(tmp_path: Path) -> None:
    source = tmp_path / "private.png"
    Image.new("RGB", (8, 8)).save(source)
    for mode, expected in ((0o600, 0o600), (0o640, 0o640), (0o444, 0o644)):  # a copy can always be replaced
        source.chmod(mode)
        target = tmp_path / f"copy {mode:o}.png"
        save_photo(open_photo(source), target)
        assert target.stat().st_mode & 0o777 == expected
