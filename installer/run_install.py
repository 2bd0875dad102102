"""`install` and `remove`: the plug-ins in the editors of this machine, and the backend that they start."""

from pathlib import Path

import krita_plugin
from environment import Environment, prepare
from errors import InstallError
from krita_profiles import Profile, find
from model_files import fetch
from packages import pip
from progress import Note, Progress


def install(root: Path, torch: str | None, prefix: Path | None, dry_run: bool, progress: Progress) -> int:
    profiles = found(prefix)
    if dry_run:
        progress.say(f"Would make or complete the private environment {Environment(root).folder}")
        progress.say("Would fetch the models that are not there yet")
        for profile in profiles:
            progress.say(f"\nWould put into {profile.title}:")
            for step in krita_plugin.steps(profile):
                progress.say(f"    {step}")
        return 0
    python = prepare(root, "", torch, progress)
    fetch(python, root, progress)
    for profile in profiles:
        with progress.step(f"Putting the plug-in into {profile.title}") as note:
            put(profile, root, python, progress, note)
        progress.say(f"{profile.title}: {profile.plugins / krita_plugin.NAME}")
    progress.say("\nStart Krita (anew, if it runs) and choose Filter > Edit Face…")
    return 0


def put(profile: Profile, root: Path, python: Path, progress: Progress, note: Note) -> None:
    environment = Environment(root)
    with environment.log.open("a", encoding="utf-8") as log:

        def fetched(arguments: list[str]) -> bool:
            return pip(python, arguments, root, log, note, verbose=progress.verbose) is None

        krita_plugin.put(profile, root, python, fetched, note)


def remove(root: Path, prefix: Path | None, dry_run: bool, progress: Progress) -> int:
    for profile in found(prefix):
        if dry_run:
            progress.say(f"Would take out of {profile.title} what 'install' put there:")
            for step in krita_plugin.steps(profile):
                progress.say(f"    {step}")
            continue
        removed = krita_plugin.take(profile)
        progress.say(f"{profile.title}: {'removed' if removed else 'nothing of ours is there'}")
        for path in removed:
            progress.say(f"    {path}")
    progress.say(
        f"The private environment ({Environment(root).folder}) and the models stay: the command line uses them."
    )
    return 0


def found(prefix: Path | None) -> list[Profile]:
    profiles = find(prefix)
    if not profiles:
        raise InstallError(
            "no Krita was found on this machine. Install Krita, start it once, then run the same command"
        )
    return profiles
