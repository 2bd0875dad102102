"""Stars on rows, lists of favourites and of what is changed, presets that were used last."""

from anycost_client.edit.favourites import Rows
from anycost_client.edit.presets import Preset
from docker_parts import Docker, settle


def listed(docker: Docker) -> list[str]:
    return [name for name, row in docker.panel.attributes.rows.items() if row.isVisible()]


def choose(docker: Docker, rows: Rows) -> None:
    docker.panel.attributes.search._choices[rows].trigger()
    settle()


def test_a_star_makes_a_favourite_that_krita_keeps(editing: Docker) -> None:
    choose(editing, "favourites")
    assert listed(editing) == []
    assert "No favourites yet" in editing.shown()
    choose(editing, "all")
    editing.panel.attributes.rows["age"].star.click()
    assert editing.host.settings["favourites"] == "age"
    choose(editing, "favourites")
    assert listed(editing) == ["age"]
    assert editing.panel.attributes.search.placeholderText() == "Favourites"


def test_a_search_looks_through_all_of_them(editing: Docker) -> None:
    choose(editing, "favourites")
    editing.panel.attributes.search.setText("smile")
    settle()
    assert listed(editing) == ["smile"]


def test_only_what_is_changed(editing: Docker) -> None:
    choose(editing, "changed")
    assert listed(editing) == []
    editing.slide("smile", 0.5)
    assert listed(editing) == ["smile"]
    choose(editing, "all")
    assert len(listed(editing)) == len(editing.panel.attributes.rows)


def test_presets_that_were_used_last_are_offered_again(editing: Docker) -> None:
    for name in ("Mild", "Strong"):
        editing.panel.presets.chosen.emit(Preset(name, {"smile": 0.5}))
    recent = next(item for item in editing.panel.presets.offered.items() if item.text == "Recently used")
    assert [item.text for item in recent.items] == ["Strong", "Mild"]
    assert "Strong" in editing.host.settings["recent_presets"]


def test_refine_is_folded_away_until_it_is_wanted(editing: Docker) -> None:
    assert not editing.panel.refine.isVisible()
    editing.panel.more.refine.trigger()
    assert editing.panel.refine.isVisible()
