"""Every text that people read passes through `tr`: our table for GIMP's language, else English.

Sentences are the keys, in English. `mark` is for texts that are translated later, such as those of the backend."""

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "translations"


def tr(text: str, /, **values: object) -> str:
    """`values` fill the {places} of the text."""
    translated = table(language(os.environ)).get(text, text)
    return translated.format(**values) if values else translated


def mark(text: str) -> str:
    """Says that this text will be translated; returns it as it is."""
    return text


def sentence(cause: str, remedy: str = "") -> str:
    """ "the disk is full", "free some space" → "The disk is full: free some space." """
    text = ": ".join(part for part in (cause.rstrip("."), remedy) if part)
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."


@functools.cache
def table(language: str) -> Mapping[str, str]:
    """English → `language` ("de"); empty for one that we have not."""
    path = _FOLDER / f"{language}.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if language.isalpha() and path.is_file() else {}
    except (OSError, ValueError):
        return {}


def language(environment: Mapping[str, str]) -> str:
    """Two letters. GIMP sets LANGUAGE for its plug-ins when one is chosen in its preferences."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name, "").split(":")[0]:
            return value[:2].lower()
    return "en"
