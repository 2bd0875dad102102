"""The docker speaks the language of Krita."""

from anycost_krita.base import text
from docker_parts import FakeHost, settle


def test_the_docker_speaks_german(application, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(text, "language", lambda: "de")
    from anycost_krita.docker.panel import Panel
    from anycost_krita.edit.controller import Controller

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
