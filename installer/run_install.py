"""`install` and `remove`: the plug-ins in the editors of this machine, and the backend that they start."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import gimp_plugin
import krita_plugin
from environment import Environment, prepare
from errors import InstallError
from gimp_profiles import GimpProfile, find_gimp
from krita_profiles import Profile, find
from model_files import fetch
from packages import pip
from progress import Note, Progress


@dataclass(frozen=True)
class Target:
    """One editor's profile, and the module that knows how to put a plug-in there."""

    profile: Profile | GimpProfile
    plugin: ModuleType  # with steps, put, take and NAME

    @property
    def place(self) -> Path:
        return self.profile.plugins / str(self.plugin.NAME)


def install(root: Path, torch: str | None, targets: list[Target], dry_run: bool, progress: Progress) -> int:
    if dry_run:
        progress.say(f"Would make or complete the private environment {Environment(root).folder}")
        progress.say("Would fetch the models that are not there yet")
        for target in targets:
            progress.say(f"\nWould put into {target.profile.title}:")
            for step in target.plugin.steps(target.profile):
                progress.say(f"    {step}")
        return 0
    python = prepare(root, "", torch, progress)
    fetch(python, root, progress)
    for target in targets:
        with progress.step(f"Putting the plug-in into {target.profile.title}") as note:
            put(target, root, python, progress, note)
        progress.say(f"{target.profile.title}: {target.place}")
    if any(target.plugin is krita_plugin for target in targets):
        progress.say("\nStart Krita (anew, if it runs) and choose Filter > Edit Face…")
    if any(target.plugin is gimp_plugin for target in targets):
        progress.say("\nStart GIMP (anew, if it runs) and choose Filters > Face > Edit Face…")
    return 0


def put(target: Target, root: Path, python: Path, progress: Progress, note: Note) -> None:
    environment = Environment(root)
    with environment.log.open("a", encoding="utf-8") as log:

        def fetched(arguments: list[str]) -> bool:
            return pip(python, arguments, root, log, note, verbose=progress.verbose) is None

        target.plugin.put(target.profile, root, python, fetched, note)


def remove(root: Path, targets: list[Target], others: list[Target], dry_run: bool, progress: Progress) -> int:
    """others: editors that keep the plug-in, if they have it."""
    for target in targets:
        title = target.profile.title
        if dry_run:
            progress.say(f"Would take out of {title} what 'install' put there:")
            for step in target.plugin.steps(target.profile):
                progress.say(f"    {step}")
            continue
        keeping = [other for other in others if other.place.is_dir()]
        last = all(other.profile.backend != target.profile.backend for other in keeping)
        removed = target.plugin.take(target.profile, last)
        progress.say(f"{title}: {'removed' if removed else 'nothing of ours is there'}")
        for path in removed:
            progress.say(f"    {path}")
    progress.say(
        f"The private environment ({Environment(root).folder}) and the models stay: the command line uses them."
    )
    return 0


def targets_of(prefix: Path | None, krita: bool, gimp: bool) -> list[Target]:
    """Raises InstallError when an editor that was asked for is not on this machine."""
    found = []
    for wanted, name, known in ((krita, "Krita", krita_targets), (gimp, "GIMP 3", gimp_targets)):
        here = known(prefix) if wanted else []
        if wanted and not here:
            raise InstallError(
                f"no {name} was found on this machine. Install {name}, start it once, then run the same command"
            )
        found += here
    return found


def krita_targets(prefix: Path | None) -> list[Target]:
    return [Target(profile, krita_plugin) for profile in find(prefix)]


def gimp_targets(prefix: Path | None) -> list[Target]:
    return [Target(profile, gimp_plugin) for profile in find_gimp(prefix)]
