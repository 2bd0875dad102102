"""Favourite attributes, which rows are listed, and presets that were used last: kept by the host as texts."""

import json

from anycost_client.edit.favourites import Favourites, ListedRows, RecentPresets
from anycost_client.edit.presets import Preset


def test_favourites_are_kept_as_a_text_and_come_back() -> None:
    kept: list[str] = []
    favourites = Favourites("", kept.append)
    favourites.set("smile", True)
    favourites.set("age", True)
    favourites.set("smile", False)
    assert kept[-1] == "age"
    assert Favourites("age,smile", kept.append).names == {"age", "smile"}


def test_what_was_changed_stays_listed_while_it_goes_back_to_0(ready) -> None:
    favourites, rows, sliders = Favourites("age", lambda _: None), ListedRows(), ready.editor.sliders
    assert rows.names(sliders, favourites) is None
    rows.choose("favourites")
    assert rows.names(sliders, favourites) == {"age"}
    rows.choose("changed")
    assert rows.names(sliders, favourites) == frozenset()
    sliders.set("smile", 0.5)
    assert rows.names(sliders, favourites) == {"smile"}
    sliders.set("smile", 0.0)
    assert rows.names(sliders, favourites) == {"smile"}
    rows.choose("changed")
    assert rows.names(sliders, favourites) == frozenset()


def test_presets_used_last_come_first_once_and_are_few() -> None:
    kept: list[str] = []
    recent = RecentPresets("", kept.append)
    for name in ("a", "b", "c", "d", "e", "b", ""):
        recent.use(Preset(name, {"smile": 0.5}))
    assert [preset.name for preset in RecentPresets(kept[-1], kept.append).presets] == ["b", "e", "d", "c"]


def test_what_another_version_kept_counts_as_nothing() -> None:
    for text in ("{", "[1]", json.dumps(["{}"]), "7", "null"):
        assert RecentPresets(text, lambda _: None).presets == ()
