"""Which part of a face's square belongs to this head, where another head reaches into it."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from anycost_models.face.landmarks import DOWN, Landmarks
from anycost_models.face.masks import face_oval

SIDE = 256  # pixels: of the square in which heads are told apart
_HEAD = 1.35  # how far a head with its hair surely reaches, of its oval
_CORE = 0.7  # of its oval: what surely is the face, if no other face is there
_TOUCHING = 1.6  # reach up to which heads may touch
_FAR = 2.2  # beyond that nothing is another head's: long hair
_SHOULDERS = 1.3  # half their width, of the face's height
_APART = 1.6  # from its oval on something is surely not the other head's, if it is near one's own
_STRONGER = 1.3  # contour of the face in front, against that of the one behind, which the one in front covers
_ROUNDS = 4  # of GrabCut
_SAFE = 0.012  # of the square's side: so far beyond the other head nothing changes either


def own_part(own: Landmarks, others: Sequence[Landmarks], crop: np.ndarray) -> np.ndarray | None:
    """float32 [S, S], 0…1: what of the square may be this head's, exactly 0 on the others'. None: all of it.

    own, others: landmarks in the pixels of uint8 RGB `crop` [S, S, 3], the square at S = `SIDE`"""
    reach = _reach(own)
    near = [(other, far) for other in others if ((far := _reach(other)) + reach).min() < 2 * _TOUCHING]
    if not near:
        return None
    theirs = _theirs(own, reach, near, crop)
    return _soft(theirs) if theirs.any() else None


def _reach(face: Landmarks) -> np.ndarray:
    """float32 [S, S]: how far from the face's middle each pixel is, its oval being 1."""
    outline = face_oval(face)
    centre = outline.mean(axis=0)
    x, y = (outline - centre).T
    angles, radii = np.arctan2(y, x), np.hypot(x, y)
    order = np.argsort(angles)
    line = np.arange(SIDE) + 0.5
    dx, dy = line[None, :] - centre[0], line[:, None] - centre[1]
    radius = np.interp(np.arctan2(dy, dx).ravel(), angles[order], radii[order], period=2 * np.pi)
    return (np.hypot(dx, dy) / np.maximum(radius.reshape(SIDE, SIDE), 1e-6)).astype(np.float32)


def _in_front(own: Landmarks, other: Landmarks, crop: np.ndarray) -> bool | None:
    """Whether `own` is before `other`; None where their ovals do not meet, or nothing tells.

    The contour of the face in front shows on the one behind; what would be the contour of that one is covered."""
    light = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 1.5)
    mine, theirs = (_contour(a, _reach(b), light) for a, b in ((own, other), (other, own)))
    if mine is None or theirs is None or max(mine, theirs) < _STRONGER * min(mine, theirs):
        return None
    return mine > theirs


def _contour(face: Landmarks, other: np.ndarray, light: np.ndarray) -> float | None:
    """How strong the edges are along the face's outline where it lies in the other's oval."""
    outline = face_oval(face)
    centre = outline.mean(axis=0)
    closed = np.vstack([outline, outline[:1]])
    dense = np.concatenate([np.linspace(a, b, 6, endpoint=False) for a, b in pairwise(closed)])
    x, y = dense.T.astype(int)
    inside = (x >= 0) & (y >= 0) & (x < SIDE) & (y < SIDE)
    inside[inside] = other[y[inside], x[inside]] < 1
    if inside.sum() < 12:
        return None
    steps = np.linspace(0.9, 1.15, 16)  # outwards along the radius, around the outline
    along = centre + steps[:, None, None] * (dense[inside] - centre)  # [16, N, 2]
    places = (along - 0.5).astype(np.float32)
    colours = cv2.remap(light, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edges = np.linalg.norm(colours[4:] - colours[:-4], axis=2)  # [12, N]
    return float(edges.max(axis=0).mean())


def _theirs(
    own: Landmarks, reach: np.ndarray, others: Sequence[tuple[Landmarks, np.ndarray]], crop: np.ndarray
) -> np.ndarray:
    """bool [S, S]: the other heads. What is near is decided by colours and edges (Rother, Kolmogorov, Blake, "GrabCut",
    SIGGRAPH 2004) from what is sure.

    reach, and with the others theirs: how far each pixel is from the heads' middles"""
    far = np.minimum.reduce([each for _, each in others])
    bodies = np.logical_or.reduce([_body(other) for other, _ in others])
    labels = np.where(far < reach, cv2.GC_PR_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    labels[(reach < _HEAD) & (far > _APART) & (~bodies | (reach < _CORE))] = cv2.GC_FGD
    labels[(far < _HEAD) & (reach > _APART)] = cv2.GC_BGD
    for other, each in others:
        in_front = _in_front(own, other, crop)
        if in_front is not True:
            labels[(each < 1) & ((reach >= 1) | (in_front is False))] = cv2.GC_BGD
        if in_front is not False:
            labels[(reach < 1) & ((each >= 1) | (in_front is True)) & (far >= each) & ~bodies] = cv2.GC_FGD
    decided = labels.copy()
    if (labels == cv2.GC_FGD).any() and (labels == cv2.GC_BGD).any():
        cv2.setRNGSeed(0)  # the same each time
        cv2.grabCut(crop, decided, None, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return ((decided == cv2.GC_BGD) | (decided == cv2.GC_PR_BGD)) & (far < _FAR)


def _body(face: Landmarks) -> np.ndarray:
    """bool [S, S]: where neck and shoulders may be."""
    top, chin = (face.points[i, :2].astype(np.float64) for i in DOWN)
    down = (chin - top) / max(float(np.hypot(*(chin - top))) ** 2, 1e-6)  # 1: the face's height
    line = np.arange(SIDE) + 0.5
    x, y = line[None, :] - chin[0], line[:, None] - chin[1]
    return (x * down[0] + y * down[1] > -0.1) & (np.abs(x * down[1] - y * down[0]) < _SHOULDERS)


def _soft(theirs: np.ndarray) -> np.ndarray:
    """float32, 0…1: 0 on `theirs` and a little beyond, then softly 1."""
    reach = round(_SAFE * SIDE)
    grown = [cv2.dilate(theirs.astype(np.uint8), np.ones((2 * n + 1,) * 2, np.uint8)) for n in (reach, 3 * reach)]
    soft = cv2.GaussianBlur(1 - grown[1].astype(np.float32), (0, 0), reach)
    return soft * (1 - grown[0])
