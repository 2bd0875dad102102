"""Counts the faces that are found the right way up in turned portraits, in collages and at any size, and those that are
found where there are none.

python benchmarks/face_detection.py [PHOTO …] [--without PICTURE …] [--drawn 32] [--angles 24]

PHOTO: portraits of one's own, upright; --without: pictures that show no human face. The astronaut, generated faces, and
what scikit-image carries are always among them.
"""

import argparse
import json
import math
import statistics
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from anycost_backend.editing.faces import Face, FaceFinder
from anycost_backend.editing.models import Models
from anycost_backend.photo.photo import open_photo
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.generators.sub_generator import SubGenerator

_RIGHT = 10.0  # degrees by which a roll may be off
_LONG = 1024  # pixels: the longest side at which portraits are turned
# Of scikit-image's pictures, those without a human face.
_WITHOUT = (
    *("brick", "cat", "cell", "chelsea", "clock", "coffee", "coins", "colorwheel", "grass", "gravel", "horse"),
    *("hubble_deep_field", "immunohistochemistry", "logo", "microaneurysms", "moon", "page", "retina", "rocket"),
    *("checkerboard", "shepp_logan_phantom", "text"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--without", nargs="*", type=Path, default=[], metavar="PICTURE")
    parser.add_argument("--drawn", type=int, default=32, help="generated faces (default: %(default)s)")
    parser.add_argument("--angles", type=int, default=24, help="turns of each portrait (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="of the timing (default: %(default)s)")
    args = parser.parse_args()
    finder = FaceFinder.load()
    drawn = {f"drawn {seed}": face for seed, face in enumerate(drawn_faces(args.drawn))}
    portraits = {"astronaut": skimage.data.astronaut(), **drawn, **read(args.photos)}
    report = {
        "turned": turned_portraits(finder, portraits, args.angles),
        "without a face": wrong_faces(finder, {**pictures_without(), **read(args.without)}),
        "sizes": sizes(finder, portraits["astronaut"], list(drawn.values())),
        "milliseconds": times(finder, portraits["astronaut"], args.rounds),
    }
    print(json.dumps(report, indent=1))


def read(paths: list[Path]) -> dict[str, np.ndarray]:
    """Name → uint8 RGB."""
    return {str(path): open_photo(path).srgb8() for path in paths}


def drawn_faces(count: int) -> Iterator[np.ndarray]:
    """The embedded generator's, uint8 RGB [512, 512, 3]."""
    renderer = Models().renderer
    for seed in range(count):
        yield renderer.render8(renderer.sample(seed, 0.8), SubGenerator(512))


def turned_portraits(finder: FaceFinder, portraits: Mapping[str, np.ndarray], angles: int) -> dict[str, object]:
    """The largest face of each portrait, turned in equal steps: at its place, its roll within `_RIGHT`."""
    right, total, wrong, agreements = 0, 0, [], []
    for name, image in portraits.items():
        image = np.ascontiguousarray(reduced(image, _LONG))
        upright = finder.find(image)
        if not upright:
            wrong.append(f"{name}: no face")
            continue
        for step in range(angles):
            angle = 360 * step / angles
            turned, place = turned_about(image, upright[0], angle)
            total += 1
            found = [face for face in finder.find(turned) if lies_at(face, place, upright[0], angle)]
            right += bool(found)
            agreements += [face.agreement for face in found]
            if not found:
                wrong.append(f"{name} at {angle:.0f}°")
    return {
        "right": f"{right} of {total}",
        "wrong": wrong,
        "agreement": {f"{q} %": round(float(np.percentile(agreements, q)), 2) for q in (0, 1, 10, 50)},
    }


def turned_about(image: np.ndarray, face: Face, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """The image, turned anticlockwise by `angle` degrees, grey around it, and where the face's middle is then."""
    height, width = image.shape[:2]
    half, turn = math.hypot(width, height) / 2, math.radians(angle)
    square = AlignedSquare((width / 2, height / 2), (half * math.cos(turn), half * math.sin(turn)))
    size = round(2 * half)
    matrix = square.matrix(size)
    inside = square.crop(np.full((height, width), 255, np.uint8), size, cv2.BORDER_CONSTANT)[..., None] / 255
    turned = np.rint(square.crop(image, size, cv2.BORDER_CONSTANT) * inside + 128 * (1 - inside)).astype(np.uint8)
    return turned, matrix[:, :2] @ face.square.centre + matrix[:, 2]


def lies_at(face: Face, place: np.ndarray, upright: Face, angle: float) -> bool:
    off = (face.mesh.pose()[2] - upright.mesh.pose()[2] + angle + 180) % 360 - 180
    return math.dist(face.square.centre, place) < 0.15 * upright.square.side and abs(off) < _RIGHT


def pictures_without() -> dict[str, np.ndarray]:
    """scikit-image's pictures without a face; and textures, in crops that are shown large."""
    pictures = {}
    for name in _WITHOUT:
        try:
            picture = np.asarray(getattr(skimage.data, name)())
        except Exception:  # those that it would download
            continue
        picture = picture if picture.dtype == np.uint8 else np.rint(255.0 * picture / picture.max()).astype(np.uint8)
        pictures[name] = picture[..., :3] if picture.ndim == 3 else np.dstack([picture] * 3)
    random = np.random.default_rng(0)
    for name, picture in list(pictures.items()):
        for number in range(12):
            side = int(min(picture.shape[:2]) * random.uniform(0.15, 0.6))
            y, x = (int(random.integers(0, length - side + 1)) for length in picture.shape[:2])
            crop = np.rot90(picture[y : y + side, x : x + side], number % 4)
            pictures[f"{name} {number}"] = cv2.resize(np.ascontiguousarray(crop), (480, 480))
    return pictures


def wrong_faces(finder: FaceFinder, pictures: Mapping[str, np.ndarray]) -> dict[str, object]:
    found = {name: finder.find(picture) for name, picture in pictures.items()}
    wrong = {name: round(faces[0].agreement, 2) for name, faces in found.items() if faces}
    return {"pictures": len(pictures), "with a face": wrong}


def sizes(finder: FaceFinder, photo: np.ndarray, drawn: list[np.ndarray]) -> dict[str, object]:
    """Many small faces in one picture, and one face from very small to very large."""
    cells = [cv2.resize(face, (96, 96), interpolation=cv2.INTER_AREA) for face in drawn[:30]]
    rows = [np.hstack(cells[first : first + 6]) for first in range(0, len(cells) - len(cells) % 6, 6)]
    report: dict[str, object] = {}
    if rows:
        report["collage"] = f"{len(finder.find(np.vstack(rows)))} of {6 * len(rows)}"
    (face,) = finder.find(photo)
    x0, y0, x1, y1 = face.box
    for pixels in (20, 24, 32, 64, 256, 1024, 4100):
        scale = pixels / max(x1 - x0, y1 - y0)
        size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
        resized = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        found = finder.find(resized)
        report[f"a face of {pixels} px"] = [round(found.agreement, 2) for found in found]
    return report


def times(finder: FaceFinder, photo: np.ndarray, rounds: int) -> dict[str, float]:
    large = cv2.resize(photo, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
    kinds = {
        "astronaut": photo,
        "9 megapixels": large,
        "on its side": np.rot90(photo),
        "no face": skimage.data.coffee(),
    }
    measured = interleaved_milliseconds(
        {name: partial(finder.find, np.ascontiguousarray(image)) for name, image in kinds.items()}, rounds
    )
    return {name: round(statistics.median(values), 1) for name, values in measured.items()}


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    scale = min(side / max(image.shape[:2]), 1.0)
    return image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
