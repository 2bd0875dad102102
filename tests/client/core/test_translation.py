"""What people read: complete in German, in words that all hosts share, and English where nothing is known."""

import ast
import json
import re
from pathlib import Path

import pytest
from anycost_client.core.translation import Translator, sentence
from anycost_client.edit.attribute_labels import AttributeLabels
from anycost_client.protocol.messages import Attribute, Edited, Picture, Rectangle
from anycost_models.editing.directions import load_directions

PLUGIN = Path(__file__).parents[3] / "plugin"
HOSTS = (PLUGIN / "krita" / "anycost_krita", PLUGIN / "gimp" / "anycost_gimp")
OURS = PLUGIN / "anycost_client"
SHARED = json.loads((OURS / "translations" / "de.json").read_text(encoding="utf-8"))


def said(folder: Path) -> set[str]:
    """The first argument of every tr("…") and mark("…")."""
    return {
        node.args[0].value
        for node in nodes(folder)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("tr", "mark")
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value
    }


def strings(folder: Path) -> set[str]:
    """Every string in the sources."""
    return {node.value for node in nodes(folder) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def nodes(folder: Path) -> list[ast.AST]:
    paths = [path for path in sorted(folder.rglob("*.py")) if "vendor" not in path.relative_to(folder).parts]
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def check(german: dict[str, str]) -> None:
    """Places to fill and underlined letters are kept, and what ends in … ends so."""
    for english, translated in german.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", translated)), english
        assert translated.strip() == translated != "", english
        assert english.count("_") == translated.count("_"), english
        assert english.endswith("…") == translated.endswith("…"), english


def translator_for(language: str) -> Translator:
    return Translator(OURS, lambda: language)


def shipped_texts() -> set[str]:
    english = AttributeLabels(translator_for("en"))
    return {
        text
        for attribute in load_directions().by_name.values()
        for text in (english.label_of(attribute.name), attribute.group, attribute.about)
    }


def test_every_attribute_that_is_shipped_has_german_texts():
    assert shipped_texts() - set(SHARED) == set()


def test_german_has_every_shared_text_and_nothing_that_nobody_says():
    check(SHARED)
    assert said(OURS) - set(SHARED) == set()
    root = PLUGIN.parent
    folders = (OURS, *HOSTS, root / "backend" / "anycost_backend", root / "models" / "anycost_models")
    somewhere = set().union(*map(strings, folders))
    labels = map(AttributeLabels(translator_for("en")).label_of, somewhere)  # of attributes that are not shipped (yet)
    assert set(SHARED) - somewhere - set(labels) - shipped_texts() == set()


@pytest.mark.parametrize("host", HOSTS, ids=["Krita", "GIMP"])
def test_german_has_every_text_of_a_host_once(host):
    own = json.loads((host / "translations" / "de.json").read_text(encoding="utf-8"))
    check(own)
    assert said(host) - set(SHARED) == set(own)


def test_unknown_languages_and_texts_stay_as_they_are(tmp_path):
    assert translator_for("../de")("Presets") == translator_for("fr")("Presets") == "Presets"
    assert translator_for("de")("Presets") == "Vorgaben"
    assert translator_for("de")("Face {number}", number=2) == "Gesicht 2"
    assert translator_for("de")("never seen") == "never seen"
    assert (
        Translator(tmp_path, lambda: "fr", {"Presets": "Préréglages"}.get)("Presets") == "Préréglages"
    )  # the host's own


def test_a_hosts_table_comes_before_the_shared_one(tmp_path):
    (tmp_path / "de.json").write_text('{"Presets": "Muster"}', encoding="utf-8")
    tr = Translator(tmp_path, lambda: "de")
    assert (tr("Presets"), tr("Undo")) == ("Muster", "Rückgängig")
    (tmp_path / "it.json").write_text("[damaged", encoding="utf-8")
    assert Translator(tmp_path, lambda: "it")("Presets") == "Presets"


def test_attributes_are_named_in_words_also_those_that_nobody_translated():
    german = AttributeLabels(translator_for("de"))
    assert german.label_of("yaw") == "Drehen"
    assert german.label_of("mouth_open") == "Mund offen"
    assert german.label_of("my_own_look") == "My own look"
    assert german.about(Attribute("my_own_look", "Own", "made from 12 pictures")) == "made from 12 pictures"
    strengths = {"smile": 0.8, "age": -0.25, "yaw": 1.0, "pitch": 0.1, "glasses": 1.0}
    assert german.title(strengths) == "Lächeln +0.8, Alter −0.25, Drehen +1, Nicken +0.1 …"


def test_the_quality_line_says_what_drew_a_preview():
    german, picture = AttributeLabels(translator_for("de")), Picture.packed(1, 1, 4, bytes(4))
    ladder = {"resolution": 256, "channels": "½", "milliseconds": 24.2}
    drawn = Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(0, 0, 1, 1), **ladder)
    assert german.quality(drawn) == "256 px · ½ Kanäle · 24 ms"
    assert german.quality(None) == ""


def test_a_cause_and_its_remedy_make_a_sentence():
    assert sentence("the disk is full", "free some space") == "The disk is full: free some space."
    assert sentence("The layer is empty.", "choose another") == "The layer is empty. choose another."
    assert sentence("", "") == ""
    assert sentence("Wait…") == "Wait…"
