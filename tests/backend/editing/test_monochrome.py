"""A photo in one tone is told from one in colour, however dim, pale or flat the colours are."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from anycost_backend.editing.models import Models
from anycost_backend.editing.monochrome import monochrome_curve
from anycost_models.face.masks import face_oval_mask
from anycost_models.generators.sub_generator import SubGenerator
from PIL import Image
from skimage.data import astronaut

LIGHTNESS = np.array([0.299, 0.587, 0.114])
SEPIA = (1.0, 0.87, 0.7)

Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def portraits(loaded: Models) -> list[tuple[np.ndarray, np.ndarray]]:
    """The astronaut and generated faces: float sRGB [256, 256, 3], 0…1, and where the face is."""
    found = []
    drawn = (loaded.renderer.render8(loaded.renderer.sample(seed, 0.9), SubGenerator(256)) for seed in range(5))
    for image in (astronaut(), *drawn):
        face = loaded.finder.find(image)[0]
        landmarks = face.mesh.moved(face.square.matrix(256))
        crop = face.square.crop(image, 256).astype(np.float64) / 255
        found.append((crop, face_oval_mask(landmarks, 256, forehead=0.35)))
    return found


def exposed(stops: float, image: np.ndarray) -> np.ndarray:
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4) * 2**stops
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def saturated(share: float, image: np.ndarray) -> np.ndarray:
    grey = (image @ LIGHTNESS)[:, :, None]
    return grey + share * (image - grey)


def toned(ink: tuple[float, float, float], image: np.ndarray) -> np.ndarray:
    return (image @ LIGHTNESS)[:, :, None] * np.array(ink)


def as_file(image: np.ndarray, quality: int | None) -> np.ndarray:
    """float32, as read from a PNG or, with a quality, from a JPEG with 4:2:0."""
    eight = (255 * image).round().clip(0, 255).astype(np.uint8)
    if quality:
        file = io.BytesIO()
        Image.fromarray(eight).save(file, "JPEG", quality=quality)
        eight = np.asarray(Image.open(file))
    return eight.astype(np.float32) / 255


IN_COLOUR: dict[str, Change] = {
    "as it is": lambda image: image,
    "-2 EV": lambda image: exposed(-2, image),
    "-3 EV": lambda image: exposed(-3, image),
    "-4 EV": lambda image: exposed(-4, image),
    "-5 EV": lambda image: exposed(-5, image),
    "half the saturation": lambda image: saturated(0.5, image),
    "half the contrast": lambda image: 0.5 + 0.5 * (image - 0.5),
    "-2 EV, half the saturation": lambda image: saturated(0.5, exposed(-2, image)),
    "by candlelight": lambda image: exposed(-2, image * (1.1, 0.9, 0.5)),
}
IN_ONE_TONE: dict[str, Change] = {
    "grey": lambda image: toned((1, 1, 1), image),
    "sepia": lambda image: toned(SEPIA, image),
    "strong sepia": lambda image: toned((1, 0.75, 0.45), image),
    "cyanotype": lambda image: toned((0.9, 0.82, 0.7), image) + np.array((0, 0.15, 0.3)),
    "faded": lambda image: toned((0.65, 0.65, 0.6), image) + np.array((0.25, 0.2, 0.15)),
    "dim sepia": lambda image: exposed(-2, toned(SEPIA, image)),
    "dim grey": lambda image: exposed(-4, toned((1, 1, 1), image)),
    "a grainy scan": lambda image: toned(SEPIA, image) + np.random.default_rng(0).normal(0, 0.016, image.shape),
}


@pytest.mark.parametrize("quality", [None, 75])
@pytest.mark.parametrize("name", IN_COLOUR)
def test_colours_stay_colours(portraits: list[tuple[np.ndarray, np.ndarray]], name: str, quality: int | None) -> None:
    for image, face in portraits:
        assert monochrome_curve(as_file(IN_COLOUR[name](image), quality), face) is None


@pytest.mark.parametrize("quality", [None, 75])
@pytest.mark.parametrize("name", IN_ONE_TONE)
def test_one_tone_is_found(portraits: list[tuple[np.ndarray, np.ndarray]], name: str, quality: int | None) -> None:
    for image, face in portraits:
        seen = as_file(IN_ONE_TONE[name](image), quality)
        curve = monochrome_curve(seen, face)
        assert curve is not None
        typical = np.median(seen[face > 0.5], axis=0)
        same = [np.interp(typical @ LIGHTNESS, np.linspace(0, 1, 17), channel) for channel in curve.T]
        assert np.abs(same - typical).max() < 3 / 255
