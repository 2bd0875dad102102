"""Plans how an edit goes into the photo, from three views: the photo, the face as projected, and as edited.

The photo is warped by the smooth motion projected → edited. What is left of the difference edited − projected (shading,
colour) is added. Only what appears or vanishes (teeth, glasses, hair) is the generator's, in the photo's colours. Where
the head's outline changes, the new head is laid with its own alpha over what was behind the old one.
"""

from dataclasses import replace

import cv2
import numpy as np
from anycost_models.editing.directions import LIPS_STAY, STILL, Region
from anycost_models.face.landmarks import FACE_OVAL, LIPS
from anycost_models.face.masks import lips_mask

from anycost_backend.editing.composite.arrays import (
    LEAST,
    blur,
    disc,
    enlarged,
    grown,
    in_view,
    magnitudes,
    ramp,
    reduced,
    times,
    warp,
)
from anycost_backend.editing.composite.astray import astray_of
from anycost_backend.editing.composite.behind_head import behind_head
from anycost_backend.editing.composite.edges import unseen
from anycost_backend.editing.composite.eyeballs import turned
from anycost_backend.editing.composite.groundwork import Groundwork, cover, groundwork
from anycost_backend.editing.composite.hat import hat_of
from anycost_backend.editing.composite.head_parts import WarpedParts
from anycost_backend.editing.composite.motion import MOVED, motions
from anycost_backend.editing.composite.outline import SMOOTH
from anycost_backend.editing.composite.silhouette import silhouette
from anycost_backend.editing.composite.tones import tones
from anycost_backend.editing.composite.views import FINE, Change, Detail, HairChange, PhotoView, View
from anycost_backend.editing.composite.worn_glasses import frames, left_of_glasses
from anycost_backend.editing.monochrome import apply_monochrome_curve

_APPEARS_FROM = 10 / 255  # difference from which on the generator's pixels replace the photo's
_APPEARS_BY = 25 / 255  # further difference at which they replace them fully
_OTHER_FROM = 50 / 255  # from which even a smooth difference is another object, such as skin for hair
_SHADING = 0.8  # share of a smooth difference that counts as shading
# All in square units:
_BESIDE = 0.02  # so far beyond the parsed person may still be the person
_FEATHER = 0.02  # of the face's mask
_LIPS = 0.01  # so far the lips' edge reaches
_NEAR_LIPS = 0.005, 0.06  # where what moves round lips that stay begins to, and where it does fully
_TIPS = 0.025  # so far from the parsed hair its tips and their shadow may lie


