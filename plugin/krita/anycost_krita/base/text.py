"""Translates the docker's texts into Krita's language; falls back on Krita's own translations."""

import builtins
import functools
from pathlib import Path

from anycost_client.core.translation import Translator, mark, sentence
from anycost_client.edit.attribute_labels import AttributeLabels

__all__ = ["attribute_labels", "language", "mark", "sentence", "tr"]


@functools.cache
def language() -> str:
    """Two letters: the one chosen in Krita's settings, else the system's."""
    from anycost_krita.base.qt import QtCore

    chosen, system = QtCore.QLocale(), QtCore.QLocale.system()
    name = chosen.name()
    if name == system.name():
        name = next(iter(system.uiLanguages()), name)
    return name[:2].lower()


def _of_krita(text: str) -> str:
    translate = getattr(builtins, "i18n", None)  # Krita's, in its Python
    return str(translate(text)) if translate else text


tr = Translator(Path(__file__).parents[1] / "translations", lambda: language(), _of_krita)
attribute_labels = AttributeLabels(tr)
