"""What is before a face and stays there: a mask, a hand, a microphone, dark glasses.

The parser is not misled by beards, make-up, shadows and open mouths. It tells: by a mouth or an eye that it does not
find where the mesh has one, and by things on the face that have no place there. Where it doubts, and how far a cover
reaches, the colours say: the encoder projects faces without what covers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from anycost_models.face.landmarks import DOWN, LIDS, LIPS, NOSE_TIP, Landmarks
from anycost_models.face.masks import face_oval, face_oval_mask, polygon_mask
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import disc

SIDE = 128  # pixels: of the square in which covers are found
_BRIDGE = 168  # of the nose, between the eyes
_AROUND = (151, 9, 50, 280, 152, 108, 337)  # where skin may lie open: forehead, cheeks, chin
_TURNED = 35.0  # degrees of yaw from which on a mouth or an eye may be out of sight
# Shares of the lips that the parser sees: below the first it is covered, above the second it is not.
_NO_MOUTH, _MOUTH = 0.45, 0.7
_NO_EYE = 0.28  # the same of the lids
_GLASSES, _DARK = 0.15, 0.3  # share of the lids and what is below that is glasses; lightness there, of the skin's
_EYE, _EVEN = 0.2, 0.1  # share of them from which on it may be an eye in shadow, unless nearly all is as dark as this
_LENS = 0.35  # of an eye's width: so far down a lens surely reaches
_ALIEN = 0.04  # share of the face's middle that one thing takes which has no place there
_OTHER = 11.0  # ΔE of photo and projection from which on it is another thing
# Where the parser doubts: how much around the mouth is another thing, or of the lips under something.
_MOSTLY, _TOUCHED = 0.5, 0.1
_SHARED = 0.1  # share of the face before which another person is, who is no cover
_MARGIN = 0.012  # of the side: so far beyond a cover nothing changes either


Covered = Literal["mouth", "eye", "eyes", "face"]
# Attributes of which nothing is left where that is covered.
_HIDDEN: Mapping[Covered, tuple[str, ...]] = {
    "mouth": (
        *("smile", "mouth_open", "mouth_width", "lip_fullness", "lip_colour", "nose_length"),
        *("beard", "moustache", "chin_length", "jaw_width"),
    ),
    "eyes": (
        *("eyes_open", "squint", "gaze_side", "gaze_up", "eye_makeup", "eye_spacing", "eye_size"),
        *("glasses", "lens_tint"),
    ),
}


@dataclass(frozen=True, eq=False)
class Covering:
    """What covers a face."""

    stays: np.ndarray  # float32 [s, s], 0…1, of the aligned square: what an edit leaves as it is
    covered: tuple[Covered, ...]  # "face": neither mouth nor eyes

    @property
    def hidden(self) -> tuple[str, ...]:
        """Attributes that show nothing."""
        return tuple(name for part in self.covered for name in _HIDDEN.get(part, ()))


def covering(
    photo: np.ndarray,
    parts: Parts,
    face: Landmarks,
    project: Callable[[], np.ndarray] | None = None,
    own: np.ndarray | None = None,
) -> Covering | None:
    """None: nothing covers it.

    photo: uint8 RGB [S, S, 3], aligned, and its parts; face: in its pixels; project: draws the face without what covers
    it, uint8 RGB [S, S, 3]; called where there may be something. None: colours are not compared. own: float32 [s, s],
    0…1: what is no other person's head, for that is no cover; None: all."""
    seen = _Seen(photo, parts, face, own)
    if abs(face.pose()[0]) > _TURNED or seen.shared > _SHARED:
        return None
    thing = seen.alien()
    doubt = seen.mouth < _MOUTH
    eyes = [share < _NO_EYE for share in seen.eyes]
    glasses = seen.dark_glasses()
    if not (thing is not None or doubt or any(eyes) or glasses is not None):
        return None
    other = seen.other(project()) if project else np.zeros((SIDE, SIDE), bool)
    around = cv2.dilate(seen.lips.astype(np.uint8), disc(3)) > 0
    on_mouth = other[around].mean() > _MOSTLY or (thing is not None and _mean(thing, seen.lips) > _TOUCHED)
    stays = np.zeros((SIDE, SIDE), bool)
    what: list[Covered] = []
    if seen.mouth < _NO_MOUTH or (doubt and on_mouth):
        stays |= _with_touching(seen.below_nose(), other & seen.on_face())
        what.append("mouth")
    for lids, hidden in zip(seen.lids, eyes, strict=True):
        if hidden:  # hair is no cover: it changes with the head
            stays |= ~seen.hair & _with_touching(
                cv2.dilate(lids.astype(np.uint8), disc(7)) > 0, other & seen.on_face() | seen.wrong
            )
    if any(eyes):
        what.append("eyes" if all(eyes) else "eye")
    if glasses is not None:
        stays |= glasses
        what.append("eyes")
    if thing is not None:
        stays |= cv2.dilate(thing.astype(np.uint8), disc(2)) > 0
        what = what or ["face"]
    stays = cv2.morphologyEx(stays.astype(np.uint8), cv2.MORPH_CLOSE, disc(3)) > 0  # between fingers
    return Covering(_soft(stays), tuple(dict.fromkeys(what))) if stays.any() else None


