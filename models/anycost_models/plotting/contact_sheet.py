"""Contact sheets: images in rows and columns with titles, and the small images that commands write."""

import io
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from anycost_models.core.atomic_files import mode_of_copy, write_aside
from anycost_models.core.errors import AnycostError

BACKGROUND = (46, 46, 46)
_TEXT = (232, 232, 232)
_SPELLED = str.maketrans({"−": "-", "–": "-", "—": "-", "×": "x", "⁄": "/", "→": ">", "≤": "<", "≥": ">"})
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray | None]],  # uint8 [h, w, 3], [h, w, 1] or [h, w]; None leaves the cell empty
    column_titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
    tile: int = 256,  # pixels: the longer side of an image on the sheet
    title: str | None = None,
) -> np.ndarray:
    """One uint8 RGB image [H, W, 3]. Rows may differ in length; images keep their proportions."""
    column_titles, row_titles = [_plain(text) for text in column_titles], [_plain(text) for text in row_titles]
    title = _plain(title or "")
    columns = max([len(row) for row in rows] + [len(column_titles)], default=0)
    lines = max(len(rows), len(row_titles))
    gap = max(2, tile // 32)
    font = ImageFont.load_default(size=max(11, tile // 14))
    headline = ImageFont.load_default(size=max(14, tile // 10))

    left = gap + max((_width(text, font) + gap for text in row_titles), default=0)
    top = gap + (_height(headline) + gap if title else 0)
    header = _height(font) + gap if column_titles else 0
    width = max(left + columns * (tile + gap), _width(title, headline) + 2 * gap)
    sheet = Image.new("RGB", (width, top + header + lines * (tile + gap)), BACKGROUND)
    draw = ImageDraw.Draw(sheet)

    if title:
        draw.text((gap, gap), title, _TEXT, headline)
    for number, text in enumerate(column_titles):
        draw.text((left + number * (tile + gap) + tile // 2, top), _fitted(text, font, tile), _TEXT, font, anchor="ma")
    for number, text in enumerate(row_titles):
        middle = top + header + number * (tile + gap) + tile // 2
        draw.text((left - gap, middle), text, _TEXT, font, anchor="rm")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            if picture is not None:
                shown = _tiled(picture, tile)
                corner = (left + x * (tile + gap), top + header + y * (tile + gap))
                spare = (tile - shown.width) // 2, (tile - shown.height) // 2
                sheet.paste(shown, (corner[0] + spare[0], corner[1] + spare[1]))
    return np.asarray(sheet)


def save_image(path: str | os.PathLike[str], image: np.ndarray, quality: int = 92, shows: Sequence[Path] = ()) -> None:
    """Write uint8 [H, W, 3] or [H, W] as PNG or JPEG, by the extension; whole or not at all.

    shows: the photos that it shows; who may not read one of them may not read the new file.
    Raises AnycostError for another extension and when the file cannot be written.
    """
    format = image_format(path)
    data = io.BytesIO()
    options = {"quality": quality, "subsampling": 0} if format == "JPEG" else {}
    Image.fromarray(np.ascontiguousarray(image)).save(data, format, **options)
    write_aside(path, data.getbuffer(), mode_of_copy(*shows))


def image_format(path: str | os.PathLike[str]) -> str:
    """By the extension. Raises AnycostError that names those which work."""
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise AnycostError(f"cannot write {path}", f"give it a name that ends in {', '.join(_FORMATS)}")
    return _FORMATS[suffix]


def save_png(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """`save_image` for a file that must be a PNG."""
    if Path(path).suffix.lower() != ".png":
        raise AnycostError(f"cannot write {path}", "give it a name that ends in .png")
    save_image(path, image)


def _tiled(picture: np.ndarray, tile: int) -> Image.Image:
    if picture.ndim == 2 or picture.shape[2] == 1:
        picture = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_GRAY2RGB)
    height, width = picture.shape[:2]
    scale = tile / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return Image.fromarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=how))


def _plain(text: str) -> str:
    """The text in signs that Pillow's built-in font can draw (ASCII and little more): ½ is 1/2, é is e, − is -."""
    spelled = unicodedata.normalize("NFKD", text.replace("…", "\x00")).translate(_SPELLED)
    return spelled.encode("ascii", "ignore").decode().replace("\x00", "…")


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The text, cut where it would run into its neighbour."""
    if _width(text, font) <= width:
        return text
    while text and _width(text + "…", font) > width:
        text = text[:-1]
    return text + "…"


def _width(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    return int(np.ceil(font.getlength(text)))


def _height(font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    box = font.getbbox("Ág")
    return int(np.ceil(box[3]))
