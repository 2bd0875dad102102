"""`remove` leaves nothing behind, except what the user wants to keep."""

from anycost_installer.commands import remove as run_remove
from anycost_installer.commands.install import missing_folders
from anycost_installer.plugins.install_record import file_state
from anycost_models.core.private_folders import _PERSONAL
from anycost_models.core.signed_cache import key_path
from installed_home import Home


def remove(home: Home, **options: object) -> dict[str, object]:
    return run_remove.remove(home.machine, run_remove.Options(**options), home.progress)[1]  # type: ignore[arg-type]


def test_removing_leaves_no_trace(home: Home) -> None:
    before = home.below()
    made = missing_folders(home.paths)
    environment = home.paths.data / "environments" / "0.1.0-0" / "bin"
    for folder in (environment, home.paths.data / "models", home.paths.cache / "latents", home.paths.run):
        folder.mkdir(parents=True)
    home.put(home.krita, home.gimp, python=environment / "python", created_folders=made)
    (home.krita.plugin_folder / "__pycache__").mkdir()
    kept = remove(home)
    assert [path for path in home.below() if not path.endswith("/")] == []
    assert (home.paths.data / "models").is_dir()
    assert "the models" in str(kept["kept"])
    (home.paths.data / "models").rmdir()

    home.put(home.krita, home.gimp, python=environment / "python", created_folders=made)
    (home.paths.data / "models").mkdir()
    remove(home, models="remove")
    assert home.below() == before
    assert remove(home) == {"removed": [], "cleaned": [], "kept": [], "done": True}


def test_what_the_backend_made_goes_and_what_the_user_made_is_named(home: Home) -> None:
    home.put(home.krita)
    made = [home.paths.data, home.paths.cache]
    for folder in (top / name for top in made for name in _PERSONAL):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "one").touch()
    (home.paths.data / key_path().name).touch()
    kept = str(remove(home)["kept"])
    left = {path for path in home.paths.data.iterdir() if path.name in ("attributes", "presets", "imported")}
    assert all(str(path) in kept for path in left)
    assert len(left) == 3
    assert not (home.paths.data / "cache.key").exists()
    assert {path.name for path in home.paths.cache.iterdir()} <= {"attributes", "presets", "imported"}


def test_what_was_there_before_stays(home: Home) -> None:
    settings, other = home.krita.settings, home.krita.plugins_folder / "other"
    assert settings
    settings.parent.mkdir(parents=True)
    settings.write_text("[General]\nname=Ä\n", encoding="utf-8")
    other.mkdir(parents=True)
    before = home.below()
    home.put(home.krita, created_folders=missing_folders(home.paths))
    answer = remove(home)
    assert home.below() == before
    assert (str(settings) in answer["removed"], answer["cleaned"]) == (False, [str(settings)])
    assert f"took the plug-in's lines out of {settings}" in home.printed.getvalue()


def test_the_last_editor_takes_the_backend_along_and_the_first_does_not(home: Home) -> None:
    home.put(home.krita, home.gimp)
    remove(home, krita=True)
    assert not home.krita.plugin_folder.exists()
    assert (home.paths.data / "backend.json").is_file()
    assert home.record.hosts == (home.gimp,)
    assert {file_state(entry) for entry in home.record.of_kind("file") if entry.host} == {"ok"}
    remove(home, gimp=True)
    assert [path for path in home.below() if not path.endswith("/")] == []


def test_presets_stay_unless_asked_for(home: Home) -> None:
    home.put(home.krita)
    for folder in (home.paths.data / "presets", home.krita.folder / "anycost_krita" / "presets"):
        folder.mkdir(parents=True)
        (folder / "mine.json").write_text("{}")
    remove(home)
    assert [path for path in home.below() if path.endswith("mine.json")] != []
    home.put(home.krita)
    remove(home, presets="remove")
    assert [path for path in home.below() if not path.endswith("/")] == []


def test_a_plug_in_without_a_record_or_with_a_damaged_one_goes_too(home: Home) -> None:
    for damage in (lambda file: file.unlink(), lambda file: file.write_text("{")):
        home.put(home.krita, home.gimp)
        damage(home.paths.data / "record.json")
        remove(home)
        assert [path for path in home.below() if not path.endswith("/")] == []


def test_a_dry_run_says_what_it_would_remove_and_removes_nothing(home: Home) -> None:
    home.put(home.krita)
    before = home.below()
    remove(home, dry_run=True)
    assert f"Would remove {home.krita.plugin_folder}" in home.printed.getvalue()
    assert home.below() == before
