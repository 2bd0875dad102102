"""What people read is in GIMP's language."""

import pytest
from anycost_gimp.image import text


@pytest.mark.parametrize(
    ("variables", "two"),
    [({"LANGUAGE": "de:en", "LANG": "fr_FR"}, "de"), ({"LANG": "pt_BR.UTF-8"}, "pt"), ({"LANG": "C"}, "c"), ({}, "en")],
)
def test_the_language_is_gimps(variables, two):
    assert text.language(variables) == two


def test_texts_are_ours_and_the_shared_ones(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "de")
    assert text.tr("Presets") == "Vorgaben"
    assert text.tr("{done} of {count} layers edited", done=1, count=2) == "1 von 2 Ebenen bearbeitet"
    assert text.attribute_labels.label_of("yaw") == "Drehen"
