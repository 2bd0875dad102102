"""Every text that people read passes through `tr`: our own table first, then Krita's translations, else English.

Sentences are the keys, in English. `translations/de.json` is complete: a test compares it with the source. `mark` is
for texts that are translated later, such as names that come from the backend."""

import builtins
import functools
import json
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "translations"


def tr(text: str, /, **values: object) -> str:
    """`values` fill the {places} of the text."""
    translated = table(language()).get(text)
    if translated is None:
        hosts = getattr(builtins, "i18n", None)  # Krita's, in its Python
        translated = str(hosts(text)) if hosts and text else text
    return translated.format(**values) if values else translated


def mark(text: str) -> str:
    """Says that this text will be translated; returns it as it is."""
    return text


def sentence(cause: str, remedy: str = "") -> str:
    """ "the disk is full", "free some space" → "The disk is full: free some space." """
    between = " " if cause.endswith((".", "!", "?")) else ": "
    text = f"{cause}{between}{remedy}" if cause and remedy else cause or remedy
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."


@functools.cache
def table(language: str) -> Mapping[str, str]:
    """English → `language` ("de"); empty for one that we have not."""
    path = _FOLDER / f"{language}.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (OSError, ValueError):
        return {}


@functools.cache
def language() -> str:
    """Two letters: the one chosen in Krita's settings, else the system's."""
    from .qt import QtCore

    chosen, system = QtCore.QLocale(), QtCore.QLocale.system()
    name = chosen.name()
    if name == system.name():
        name = next(iter(system.uiLanguages()), name)
    return name[:2].lower()
