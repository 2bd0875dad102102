"""What people read: in GIMP's language, and complete."""

import ast
import re
from pathlib import Path

import anycost_gimp
import pytest
from anycost_gimp import text
from anycost_gimp.attribute_text import label_of

FOLDER = Path(anycost_gimp.__file__).parent


def said() -> set[str]:
    """Every text that passes through `tr` or `mark`."""
    texts = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "mark"):
                (first, *_) = node.args
                if isinstance(first, ast.Constant):
                    texts.add(first.value)
    return texts


def test_german_has_every_text_with_the_same_places():
    german = text.table("de")
    assert set(german) == said()
    for english, translated in german.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", translated)), english
        assert english.count("_") == translated.count("_") or "{" in english, english


@pytest.mark.parametrize(
    ("variables", "two"),
    [({"LANGUAGE": "de:en", "LANG": "fr_FR"}, "de"), ({"LANG": "pt_BR.UTF-8"}, "pt"), ({"LANG": "C"}, "c"), ({}, "en")],
)
def test_the_language_is_gimps(variables, two):
    assert text.language(variables) == two


def test_unknown_languages_and_texts_stay_english(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "../de")
    assert text.tr("Presets") == "Presets"
    monkeypatch.setenv("LANGUAGE", "de")
    assert text.tr("Presets") == "Vorgaben"
    assert text.tr("{done} of {count} layers edited.", done=1, count=2) == "1 von 2 Ebenen bearbeitet."
    assert label_of("yaw") == "Drehen"
    assert label_of("skin_warmth") == "Skin warmth"


def test_a_cause_and_its_remedy_make_a_sentence():
    assert text.sentence("the disk is full", "free some space") == "The disk is full: free some space."
    assert text.sentence("", "") == ""
    assert text.sentence("Wait…") == "Wait…"
