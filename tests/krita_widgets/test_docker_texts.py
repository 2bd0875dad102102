"""Every text that is shown has a German translation, no translation is left over, and places to fill are kept."""

import ast
import json
import re
from pathlib import Path

import anycost_krita
from anycost_krita import text
from docker_parts import FakeHost, settle

FOLDER = Path(anycost_krita.__file__).parent
GERMAN = json.loads((FOLDER / "translations" / "de.json").read_text(encoding="utf-8"))


def texts_of_the_source() -> set[str]:
    """The first argument of every tr("…") and mark("…")."""
    found = set()
    for path in FOLDER.rglob("*.py"):
        if "vendor" in path.relative_to(FOLDER).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("tr", "mark"):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_german_is_complete_and_has_nothing_left_over() -> None:
    assert texts_of_the_source() - {""} == set(GERMAN)


def test_translations_have_the_same_places_and_end_alike() -> None:
    for english, german in GERMAN.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", german)), english
        assert german.strip() == german != "", english
        assert english.endswith("…") == german.endswith("…"), english


def test_the_docker_speaks_german(application, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(text, "language", lambda: "de")
    from anycost_krita.controller import Controller
    from anycost_krita.panel import Panel

    panel = Panel(Controller(FakeHost(tmp_path), lambda deliver: None, lambda editor: ""))
    settle()
    assert panel.state_page.title.text() == "Gesicht bearbeiten"
    assert "„Portrait“" in panel.state_page.text.text()
    panel.shut()


def test_what_has_no_translation_is_asked_of_krita(monkeypatch) -> None:
    import builtins

    monkeypatch.setattr(text, "language", lambda: "fr")
    monkeypatch.setattr(builtins, "i18n", {"Cancel": "Annuler"}.get, raising=False)
    assert text.tr("Cancel") == "Annuler"
