"""What the dialog leaves on the disk: its place for the next time, and a lock while it is open."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from anycost_gimp.dialog.one_dialog import OneDialog
from anycost_gimp.dialog.remembered import Remembered
from anycost_gimp.dialog.settings import Settings


def test_place_size_and_tick_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "data" / "gimp-dialog.json"
    assert Remembered.load(file) == Remembered(None, None, in_image=True)
    kept = Remembered((-40, 50), (900, 600), in_image=False)
    kept.save(file)
    assert Remembered.load(file) == kept


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"place": [1], "size": null, "in_image": true}', '{"place": [1e9, 2], "size": null}']
)
def test_what_cannot_be_read_is_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert Remembered.load(tmp_path / "file") == Remembered()


def test_what_an_artist_chose_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "data" / "gimp-settings.json"
    Settings(file).keep("favourites", "age,smile")
    assert Settings(file).get("favourites", "") == "age,smile"
    for text in ("", "[]", '{"favourites": 7}'):
        file.write_text(text)
        assert Settings(file).get("favourites", "none") == "none"


def test_two_images_dialogs_keep_what_the_other_one_kept(tmp_path: Path) -> None:
    file = tmp_path / "gimp-settings.json"
    one, other = Settings(file), Settings(file)
    one.keep("favourites", "age")
    other.keep("recent", "happy")
    assert (Settings(file).get("favourites", ""), Settings(file).get("recent", "")) == ("age", "happy")


def test_a_disk_that_refuses_troubles_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    Remembered().save(tmp_path / "file" / "gimp-dialog.json")
    Settings(tmp_path / "file" / "gimp-settings.json").keep("favourites", "age")


def test_the_second_dialog_of_an_image_asks_for_the_first(home: Path) -> None:
    image, other = SimpleNamespace(get_id=lambda: 1), SimpleNamespace(get_id=lambda: 2)
    first, second = OneDialog(image), OneDialog(image)
    assert first.begin()
    assert not first.wanted_in_front()
    assert OneDialog(image).is_open()
    assert not second.begin()
    assert first.wanted_in_front()
    assert not first.wanted_in_front()
    assert OneDialog(other).begin()
    first.end()
    assert not OneDialog(image).is_open()
    assert second.begin()
