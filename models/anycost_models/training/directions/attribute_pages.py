"""Measures the shipped attributes on faces that nothing was learned from, and draws what the documentation shows."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from anycost_models.editing.directions import Direction, load_directions
from anycost_models.face.labels import LABELS
from anycost_models.generators.checkpoint import load_generator
from anycost_models.plotting.contact_sheet import contact_sheet, save_picture
from anycost_models.training.directions.attributes import ATTRIBUTES
from anycost_models.training.directions.edit_bench import EditBench, balanced, faces, read
from anycost_models.training.directions.label_samples import LabelRenderer
from anycost_models.training.directions.matrix_chart import draw_matrix

HELD_OUT = 12_000  # the number of the first face; those that directions were tried on have smaller ones
SHOWN = (20_000, 20_003, 20_005, 20_007, 20_010)  # faces on contact sheets
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # on contact sheets
TOLD = 0.25  # standard deviations: what moves along by more is told


def measure(count: int, work: Path) -> Path:
    """Each attribute at strength 1 on half of the faces, at −1 on the others; into held_out.npz, where it goes on."""
    model, directions = load_generator(), list(load_directions().by_name.values())
    latents = faces(model, HELD_OUT, count)
    signs = balanced(len(directions), count, HELD_OUT)
    multiples = np.array([[d.multiple(float(s)) for s in row] for d, row in zip(directions, signs, strict=True)])
    steps = np.array([whole_step(direction, latents.shape[1:]) for direction in directions])
    path = work / "held_out.npz"
    EditBench.make(model).attempt(latents, steps, multiples, path)
    return path


def whole_step(direction: Direction, shape: tuple[int, ...]) -> np.ndarray:
    """W+ [styles, D] of what strength 1 would add without the curve."""
    step = np.zeros(shape, np.float32)
    step[slice(*direction.layers)] = direction.vector
    return step


def table(work: Path, output: Path) -> tuple[str, Path]:
    """The table of docs/attributes.md, and matrix.png as a file: from what fitting and `measure` left in `work`."""
    tried = read(work / "held_out.npz")
    with np.load(work / "effects.npz") as stored:
        deviations = dict(zip(stored["names"].tolist(), stored["deviations"].tolist(), strict=True))
        r2 = dict(zip(stored["names"].tolist(), stored["r2"].tolist(), strict=True))
    names = list(LABELS)
    scale = np.array([deviations[name] for name in names])
    effects = np.nanmean(tried.moved(scale) * np.sign(tried.multiples)[:, :, None], axis=1)
    directions, same = load_directions().by_name, tried.same_person()
    belonging = {attribute.name: attribute.free for attribute in ATTRIBUTES}
    lines = [
        f"{len(tried.before)} faces",
        "| attribute | ends | R² | rows of W+ | own | others | same person | along |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row, (name, direction) in enumerate(directions.items()):
        own, moved = names.index(name), effects[row]
        others = [i for i in np.argsort(-np.abs(moved)) if i != own]
        along = [f"{names[i]} {moved[i]:+.1f}" for i in others if abs(moved[i]) > TOLD]
        along = [f"*{told}*" if told.split()[0] in belonging[name] else told for told in along]
        start, end = direction.layers
        lines.append(
            f"| {name} | {direction.least:.1f} … {direction.most:.1f} | {r2[name]:.2f} | {start}…{end - 1} "
            f"| {moved[own]:+.1f} sd ({moved[own] * scale[own]:+.2g}) | {np.abs(moved[others]).mean():.2f} "
            f"| {same[row]:.0%} | {', '.join(along) or '—'} |"
        )
    chart = output / "matrix.png"
    save_picture(chart, draw_matrix(effects, list(directions), names, belonging))
    return "\n".join(lines), chart


def sheets(output: Path) -> list[Path]:
    """A contact sheet for each attribute, as a file: rows are faces, columns strengths."""
    output.mkdir(parents=True, exist_ok=True)
    model, directions = load_generator(), load_directions()
    render = LabelRenderer.make(model)
    latents = [faces(model, number, 1)[0] for number in SHOWN]
    unedited = [render(latent) for latent in latents]
    paths = []
    for direction in tqdm(directions.by_name.values(), "sheets"):
        rows = [
            [render(directions.apply(latent, {direction.name: s})) if s else still for s in STRENGTHS]
            for latent, still in zip(latents, unedited, strict=True)
        ]
        titles = [f"{s:+g}" if s else "0" for s in STRENGTHS]
        picture = contact_sheet(rows, titles, tile=160, title=f"{direction.name}: {direction.about}")
        paths.append(output / f"{direction.name}.jpg")
        save_picture(paths[-1], picture, quality=77)
    return paths