def plan(
    original: PhotoView,
    projected: View,
    edited: View,
    region: Region = "face",
    detail: Detail = FINE,
    ground: Groundwork | None = None,
    *,
    worn: bool = True,
    hair: HairChange = "any",
    displaced: np.ndarray | None = None,
    rigid: bool = False,
    taken_off: float = 0.0,
) -> Change:
    """The change from the views of a photo and of two drawings of equal size.

    region: what may change. Edits of skin and hair alone move nothing, and leave the rest alone. For hair and the head
    the photo's view should reach beyond the square (`AROUND`): hair does. ground: of the same photo, region and detail,
    where it is known already. worn: glasses that the photo shows stay its own, and only move along. hair: what it may
    do.
    displaced: [478, 2], square units, by which the photo's points move besides; around the face all goes along. rigid:
    what is drawn, as glasses, does not follow lids. taken_off: how far glasses that the photo shows go, 0…1."""
    if original.curve is not None:
        projected, edited = (
            replace(view, image=apply_monochrome_curve(view.image, original.curve)) for view in (projected, edited)
        )
    ground = ground or groundwork(original, region, detail)
    reach, size = original.reach, len(original.image)
    smooth, deciding = ground.smooth, ground.deciding
    landmarks = original.landmarks, projected.landmarks, edited.landmarks
    (to_original, to_projected, to_edited), far, turns = motions(
        *landmarks, reach, smooth, detail, moving=moving_points(original, ground), displaced=displaced, rigid=rigid
    )
    before_full, after_full = (
        warp(view.planes, source, 1, size) for view, source in ((projected, to_projected), (edited, to_edited))
    )
    was = WarpedParts(ground.there, to_original, reach, ground.colours)
    had, has = (
        WarpedParts(view.head_parts(detail), source, 1, ground.colours)
        for view, source in ((projected, to_projected), (edited, to_edited))
    )

    # Photo and generator are weighted smoothly: less than the whole size is enough.
    scale = deciding / reach / 1024  # the constants are for 1024 px
    moved = warp(ground.photo, to_original, reach, deciding)
    before, after = reduced(before_full, deciding), reduced(after_full, deciding)
    changed = after - before
    tint = enlarged(tones((moved, before), (was, had, has), reach, ground.colours), deciding)
    appears = _replacement(changed, moved - before - tint, scale, detail.wide)

    if taken_off and original.glasses:
        left = taken_off * left_of_glasses(was["glasses"], had["glasses"], moved, after + tint, scale)
        appears = np.maximum(appears, left)

    hat = hat_of(was["head_covering"], reach)
    astray, another = astray_of(was, had, reach)
    if another:
        astray = np.maximum(astray, another * ramp(1 - was["head_and_neck"], 0.1, 0.4))
    stays = np.maximum.reduce([hat, astray, _background(was, has, reach)])
    if hair in ("grows", "hangs", "stays"):
        stays = np.maximum(stays, _lost(was["hair"], has["hair"], reach))
    if hair == "goes":
        stays = np.maximum(stays, _gained(was["hair"], has["hair"], reach))
    if hair in ("hangs", "stays"):
        own = _own_hair(was["hair"], reach)
        stays = np.maximum(stays, own if hair == "hangs" else 1 - own)
    drawn = 1 - enlarged(stays, deciding)
    if ground.fades is not None:
        drawn *= ground.fades
    if worn and original.glasses:
        drawn *= 1 - enlarged(frames(was["glasses"], reach), deciding)
    if region == "beard":
        bare = ramp(was["flesh"], 0.5, 0.9)  # what is drawn from another base shows other hair beside it
        drawn *= enlarged(cv2.GaussianBlur(bare, (0, 0), SMOOTH * smooth / reach), deciding)
    if region in LIPS_STAY:
        drawn *= 1 - enlarged(_lips(original, to_original), deciding)
    if region in ("eyes", "jaw", "lipless", "face"):
        drawn *= 1 - enlarged(_strands(was, had, has), deciding)
    if region in ("jaw", "lipless", "face") or (region == "eyes" and not rigid):
        drawn *= 1 - unseen(moved, before, scale)
    if region == "hair":
        drawn *= 1 - enlarged(_bare_face(was, has, reach), deciding)
    if ground.bare_skin is not None:
        drawn *= enlarged(ground.bare_skin, deciding)
    mask = enlarged(_mask(ground, edited, to_original, to_edited, (was, has)), deciding)
    behind = None
    if region in ("hair", "head"):
        new_head = silhouette(ground, (was, had, has), after, hat, np.maximum(astray, another), hair)
        appears = np.maximum(appears, np.maximum(enlarged(_bared(was, had, has, reach), deciding), new_head.drawn))
        changes, head = new_head.changes, new_head.head
        behind = np.maximum(changes * (1 - head) * new_head.hole, 0)
        shown = behind_head(ground, after + tint, has, detail.wide)
        tint += new_head.front - after
        mask += changes * (head - mask)
    appears *= drawn
    shading, kept = (1 - appears) * drawn, 1 - appears
    if behind is None:
        whole = mask
        if displaced is not None:  # what is only warped is all the photo's
            whole = np.maximum(mask, enlarged(ramp(far, *MOVED), deciding))
            share = mask / np.maximum(whole, 1e-6)
            shading *= share
            appears *= share
            kept = 1 - appears
        added = _added((before_full, after_full), (shading, appears), tint)
    else:
        whole = mask + behind
        of_whole = 1 / np.maximum(whole, 1e-6)
        share = mask * of_whole
        kept *= share
        added = _added((before_full, after_full), (shading * share, appears * share), tint)
        added += enlarged(times(shown, behind * of_whole), size)
    may = ground.edge
    if ground.mine is not None:  # nor does what is not hers go anywhere
        may = may * ground.mine * warp(ground.mine, to_original, reach, deciding)
    whole *= may
    change = Change(reach, to_original, kept, added, np.where(whole < LEAST, 0, whole))
    return change if turns is None else turned(original, change, turns, may)


