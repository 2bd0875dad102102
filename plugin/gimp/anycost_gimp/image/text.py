"""Translates the dialog's texts into GIMP's language."""

import os
from collections.abc import Mapping
from pathlib import Path

from anycost_client.core.translation import Translator, mark, sentence
from anycost_client.edit.attribute_labels import AttributeLabels

__all__ = ["attribute_labels", "language", "mark", "sentence", "tr"]


def language(environment: Mapping[str, str]) -> str:
    """Two letters. GIMP sets LANGUAGE for its plug-ins when one is chosen in its preferences."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name, "").split(":")[0]:
            return value[:2].lower()
    return "en"


tr = Translator(Path(__file__).parents[1] / "translations", lambda: language(os.environ))
attribute_labels = AttributeLabels(tr)
