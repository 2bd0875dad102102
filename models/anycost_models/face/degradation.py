"""Degrades clean images of faces to look like photographs: crop, light, blur, resolution, noise, JPEG, an occluder.

For training the encoder on generated faces and for testing it on ones it has not seen. Every function takes and returns
images as uint8 RGB [S, S, 3]; the same seed gives the same image.
"""

import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from anycost_models.face.aligned_square import resample


@dataclass(frozen=True)
class DegradationStrength:
    """The largest amount of each degradation. 0 leaves an image as it is."""

    shift: float = 0.03  # of the side: the crop's centre
    turn: float = 4.0  # degrees
    zoom: float = 0.06  # the crop's side, as a log ratio
    flip: float = 0.5  # chance
    exposure: float = 0.6  # stops
    colour: float = 0.12  # gain of a channel, as a log ratio
    gamma: float = 0.2  # as a log ratio
    saturation: float = 0.3  # as a log ratio
    blur: float = 1.5  # pixels at S = 256: standard deviation, or half the length of a motion
    reduce: float = 4.0  # down-sampled by up to this, and up again
    noise: float = 10.0  # standard deviation, 0…255
    jpeg: int = 35  # the lowest quality; 0: none
    occluder: float = 0.25  # chance


TRAINING = DegradationStrength()
# The same without moving anything, so that a projection can be compared with the clean image.
IN_PLACE = DegradationStrength(shift=0, turn=0, zoom=0, flip=0)
NONE = DegradationStrength(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Degraded:
    image: np.ndarray  # uint8 RGB [S, S, 3]
    target: np.ndarray  # the clean image, flipped and with the crop off in the same way: what a perfect camera had seen
    matrix: np.ndarray  # float64 [2, 3]: from pixels of the clean image to those of `image`, continuous coordinates
    flipped: bool
    covered: np.ndarray  # bool [S, S]: where an occluder hides the face


def degrade(image: np.ndarray, seed: int, strength: DegradationStrength = TRAINING) -> Degraded:
    """A photograph of the clean uint8 RGB image [S, S, 3]; `seed` chooses the degradations."""
    random = np.random.default_rng(seed)
    flipped = bool(random.random() < strength.flip)
    matrix = crop_that_is_off(random, image.shape[0], strength, flipped)
    target = moved(image, matrix)
    covered = np.zeros(image.shape[:2], bool)
    photo = target
    if random.random() < strength.occluder:
        photo, covered = occlude(photo, random)
    # In the order in which a camera does it: light, lens, sensor, then what files go through.
    photo = light(photo, random, strength)
    photo = blurred(photo, random, strength.blur * image.shape[0] / 256)
    if random.random() < 0.5:
        photo = reduced(photo, random, strength.reduce)
    photo = noisy(photo, random, strength.noise)
    if strength.jpeg and random.random() < 0.7:
        photo = jpeg(photo, int(random.integers(strength.jpeg, 96)))
    return Degraded(photo, target, matrix, flipped, covered)


def crop_that_is_off(
    random: np.random.Generator, side: int, strength: DegradationStrength, flipped: bool
) -> np.ndarray:
    """[2, 3] about the image's centre: a turn, a zoom, a shift and perhaps a mirror image."""
    angle = math.radians(_spread(random, strength.turn))
    zoom = math.exp(_spread(random, strength.zoom))
    turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    if flipped:
        turn = turn @ np.diag([-1.0, 1.0])
    centre = np.full(2, side / 2)
    shift = side * np.array([_spread(random, strength.shift), _spread(random, strength.shift)])
    return np.column_stack([turn, centre + shift - turn @ centre])


def moved(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The image through a [2, 3] transform, its edges reflected."""
    if np.array_equal(matrix, np.eye(2, 3)):
        return image.copy()
    side = image.shape[0]
    return resample(image, matrix, (side, side), cv2.BORDER_REFLECT)


def light(image: np.ndarray, random: np.random.Generator, strength: DegradationStrength) -> np.ndarray:
    """Another exposure and white balance (on linear light), another contrast and saturation."""
    gains = 2 ** _spread(random, strength.exposure) * np.exp([_spread(random, strength.colour) for _ in range(3)])
    gamma, saturation = math.exp(_spread(random, strength.gamma)), math.exp(_spread(random, strength.saturation))
    # Each channel's curve as a table, since only 256 values come in.
    linear = (np.arange(256) / 255.0) ** 2.2
    curves = (np.clip(linear[:, None] * gains, 0, 1) ** (gamma / 2.2) * 255).astype(np.float32)  # [256, 3]
    lit = cv2.LUT(image, curves[None])
    grey = lit @ np.array([0.299, 0.587, 0.114], np.float32)
    return _pixels(grey[..., None] + (lit - grey[..., None]) * saturation)


def blurred(image: np.ndarray, random: np.random.Generator, most: float) -> np.ndarray:
    """Out of focus or, one time in four, moved. most: pixels."""
    sharp, moves = random.random() < 0.3, random.random() < 0.25
    amount, angle = random.uniform(0, most), random.uniform(0, math.pi)
    if sharp or amount < 0.2:
        return image
    if not moves:
        return cv2.GaussianBlur(image, (0, 0), amount, borderType=cv2.BORDER_REFLECT)
    reach = math.ceil(amount) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-amount, amount, 8 * reach):  # a line, drawn by its points' shares of four pixels
        x, y = reach + step * math.cos(angle), reach + step * math.sin(angle)
        for j in (math.floor(y), math.floor(y) + 1):
            for i in (math.floor(x), math.floor(x) + 1):
                kernel[j, i] += (1 - abs(x - i)) * (1 - abs(y - j))
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def reduced(image: np.ndarray, random: np.random.Generator, most: float) -> np.ndarray:
    """As a smaller image, enlarged again."""
    side = image.shape[0]
    small = max(round(side / math.exp(random.uniform(0, math.log(max(most, 1))))), 1)
    up = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[random.integers(2)]
    return cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (side, side), interpolation=up)


def noisy(image: np.ndarray, random: np.random.Generator, most: float) -> np.ndarray:
    """A sensor's noise: finer or coarser grain, more of it where it is dark, partly coloured."""
    amount, grain = random.uniform(0, most), random.uniform(0.3, 1.0)
    grey = random.standard_normal((*image.shape[:2], 1), np.float32)
    noise = 0.8 * grey + 0.6 * random.standard_normal(image.shape, np.float32)
    if grain > 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), grain)
        noise /= noise.std()
    return _pixels(image + noise * (amount * (1.2 - np.float32(0.6 / 255) * image)))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Stored and read again; quality: 1…95."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def occlude(image: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Something before the face: a bar, a blob (a hand, a cup, a microphone) or frames as of glasses; and where."""
    side = image.shape[0]
    mask = np.zeros(image.shape[:2], np.uint8)
    kind = random.integers(3)
    if kind == 0:  # from an edge inwards: hair, a scarf, a hand
        angle, reach = random.uniform(0, 2 * math.pi), random.uniform(0.22, 0.42)
        direction = np.array([math.cos(angle), math.sin(angle)])
        y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
        ripple = 0.03 * np.sin(random.uniform(5, 20) * (x * -direction[1] + y * direction[0]) + random.uniform(0, 6))
        mask[x * direction[0] + y * direction[1] + ripple > reach] = 1
    elif kind == 1:
        centre = random.uniform(0.2, 0.8, 2) * side
        axes = random.uniform(0.05, 0.16, 2) * side
        cv2.ellipse(mask, (centre.tolist(), (2 * axes).tolist(), random.uniform(0, 180)), 1, -1)
    else:  # about where aligned faces have their eyes
        width = max(round(random.uniform(0.006, 0.02) * side), 1)
        filled = -1 if random.random() < 0.5 else width
        radii = (round(random.uniform(0.07, 0.1) * side), round(random.uniform(0.05, 0.09) * side))
        for x in (0.37, 0.63):
            cv2.ellipse(mask, (round(x * side), round(0.48 * side)), radii, 0, 0, 360, 1, filled)
        bridge = (
            (round(0.37 * side) + radii[0], round(0.48 * side)),
            (round(0.63 * side) - radii[0], round(0.48 * side)),
        )
        cv2.line(mask, *bridge, 1, width)
    colour = random.uniform(0, 255, 3) if random.random() < 0.5 else random.uniform(10, 245) * np.ones(3)
    shade = cv2.resize(random.uniform(0.75, 1.25, (4, 4)), (side, side), interpolation=cv2.INTER_CUBIC)
    cover = np.clip(colour * shade[..., None], 0, 255)
    soft = cv2.GaussianBlur(mask.astype(np.float64), (0, 0), side / 256)[..., None]
    return _pixels(image * (1 - soft) + cover * soft), mask.astype(bool)


def _spread(random: np.random.Generator, most: float) -> float:
    """Evenly between -most and most."""
    return float(random.uniform(-most, most)) if most else 0.0


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
