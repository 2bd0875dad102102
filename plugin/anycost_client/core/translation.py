"""Every text that people read passes through a `Translator`: the host's table, the one all hosts share, else English.

Sentences are the keys, in English. Tables are JSON files named after their language, such as `translations/de.json`;
German is complete: a test compares it with the sources. `mark` is for texts that are translated later."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

SHARED = Path(__file__).parents[1] / "translations"


class Translator:
    """Called `tr` by convention: tr("Face {number}", number=2)."""

    def __init__(
        self,
        folder: Path,  # of the host's own tables
        language: Callable[[], str],  # "de": asked for each text
        otherwise: Callable[[str], str] = str,  # what the host itself makes of a text that is in no table
    ) -> None:
        self._folder, self._language, self._otherwise = folder, language, otherwise
        self._tables: dict[str, Mapping[str, str]] = {}

    def __call__(self, text: str, /, **values: object) -> str:
        """`values` fill the {places} of the text."""
        language = self._language()
        if language not in self._tables:
            self._tables[language] = {**table(SHARED, language), **table(self._folder, language)}
        translated = self._tables[language].get(text)
        if translated is None:
            translated = self._otherwise(text) if text else text
        return translated.format(**values) if values else translated


def mark(text: str) -> str:
    """Marks a text that is translated later; returns it unchanged."""
    return text


def sentence(cause: str, remedy: str = "") -> str:
    """ "the disk is full", "free some space" → "The disk is full: free some space." """
    between = " " if cause.endswith((".", "!", "?")) else ": "
    text = f"{cause}{between}{remedy}" if cause and remedy else cause or remedy
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."


def table(folder: Path, language: str) -> Mapping[str, str]:
    """English → `language` ("de"); empty for one that is not there, or cannot be read."""
    path = folder / f"{language}.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if language.isalpha() and path.is_file() else {}
    except (OSError, ValueError):
        return {}
