"""Opens photos of the common formats, converts regions to sRGB, and writes them back with only the edit changed."""

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyvips
from anycost_models.core.atomic_files import ensure_writable, mode_of_copy, write_aside
from anycost_models.core.errors import AnycostError

from anycost_backend.photo.colour_profiles import CHANNELS, Kind, OneWayProfile, checked, from_srgb, to_srgb
from anycost_backend.photo.exif import orientation_of
from anycost_backend.photo.file_names import EXTENSIONS, NAMES, Format
from anycost_backend.photo.formats import (
    DTYPES,
    KINDS,
    LONGEST,
    Encoding,
    encode,
    is_camera_raw,
    read_encoding,
    sniffed,
    tiff_tags,
)
from anycost_backend.photo.matrix_profile import BT709, LINEAR, grey_profile, rgb_profile
from anycost_backend.photo.memory import ensure_memory, is_out_of_memory, out_of_memory, photo_bytes
from anycost_backend.photo.metadata import Metadata, cleaned, declared, fitted, read_metadata
from anycost_backend.photo.png_chunks import frames_of
from anycost_backend.photo.png_colours import UnknownColours, profile_of_chunks, without_colours
from anycost_backend.photo.sample_types import Lay, blend, rescaled
from anycost_backend.photo.unsupported import EXPORT, HEAD, kind_of, tiff_problem

# The needed fields of libvips. Texts are left out: reading them fails for some encodings.
_FIELDS = ["orientation", "n-pages", "bits-per-sample", "palette", "icc-profile-data", "exif-data", "xmp-data"]
# libvips' words for what it was built without.
_UNSUPPORTED = re.compile(r"not configured|not supported|[Uu]nsupported|bad labq|out of range|not a whole number")
_KINDS: dict[str, Kind] = {
    "b-w": "grey",
    "grey16": "grey",
    "srgb": "rgb",
    "rgb": "rgb",
    "rgb16": "rgb",
    "scrgb": "rgb",
    "cmyk": "cmyk",
}


