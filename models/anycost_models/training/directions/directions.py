"""Learns attribute directions from measured samples, and calibrates them.

All labels are regressed on the rows of W+ together. A direction is the likeliest step in W+ that moves its label by the
wanted effect and the others, the background and the person's identity as little as can be. All directions are then
tried on faces; what they were measured to do corrects the regression, and they are planned again. At the end each gets
its curve: which multiple of the step a strength adds, so that equal steps look equal.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from anycost_models.generators.checkpoint import load_generator
from anycost_models.training.directions.attributes import ATTRIBUTES, Attribute
from anycost_models.training.directions.edit_bench import EditBench, balanced, faces
from anycost_models.training.directions.label_regression import Effects, WPlusCoordinates, regress
from anycost_models.training.directions.label_samples import GROUPS, wplus
from anycost_models.training.directions.response_curves import STRENGTHS, Curve, curve_of, strengthened

ROUNDS = 3
FACES = 24  # on which the directions of a round are tried
CURVE_FACES = 10
_FAINT = 0.03  # rows that move less than this part of the most moved one are left alone
ENOUGH = 1.57  # standard deviations of its label that strength 1 moves it by at least, where faces bear it
MOST_STRENGTHENED = 1.25
HOLD = 300.0  # what moving another label by a standard deviation costs, against the same of w


def plan(effects: Effects, attribute: Attribute) -> np.ndarray:
    """[groups · K], no longer than the attribute allows."""
    first, end = attribute.rows
    inside = [i for i, group in enumerate(GROUPS) if first <= group[0] and group[1] <= end]
    step = effects.plan(
        attribute.name,
        attribute.effect,
        attribute.free,
        HOLD * attribute.hold,
        HOLD * attribute.identity,
        slice(inside[0], inside[-1] + 1),
    )
    return step * min(1.0, attribute.longest / float(np.linalg.norm(step)))


def fit(samples: Path, work: Path, output: Path) -> None:
    """Learns all attributes. What was tried is kept in the folder `work`, and not tried again."""
    work.mkdir(parents=True, exist_ok=True)
    model = load_generator()
    space, bench = WPlusCoordinates.of(model), EditBench.make(model)
    effects = regress(samples, space)
    np.savez(work / "effects.npz", names=np.array(effects.names), deviations=effects.deviations, r2=effects.r2)
    steps, measured = np.empty((0, len(effects.gains[0]))), np.empty((0, len(effects.names)))
    known = effects
    for number in range(ROUNDS):
        planned = np.array([plan(known, attribute) for attribute in ATTRIBUTES])
        tried = bench.attempt(
            faces(model, number * FACES, FACES),
            wplus(_all_steps(space, planned)),
            balanced(len(planned), FACES, number),
            work / f"round{number}.npz",
        )
        steps = np.concatenate([steps, planned])
        measured = np.concatenate([measured, tried.effects(effects.deviations)])
        known = effects.corrected(steps, measured, np.full(len(steps), FACES))
    planned = np.array([plan(known, attribute) for attribute in ATTRIBUTES])
    first = ROUNDS * FACES
    bent = curves(bench, effects, space, planned, faces(model, first, CURVE_FACES), work)
    factors = missing_strength(bench, effects, space, planned, bent, faces(model, first + CURVE_FACES, 2 * FACES), work)
    final = [strengthened(c, f, a.natural) for c, f, a in zip(bent, factors, ATTRIBUTES, strict=True)]
    write(space, planned, final, output)


def _all_steps(space: WPlusCoordinates, steps: np.ndarray) -> np.ndarray:
    """[A, groups, D]."""
    return np.array([space.step(step) for step in steps])


def curves(
    bench: EditBench, effects: Effects, space: WPlusCoordinates, steps: np.ndarray, latents: np.ndarray, work: Path
) -> list[Curve]:
    """Of all attributes, from all of `STRENGTHS` on each of the faces."""
    repeated = np.tile(latents, (len(STRENGTHS), 1, 1))
    multiples = np.tile(np.repeat(STRENGTHS, len(latents)), (len(steps), 1))
    tried = bench.attempt(repeated, wplus(_all_steps(space, steps)), multiples, work / "curves.npz")
    moved = np.nanmean(tried.moved(effects.deviations).reshape(len(steps), len(STRENGTHS), len(latents), -1), axis=2)
    columns = [effects.names.index(attribute.name) for attribute in ATTRIBUTES]
    return [
        curve_of(moved[i, :, column], attribute.effect, attribute.natural)
        for i, (attribute, column) in enumerate(zip(ATTRIBUTES, columns, strict=True))
    ]


def missing_strength(
    bench: EditBench,
    effects: Effects,
    space: WPlusCoordinates,
    steps: np.ndarray,
    found: Sequence[Curve],
    latents: np.ndarray,
    work: Path,
) -> list[float]:
    """How many times as much each slider should do so that strength ±1 moves its label by ENOUGH; 1 where it does."""
    signs = balanced(len(steps), len(latents), ROUNDS)
    multiples = np.array([np.interp(row, *np.array(curve).T) for row, curve in zip(signs, found, strict=True)])
    tried = bench.attempt(latents, wplus(_all_steps(space, steps)), multiples, work / "strength.npz")
    moved = np.nanmean(tried.moved(effects.deviations) * signs[:, :, None], axis=1)
    own = [moved[i, effects.names.index(attribute.name)] for i, attribute in enumerate(ATTRIBUTES)]
    return [float(np.clip(ENOUGH / max(effect, 0.1), 1, MOST_STRENGTHENED)) for effect in own]


def write(space: WPlusCoordinates, steps: np.ndarray, found: Sequence[Curve], output: Path) -> None:
    """As `anycost_models.editing.directions.load_directions` reads it; written aside and renamed."""
    entries, tensors = [], {}
    for attribute, step, curve in zip(ATTRIBUTES, steps, found, strict=True):
        rows = wplus(space.step(step))
        lengths = np.linalg.norm(rows, axis=1)
        moved = np.flatnonzero(lengths > _FAINT * lengths.max())
        start, end = int(moved[0]), int(moved[-1]) + 1
        tensors[attribute.name] = rows[start:end].astype(np.float16)
        fields = {key: getattr(attribute, key) for key in ("name", "group", "about", "region")}
        entries.append(fields | {"layers": [start, end], "curve": curve})
    aside = output.with_suffix(".part")
    save_file(tensors, aside, {"attributes": json.dumps(entries, ensure_ascii=False)})
    os.replace(aside, output)
