"""Finds the faces of an image: their landmarks, and the FFHQ-aligned square around each."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from anycost_models.face.aligned_square import AlignedSquare, Rectangle
from anycost_models.face.landmarks import FaceMesh, Landmarks

from anycost_backend.editing.face_detector import FaceDetector, View

__all__ = ["AlignedSquare", "Face", "FaceFinder", "find_faces"]

_COARSE, _FINE = 320, 960  # pixels: long side of the image for the detector
_TILE = 640  # pixels: side of the tiles in which tiny faces are searched
_MIN_PRESENCE = 0.5  # of a face, according to the mesh
_MIN_AGREEMENT = 0.5  # of detector and mesh
SURE = 0.65  # agreement from which on nothing better is looked for: nearly all faces reach it
_SYMMETRIC = 0.06  # mirror error up to which less is a face: statues, drawings, but no animals, wheels or letters
_CERTAIN = 0.75  # agreement below which the mesh must find a face in the mirror, too: dogs may have more than `SURE`
_HIDDEN = 0.55  # agreement that suffices for a face that another person half hides
_MIN_MIRRORED = 0.1  # its presence
_FROM_THE_SIDE = 30.0  # degrees of yaw from which it often finds none there
_TILTED = 5.0  # degrees between detector and mesh from which on the mesh is fitted again
_CAME = 10.0  # degrees of roll which the mesh may be off from where it started: from further it stops short
_MAX_FITS = 3  # of the mesh, from one start
_MAX_CANDIDATES = 100


@dataclass(frozen=True, eq=False)
class Face:
    """One face of an image, in pixels of the image (continuous: pixel i has its centre at i + ½)."""

    box: Rectangle  # around the landmarks, within the image
    landmarks: np.ndarray  # float32 [478, 3]: x, y, depth (smaller is nearer)
    score: float  # 0…1: confidence
    square: AlignedSquare  # as FFHQ aligns faces: what the generator renders
    agreement: float = 1.0  # 0…1: of detector and mesh; low for what may be no face, or a face that lies otherwise

    @property
    def mesh(self) -> Landmarks:
        """The landmarks with their measurements (pose, eyes)."""
        return Landmarks(self.landmarks, self.score)

    @property
    def in_square(self) -> Landmarks:
        """The same in units of the square."""
        return self.mesh.moved(self.square.matrix(1))


@dataclass(frozen=True)
class FaceFinder:
    """The detector and the mesh, loaded once for many images. For one thread at a time."""

    mesh: FaceMesh
    detector: FaceDetector

    @classmethod
    def load(cls, runtime: str | None = None, threads: int | None = None) -> "FaceFinder":
        """From the fetched model files; runtime and threads as `anycost_models.inference.onnx_network.load` takes them.

        Raises AnycostError when a file is missing or damaged."""
        detector = FaceDetector.load()
        return cls(FaceMesh.load(runtime, threads), detector)

    def find(self, image: np.ndarray) -> tuple[Face, ...]:
        """All faces of uint8 RGB `image` [H, W, 3], however they are turned, the largest first; empty if there are
        none."""
        for search in _searches(image.shape):
            turned = [_turned(view, quarters) for view in search.all_ways for quarters in (1, 2, 3)]
            faces = self._among(image, [*search.all_ways, *search.upright, *turned], [])
            # Where one face is turned, others are: also those that only the other views would show.
            ways = {round(-face.mesh.pose()[2] / 90) % 4 for face in faces} - {0}
            faces = self._among(image, [_turned(view, way) for view in search.upright for way in ways], faces)
            if faces:
                return tuple(sorted(faces, key=lambda face: -face.square.side))
        return ()

    def _among(self, image: np.ndarray, views: Iterable[View], known: list[Face]) -> list[Face]:
        """`known` and the faces that the views show, of those at one place the one with the best agreement."""
        faces = list(known)
        candidates = [candidate for view in views for candidate in self.detector.faces(image, view)]
        candidates.sort(key=lambda candidate: -candidate[1])
        for start, score in candidates[:_MAX_CANDIDATES]:
            # Most faces are found in several views. A candidate on a sure face needs no mesh.
            if any(face.agreement >= SURE and _covers(face, start) for face in faces):
                continue
            face = self._verify(image, start, score, faces)
            rivals = [other for other in faces if face and _overlap(face.box, other.box) > 0.5]
            if face and all(face.agreement > other.agreement for other in rivals):
                faces = [other for other in faces if other not in rivals] + [face]
        return faces

    def _verify(self, image: np.ndarray, start: AlignedSquare, score: float, known: list[Face]) -> Face | None:
        """The face near `start`; None if the mesh finds none there, or the detector sees it otherwise.

        known: faces that have been found"""
        (x, y), best, agreement = start.axis, None, 0.0
        for axis in ((x, y), (-y, x), (y, -x), (-x, -y)):  # a face on its side may be found by an upright box
            for mesh, agrees in self._fits(image, AlignedSquare(start.centre, axis)):
                if agrees > agreement and mesh.presence >= _MIN_PRESENCE:
                    best, agreement = mesh, agrees
            if agreement >= SURE:
                break
        if best is None or agreement < _MIN_AGREEMENT:
            return None
        height, width = image.shape[:2]
        x0, y0 = np.floor(best.points[:, :2].min(axis=0)).astype(int).clip(0, (width - 1, height - 1)).tolist()
        x1, y1 = np.ceil(best.points[:, :2].max(axis=0)).astype(int).clip((x0 + 1, y0 + 1), (width, height)).tolist()
        face = Face((x0, y0, x1, y1), best.points, min(score, best.presence), best.ffhq_square(), agreement)
        return face if agreement >= _CERTAIN or self._is_face(image, face, known) else None

    def _is_face(self, image: np.ndarray, face: Face, known: list[Face]) -> bool:
        """Looks in a mirror at what detector and mesh hardly agree on, unless it is half hidden by another person."""
        hidden = any(other.agreement >= SURE and 0 < _overlap(face.box, other.box) < 0.5 for other in known)
        if hidden and face.agreement >= _HIDDEN:
            return True
        presence, error = self.mesh.mirrored(image, face.mesh)
        from_the_side = abs(face.mesh.pose()[0]) > _FROM_THE_SIDE
        return (face.agreement >= SURE or error <= _SYMMETRIC) and (presence >= _MIN_MIRRORED or from_the_side)

    def _fits(self, image: np.ndarray, start: AlignedSquare) -> Iterator[tuple[Landmarks, float]]:
        """The mesh near `start` and how far the detector agrees; again from where the detector sees the face, as long
        as that is tilted against the mesh, or the mesh against where it started."""
        mesh = self.mesh.landmarks(image, start)
        came = _between(mesh.pose()[2], math.degrees(math.atan2(start.axis[1], start.axis[0])))
        for _ in range(_MAX_FITS):
            agreement = self.detector.agreement(image, mesh)
            yield mesh, agreement.score
            if agreement.seen is None or (abs(agreement.turn) < _TILTED and came < _CAME):
                return
            before, mesh = mesh, self.mesh.landmarks(image, agreement.seen)
            came = _between(mesh.pose()[2], before.pose()[2])
            if came < _TILTED:  # nothing is won
                return


def find_faces(image: np.ndarray, finder: FaceFinder | None = None) -> tuple[Face, ...]:
    """All faces of uint8 RGB `image` [H, W, 3], the largest first; empty if there are none.

    Keep a `FaceFinder` for many images. Raises AnycostError when a model file is missing or damaged.
    """
    return (finder or FaceFinder.load()).find(image)


@dataclass(frozen=True)
class _Search:
    """Views of an image: some that are searched in all quarter turns, some upright at first."""

    all_ways: list[View]
    upright: list[View]


def _searches(shape: tuple[int, ...]) -> Iterator[_Search]:
    """Of an image [H, W, …], one after the other until one shows a face."""
    height, width = shape[:2]
    long = max(height, width)

    def whole(side: int) -> View:
        scale = min(side / long, 1.0)
        return _view(scale, 0, 0, width * scale, height * scale)

    # The coarse view finds large faces best, the fine one (if it adds pixels) the small ones.
    fine = [whole(_FINE)] if long > 1.5 * _COARSE else []
    yield _Search([whole(_COARSE)], fine)
    if long > 1.5 * _FINE:
        yield _Search([], list(_tiles(width, height, min(3 * _FINE / long, 1.0))))
    yield _Search([_tilted(whole(_COARSE))], [])  # small faces are found only when they are nearly upright
    # Faces that fill the image: the detector needs some margin.
    scale = min(_COARSE / long, 1.0) / 2
    centre = _COARSE / 2
    yield _Search([_view(scale, (centre - width * scale / 2), (centre - height * scale / 2), _COARSE, _COARSE)], [])


def _view(scale: float, left: float, top: float, width: float, height: float) -> View:
    matrix = np.array([[scale, 0.0, left], [0.0, scale, top]])
    return matrix, (max(round(width), 1), max(round(height), 1))


def _tiles(width: int, height: int, scale: float) -> Iterator[View]:
    """The image at `scale` in tiles, which overlap by more than the size of the faces that whole views miss."""
    step = _TILE - 96
    for top in range(0, max(int(height * scale) - 96, 1), step):
        for left in range(0, max(int(width * scale) - 96, 1), step):
            yield _view(scale, -left, -top, _TILE, _TILE)


def _tilted(view: View) -> View:
    """By an eighth of a turn, all of it."""
    matrix, (width, height) = view
    tilt = math.sqrt(0.5) * np.array([[1.0, -1.0], [1.0, 1.0]])
    left = height * math.sqrt(0.5)
    side = math.ceil((width + height) * math.sqrt(0.5))
    return tilt @ matrix + np.array([[0, 0, left], [0, 0, 0]]), (side, side)


def _turned(view: View, quarters: int) -> View:
    matrix, (width, height) = view
    for _ in range(quarters):  # clockwise: (x, y) goes to (height - y, x)
        matrix = np.array([[0.0, -1.0], [1.0, 0.0]]) @ matrix + np.array([[0, 0, height], [0, 0, 0]])
        width, height = height, width
    return matrix, (width, height)


def _covers(face: Face, start: AlignedSquare) -> bool:
    """Whether `start` shows a face that is known already: its middle lies on that, and it is of about its size."""
    (x, y), side = start.centre, start.side / 1.5
    x0, y0, x1, y1 = face.box
    known = max(x1 - x0, y1 - y0)
    near = max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2)) < 0.4 * known
    return near and 0.4 < side / known < 2.5


def _between(a: float, b: float) -> float:
    """The angle between two directions, 0…180 degrees."""
    return abs((a - b + 180) % 360 - 180)


def _overlap(a: Rectangle, b: Rectangle) -> float:
    """Share of the smaller rectangle that lies in the other, 0…1: no face lies within another."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in (a, b)]
    return max(width, 0) * max(height, 0) / max(min(areas), 1)
