"""Measures what attributes promise and how far they go on photographed faces: weights/effects.json.

    python benchmarks/effects.py PHOTO... --output effects.json [--faces 400] [--trials 48]

Labels: deviation and range over --faces generated ones. Promises: half the label's change from strength −1 to +1 of the
full generator, mean over --trials other such faces (the shipped ones are the "own" of docs/attributes.md, over 500).
For each sense, `most` is the gain at which one portrait in five is IDENTITY away from itself in its edited photograph;
`gain` is the median of what the portraits need. Bases, how far hair leads to the mean style, and ends at which faces
fall apart sooner (thin beards, low brows, full lips) were chosen by looking at pictures; bases and pulls stay.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from anycost_backend.editing.edit_plan import RenderSpec
from anycost_backend.editing.edit_planner import MEASURED_SIDE
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import Photo, open_photo
from anycost_models.editing.effects import AttributeEffect, EffectTable, LabelRange, Side, save_effects
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.identity import IdentityDistance, load_identity
from anycost_models.training.directions.label_samples import sample_groups, wplus
from tqdm import tqdm

GAINS = (1.0, 1.4, 1.9, 2.5)  # that are tried for `most`
IDENTITY, PART = 0.5, 80  # distance of embeddings, and the percentile of portraits that may reach it
OTHERS = ("age", "gender", "glasses")  # whom one sees changes with these: up to FREE
FREE = 1.6
MOST = {"lens_tint": 100}  # percentile that counts as the label's end: few wear sunglasses
BARE = 85  # percent of generated faces that wear no glasses: nobody can take off more than that


def drawn(models: Models, latent: np.ndarray) -> np.ndarray:
    """W+ [styles, D] → uint8 RGB [256, 256, 3]."""
    return cv2.resize(models.renderer.render8(latent), (MEASURED_SIDE,) * 2, interpolation=cv2.INTER_AREA)


def label_ranges(models: Models, faces: int) -> dict[str, LabelRange]:
    generator = load_generator()
    latents = (wplus(sample_groups(generator, index)) for index in range(faces))
    rows = [models.labels.measure(drawn(models, latent)) for latent in tqdm(latents, "labels", faces, disable=None)]
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        low, high = np.nanpercentile(values, (BARE if name == "glasses" else 2.5, MOST.get(name, 97.5)))
        found[name] = LabelRange(*(round(float(value), 5) for value in (np.nanstd(values), low, high)))
    return found


def promise(models: Models, name: str, latents: Sequence[np.ndarray]) -> float:
    if not models.directions.direction(name).learned:  # it only warps or recolours photos: as much as one can see
        return models.effects.attributes[name].promise

    def label(latent: np.ndarray, strength: float) -> float:
        return models.labels.measure(drawn(models, models.directions.apply(latent, {name: strength})))[name]

    return float(np.nanmean([(label(latent, 1.0) - label(latent, -1.0)) / 2 for latent in latents]))


def most(name: str, sense: int, sessions: Sequence[Session[Photo]], identity: IdentityDistance) -> float:
    if name in OTHERS:
        return FREE
    far = []
    for gain in GAINS:
        distances = []
        for session in sessions:
            planner = session.planner
            spec = RenderSpec(planner.final_spec(0).sub, MEASURED_SIDE)
            directions = session.models.shipped_directions.scaled({name: (gain, gain)})
            edited = session.square_with(
                0, planner.plan(0, {name: sense}, spec, directions=directions).change, MEASURED_SIDE
            )
            before, after = (identity.of_image(face) for face in (session.crop(0, MEASURED_SIDE), edited))
            distances.append(float(np.linalg.norm(after - before)))
        far.append(float(np.percentile(distances, PART)))
    return round(max(float(np.interp(IDENTITY, far, GAINS)), 1.1), 2)


def usual(name: str, sense: int, limit: float, sessions: Sequence[Session[Photo]]) -> float:
    gains = []
    for session in sessions:
        label = session.models.labels.measure(session.crop(0, MEASURED_SIDE))[name]
        if not session.models.effects.at_end(name, sense, label):
            session.planner.plan(0, {name: sense}, session.planner.final_spec(0))
            gains.append(session.planner.gain(0, name, sense))
    return round(min(max(float(np.median(gains)) if gains else 1.2, 0.8), limit), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a portrait")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--faces", type=int, default=400, help="sampled for labels (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=48, help="sampled for promises (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    args = parser.parse_args()
    models, identity = Models(), load_identity()
    labels = label_ranges(models, args.faces)
    latents = [models.renderer.sample(7_000 + index, 0.7) for index in range(args.trials)]
    sessions = [Session(open_photo(path), models) for path in args.photos]
    for session in sessions:
        session.project(0)
    attributes = dict(models.effects.attributes)
    for name in tqdm(args.only or list(attributes), "attributes", disable=None):
        known = attributes[name]
        if not known.measured:
            continue
        sides: list[Side] = []
        for sense in (-1, 1):
            limit = most(name, sense, sessions, identity)
            gain = usual(name, sense, limit, sessions)
            sides.append(msgspec.structs.replace(known.side(sense), gain=gain, most=limit))
        promised = float(f"{promise(models, name, latents):.3g}")
        attributes[name] = AttributeEffect(promised, known.drawn, known.measured, known.warp, *sides)
    save_effects(EffectTable(labels, attributes), args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
