"""Draws what every attribute does to every label: rows are attributes, columns labels, red raises and blue lowers."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 26  # pixels
LEFT, TOP, MARGIN = 140, 180, 16
INK, PALE = (40, 40, 40), (225, 225, 225)
MOST = 2.0  # standard deviations at which a colour is full
_UP, _DOWN = np.array([190, 40, 50]), np.array([40, 80, 180])


def draw_matrix(
    effects: np.ndarray,
    attributes: Sequence[str],
    labels: Sequence[str],
    belonging: Mapping[str, Collection[str]],
    told: float = 0.25,
) -> np.ndarray:
    """uint8 RGB [H, W, 3]. effects: [A, L] in standard deviations; belonging: labels that may move along, by attribute,
    framed thinly; told: effects from which on the number is written."""
    width, height = LEFT + CELL * len(labels) + MARGIN, TOP + CELL * len(attributes) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(size=13), ImageFont.load_default(size=10)
    for column, label in enumerate(labels):
        words = Image.new("L", (TOP - 12, CELL), 0)
        ImageDraw.Draw(words).text((0, CELL / 2), label, 255, font, anchor="lm")
        turned = words.rotate(90, expand=True)
        sheet.paste(INK, (LEFT + column * CELL, 8), turned)
    for row, attribute in enumerate(attributes):
        y = TOP + row * CELL
        draw.text((LEFT - 8, y + CELL / 2), attribute, INK, font, anchor="rm")
        for column, label in enumerate(labels):
            x, effect = LEFT + column * CELL, float(effects[row, column])
            part = min(abs(effect) / MOST, 1.0) ** 0.7
            shade = np.round(255 + ((_UP if effect > 0 else _DOWN) - 255) * part).astype(int)
            own, belongs = label == attribute, label in belonging.get(attribute, ())
            draw.rectangle((x, y, x + CELL - 2, y + CELL - 2), tuple(shade.tolist()), PALE)
            if own or belongs:
                draw.rectangle((x, y, x + CELL - 2, y + CELL - 2), None, INK, 2 if own else 1)
            if abs(effect) >= told:
                colour = "white" if part > 0.55 else INK
                draw.text((x + CELL / 2 - 1, y + CELL / 2 - 1), f"{abs(effect):.1f}", colour, small, anchor="mm")
    return np.asarray(sheet)
