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


TEXTS = {"smile": "smile happy", "age": "age older", "beard": "beard"}


def test_what_was_changed_stays_listed_while_it_goes_back_to_0(ready) -> None:
    favourites, rows, sliders = Favourites("age", lambda _: None), ListedRows(), ready.editor.sliders

    def names(search: str = "") -> frozenset[str]:
        return rows.fitting(search, TEXTS, sliders, favourites).names

    assert names() == TEXTS.keys()
    rows.choose("favourites")
    assert names() == {"age"}
    rows.choose("changed")
    assert names() == frozenset()
    sliders.set("smile", 0.5)
    assert names() == {"smile"}
    sliders.set("smile", 0.0)
    assert names() == {"smile"}
    rows.choose("changed")
    assert names() == frozenset()


def test_a_search_goes_through_all_and_unfolds_them(ready) -> None:
    favourites, rows, sliders = Favourites("", lambda _: None), ListedRows(), ready.editor.sliders
    rows.choose("favourites")
    assert "No favourites yet" in rows.fitting("", TEXTS, sliders, favourites).none_found
    found = rows.fitting(" OLD  age", TEXTS, sliders, favourites)
    assert (found.names, found.unfolded, found.none_found) == ({"age"}, True, "")
    assert "No attribute" in rows.fitting("nose", TEXTS, sliders, favourites).none_found
    rows.choose("all")
    assert not rows.fitting("", TEXTS, sliders, favourites).unfolded
    assert rows.fitting("", {}, None, favourites).none_found == ""  # none is offered yet


def test_presets_used_last_come_first_once_and_are_few() -> None:
    kept: list[str] = []
    recent = RecentPresets("", kept.append)
    for name in ("a", "b", "c", "d", "e", "b", ""):
        recent.use(Preset(name, {"smile": 0.5}))
    assert [preset.name for preset in RecentPresets(kept[-1], kept.append).presets] == ["b", "e", "d", "c"]


def test_what_another_version_kept_counts_as_nothing() -> None:
    for text in ("{", "[1]", json.dumps(["{}"]), "7", "null"):
        assert RecentPresets(text, lambda _: None).presets == ()