def _added(
    drawings: tuple[np.ndarray, np.ndarray], weights: tuple[np.ndarray, np.ndarray], tint: np.ndarray
) -> np.ndarray:
    """[S, S, 4]: what of the drawings before and after the edit, of that size, is added to the photo. Both are used up:
    a final picture's are large.

    weights: of their difference and of the second one, [d, d]; tint: [d, d, 4], what is added to the second one"""
    before, after = drawings
    of_difference, of_new = (enlarged(weight, len(after)) for weight in weights)
    added = np.subtract(after, before, out=before)
    times(added, of_difference, out=added)
    after += enlarged(tint, len(after))
    added += times(after, of_new, out=after)
    return added


def _replacement(changed: np.ndarray, apart: np.ndarray, scale: float, wide: float) -> np.ndarray:
    """[s, s], 0…1: the weight of the generator's pixels.

    changed: edited − projected; apart: photo − projected without colours; [s, s, 4]; scale: 1 at 1024 px; wide: as
    `blur` takes it"""
    # A change of colour or shading alone keeps the photo's texture; new edges replace it.
    edges = changed - _SHADING * blur(changed, 25 * scale, wide)
    strength, doubt, another, _ = cv2.split(blur(magnitudes(edges, apart, changed), 9 * scale))
    # Where the projection differs from the photo, the difference is no shading: replace a little sooner.
    doubt = np.minimum(doubt * np.float32(0.5 / _APPEARS_BY), 0.5)
    strength -= _APPEARS_FROM * (1 - doubt)
    # A large difference is no shading, however smooth: hair gives way to skin.
    another -= _OTHER_FROM
    return np.clip(np.maximum(strength, another) * np.float32(1 / _APPEARS_BY), 0, 1)


def _bared(was: WarpedParts, had: WarpedParts, has: WarpedParts, reach: float) -> np.ndarray:
    """[s, s], 0…1: where hair gives way to skin, with its tips and their shadow, which in the photo reach a little
    beyond the projection's."""
    hair, pixel = was["hair"], len(was["hair"]) / reach
    gone = np.minimum(hair, np.maximum(had["hair"] - has["hair"], 0))
    tips = np.minimum(hair, cv2.dilate(gone, disc(2 * _TIPS * pixel)))
    bared = cv2.dilate(ramp(np.maximum(gone, tips), 0.15, 0.65), disc(_TIPS * pixel)) * (1 - has["hair"])
    return cv2.GaussianBlur(bared, (0, 0), 0.01 * pixel)


def moving_points(original: PhotoView, ground: Groundwork) -> np.ndarray | float:
    """[478], 0…1, or 0 for all: which points the drawing's motion moves: those of what may change."""
    if ground.region in STILL:
        return 0.0
    points = original.landmarks.points[:, :2]
    moving = _beyond_lips(points) if ground.region in LIPS_STAY else np.ones(len(points), np.float32)
    if ground.region in ("eyes", "beard", "jaw"):
        at = ((points - 0.5) / ground.reach + 0.5) * ground.smooth - 0.5
        near = grown([ground.cover], _FEATHER * ground.smooth / ground.reach)
        moving *= cv2.remap(near, at.astype(np.float32)[:, None], None, cv2.INTER_LINEAR)[:, 0]
    if ground.region == "eyes":
        moving[list(FACE_OVAL)] = 0
    return moving


def _beyond_lips(points: np.ndarray) -> np.ndarray:
    """[478], 0…1: 0 for what lies on the lips or between them, rising round them. points: [478, 2], square units"""
    lips = np.ascontiguousarray(points[list(LIPS)], np.float32)
    inside = np.array([cv2.pointPolygonTest(lips, (float(x), float(y)), True) for x, y in points])
    return ramp(-inside, *_NEAR_LIPS).astype(np.float32)


def _lips(original: PhotoView, to_original: np.ndarray) -> np.ndarray:
    """[s, s], 0…1: the photo's lips in the common frame."""
    side, reach = len(to_original), original.reach
    lips = warp(lips_mask(in_view(original.landmarks, side, reach), side), to_original, reach, side)
    pixel = side / reach
    return cv2.GaussianBlur(cv2.dilate(lips, disc(_LIPS * pixel)), (0, 0), SMOOTH * pixel)


