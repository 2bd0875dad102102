"""Learns attribute directions from measured samples, calibrates them, and draws their contact sheets.

    python -m anycost_models.training.directions fit --samples samples.npz --output directions.safetensors
    python -m anycost_models.training.directions sheets --output FOLDER

All labels are regressed on w together. A direction is the likeliest step in W (the shortest in the metric of W's
own covariance) that moves its label by one unit and holds the labels it would otherwise drag along. Then the range of
layers is chosen, and the length calibrated, by drawing faces and measuring them again.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from tqdm import tqdm

from anycost_models.checkpoint import load_generator
from anycost_models.directions import load_directions
from anycost_models.face_labels import FaceLabels
from anycost_models.sheet import contact_sheet, save_picture
from anycost_models.training.label_samples import Renderer
from anycost_models.weights import EMBEDDED_DIRECTIONS

RANGES = ((0, 16), (0, 5), (0, 8), (3, 7), (3, 9), (5, 11), (7, 16))  # rows of W+
RIDGE = 0.1  # of the regression, in units of w's variance × samples
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # on contact sheets


@dataclass(frozen=True)
class Attribute:
    """What to learn, and how strong ±1 shall be."""

    name: str  # of its label in `face_labels.LABELS`, too
    group: str
    about: str
    region: str  # "face" or "head"
    effect: float  # by how many standard deviations of its label strength 1 moves it, on average
    drags: tuple[str, ...] = ()  # labels that may move along, since they belong together
    ranges: tuple[tuple[int, int], ...] = RANGES
    longest: float = 4.0  # standard deviations of w, whatever the effect: beyond, faces fall apart


_MOUTH = ("mouth_open", "lip_fullness")
_GENDER = ("beard", "lip_colour", "lip_fullness", "face_width")
_TILT = ("face_width", "lip_fullness", "eyes_open", "brows_up")  # measured in the picture, they change as the head nods

ATTRIBUTES = (
    Attribute(
        "smile", "Expression", "serious … smiling", "face", 1.6, drags=(*_MOUTH, "eyes_open"), ranges=((3, 7), (3, 9))
    ),
    Attribute("mouth_open", "Expression", "mouth closed … open", "face", 1.6, drags=("smile", "lip_fullness")),
    Attribute("eyes_open", "Expression", "eyes narrowed … wide open", "face", 1.8, drags=("brows_up",)),
    Attribute(
        "brows_up", "Expression", "brows lowered … raised", "face", 1.3, drags=("eyes_open",), ranges=((3, 7), (3, 9))
    ),
    Attribute("age", "Age", "younger … older", "head", 1.2, drags=("beard", "skin_lightness")),
    Attribute("gender", "Identity", "presents as a woman … as a man", "head", 1.3, drags=_GENDER),
    Attribute("yaw", "Pose", "turned to the picture's left … right", "head", 1.0),
    Attribute("pitch", "Pose", "looking down … up", "head", 1.0, drags=_TILT),
    Attribute("glasses", "Accessories", "without … with glasses", "face", 2.0, ranges=((0, 8),), longest=4.6),
    Attribute("hair_lightness", "Hair", "darker … lighter hair", "head", 1.6),
    Attribute("skin_warmth", "Colour", "cooler … warmer skin", "face", 1.4, drags=("lip_colour",)),
    Attribute("lip_colour", "Colour", "paler … redder lips", "face", 1.4),
)


@dataclass(frozen=True, eq=False)
class Regression:
    """labels ≈ mean + weights · (w − mean w), in standard deviations of each label."""

    names: tuple[str, ...]
    weights: np.ndarray  # [L, D]
    covariance: np.ndarray  # [D, D] of w
    deviation: np.ndarray  # [L] of each label, in its own unit
    r2: np.ndarray  # [L] on samples that were held out

    def direction(self, label: str, free: tuple[str, ...]) -> np.ndarray:
        """[D]: the likeliest step that moves `label` by one standard deviation and no label that is not in `free`."""
        rows = [i for i, name in enumerate(self.names) if name == label or (name not in free and self.r2[i] > 0.1)]
        wanted = np.array([self.names[i] == label for i in rows], np.float64)
        b = self.weights[rows]
        gram = b @ self.covariance @ b.T
        return (
            self.covariance
            @ b.T
            @ np.linalg.solve(gram + 1e-3 * np.trace(gram) / len(rows) * np.eye(len(rows)), wanted)
        )


def regress(samples: Path) -> Regression:
    """From what `label_samples` wrote. Faces on which a label could not be measured are left out."""
    with np.load(samples) as stored:
        w, values, names = stored["w"].astype(np.float64), stored["labels"].astype(np.float64), stored["names"].tolist()
    whole = np.isfinite(values).all(axis=1)
    w, values = w[whole], values[whole]
    deviation = values.std(axis=0)
    x, y = w - w.mean(0), (values - values.mean(0)) / deviation

    def solve(rows: slice) -> np.ndarray:
        gram = x[rows].T @ x[rows]
        ridge = RIDGE * np.trace(gram) / len(gram)
        return np.linalg.solve(gram + ridge * np.eye(len(gram)), x[rows].T @ y[rows]).T

    held = len(x) // 5
    residual = y[:held] - x[:held] @ solve(slice(held, None)).T
    r2 = 1 - residual.var(0) / y[:held].var(0)
    return Regression(tuple(names), solve(slice(None)), np.cov(x.T), deviation, r2)


@dataclass(frozen=True, eq=False)
class Bench:
    """Faces on which directions are tried."""

    render: Renderer
    labels: FaceLabels
    latents: np.ndarray  # float32 [N, styles, D]
    names: tuple[str, ...]

    @classmethod
    def make(cls, count: int, names: tuple[str, ...], seed: int = 5_000_000) -> "Bench":
        model = load_generator()
        render, labels = Renderer(model), FaceLabels.load()
        z = torch.randn(count, model.config.style_dim, generator=torch.Generator().manual_seed(seed))
        latents = model.as_wplus(model.styles(z, 0.7)).numpy().copy()
        return cls(render, labels, latents, names)

    def picture(self, latent: np.ndarray) -> np.ndarray:
        return self.render(torch.from_numpy(latent)[None])

    def measure(self, latent: np.ndarray) -> list[float]:
        measured = self.labels.measure(self.picture(latent))
        return [measured[name] for name in self.names]

    def effect(self, vector: np.ndarray, layers: tuple[int, int], faces: int) -> np.ndarray:
        """[L]: how far ±vector on these rows moves each label, half of (plus − minus), mean over the first faces."""
        step = np.zeros_like(self.latents[0])
        step[slice(*layers)] = vector
        moves = [np.subtract(self.measure(z + step), self.measure(z - step)) / 2 for z in self.latents[:faces]]
        return np.nanmean(moves, axis=0)


def fit(samples: Path, output: Path, only: tuple[str, ...] = ()) -> None:
    """Learns all attributes, or `only` some and keeps the others that `output` holds."""
    regression = regress(samples)
    bench = Bench.make(12, regression.names)
    kept = load_directions(output).by_name if only else {}
    entries, tensors = [], {}
    for attribute in tqdm(ATTRIBUTES, "attributes"):
        if only and attribute.name not in only:
            vector, layers = kept[attribute.name].vector, kept[attribute.name].layers
        else:
            vector, layers = learn(bench, regression, attribute)
        tensors[attribute.name] = vector.astype(np.float32)
        fields = {key: getattr(attribute, key) for key in ("name", "group", "about", "region")}
        entries.append(fields | {"layers": list(layers)})
        moved = bench.effect(vector, layers, 12) / regression.deviation
        print(table_row(regression, attribute, layers, moved), flush=True)
    aside = output.with_suffix(".part")
    save_file(tensors, aside, {"attributes": json.dumps(entries)})
    os.replace(aside, output)


def learn(bench: Bench, regression: Regression, attribute: Attribute) -> tuple[np.ndarray, tuple[int, int]]:
    """The calibrated vector [D] and the rows of W+ it moves."""
    column = regression.names.index(attribute.name)
    vector = regression.direction(attribute.name, attribute.drags).astype(np.float32)
    layers = choose_layers(bench, regression, attribute, vector, column)
    for _ in range(2):  # the effect is not quite linear
        effect = bench.effect(vector, layers, 12)[column] / regression.deviation[column]
        vector = vector * float(attribute.effect / max(effect, 0.1))
        length = float(np.sqrt(vector @ np.linalg.solve(regression.covariance, vector)))
        vector = vector * min(1.0, attribute.longest / length)
    return vector, layers


def table_row(regression: Regression, attribute: Attribute, layers: tuple[int, int], moved: np.ndarray) -> str:
    """A row of docs/attributes.md. moved: [L], what strength 1 does to each label, in standard deviations."""
    column = regression.names.index(attribute.name)
    own = f"{moved[column]:+.1f} sd ({moved[column] * regression.deviation[column]:+.3g})"
    order = np.argsort(-np.abs(moved))
    others = [f"{regression.names[i]} {moved[i]:+.1f}" for i in order if i != column and abs(moved[i]) > 0.25]
    rows = f"{layers[0]}…{layers[1] - 1}"
    return f"| {attribute.name} | {regression.r2[column]:.2f} | {rows} | {own} | {', '.join(others) or '—'} |"


def choose_layers(
    bench: Bench, regression: Regression, attribute: Attribute, vector: np.ndarray, column: int
) -> tuple[int, int]:
    """The range whose step moves the label most for what it moves of the labels that should stay."""
    held = [i for i, name in enumerate(regression.names) if i != column and name not in attribute.drags]
    best, chosen = -np.inf, attribute.ranges[0]
    for layers in attribute.ranges:
        moved = bench.effect(vector, layers, 4) / regression.deviation
        target, others = moved[column], float(np.sqrt(np.nanmean(moved[held] ** 2)))
        score = min(target, 1.0) / (others + 0.1)  # a range that hardly moves it would have to be stretched too far
        if score > best:
            best, chosen = score, layers
    return chosen


def sheets(output: Path, faces: int = 6) -> None:
    """A contact sheet for each attribute: rows are faces, columns strengths."""
    output.mkdir(parents=True, exist_ok=True)
    model = load_generator()
    render = Renderer(model)
    z = torch.randn(faces, model.config.style_dim, generator=torch.Generator().manual_seed(77))
    latents = model.as_wplus(model.styles(z, 0.7)).numpy()
    directions = load_directions()
    for direction in tqdm(directions.by_name.values(), "sheets"):
        rows = [
            [render(torch.from_numpy(directions.apply(latent, {direction.name: s}))[None]) for s in STRENGTHS]
            for latent in latents
        ]
        titles = [f"{s:+g}" if s else "0" for s in STRENGTHS]
        picture = contact_sheet(rows, titles, tile=192, title=f"{direction.name}: {direction.about}")
        save_picture(output / f"{direction.name}.jpg", picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    fitting = steps.add_parser("fit", help="learn and calibrate")
    fitting.add_argument("--samples", type=Path, required=True)
    fitting.add_argument("--output", type=Path, default=EMBEDDED_DIRECTIONS)
    fitting.add_argument("--only", nargs="+", default=(), metavar="NAME", help="keep the others as they are")
    drawing = steps.add_parser("sheets", help="draw a contact sheet for each attribute")
    drawing.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    if args.step == "fit":
        fit(args.samples, args.output, tuple(args.only))
    else:
        sheets(args.output)


if __name__ == "__main__":
    main()
