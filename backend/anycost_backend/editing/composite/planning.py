"""Plans how an edit goes into the photo, from three views: the photo, the face as projected, and as edited.

The photo is warped by the smooth motion projected → edited. What is left of the difference edited − projected (shading,
colour) is added. Only what appears or vanishes (teeth, glasses, hair) is the generator's, in the photo's colours. Where
the head's outline changes, the new head is laid with its own alpha over what was behind the old one.
"""

from dataclasses import replace

import cv2
import numpy as np
from anycost_models.editing.directions import Region
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.masks import eyes_mask, face_oval_mask
from anycost_models.parsing.parts import HEAD, PARTS, Parts

from anycost_backend.editing.composite.arrays import (
    blur,
    disc,
    enlarged,
    grown,
    magnitude,
    places,
    ramp,
    reduced,
    resized,
    times,
    warp,
)
from anycost_backend.editing.composite.hat import hat_of
from anycost_backend.editing.composite.motion import motions
from anycost_backend.editing.composite.silhouette import silhouette
from anycost_backend.editing.composite.tones import tones
from anycost_backend.editing.composite.views import FINE, Change, Detail, PhotoView, View
from anycost_backend.editing.monochrome import apply_monochrome_curve

_APPEARS_FROM = 10 / 255  # difference from which on the generator's pixels replace the photo's
_APPEARS_BY = 25 / 255  # further difference at which they replace them fully
_OTHER_FROM = 50 / 255  # from which even a smooth difference is another object, such as skin for hair
_SHADING = 0.8  # share of a smooth difference that counts as shading
# All in square units:
_BESIDE = 0.02  # so far beyond the parsed person may still be the person
_FEATHER = 0.02  # of the face's mask
_TIPS = 0.025  # so far from the parsed hair its tips and their shadow may lie
_NEAR = 0.03  # how far what is beside a head says what is behind it
_FADES = 0.04  # width of what fades towards a border


def plan(original: PhotoView, projected: View, edited: View, region: Region = "face", detail: Detail = FINE) -> Change:
    """The change from the views of a photo and of two drawings of equal size.

    region: what may change: eyes, face, or head with the hair. The photo's view should reach beyond the square for the
    head (`AROUND`): hair does."""
    if original.curve is not None:
        projected, edited = (
            replace(view, image=apply_monochrome_curve(view.image, original.curve)) for view in (projected, edited)
        )
    reach, size = original.reach, len(original.image)

    def pixels(across: int) -> int:
        """Of the view, for so many across the square."""
        return min(size, round(across * reach))

    smooth, deciding = pixels(detail.smooth), pixels(detail.deciding)
    landmarks = original.landmarks, projected.landmarks, edited.landmarks
    to_original, to_projected, to_edited = motions(*landmarks, reach, smooth, detail)
    before_full, after_full = warp(projected.image, to_projected, 1, size), warp(edited.image, to_edited, 1, size)
    there = original.parts.resized(smooth)
    was = _warped(there, to_original, reach)
    had, has = _warped(projected.parts, to_projected, 1), _warped(edited.parts, to_edited, 1)

    # Photo and generator are weighted smoothly: less than the whole size is enough.
    scale = deciding / reach / 1024  # the constants are for 1024 px
    photo = reduced(original.image, deciding)
    moved = warp(photo, to_original, reach, deciding)
    before, after = reduced(before_full, deciding), reduced(after_full, deciding)
    changed = after - before
    colours = tones((moved, before), (was, had, has), reach, pixels(detail.colours))
    appears = _replacement(changed, moved - before - enlarged(colours, deciding), scale)

    inside = 0.5 - np.abs(places(deciding, reach) - 0.5).max(axis=2)  # from the square's border
    hat = hat_of(was["head_covering"], reach)
    drawn = 1 - np.maximum(enlarged(hat, deciding), enlarged(_background(was, has, reach), deciding))
    if reach > 1:
        drawn *= ramp(inside, 0, _FADES)  # the generator draws the square alone
    mask = enlarged(_mask(original, edited, to_original, to_edited, (there, was, has), region), deciding)
    new, behind = after_full + enlarged(colours, size), None
    if region == "head":
        new_head = silhouette((there, was, had, has), after, hat, reach)
        new += enlarged(new_head.front - after, size)
        appears = np.maximum(appears, np.maximum(enlarged(_bared(was, had, has, reach), deciding), new_head.drawn))
        changes, head = new_head.changes, new_head.head
        behind = changes * (1 - head) * new_head.hole
        mask += changes * (head - mask)
    appears *= drawn
    whole = mask if behind is None else mask + behind
    share = np.ones_like(mask) if behind is None else mask / np.maximum(whole, 1e-6)
    added = times(after_full - before_full, enlarged((1 - appears) * drawn * share, size))
    added += times(new, enlarged(appears * share, size))
    if behind is not None:
        shown = _behind(original, after + enlarged(colours, deciding), there, has)
        added += enlarged(times(shown, behind / np.maximum(whole, 1e-6)), size)
    whole *= enlarged(original.edge, deciding)
    if original.mine is not None:  # nor does what is not hers go anywhere
        mine = resized(original.mine, deciding)
        whole *= mine * warp(mine, to_original, reach, deciding)
    return Change(reach, to_original, (1 - appears) * share, added, np.where(whole < 1 / 512, 0, whole))


