"""Colours that a file describes in its own way are understood, kept, and not guessed where they cannot be."""

import struct
from pathlib import Path

import numpy as np
import photo_files
import pytest
import tifffile
from anycost_backend.photo.colour_profiles import OneWayProfile, checked, to_srgb
from anycost_backend.photo.matrix_profile import BT709, D65, LINEAR, SRGB_CURVE, Curve, grey_profile, rgb_profile
from anycost_backend.photo.photo import Photo, open_photo, save_photo
from anycost_models.core.errors import AnycostError
from photo_files import CROP, P3, with_jpeg_segments, with_png_chunks
from PIL import Image

P3_PRIMARIES = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65)
CHRM_P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
CHRM_SRGB = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def edited(photo: Photo) -> Photo:
    """Its own colours, to sRGB and back."""
    region = photo.region_srgb(10, 20, 60, 50)
    return photo.with_region(10, 20, photo.from_srgb(region), np.ones((50, 60), np.float32))


def gamma(value: float) -> bytes:
    return struct.pack(">I", round(100_000 * value))


def linear(shades: np.ndarray) -> np.ndarray:
    return np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)


def one_way_profile() -> bytes:
    """A camera's: tables to XYZ and, as the standard asks for a way back, some that lead nowhere."""

    def table(curve: float, corners: np.ndarray) -> bytes:
        ramp = (np.linspace(0, 1, 256) ** curve * 65535).astype(">u2").tobytes()
        head = b"mft2\0\0\0\0" + bytes((3, 3, 2, 0)) + struct.pack(">9i", *(np.eye(3).ravel() * 65536).astype(int))
        cube = (corners.clip(0, 1) * 65535).astype(">u2").tobytes()
        return head + struct.pack(">HH", 256, 2) + ramp * 3 + cube + np.array([0, 65535] * 3, ">u2").tobytes()

    to_xyz = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3)
    there, back = table(2.2, corners @ to_xyz.T / 2), table(1, corners[:, ::-1] * 0.3)
    tags = {b"A2B0": there, b"B2A0": back, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    at, index, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        index += struct.pack(">4sII", name, at + len(data), len(tag))
        data += tag
    head = struct.pack(">I4sI12s", at + len(data), bytes(4), 0x02400000, b"scnrRGB XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + data


# ICC profiles


@pytest.mark.parametrize("curve", [LINEAR, SRGB_CURVE, Curve(1.8), Curve(2.2)])
@pytest.mark.parametrize("primaries", [BT709, P3_PRIMARIES], ids=["sRGB", "P3"])
def test_profiles_that_are_made_lead_there_and_back(primaries: tuple[float, ...], curve: Curve) -> None:
    profile = rgb_profile(primaries, curve)
    is_srgb = primaries == BT709 and curve == SRGB_CURVE
    assert checked("rgb", profile) == (None if is_srgb else profile)
    assert checked("grey", grey_profile(curve)) == (None if curve == SRGB_CURVE else grey_profile(curve))


def test_a_made_profile_agrees_with_a_known_one() -> None:
    ours, known = (to_srgb(CROP, "rgb", profile).astype(int) for profile in (rgb_profile(P3_PRIMARIES, SRGB_CURVE), P3))
    assert np.abs(ours - known).max() <= 2


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_profile_without_a_way_back_is_left_and_said(tmp_path: Path, extension: str) -> None:
    profile = one_way_profile()
    with pytest.raises(OneWayProfile):
        checked("rgb", profile)
    source, target = tmp_path / f"camera.{extension}", tmp_path / f"saved.{extension}"
    Image.fromarray(CROP).save(source, icc_profile=profile)
    photo = open_photo(source)
    assert any("becomes sRGB" in note for note in photo.notes)
    assert np.abs(photo.srgb8().astype(int) - to_srgb(np.asarray(Image.open(source)), "rgb", profile)).max() <= 1
    notes = save_photo(edited(photo), target)
    assert any("becomes sRGB" in note for note in notes)
    assert open_photo(target).profile is None
    assert np.abs(open_photo(target).srgb8().astype(int) - photo.srgb8()).mean() < 1


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_a_profile_that_cannot_be_read_is_said(tmp_path: Path, extension: str) -> None:
    source = photo_files.pillow(tmp_path / f"damaged.{extension}", Image.fromarray(CROP))
    if extension == "png":
        with_png_chunks(source, [(b"iCCP", b"broken\0\0no deflate stream")])
    else:
        with_jpeg_segments(source, (0xE2, b"ICC_PROFILE\0\2\2" + P3[:300]))  # the first of two parts is missing
    assert any("damaged colour profile" in note for note in open_photo(source).notes)


# PNG's own chunks

UNDERSTOOD = {
    "gamma 1": ([(b"gAMA", gamma(1))], lambda v: v),
    "gamma 1/1.8": ([(b"gAMA", gamma(1 / 1.8))], lambda v: v**1.8),
    "gamma 1 beside sRGB": ([(b"gAMA", gamma(1)), (b"sRGB", b"\0")], linear),
    "the usual gamma": ([(b"gAMA", gamma(0.45455)), (b"cHRM", CHRM_SRGB)], linear),
    "linear by numbers": ([(b"cICP", bytes((1, 8, 0, 1)))], lambda v: v),
    "numbers count most": ([(b"cICP", bytes((1, 8, 0, 1))), (b"gAMA", gamma(0.5)), (b"sRGB", b"\0")], lambda v: v),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_curves_in_png_chunks(tmp_path: Path, name: str, grey: bool) -> None:
    chunks, light = UNDERSTOOD[name]
    pixels = CROP[:, :, 1] if grey else CROP
    chunks = [chunk for chunk in chunks if not grey or chunk[0] != b"cHRM"]
    source = with_png_chunks(photo_files.pillow(tmp_path / "described.png", Image.fromarray(pixels)), chunks)
    seen = linear(open_photo(source).srgb8()[:, :, 1] / 255)
    assert np.abs(seen - light(CROP[:, :, 1] / 255)).max() < 0.01


@pytest.mark.parametrize(
    "chunks",
    [[(b"cHRM", CHRM_P3)], [(b"cICP", bytes((12, 13, 0, 1)))], [(b"cHRM", CHRM_P3), (b"gAMA", gamma(0.45455))]],
    ids=["primaries", "by numbers", "with a gamma"],
)
def test_primaries_in_png_chunks(tmp_path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    source = with_png_chunks(photo_files.pillow(tmp_path / "p3.png", Image.fromarray(CROP)), chunks)
    photo = open_photo(source)
    assert np.abs(photo.srgb8().astype(int) - to_srgb(CROP, "rgb", P3)).max() <= 2
    target = tmp_path / "saved.png"
    assert save_photo(edited(photo), target) == []
    again = open_photo(target)
    assert again.profile is None
    assert [chunk for chunk in again.metadata.chunks if chunk in chunks] == chunks
    assert np.percentile(np.abs(again.pixels.astype(int) - CROP), 99) <= 1  # sRGB clips a few
    for extension in ("jpg", "tif", "webp"):  # other formats say it by a profile
        save_photo(photo, tmp_path / f"saved.{extension}")
        other = open_photo(tmp_path / f"saved.{extension}")
        assert other.profile
        assert np.abs(other.srgb8().astype(int) - photo.srgb8()).mean() < 3


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        ((b"cICP", bytes((9, 16, 0, 1))), "PQ"),
        ((b"cICP", bytes((9, 18, 0, 1))), "HLG"),
        ((b"cICP", bytes((1, 13, 0, 0))), "video levels"),
        ((b"cICP", bytes((77, 13, 0, 1))), "numbers"),
        ((b"cHRM", bytes(32)), "primaries"),
    ],
)
def test_colours_that_cannot_be_followed_are_refused(tmp_path: Path, chunk: tuple[bytes, bytes], why: str) -> None:
    source = with_png_chunks(photo_files.pillow(tmp_path / "hdr.png", Image.fromarray(CROP)), [chunk])
    with pytest.raises(AnycostError, match=f"{why}.*export it"):
        open_photo(source)


# Floating point


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_floats_without_a_profile_are_linear_light(tmp_path: Path, grey: bool) -> None:
    light = linear(CROP / 255).astype(np.float32)
    source = tmp_path / "rendered.tif"
    tifffile.imwrite(source, light[:, :, 1] if grey else light, photometric="minisblack" if grey else "rgb")
    photo = open_photo(source)
    expected = np.repeat(CROP[:, :, 1:2], 3, axis=2) if grey else CROP
    assert np.abs(photo.srgb8().astype(int) - expected).max() <= 1
    assert any("linear light" in note for note in photo.notes)
    assert np.abs(edited(photo).srgb8().astype(int) - photo.srgb8()).max() <= 1
    save_photo(photo, tmp_path / "saved.png")
    assert np.abs(open_photo(tmp_path / "saved.png").srgb8().astype(int) - expected).max() <= 1


def test_floats_follow_their_profile(tmp_path: Path) -> None:
    source = tmp_path / "gamma.tif"
    profile = rgb_profile(BT709, SRGB_CURVE)
    tifffile.imwrite(source, CROP.astype(np.float32) / 255, photometric="rgb", iccprofile=profile)
    photo = open_photo(source)
    assert np.abs(photo.srgb8().astype(int) - CROP).max() <= 1
    assert photo.notes == ()


def test_lights_beyond_white_are_said(tmp_path: Path) -> None:
    source = tmp_path / "bright.tif"
    tifffile.imwrite(source, CROP.astype(np.float32) / 60, photometric="rgb")
    assert any("clipped" in note for note in open_photo(source).notes)