@dataclass(frozen=True, eq=False)
class Photo:
    """An image in memory. `pixels` is read-only; edits make a new Photo."""

    path: Path  # of the file
    format: Format
    pixels: np.ndarray  # [H, W, C] upright, uint8, uint16 or float32 (0..1); alpha is the last channel
    kind: Kind  # of the channels before alpha
    has_alpha: bool
    orientation: int  # 1..8, EXIF: of the file's rows and columns
    metadata: Metadata
    encoding: Encoding
    colour_profile: bytes | None  # for conversions: the file's, or made of what it says; None: taken as sRGB
    notes: tuple[str, ...] = ()  # for people, on what a written file will not have

    @property
    def profile(self) -> bytes | None:
        """The file's ICC profile."""
        return self.metadata.icc

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def srgb8(self, rect: tuple[int, int, int, int] | None = None) -> np.ndarray:
        """uint8 sRGB [h, w, 3] of the whole image or of `rect` (x, y, width, height). Alpha is left out."""
        return to_srgb(self._colours(*(rect or (0, 0, self.width, self.height))), self.kind, self.colour_profile)

    def region_srgb(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        """float32 sRGB [h, w, 3] in 0..1, with the precision of 16 bits."""
        return to_srgb(self._colours(x, y, width, height), self.kind, self.colour_profile, "float32")

    def from_srgb(self, region: np.ndarray) -> np.ndarray:
        """float32 sRGB [h, w, 3] in 0..1 to this photo's own colours, [h, w, C] without alpha, in its dtype."""
        return from_srgb(region.astype(np.float32, copy=False), self.kind, self.colour_profile, str(self.pixels.dtype))

    def with_region(self, x: int, y: int, native: np.ndarray, mask: np.ndarray) -> "Photo":
        """This photo with `native` [h, w, C] (from `from_srgb`) blended in at x, y by `mask` (float 0..1, [h, w]).

        Where the mask is 0 the pixels keep their bits; alpha never changes."""
        return self.changing(lambda lay: lay(x, y, native, mask))

    def changing(self, change: Callable[[Lay], None]) -> "Photo":
        """This photo with all that `change` blends in by the function that it is given, whose arguments are those of
        `with_region`; threads may call it at once for other pixels."""
        pixels = self.pixels.copy(order="K")

        def lay(x: int, y: int, native: np.ndarray, mask: np.ndarray) -> None:
            height, width = mask.shape
            self._colours(x, y, width, height)
            blend(pixels[y : y + height, x : x + width, : CHANNELS[self.kind]], native, mask)

        change(lay)
        pixels.flags.writeable = False
        return replace(self, pixels=pixels)

    def _colours(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        """[height, width, C], a view. Raises ValueError when the region is not inside the photo."""
        if not (0 <= x < x + width <= self.width and 0 <= y < y + height <= self.height):
            raise ValueError(f"region {(x, y, width, height)} is not inside {self.width} × {self.height} pixels")
        return self.pixels[y : y + height, x : x + width, : CHANNELS[self.kind]]


def open_photo(path: str | os.PathLike[str], max_megapixels: float = 150, memory_beside: int = 0) -> Photo:
    """Reads a JPEG, PNG, WebP or TIFF file. Size and free memory are checked before a pixel is decoded.

    memory_beside: bytes that will be needed besides the photo.

    Raises AnycostError when the file is missing, unreadable, damaged, too large, of another kind, or several images."""
    path = Path(path)
    try:
        if path.is_dir():
            raise AnycostError(f"{path} is a folder", "name a picture in it")
        if path.exists() and not path.is_file():
            raise AnycostError(f"{path} is not an ordinary file", "name a picture")
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about odd tags
            return _read(path, file, max_megapixels, memory_beside)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise AnycostError(f"cannot read {path}: {reason}", "check the name and the permissions") from error
    except pyvips.Error as error:
        why = _last_line(error)
        if is_out_of_memory(error):
            raise out_of_memory(f"reading {path}") from error
        if _UNSUPPORTED.search(why):
            raise AnycostError(f"cannot read {path}: {why}", EXPORT) from error
        raise AnycostError(f"cannot read {path}, which is damaged or cut short: {why}", "get the file again") from error
    except MemoryError as error:
        raise out_of_memory(f"reading {path}") from error


def save_photo(
    photo: Photo,
    path: str | os.PathLike[str],
    *,
    declare_edit: bool = True,  # declare in XMP that a trained algorithm edited the image
    quality: int | None = None,  # 1..100 for JPEG and WebP; None: like the source, or nearly lossless
) -> list[str]:
    """Writes the photo, completely or not at all, in the format of the extension. Returns notes on what was not kept.

    In its own format everything stays: orientation, EXIF, XMP, ICC, resolution, alpha, bit depth. PNG, TIFF and
    lossless WebP keep every pixel's bits; JPEG repeats the source's quantisation.
    Raises AnycostError for an unknown extension, a size or quality out of range, and when the file cannot be written.
    """
    format = output_format(path)
    if quality is not None and not 1 <= quality <= 100:
        raise AnycostError(f"there is no quality {quality}", "choose one from 1 to 100")
    if max(photo.width, photo.height) > LONGEST[format]:
        raise AnycostError(
            f"cannot write {path}: {NAMES[format]} ends at {LONGEST[format]} pixels a side", "choose TIFF or PNG"
        )
    ensure_writable(path)
    same = format == photo.format
    pixels, kind, metadata, notes = _fitted(photo, format)
    metadata, of_cleaning = cleaned(metadata, photo.orientation, upright=not same)
    notes += of_cleaning
    encoding = photo.encoding if same else Encoding(lossless=photo.encoding.lossless)
    if declare_edit:
        metadata, of_declaring = declared(metadata)
        notes += of_declaring
    if same:
        pixels = stored(pixels, photo.orientation)
    try:
        data, more = encode(pixels, kind, metadata, format, encoding, quality, photo.orientation if same else 1)
    except (pyvips.Error, OSError, ValueError) as error:
        raise AnycostError(
            f"cannot write {path} as {NAMES[format]}: {_last_line(error)}", "try another format"
        ) from error
    write_aside(path, data, mode_of_copy(photo.path))
    return list(dict.fromkeys([*photo.notes, *notes, *more]))


def output_format(path: str | os.PathLike[str]) -> Format:
    """The format by the extension. Raises AnycostError for an unknown one."""
    suffix = Path(path).suffix.lower()
    if suffix not in EXTENSIONS:
        raise AnycostError(f"cannot write {path}", f"give it a name that ends in {', '.join(EXTENSIONS)}")
    return EXTENSIONS[suffix]


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A view of `pixels` [H, W, …], the file's rows and columns, rotated by EXIF's orientation (1..8)."""
    views = {
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: np.rot90(pixels, -1),
        7: np.rot90(pixels, 2).swapaxes(0, 1),
        8: np.rot90(pixels),
    }
    return views.get(orientation, pixels)


def stored(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `upright`: a view of `pixels` [H, W, …] as the file's rows and columns."""
    return upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def _read(path: Path, file: BinaryIO, max_megapixels: float, memory_beside: int) -> Photo:
    head = file.read(HEAD)
    format = sniffed(head)
    if format is None:
        kind, remedy = kind_of(head)
        raise AnycostError(f"{path} is {kind}", remedy)
    tags = tiff_tags(file) if format == "tiff" else {}
    if is_camera_raw(tags):
        raise AnycostError(f"{path} is a camera's raw photo", "develop it first and save it as TIFF")
    if problem := tiff_problem(tags):
        raise AnycostError(f"{path} {problem[0]}", problem[1])
    loader = getattr(pyvips.Image, f"{format}load_source")
    options = {"unlimited": True} if format == "tiff" else {}  # our own limit is checked before pixels are read
    source = pyvips.Source.new_from_file(os.fsencode(path))
    image = loader(source, access="sequential", fail_on="error", **options)

    megapixels = image.width * image.height / 1e6
    if megapixels > max_megapixels:
        raise AnycostError(
            (
                f"{path} has {image.width} × {image.height} pixels ({megapixels:.3g} megapixels) and the "
                f"limit is {max_megapixels:g}"
            ),
            "scale it down, crop it, or raise the limit with --max-megapixels",
        )
    kind, has_alpha = _layout(path, image)
    bytes_per_sample = {"uchar": 1, "ushort": 2}.get(image.format, 4)
    needed = photo_bytes(image.width, image.height, image.bands, bytes_per_sample)
    ensure_memory(needed + memory_beside, f"a photo of {image.width} × {image.height} pixels")
    fields = {name: image.get(name) for name in _FIELDS if image.get_typeof(name)}
    number = max(frames_of(file) if format == "png" else 1, fields.get("n-pages", 1))
    if number > 1:
        raise AnycostError(f"{path} holds {number} pictures (pages or an animation)", "save the one to edit as a file")
    pixels = image.numpy().reshape(image.height, image.width, image.bands)
    pixels.flags.writeable = False
    encoding, notes = read_encoding(file, format, fields, tags)
    metadata, of_metadata = read_metadata(file, format, fields, tags)
    notes += of_metadata
    turned = int(fields.get("orientation", 1))
    if format == "png" and metadata.exif:  # libvips knows one of its places
        turned = orientation_of(metadata.exif) or turned
    turned = turned if 1 <= turned <= 8 else 1
    photo = Photo(path, format, upright(pixels, turned), kind, has_alpha, turned, metadata, encoding, None)
    photo, of_colours = _with_profile(photo)
    return replace(photo, notes=(*notes, *of_colours))


def _with_profile(photo: Photo) -> tuple[Photo, list[str]]:
    """The photo with the profile for conversions of its colours, which are sRGB if there is no way back to others.

    Also notes for people. Raises AnycostError when the colours are unknown."""
    metadata, kind, notes = photo.metadata, photo.kind, list[str]()
    try:
        profile = profile_of_chunks(metadata.chunks, kind, metadata.icc is not None) or metadata.icc
    except UnknownColours as error:
        raise AnycostError(
            f"{photo.path} has {error}, which cannot be edited", "export it with an sRGB or Display P3 profile"
        ) from error
    if photo.pixels.dtype == np.float32 and kind != "cmyk":
        if profile is None:
            profile = grey_profile(LINEAR) if kind == "grey" else rgb_profile(BT709, LINEAR)
            notes.append("the numbers of the file have no colour profile: they are taken as linear light")
        if not _in_range(photo.pixels):
            notes.append("values beyond 0…1 are clipped where the face is edited")
    if profile is None:
        return photo, notes
    try:
        return replace(photo, colour_profile=checked(kind, profile)), notes
    except OneWayProfile:
        notes.append("colours cannot be converted back to the file's colour profile: the photo becomes sRGB")
        return _as_srgb(photo, profile), notes
    except ValueError as error:
        notes.append(f"the file has {error}: its colours are taken as if there were none")
        return photo, notes


def _as_srgb(photo: Photo, profile: bytes) -> Photo:
    """The photo in sRGB; alpha stays."""
    count, dtype = CHANNELS[photo.kind], str(photo.pixels.dtype)
    colours = to_srgb(photo.pixels[:, :, :count], photo.kind, profile, dtype)
    pixels = np.concatenate([colours, photo.pixels[:, :, count:]], axis=2)
    pixels.flags.writeable = False
    encoding = replace(photo.encoding, tables=None, subsampling=0)
    metadata = replace(photo.metadata, icc=None, chunks=without_colours(photo.metadata.chunks))
    return replace(photo, pixels=pixels, kind="rgb", metadata=metadata, encoding=encoding)


def _in_range(pixels: np.ndarray) -> bool:
    return all(row.min() >= 0 and row.max() <= 1.0001 for row in pixels)  # NaN is not


def _layout(path: Path, image: pyvips.Image) -> tuple[Kind, bool]:
    kind = _KINDS.get(image.interpretation)
    if kind is None or image.format not in ("uchar", "ushort", "float"):
        raise AnycostError(
            f"{path} holds {image.interpretation} colours as {image.format} numbers",
            "save it as RGB, grey or CMYK with 8 or 16 bits or as 32-bit float",
        )
    extra = image.bands - CHANNELS[kind]
    if extra not in (0, 1):
        raise AnycostError(
            f"{path} has {image.bands} channels", "save it with its colours and at most one alpha channel"
        )
    return kind, extra == 1


def _fitted(photo: Photo, format: Format) -> tuple[np.ndarray, Kind, Metadata, list[str]]:
    """The upright pixels as the format can store them, their kind and metadata, and notes on what is lost."""
    pixels, kind, metadata, notes = photo.pixels, photo.kind, photo.metadata, list[str]()
    dtype = str(pixels.dtype) if str(pixels.dtype) in DTYPES[format] else DTYPES[format][-1]
    if dtype != pixels.dtype:
        bits = f"{pixels.dtype.itemsize * 8} bits per channel become {np.dtype(dtype).itemsize * 8} in {NAMES[format]}"
        notes.append(bits + (", clipped to 0…1" if pixels.dtype == np.float32 else ""))
    if metadata.icc is None and photo.colour_profile and format != photo.format:
        metadata = replace(metadata, icc=photo.colour_profile)  # made of what the file says of its colours
    if kind not in KINDS[format] or (pixels.dtype == np.float32 and dtype != "float32"):
        # A profile fits one kind of image; one for floats is too coarse for integers.
        if kind == "cmyk" or photo.colour_profile:
            notes.append(f"colours are converted to sRGB for {NAMES[format]}")
        colours = to_srgb(pixels[:, :, : CHANNELS[kind]], kind, photo.colour_profile, dtype)
        alpha = rescaled(pixels[:, :, CHANNELS[kind] :], dtype)
        pixels, kind, metadata = np.concatenate([colours, alpha], axis=2), "rgb", replace(metadata, icc=None)
    pixels = rescaled(pixels, dtype)
    if photo.has_alpha and format == "jpeg":
        notes.append("JPEG has no transparency: the picture is laid on white")
        cover = pixels[:, :, -1:].astype(np.float32) / 255
        paper = 0 if kind == "cmyk" else 255
        pixels = np.rint(paper + cover * (pixels[:, :, :-1].astype(np.float32) - paper)).astype(np.uint8)
    metadata, of_metadata = fitted(metadata, photo.format, format)
    return pixels, kind, metadata, [*notes, *of_metadata]


def _last_line(error: Any) -> str:
    """libvips stacks its messages, the cause last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "unknown error"