def _warped(parts: Parts, source: np.ndarray, reach: float) -> Parts:
    """The parts in the common frame, with all of a face as its skin: OpenCV warps four planes nearly as quickly as
    one."""
    shares = np.zeros((len(PARTS), *source.shape[:2]), np.float32)
    flesh = parts.together(("skin", "eyes", "mouth", "ears"))
    for names in (("skin", "hair", "background", "clothes"), ("neck", "head_covering", "glasses")):
        planes = cv2.merge([flesh if name == "skin" else np.ascontiguousarray(parts[name]) for name in names])
        for name, share in zip(names, cv2.split(warp(planes, source, reach, len(source))), strict=True):
            shares[PARTS.index(name)] = share
    return Parts(shares)


def _replacement(changed: np.ndarray, apart: np.ndarray, scale: float) -> np.ndarray:
    """[s, s], 0…1: the weight of the generator's pixels.

    changed: edited − projected; apart: photo − projected without colours; [s, s, 3]; scale: 1 at 1024 px"""
    # A change of colour or shading alone keeps the photo's texture; new edges replace it.
    edges = changed - _SHADING * blur(changed, 25 * scale)
    strength = blur(magnitude(edges), 9 * scale)
    # Where the projection differs from the photo, the difference is no shading: replace a little sooner.
    doubt = np.clip(blur(magnitude(apart), 9 * scale) / _APPEARS_BY, 0, 1)
    appears = np.clip((strength - _APPEARS_FROM * (1 - 0.5 * doubt)) / _APPEARS_BY, 0, 1)
    # A large difference is no shading, however smooth: hair gives way to skin.
    another = np.clip((blur(magnitude(changed), 9 * scale) - _OTHER_FROM) / _APPEARS_BY, 0, 1)
    return np.maximum(appears, another)


def _bared(was: Parts, had: Parts, has: Parts, reach: float) -> np.ndarray:
    """[s, s], 0…1: where hair gives way to skin, with its tips and their shadow, which in the photo reach a little
    beyond the projection's."""
    hair, pixel = was["hair"], len(was["hair"]) / reach
    gone = np.minimum(hair, np.maximum(had["hair"] - has["hair"], 0))
    tips = np.minimum(hair, cv2.dilate(gone, disc(2 * _TIPS * pixel)))
    bared = cv2.dilate(ramp(np.maximum(gone, tips), 0.15, 0.65), disc(_TIPS * pixel)) * (1 - has["hair"])
    return cv2.GaussianBlur(bared, (0, 0), 0.01 * pixel)