class _Seen:
    """A face at `SIDE` pixels and what the parser sees of it."""

    def __init__(self, photo: np.ndarray, parts: Parts, face: Landmarks, own: np.ndarray | None) -> None:
        self.photo = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        self.face, self.parts = face.moved(np.eye(2, 3) * (SIDE / len(photo))), parts.resized(SIDE)
        points, parts = self.face.points[:, :2].astype(np.float64), self.parts
        self.points = points
        mine = np.ones((SIDE, SIDE), bool) if own is None else cv2.resize(own, (SIDE, SIDE)) > 0.99
        oval = face_oval_mask(self.face, SIDE, forehead=0.1) > 0.5
        self.oval, self.shared = oval & mine, 1 - _mean(mine, oval)  # with another person
        self.lips, *self.lids = ((polygon_mask(points[list(ring)], SIDE) > 0.5) & mine for ring in (LIPS, *LIDS))
        self.mouth = _mean(parts["mouth"], self.lips)
        glasses = min(_mean(parts["glasses"], lids) for lids in self.lids)  # those before one eye are something else
        self.eyes = [_mean(parts["eyes"], lids) + glasses for lids in self.lids]
        self.hair = parts["hair"] > 0.5
        self.skin = (parts["skin"] > 0.7) & self.oval
        wrong = parts.together(("background", "ears", "neck", "clothes", "head_covering"))
        within = cv2.erode(self.oval.astype(np.uint8), disc(3)) > 0
        self.wrong = (cv2.GaussianBlur(wrong, (0, 0), 1) > 0.4) & within  # what has no place there

    def below(self, landmark: int) -> np.ndarray:
        """float64 [S, S]: how far each pixel is below a point, along the face's own axis; its height being 1."""
        top, chin = (self.points[i] for i in DOWN)
        down = (chin - top) / max(float(np.hypot(*(chin - top))) ** 2, 1e-6)
        x, y = _pixels()
        return (x - self.points[landmark][0]) * down[0] + (y - self.points[landmark][1]) * down[1]

    def below_nose(self) -> np.ndarray:
        """bool [S, S]: the lower face and the neck under it, without hair."""
        wide = cv2.dilate(self.oval.astype(np.uint8), disc(6)) > 0
        columns = np.flatnonzero((wide & (self.below(DOWN[1]) > -0.3)).any(axis=0))
        x, _ = _pixels()
        neck = (self.below(DOWN[1]) > -0.1) & (x >= columns.min(initial=SIDE)) & (x <= columns.max(initial=0))
        return (wide | neck) & (self.below(NOSE_TIP) > -0.03) & ~self.hair

    def on_face(self) -> np.ndarray:
        """bool [S, S]: the face without what the parser sees of eyes, mouth and hair."""
        known = self.parts.together(("eyes", "mouth", "hair", "glasses")) > 0.4
        return self.oval & ~(cv2.dilate(known.astype(np.uint8), disc(1)) > 0)

    def alien(self) -> np.ndarray | None:
        """bool [S, S]: the largest thing in the middle of the face, below the eyes, that has no place there; None where
        it is too small to be one."""
        outline, centre = face_oval(self.face, forehead=0.1), self.points[NOSE_TIP]
        middle = (polygon_mask(centre + 0.8 * (outline - centre), SIDE) > 0.5) & self.oval & (self.below(_BRIDGE) > 0)
        there = self.wrong & (self.below(_BRIDGE) > 0)
        count, labels = cv2.connectedComponents((there & middle).astype(np.uint8))
        sizes = np.bincount(labels[middle], minlength=count)[1:]
        if not sizes.size or sizes.max() < _ALIEN * middle.sum():
            return None
        return _with_touching(labels == 1 + int(sizes.argmax()), there)

    def dark_glasses(self) -> np.ndarray | None:
        """bool [S, S], with what is around the eyes; None where there are none."""
        glasses = self.parts["glasses"]
        light = _linear(self.photo).mean(axis=2)
        skin = float(np.median(light[self.skin])) if self.skin.any() else 1.0
        top, chin = (self.points[i] for i in DOWN)
        down = (chin - top) / max(float(np.hypot(*(chin - top))), 1e-6)
        for lids in LIDS:  # behind clear glasses, the skin below the eye is light
            ring = self.points[list(lids)]
            steps = np.linspace(0, _LENS * np.ptp(ring, axis=0).max(), 3)
            lens = np.logical_or.reduce([polygon_mask(ring + step * down, SIDE) > 0.5 for step in steps])
            if not lens.any() or _mean(glasses, lens) < _GLASSES or np.percentile(light[lens], 75) > _DARK * skin:
                return None
            if _mean(self.parts["eyes"], lens) > _EYE and np.percentile(light[lens], 90) > _EVEN * skin:
                return None
        lenses = cv2.dilate(np.logical_or.reduce(self.lids).astype(np.uint8), disc(4)) > 0
        return lenses | (cv2.dilate((glasses > 0.3).astype(np.uint8), disc(1)) > 0)

    def other(self, projected: np.ndarray) -> np.ndarray:
        """bool [S, S]: where the photo shows something else than the projection, whose skin is first given the photo's
        tint, and each pixel its shading."""
        mine, theirs = (
            cv2.GaussianBlur(_linear(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)), (0, 0), 1) + 0.003
            for image in (self.photo, projected)
        )
        theirs = theirs * np.exp(self._tint(np.log(mine / theirs)))
        shading = np.clip((mine * theirs).sum(axis=2) / np.square(theirs).sum(axis=2), 0.35, 1.6)
        apart = np.linalg.norm(_lab(mine) - _lab(theirs * shading[..., None]), axis=2)
        return cv2.GaussianBlur(apart, (0, 0), 1) > _OTHER

    def _tint(self, ratios: np.ndarray) -> np.ndarray:
        """float [3]: of the logarithms [S, S, 3], the one with which most of the face agrees: its skin, where a
        third of it lies open."""
        inside = ratios[self.oval]
        x, y = _pixels()
        best, most = np.median(inside, axis=0), -1.0
        for point in self.points[list(_AROUND)]:
            near = self.oval & (np.hypot(x - point[0], y - point[1]) < 6)
            tint = np.median(ratios[near], axis=0) if near.any() else best
            for _ in range(3):  # Geman and McClure's weights; lightness matters less
                off = inside - tint
                light = off.mean(axis=1, keepdims=True)
                weight = 1 / (1 + (np.square(off - light).sum(axis=1) + np.square(0.35 * light[:, 0])) / 0.01) ** 2
                tint = weight @ inside / weight.sum()
            if weight.sum() > most:
                best, most = tint, float(weight.sum())
        return best


