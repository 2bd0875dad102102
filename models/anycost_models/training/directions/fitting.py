"""Fits attribute directions to labelled samples, and calibrates them.

All labels are regressed on the rows of W+ together. A direction is the most likely step in W+ that moves its label by
the wanted effect, and the other labels, the background and the identity as little as possible. All directions are
measured on new faces; the measured effects correct the regression, and the steps are planned again. At the end each
direction gets its response curve: the multiple of the step for each strength, so that equal steps look equal.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from anycost_models.core.atomic_files import write_aside
from anycost_models.generators.checkpoint import load_generator
from anycost_models.training.directions.attributes import ATTRIBUTES, LEARNED, Attribute
from anycost_models.training.directions.edit_bench import EditBench, balanced_signs, sample_faces
from anycost_models.training.directions.label_regression import Effects, WPlusCoordinates, regress
from anycost_models.training.directions.label_samples import GROUPS, wplus
from anycost_models.training.directions.response_curves import MULTIPLES, Curve, curve_of, strengthened

ROUNDS = 3  # of measuring and planning
FACES = 24  # per round
CURVE_FACES = 10
MIN_EFFECT = 1.57  # standard deviations of the label at strength 1, if MAX_STRENGTHENED allows
MAX_STRENGTHENED = 1.25
HOLD = 300.0  # cost of a squared standard deviation of another label, relative to one of w
_MIN_ROW = 0.03  # of the largest row's length: smaller rows at either end are left out


def plan(effects: Effects, attribute: Attribute) -> np.ndarray:
    """The attribute's step, coordinates [groups · K]."""
    first, end = attribute.rows
    inside = [i for i, group in enumerate(GROUPS) if first <= group[0] and group[1] <= end]
    step = effects.plan(
        attribute.name,
        attribute.effect,
        attribute.free,
        HOLD * attribute.hold_cost,
        HOLD * attribute.identity_cost,
        slice(inside[0], inside[-1] + 1),
    )
    return step * min(1.0, attribute.max_length / float(np.linalg.norm(step)))


def fit(samples: Path, work: Path, output: Path) -> None:
    """Fits all attributes and writes the directions.

    samples: the file of `label_samples.sample_labels`; work: a folder for measurements, which are reused
    Raises AnycostError when a model file is missing or `output` cannot be written."""
    work.mkdir(parents=True, exist_ok=True)
    model = load_generator()
    space, bench = WPlusCoordinates.of(model), EditBench.make(model)
    effects = regress(samples, space)
    np.savez(work / "effects.npz", names=np.array(effects.names), deviations=effects.deviations, r2=effects.r2)
    steps, measured = np.empty((0, len(effects.gains[0]))), np.empty((0, len(effects.names)))
    known = effects
    for number in range(ROUNDS):
        planned = np.array([plan(known, attribute) for attribute in LEARNED])
        trial = bench.run(
            sample_faces(model, number * FACES, FACES),
            wplus(_all_steps(space, planned)),
            balanced_signs(len(planned), FACES, number),
            work / f"round{number}.npz",
        )
        steps = np.concatenate([steps, planned])
        measured = np.concatenate([measured, trial.effects(effects.deviations)])
        known = effects.corrected(steps, measured, np.full(len(steps), FACES))
    planned = np.array([plan(known, attribute) for attribute in LEARNED])
    first = ROUNDS * FACES
    curves = measure_curves(bench, effects, space, planned, sample_faces(model, first, CURVE_FACES), work)
    latents = sample_faces(model, first + CURVE_FACES, 2 * FACES)
    factors = measure_factors(bench, effects, space, planned, curves, latents, work)
    final = [strengthened(c, f, a.limits) for c, f, a in zip(curves, factors, LEARNED, strict=True)]
    write_directions(space, planned, final, output)


def _all_steps(space: WPlusCoordinates, steps: np.ndarray) -> np.ndarray:
    """[A, groups · K] → [A, groups, D]"""
    return np.array([space.step(step) for step in steps])


def measure_curves(
    bench: EditBench, effects: Effects, space: WPlusCoordinates, steps: np.ndarray, latents: np.ndarray, work: Path
) -> list[Curve]:
    """The response curve of each attribute. steps: coordinates [A, groups · K]; latents: W+ [N, styles, D]"""
    repeated = np.tile(latents, (len(MULTIPLES), 1, 1))
    multiples = np.tile(np.repeat(MULTIPLES, len(latents)), (len(steps), 1))
    trial = bench.run(repeated, wplus(_all_steps(space, steps)), multiples, work / "curves.npz")
    moved = np.nanmean(trial.moved(effects.deviations).reshape(len(steps), len(MULTIPLES), len(latents), -1), axis=2)
    columns = [effects.names.index(attribute.name) for attribute in LEARNED]
    return [
        curve_of(moved[i, :, column], attribute.effect, attribute.limits)
        for i, (attribute, column) in enumerate(zip(LEARNED, columns, strict=True))
    ]


def measure_factors(
    bench: EditBench,
    effects: Effects,
    space: WPlusCoordinates,
    steps: np.ndarray,
    curves: Sequence[Curve],
    latents: np.ndarray,
    work: Path,
) -> list[float]:
    """The factor for each curve with which strength ±1 moves the label by MIN_EFFECT, 1…MAX_STRENGTHENED."""
    signs = balanced_signs(len(steps), len(latents), ROUNDS)
    multiples = np.array([np.interp(row, *np.array(curve).T) for row, curve in zip(signs, curves, strict=True)])
    trial = bench.run(latents, wplus(_all_steps(space, steps)), multiples, work / "strength.npz")
    moved = np.nanmean(trial.moved(effects.deviations) * signs[:, :, None], axis=1)
    own = [moved[i, effects.names.index(attribute.name)] for i, attribute in enumerate(LEARNED)]
    return [float(np.clip(MIN_EFFECT / max(effect, 0.1), 1, MAX_STRENGTHENED)) for effect in own]


def write_directions(space: WPlusCoordinates, steps: np.ndarray, curves: Sequence[Curve], output: Path) -> None:
    """The file that `editing.directions.load_directions` reads. Raises AnycostError when it cannot be written."""
    entries, tensors = [], {}
    learned = {each.name: (step, curve) for each, step, curve in zip(LEARNED, steps, curves, strict=True)}
    for attribute in ATTRIBUTES:
        fields = {key: getattr(attribute, key) for key in ("name", "group", "about", "region")}
        if attribute.name not in learned:
            less, more = attribute.limits
            tensors[attribute.name] = np.zeros((1, space.mean.size), np.float16)
            entries.append(fields | {"layers": [0, 1], "curve": sorted({(less, less), (0.0, 0.0), (more, more)})})
            continue
        step, curve = learned[attribute.name]
        rows = wplus(space.step(step))
        lengths = np.linalg.norm(rows, axis=1)
        moved = np.flatnonzero(lengths > _MIN_ROW * lengths.max())
        start, end = int(moved[0]), int(moved[-1]) + 1
        tensors[attribute.name] = rows[start:end].astype(np.float16)
        entries.append(fields | {"layers": [start, end], "curve": curve})
    write_aside(output, save(tensors, {"attributes": json.dumps(entries, ensure_ascii=False)}))