def _background(was: Parts, has: Parts, reach: float) -> np.ndarray:
    """[s, s], 0…1: the background that stays background: the photo is kept there, whatever the generator draws."""
    pixel = was.shares.shape[1] / reach
    near = cv2.GaussianBlur(grown([was.person, has.person], _BESIDE * pixel), (0, 0), _BESIDE / 2 * pixel)
    return 1 - np.clip(2 * near, 0, 1)


def _behind(original: PhotoView, drawn: np.ndarray, there: Parts, has: Parts) -> np.ndarray:
    """[s, s, 3]: what is behind the new head: the photo's own background and clothes.

    Which of them, what the photo shows close by says; far from that, the drawing. drawn: [s, s, 3], the drawing in the
    photo's colours: for necks, and what the photo shows nothing of"""
    size, pixel = len(drawn), len(has["neck"]) / original.reach
    shown, pictures = np.zeros_like(drawn), (original.background, original.clothes, None)
    near, sure = _beside_head(there, _NEAR * pixel)
    far, _ = _beside_head(has, _NEAR * pixel)
    sure = ramp(sure, 0.02, 0.1)
    shares = [mine * sure + theirs * (1 - sure) for mine, theirs in zip(near, far, strict=True)]
    # A little of another layer is doubt, and would tint.
    total = np.maximum(sum(share**3 for share in shares), 1e-6)
    for picture, share in zip(pictures, shares, strict=True):
        shown += times(drawn if picture is None else resized(picture, size), enlarged(share**3 / total, size))
    return shown


def _beside_head(parts: Parts, sigma: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Shares [s, s] of background, clothes and neck among them, which go on where the head is; and how much of them is
    near, 0…1. sigma: pixels"""
    shares = [parts[name] for name in ("background", "clothes", "neck")]
    known = np.clip(sum(shares), 0, 1)
    soft = blur(np.dstack([*shares, known]), sigma)
    near = soft[:, :, 3]
    return [share + (1 - known) * soft[:, :, i] / np.maximum(near, 1e-3) for i, share in enumerate(shares)], near


def _mask(
    original: PhotoView,
    edited: View,
    to_original: np.ndarray,
    to_edited: np.ndarray,
    parts: tuple[Parts, Parts, Parts],
    region: Region,
) -> np.ndarray:
    """[s, s], 0…1: the union of what the region covers before and after, feathered.

    parts: of the photo where it is, and of photo and edited drawing in the common frame"""
    reach, side = original.reach, len(to_original)
    pixel = side / reach
    there, _, has = parts

    def cover(landmarks: Landmarks) -> np.ndarray:
        in_view = landmarks.moved(np.array([[1, 0, reach / 2 - 0.5], [0, 1, reach / 2 - 0.5]]) * pixel)
        if region == "eyes":
            return eyes_mask(in_view, side)
        return face_oval_mask(in_view, side, forehead=0.15 if region == "face" else 0.35)

    still = cover(original.landmarks)
    covers = [still, warp(still, to_original, reach, side), warp(cover(edited.landmarks), to_edited, reach, side)]
    if region == "head":
        heads = grown([ramp(each.together(HEAD), 0.1, 0.6) for each in parts], _FEATHER / 2 * pixel)
        soft = np.maximum(heads, grown(covers, _FEATHER * pixel))
        return cv2.GaussianBlur(soft, (0, 0), _FEATHER / 2 * pixel)
    # The generator changes hair with a smile: hair before the face stays.
    soft = cv2.GaussianBlur(grown(covers, _FEATHER * pixel), (0, 0), _FEATHER * pixel)
    soft *= 1 - ramp(there["hair"], 0.2, 0.5)
    if region == "eyes":  # the generator may change the head with the glasses: ignore what shows beside it
        soft *= np.clip(2 * cv2.GaussianBlur(has.person, (0, 0), _FEATHER * pixel) - 1, 0, 1)
    return soft
