"""A photo file of any kind opens upright, tells its colours in sRGB, and takes an edit without a change elsewhere."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import photo_files
import pytest
import tifffile
from anycost_backend.photo.photo import open_photo
from anycost_models.core.errors import AnycostError
from photo_files import ALL, CROP, HEIGHT, LOSSLESS, P3, WIDTH, tiff
from PIL import Image, ImageCms, ImageOps


@pytest.mark.parametrize("name", ALL)
def test_every_kind_of_file_opens_and_looks_like_the_astronaut(tmp_path: Path, name: str) -> None:
    photo = open_photo(photo_files.make(tmp_path, name))
    seen = photo.srgb8()
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert seen.dtype == np.uint8
    assert photo.has_alpha == ("alpha" in name)
    assert str(photo.pixels.dtype) == ("float32" if "float" in name else "uint16" if "16 bit" in name else "uint8")
    assert photo.kind == ("grey" if "grey" in name else "cmyk" if "cmyk" in name else "rgb")
    # Profiles and presses shift colours; the image stays recognisable all the same.
    assert np.corrcoef(seen.mean(axis=2).ravel(), CROP.mean(axis=2).ravel())[0, 1] > 0.96


@pytest.mark.parametrize("name", LOSSLESS)
def test_the_pixels_are_those_of_the_file(tmp_path: Path, name: str) -> None:
    path = photo_files.make(tmp_path, name)
    photo = open_photo(path)
    if path.suffix == ".tif" and "lzw" not in name:
        expected = tifffile.imread(path)
    elif photo.pixels.dtype == np.uint8:
        picture = Image.open(path)
        expected = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    else:
        expected = photo_files.sixteen(np.dstack([CROP[:, :, 0] if "grey" in name else CROP, photo_files.ALPHA]))
        expected = expected if photo.has_alpha else photo_files.sixteen(CROP)
    assert np.array_equal(photo.pixels, expected.reshape(photo.pixels.shape))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
def test_orientation_is_applied(tmp_path: Path, extension: str, orientation: int) -> None:
    path = tmp_path / f"turned.{extension}"
    Image.fromarray(CROP).save(
        path, exif=photo_files.exif(orientation), **({"lossless": True} if extension == "webp" else {})
    )
    photo = open_photo(path)
    assert photo.orientation == orientation
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    assert np.abs(photo.pixels.astype(int) - upright).max() <= (2 if extension == "jpg" else 0)


def test_colours_go_through_the_profile(tmp_path: Path) -> None:
    """Display P3's (200, 100, 60) is a redder colour than sRGB's: (212, 96, 50), by the two matrices."""
    pixels = np.full((8, 8, 3), (200, 100, 60), np.uint8)
    photo = open_photo(photo_files.vips_file(tmp_path / "p3.png", pixels, P3))
    linear = np.where(
        pixels[0, 0] / 255 <= 0.04045, pixels[0, 0] / 255 / 12.92, ((pixels[0, 0] / 255 + 0.055) / 1.055) ** 2.4
    )
    to_srgb = np.array([[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]]) @ linear
    expected = (1.055 * to_srgb ** (1 / 2.4) - 0.055) * 255
    assert np.abs(photo.srgb8()[0, 0] - expected).max() < 2
    assert photo.profile == P3


@pytest.mark.parametrize("name", [name for name in ALL if "cmyk" not in name])
def test_colours_come_back_from_srgb(tmp_path: Path, name: str) -> None:
    """Skin tones and greys are inside every profile here; what sRGB cannot show is clipped, and not looked at."""
    photo = open_photo(photo_files.make(tmp_path, name))
    region = photo.region_srgb(10, 20, 60, 50)
    assert region.dtype == np.float32
    back = photo.from_srgb(region)
    native = photo.pixels[20:70, 10:70, : back.shape[2]]
    assert back.dtype == native.dtype
    inside = ((region > 0.02) & (region < 0.98)).all(axis=2)
    peak = 1.0 if back.dtype == np.float32 else np.iinfo(back.dtype).max
    assert inside.mean() > 0.3
    assert np.abs(back[inside].astype(float) - native[inside].astype(float)).max() / peak < 0.005


@pytest.mark.parametrize("name", ["tiff cmyk", "tiff cmyk 16 bit", "jpeg cmyk"])
def test_cmyk_comes_back_as_the_same_colour(tmp_path: Path, name: str) -> None:
    """The black ink is shared out anew, so inks differ and looks do not."""
    photo = open_photo(photo_files.make(tmp_path, name))
    region = photo.region_srgb(10, 20, 60, 50)
    again = photo.with_region(10, 20, photo.from_srgb(region), np.ones((50, 60), np.float32)).region_srgb(
        10, 20, 60, 50
    )
    assert np.abs(again - region).mean() < 2 / 255


@pytest.mark.parametrize("name", ["png 8 bit alpha", "png 16 bit P3 alpha", "tiff float", "png grey", "tiff cmyk"])
def test_an_edit_stays_under_its_mask(tmp_path: Path, name: str) -> None:
    photo = open_photo(photo_files.make(tmp_path, name))
    white = photo.from_srgb(np.ones((30, 40, 3), np.float32))
    mask = np.zeros((30, 40), np.float32)
    mask[10:20, 10:20] = 1
    mask[20:25, 10:20] = 0.5
    edited = photo.with_region(25, 15, white, mask)
    changed = np.zeros((HEIGHT, WIDTH), bool)
    changed[25:40, 35:45] = True
    assert np.array_equal(edited.pixels[~changed], photo.pixels[~changed])
    assert np.array_equal(edited.pixels[25:35, 35:45, : white.shape[2]], white[10:20, 10:20])
    if photo.has_alpha:
        assert np.array_equal(edited.pixels[:, :, -1], photo.pixels[:, :, -1])
    half = edited.pixels[35:40, 35:45, : white.shape[2]].astype(float)
    middle = (photo.pixels[35:40, 35:45, : white.shape[2]].astype(float) + white[20:25, 10:20]) / 2
    assert np.abs(half - middle).max() <= 0.5
    with pytest.raises(ValueError, match="not inside"):
        photo.with_region(100, 15, white, mask)


@pytest.mark.parametrize(
    "name", ["png 8 bit", "jpeg 4:2:0", "webp lossy", "webp lossless", "tiff 8 bit", "tiff 16 bit P3"]
)
@pytest.mark.parametrize("kept", [0.02, 0.4, 0.97])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    path = photo_files.make(tmp_path, name)
    data = path.read_bytes()
    path.write_bytes(data[: max(20, int(len(data) * kept))])
    with pytest.raises(AnycostError, match="cut short") as error:
        open_photo(path)
    assert "\n" not in str(error.value)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _animation(path: Path) -> Path:
    frames = [Image.fromarray(CROP[::step, ::step]).resize((40, 40)) for step in (1, 2, 3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda at: at / "missing.jpg", "No such file"),
        (lambda at: _folder(at / "folder.jpg"), "is a folder"),
        (lambda at: _file(at / "empty.jpg", b""), "is empty"),
        (lambda at: _file(at / "text.png", b"not a picture at all"), "no JPEG, PNG, WebP or TIFF"),
        (lambda at: _file(at / "head.jpg", b"\xff\xd8\xff"), "cannot read .*damaged"),
        (lambda at: _animation(at / "moving.webp"), "3 pictures"),
        (lambda at: _animation(at / "moving.png"), "3 pictures"),
        (lambda at: _animation(at / "pages.tif"), "3 pictures"),
        (
            lambda at: photo_files.png_claiming(at / "huge.png", 20_000, 20_000),
            "400 megapixels.*--max-megapixels",
        ),
        (
            lambda at: tiff(at / "deep.tif", CROP.astype(np.uint32), photometric="rgb"),
            "32 bits per channel",
        ),
        (lambda at: tiff(at / "bands.tif", np.dstack([CROP, CROP])), "channels|holds"),
        (lambda at: tiff(at / "a.dng", CROP, extratags=[(50706, 1, 4, b"\1\4\0\0", True)]), "raw"),
    ],
)
def test_what_cannot_be_edited_is_refused_in_one_line(tmp_path: Path, make: object, message: str) -> None:
    with pytest.raises(AnycostError, match=message) as error:
        open_photo(make(tmp_path))  # type: ignore[operator]
    assert "\n" not in str(error.value)


def tiff_with(path: Path, **tags: int) -> Path:
    """A TIFF file that claims what no library here writes: tags by name, as tifffile calls them."""
    tiff(path, CROP, photometric="rgb", software=None)
    with tifffile.TiffFile(path) as file:
        places = {name: file.pages[0].tags[name].valueoffset for name in tags}
    data = bytearray(path.read_bytes())
    for name, value in tags.items():
        for at in range(3 if name == "BitsPerSample" else 1):
            struct.pack_into("<H", data, places[name] + 2 * at, value)
    path.write_bytes(data)
    return path


def planes(path: Path) -> Path:
    apart = np.ascontiguousarray(CROP.transpose(2, 0, 1))
    return tiff(path, apart, photometric="rgb", planarconfig="separate", tile=(32, 32))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda at: photo_files.pillow(at / "a.tif", photo_files.RGB, compression="zstd"), "Zstandard"),
        (lambda at: photo_files.pillow(at / "a.tif", photo_files.RGB, compression="lzma"), "LZMA"),
        (lambda at: tiff_with(at / "a.tif", Compression=34712), "JPEG 2000"),
        (lambda at: tiff_with(at / "a.tif", Compression=50002), "JPEG XL"),
        (lambda at: tiff_with(at / "a.tif", BitsPerSample=12), "12 bits"),
        (lambda at: tiff_with(at / "a.tif", BitsPerSample=14), "14 bits"),
        (lambda at: tiff_with(at / "a.tif", PhotometricInterpretation=8), "Lab"),
        (lambda at: tiff_with(at / "a.tif", PhotometricInterpretation=32803), "sensor"),
        (lambda at: planes(at / "a.tif"), "tiles"),
        (lambda at: tiff(at / "a.tif", CROP / 255, photometric="rgb"), "64 bits"),
        (lambda at: tiff(at / "a.tif", CROP.astype(np.int16), photometric="rgb"), "signed"),
        (lambda at: tiff(at / "a.tif", CROP.astype(np.complex64)[:, :, 0]), "complex"),
        (lambda at: _file(at / "a.heic", b"\0\0\0\x18ftypheic" + bytes(99)), "HEIC"),
        (lambda at: _file(at / "a.jpg", b"\0\0\0\x18ftypmif1" + bytes(99)), "HEIC"),
        (lambda at: photo_files.pillow(at / "a.avif", photo_files.RGB), "AVIF"),
        (lambda at: _file(at / "a.jxl", b"\xff\x0a" + bytes(99)), "JPEG XL"),
        (lambda at: _file(at / "a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL"),
        (lambda at: photo_files.pillow(at / "a.jp2", photo_files.RGB), "JPEG 2000"),
        (lambda at: photo_files.pillow(at / "a.gif", photo_files.RGB), "GIF"),
        (lambda at: photo_files.pillow(at / "a.bmp", photo_files.RGB), "BMP"),
        (lambda at: photo_files.pillow(at / "a.ppm", photo_files.RGB), "PNM"),
        (lambda at: _file(at / "a.psd", b"8BPS\0\1" + bytes(99)), "Photoshop"),
        (lambda at: _file(at / "a.png", b"gimp xcf v011" + bytes(99)), "GIMP"),
        (lambda at: _file(at / "a.svg", b'<?xml version="1.0"?><svg width="9"/>'), "SVG"),
        (lambda at: _file(at / "a.mp4", b"\0\0\0\x18ftypisom" + bytes(99)), "video"),
        (lambda at: _file(at / "a.cr3", b"\0\0\0\x18ftypcrx " + bytes(99)), "raw"),
    ],
)
def test_what_is_not_supported_is_called_by_its_name(tmp_path: Path, make: object, what: str) -> None:
    with pytest.raises(AnycostError, match=what) as error:
        open_photo(make(tmp_path))  # type: ignore[operator]
    assert re.match("export|save|develop", error.value.remedy)
    assert "damaged" not in error.value.cause


def test_the_size_limit_can_be_raised_or_lowered(tmp_path: Path) -> None:
    path = photo_files.make(tmp_path, "png 8 bit")
    with pytest.raises(AnycostError, match="limit is 0\\.01"):
        open_photo(path, max_megapixels=0.01)
    assert open_photo(path, max_megapixels=0.012).width == WIDTH


@pytest.mark.parametrize("name", ["a[1].png", "Ä ß 脸.png", "-Q=1.png", "no_extension", "wrong.jpg"])
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    path = photo_files.make(tmp_path, "png 8 bit").rename(tmp_path / name)
    assert open_photo(path).format == "png"


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = photo_files.make(tmp_path, "png 8 bit")
    first = open_photo(path)
    Image.fromarray(255 - CROP).save(path)
    assert np.array_equal(open_photo(path).pixels, 255 - first.pixels)


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    photo = open_photo(photo_files.vips_file(tmp_path / "one.png", CROP[:1, :1].copy()))
    assert np.array_equal(photo.srgb8(), CROP[:1, :1])


def test_a_profile_of_another_kind_is_left_aside_but_kept(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    Image.fromarray(CROP[:, :, 0]).save(path, icc_profile=P3)
    photo = open_photo(path)
    assert np.array_equal(photo.srgb8()[:, :, 1], CROP[:, :, 0])
    assert photo.profile == P3
    assert any("profile of another kind" in note for note in photo.notes)


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = open_photo(photo_files.vips_file(tmp_path / "tagged.png", CROP, profile))
    assert np.array_equal(photo.srgb8(), CROP)
    assert photo.profile == profile


def test_eight_and_sixteen_bits_show_the_same_colours(tmp_path: Path) -> None:
    eight = open_photo(photo_files.vips_file(tmp_path / "8.png", CROP, P3)).srgb8()
    sixteen = open_photo(photo_files.vips_file(tmp_path / "16.png", CROP.astype(np.uint16) * 257, P3)).srgb8()
    assert np.abs(eight.astype(int) - sixteen).max() <= 1


def test_libraries_say_nothing_on_the_terminal(tmp_path: Path) -> None:
    """libvips, GLib and libtiff would print warnings about these."""
    cut = photo_files.make(tmp_path, "jpeg 4:2:0")
    cut.write_bytes(cut.read_bytes()[:-200])
    odd = tmp_path / "odd.tif"
    tiff(odd, CROP, photometric="rgb", iccprofile=b"rubbish" * 40, extratags=[(60001, "s", 3, "hey", True)])
    code = (
        "import sys\nfrom anycost_backend.photo.photo import open_photo, save_photo\n"
        "from anycost_models.core.errors import AnycostError\n"
        "for path in sys.argv[1:]:\n    try: save_photo(open_photo(path), path)\n    except AnycostError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code, cut, odd], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


REMARK = """
import ctypes, pathlib, sys
import anycost_backend.photo.photo
loaded = {line.split()[-1] for line in open("/proc/self/maps") if "libvips-" in line}
g_log = ctypes.CDLL(*loaded).g_log
for text in (b"a remark", b"caf\\xe9"):
    g_log(ctypes.c_char_p(b"VIPS"), ctypes.c_int(16), ctypes.c_char_p(b"%s"), ctypes.c_char_p(text))
print("said")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="finds the library as Linux lists it")
def test_what_libvips_remarks_is_not_shown() -> None:
    """What is not UTF-8, such as a text of the file, made pyvips print a traceback."""
    done = subprocess.run([sys.executable, "-c", REMARK], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
