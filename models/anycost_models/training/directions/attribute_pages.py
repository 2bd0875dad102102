"""Measures the shipped attributes on held-out faces, and makes the table, chart and contact sheets of the docs."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from anycost_models.editing.directions import Direction, load_directions
from anycost_models.face.labels import LABELS
from anycost_models.generators.checkpoint import load_generator
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from anycost_models.training.directions.attributes import ATTRIBUTES
from anycost_models.training.directions.edit_bench import EditBench, balanced_signs, read_trial, sample_faces
from anycost_models.training.directions.label_samples import LabelRenderer

HELD_OUT = 12_000  # number of the first face; those of fitting have smaller ones
SHOWN = (20_000, 20_003, 20_005, 20_007, 20_010)  # faces of contact sheets
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # of contact sheets
REPORTED = 0.25  # standard deviations: effects from here on are named or numbered

CELL = 26  # pixels of the chart
LEFT, TOP, MARGIN = 140, 180, 16  # pixels
INK, PALE = (40, 40, 40), (225, 225, 225)
FULL_COLOUR = 2.0  # standard deviations of an effect
_UP, _DOWN = np.array([190, 40, 50]), np.array([40, 80, 180])


def measure(count: int, work: Path) -> Path:
    """Measures every drawn attribute at strength 1 on half of `count` faces and at −1 on the others. Returns the file
    in `work`; an interrupted measurement continues."""
    model, directions = load_generator(), [each for each in load_directions().by_name.values() if each.learned]
    latents = sample_faces(model, HELD_OUT, count)
    signs = balanced_signs(len(directions), count, HELD_OUT)
    multiples = np.array([[d.multiple(float(s)) for s in row] for d, row in zip(directions, signs, strict=True)])
    steps = np.array([whole_step(direction, latents.shape[1:]) for direction in directions])
    path = work / "held_out.npz"
    EditBench.make(model).run(latents, steps, multiples, path)
    return path


def whole_step(direction: Direction, shape: tuple[int, ...]) -> np.ndarray:
    """The direction's vector as W+ float32 [styles, D], zero in other rows."""
    step = np.zeros(shape, np.float32)
    step[slice(*direction.layers)] = direction.vector
    return step


def table(work: Path, output: Path) -> tuple[str, Path]:
    """The table of docs/attributes.md and the chart `matrix.png` in `output`, of the files that fitting and `measure`
    left in `work`."""
    trial = read_trial(work / "held_out.npz")
    with np.load(work / "effects.npz") as stored:
        deviations = dict(zip(stored["names"].tolist(), stored["deviations"].tolist(), strict=True))
        r2 = dict(zip(stored["names"].tolist(), stored["r2"].tolist(), strict=True))
    names = list(LABELS)
    scale = np.array([deviations[name] for name in names])
    effects = np.nanmean(trial.moved(scale) * np.sign(trial.multiples)[:, :, None], axis=1)
    directions = {name: each for name, each in load_directions().by_name.items() if each.learned}
    same = trial.same_person()
    free = {attribute.name: attribute.free for attribute in ATTRIBUTES}
    lines = [
        f"{len(trial.before)} faces",
        "| attribute | ends | R² | rows of W+ | own | others | same person | along |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row, (name, direction) in enumerate(directions.items()):
        own, moved = names.index(name), effects[row]
        others = [i for i in np.argsort(-np.abs(moved)) if i != own]
        along = [f"{names[i]} {moved[i]:+.1f}" for i in others if abs(moved[i]) > REPORTED]
        along = [f"*{entry}*" if entry.split()[0] in free[name] else entry for entry in along]
        start, end = direction.layers
        lines.append(
            f"| {name} | {direction.min_strength:.1f} … {direction.max_strength:.1f} | {r2[name]:.2f} "
            f"| {start}…{end - 1} "
            f"| {moved[own]:+.1f} sd ({moved[own] * scale[own]:+.2g}) | {np.abs(moved[others]).mean():.2f} "
            f"| {same[row]:.0%} | {', '.join(along) or '—'} |"
        )
    chart = output / "matrix.png"
    save_image(chart, render_matrix(effects, list(directions), names, free))
    return "\n".join(lines), chart


def sheets(output: Path) -> list[Path]:
    """Writes a contact sheet for each drawn attribute: rows are faces, columns strengths. Returns the files."""
    output.mkdir(parents=True, exist_ok=True)
    model, directions = load_generator(), load_directions()
    render = LabelRenderer.make(model)
    latents = [sample_faces(model, number, 1)[0] for number in SHOWN]
    unedited = [render(latent) for latent in latents]
    paths = []
    for direction in tqdm([each for each in directions.by_name.values() if each.learned], "sheets"):
        rows = [
            [render(directions.apply(latent, {direction.name: s})) if s else original for s in STRENGTHS]
            for latent, original in zip(latents, unedited, strict=True)
        ]
        titles = [f"{s:+g}" if s else "0" for s in STRENGTHS]
        sheet = contact_sheet(rows, titles, tile=160, title=f"{direction.name}: {direction.about}")
        paths.append(output / f"{direction.name}.jpg")
        save_image(paths[-1], sheet, quality=77)
    return paths


def render_matrix(
    effects: np.ndarray,  # [A, L], in standard deviations
    attributes: Sequence[str],
    labels: Sequence[str],
    free: Mapping[str, Collection[str]],  # by attribute, labels that may move along: a thin frame
) -> np.ndarray:
    """A chart of all effects, uint8 RGB [H, W, 3]: rows are attributes, columns labels; red raises, blue lowers. The
    attribute's own label has a thick frame; effects from REPORTED on have a number."""
    width, height = LEFT + CELL * len(labels) + MARGIN, TOP + CELL * len(attributes) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(size=13), ImageFont.load_default(size=10)
    for column, label in enumerate(labels):
        title = Image.new("L", (TOP - 12, CELL), 0)
        ImageDraw.Draw(title).text((0, CELL / 2), label, 255, font, anchor="lm")
        sheet.paste(INK, (LEFT + column * CELL, 8), title.rotate(90, expand=True))
    for row, attribute in enumerate(attributes):
        y = TOP + row * CELL
        draw.text((LEFT - 8, y + CELL / 2), attribute, INK, font, anchor="rm")
        for column, label in enumerate(labels):
            x, effect = LEFT + column * CELL, float(effects[row, column])
            box = (x, y, x + CELL - 2, y + CELL - 2)
            share = min(abs(effect) / FULL_COLOUR, 1.0) ** 0.7
            colour = np.round(255 + ((_UP if effect > 0 else _DOWN) - 255) * share).astype(int)
            draw.rectangle(box, tuple(colour.tolist()), PALE)
            if label == attribute or label in free.get(attribute, ()):
                draw.rectangle(box, None, INK, 2 if label == attribute else 1)
            if abs(effect) >= REPORTED:
                ink = "white" if share > 0.55 else INK
                draw.text((x + CELL / 2 - 1, y + CELL / 2 - 1), f"{abs(effect):.1f}", ink, small, anchor="mm")
    return np.asarray(sheet)