def _with_touching(seed: np.ndarray, more: np.ndarray) -> np.ndarray:
    """bool [S, S]: `seed` and what of `more` is connected with it."""
    _, labels = cv2.connectedComponents((seed | more).astype(np.uint8))
    return np.isin(labels, np.unique(labels[seed])) & (seed | more)


def _soft(stays: np.ndarray) -> np.ndarray:
    """float32, 0…1: 1 on `stays` and a little beyond, then softly 0."""
    reach = max(round(_MARGIN * SIDE), 1)
    grown = [cv2.dilate(stays.astype(np.uint8), disc(n)) for n in (reach, 3 * reach)]
    soft = cv2.GaussianBlur(grown[1].astype(np.float32), (0, 0), reach)
    return np.maximum(soft, grown[0])


def _mean(share: np.ndarray, where: np.ndarray) -> float:
    """1 where there is nothing to measure."""
    return float(share[where].mean()) if where.any() else 1.0


def _pixels() -> tuple[np.ndarray, np.ndarray]:
    line = np.arange(SIDE) + 0.5
    return line[None, :], line[:, None]


def _linear(image: np.ndarray) -> np.ndarray:
    """uint8 sRGB → float32, about linear light, 0…1."""
    return np.power(image.astype(np.float32) / 255, np.float32(2.2))


def _lab(linear: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.clip(linear, 0, 1).astype(np.float32) ** np.float32(1 / 2.2), cv2.COLOR_RGB2LAB)
