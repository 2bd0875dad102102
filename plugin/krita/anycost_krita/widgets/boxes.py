"""Widgets beside or below each other, without margins; buttons that say what they are where there is room."""

from collections.abc import Sequence

from anycost_krita.base.qt import QtWidgets
from anycost_krita.widgets.glyphs import GlyphButton


def row(*parts: QtWidgets.QWidget, stretch: int, spacing: int) -> QtWidgets.QWidget:
    """`stretch`: number of the part that takes what is left."""
    return _box(QtWidgets.QHBoxLayout(), parts, stretch, spacing)


def column(*parts: QtWidgets.QWidget, stretch: int) -> QtWidgets.QWidget:
    return _box(QtWidgets.QVBoxLayout(), parts, stretch, 4)


def show_labels_within(room: int, buttons: Sequence[GlyphButton], spacing: int) -> None:
    """Of all of them or of none. room: pixels."""
    needed = sum(button.labelled_width() for button in buttons) + spacing * (len(buttons) - 1)
    for button in buttons:
        button.show_label(needed <= room)


def _box(
    layout: QtWidgets.QBoxLayout, parts: tuple[QtWidgets.QWidget, ...], stretch: int, spacing: int
) -> QtWidgets.QWidget:
    box = QtWidgets.QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for number, part in enumerate(parts):
        layout.addWidget(part, 1 if number == stretch else 0)
    box.setLayout(layout)
    return box