def _lost(was: np.ndarray, has: np.ndarray, reach: float) -> np.ndarray:
    """[s, s], 0…1: where the photo shows hair and the drawing none. was, has: shares of hair, [s, s]"""
    pixel = len(was) / reach
    return cv2.GaussianBlur(cv2.dilate(ramp(was - has, 0.2, 0.6), disc(SMOOTH * pixel)), (0, 0), SMOOTH * pixel)


def _gained(was: np.ndarray, has: np.ndarray, reach: float) -> np.ndarray:
    """[s, s], 0…1: the other way round, with the soft edge of the drawing's hair and its shadow."""
    pixel = len(was) / reach
    gained = cv2.dilate(ramp(has - was, 0.05, 0.2), disc(_TIPS * pixel)) * (1 - ramp(was, 0.2, 0.5))
    return cv2.GaussianBlur(gained, (0, 0), SMOOTH * pixel)


def _own_hair(hair: np.ndarray, reach: float) -> np.ndarray:
    """[s, s], 0…1: the photo's hair but for its ends."""
    pixel = len(hair) / reach
    inside = cv2.erode(ramp(hair, 0.4, 0.8), disc(_TIPS * pixel))
    return cv2.GaussianBlur(inside, (0, 0), SMOOTH * pixel)


def _background(was: WarpedParts, has: WarpedParts, reach: float) -> np.ndarray:
    """[s, s], 0…1: the background that stays background: the photo is kept there, whatever the generator draws."""
    pixel = len(was.source) / reach
    near = cv2.GaussianBlur(grown([was.person, has.person], _BESIDE * pixel), (0, 0), _BESIDE / 2 * pixel)
    return 1 - np.clip(2 * near, 0, 1)


def _strands(was: WarpedParts, had: WarpedParts, has: WarpedParts) -> np.ndarray:
    """[s, s], 0…1: where hair is drawn before or after, and the photo shows none: edits of the face grow no hair."""
    return ramp(np.maximum(had["hair"], has["hair"]), 0.5, 0.9) * (1 - ramp(was["hair"], 0.2, 0.6))


def _bare_face(was: WarpedParts, has: WarpedParts, reach: float) -> np.ndarray:
    """[s, s], 0…1: what no hair covers of the face and below it, neither in the photo nor in the drawing."""
    bare, pixel = np.minimum(was["flesh"], has["flesh"]), len(was.source) / reach
    return cv2.GaussianBlur(cv2.erode(ramp(bare, 0.6, 0.9), disc(_FEATHER * pixel)), (0, 0), _FEATHER / 2 * pixel)


def _mask(
    ground: Groundwork,
    edited: View,
    to_original: np.ndarray,
    to_edited: np.ndarray,
    parts: tuple[WarpedParts, WarpedParts],
) -> np.ndarray:
    """[s, s], 0…1: the union of what the region covers before and after, feathered.

    parts: of photo and edited drawing in the common frame"""
    reach, side, region = ground.reach, ground.smooth, ground.region
    pixel = side / reach
    drawn = cover(edited.landmarks, region, side, reach)
    covers = [ground.cover, warp(ground.cover, to_original, reach, side), warp(drawn, to_edited, reach, side)]
    if region in ("hair", "head"):
        heads = grown([ramp(each.head, 0.1, 0.6) for each in (ground.there, *parts)], _FEATHER / 2 * pixel)
        soft = np.maximum(heads, grown(covers, _FEATHER * pixel))
        return cv2.GaussianBlur(soft, (0, 0), _FEATHER / 2 * pixel)
    # The generator changes hair with a smile: hair before the face stays.
    soft = cv2.GaussianBlur(grown(covers, _FEATHER * pixel), (0, 0), _FEATHER * pixel)
    soft *= 1 - ramp(ground.there["hair"], 0.2, 0.5)
    if region == "eyes":  # the generator may change the head with the glasses: ignore what shows beside it
        soft *= np.clip(2 * cv2.GaussianBlur(parts[1].person, (0, 0), _FEATHER * pixel) - 1, 0, 1)
    return soft
