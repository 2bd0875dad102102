"""`remove`: takes away what 'install' put anywhere, and says what stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.hosts.find import find_hosts
from anycost_installer.hosts.gimp import usual as usual_gimp
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.krita import usual as usual_krita
from anycost_installer.hosts.running_editors import running
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.archive import FOLDER
from anycost_installer.plugins.install_record import Record
from anycost_installer.plugins.placement import archive_of, drop_empty, leftovers, remove_path, take_out

# What the backend and the plug-ins make in our folders while they are used.
CACHES = ("graphs", "latents", "consistency", "times", "logs", "run")
MODELS = ("models", "imported")


@dataclass(frozen=True)
class Options:
    krita: bool = False
    gimp: bool = False
    models: str = "keep"  # or "remove"
    presets: str = "keep"
    dry_run: bool = False


@dataclass
class Removal:
    """What there is to be removed."""

    hosts: list[Host]
    last: bool  # no editor keeps the plug-in: what all share goes as well
    record: Record | None
    paths: list[Path] = field(default_factory=list)  # what all share
    keeps: list[str] = field(default_factory=list)  # for people


def remove(machine: Machine, options: Options, progress: Progress) -> tuple[int, dict[str, object]]:
    """Exit code and what was removed, for JSON. Twice is as good as once."""
    removal = planned(machine, options)
    if options.dry_run:
        for path in [*(host.place for host in removal.hosts), *removal.paths]:
            progress.say(f"Would remove {path}")
        say_kept(removal, progress)
        return 0, {"would_remove": [str(path) for path in removal.paths], "done": False}
    removed = take_away(machine.places, removal)
    for path in removed:
        progress.say(f"    removed {path}")
    if not removed:
        progress.say("Nothing of ours is there.")
    say_kept(removal, progress)
    if removed and not machine.moved:
        for program in sorted({host.program for host in removal.hosts} & set(running())):
            progress.say(f"{program} is running: it keeps the plug-in until it is restarted.")
    return 0, {"removed": [str(path) for path in removed], "kept": removal.keeps, "done": True}


def planned(machine: Machine, options: Options) -> Removal:
    places = machine.places
    try:
        record = records.read(places)
    except InstallError:  # a damaged record is no reason to stay: what is known to be ours goes
        record = None
    with_plugin = {host.place: host for host in known_hosts(machine, record)}.values()
    chosen = [name for name, wanted in (("Krita", options.krita), ("GIMP", options.gimp)) if wanted]
    hosts = [host for host in with_plugin if not chosen or host.program in chosen]
    last = not [host for host in with_plugin if host not in hosts]
    removal = Removal(hosts, last, record)
    if last:
        removal.paths = shared(places, options)
    else:
        staying = {host.program for host in with_plugin if host not in hosts}
        removal.paths = [archive_of(places, program) for program in {host.program for host in hosts} - staying if hosts]
        removal.keeps.append("the private environment and the models: other editors use them")
    presets = places.data / "presets", *(host.folder / "anycost_krita" / "presets" for host in hosts)
    for folder in presets:
        if folder.is_dir() and options.presets == "keep":
            removal.keeps.append(f"your presets: {folder}")
        elif folder.is_dir() and last:
            removal.paths.append(folder)
    if last and options.models == "keep":
        removal.keeps += [
            f"the models ({places.data / name}); 'remove --models remove' takes them too"
            for name in MODELS
            if (places.data / name).is_dir()
        ]
    return removal


def known_hosts(machine: Machine, record: Record | None) -> list[Host]:
    """Those that have our plug-in: as recorded, and where it would be without a record."""
    recorded = list(record.hosts) if record else []
    found = [*find_hosts(machine), usual_krita(machine), usual_gimp(machine)]
    places = {host.place for host in recorded}
    return recorded + [host for host in found if host.place not in places and host.place.is_dir()]


def shared(places: Places, options: Options) -> list[Path]:
    paths = [places.data / "backend.json", places.data / FOLDER, *backend_venv.folders(places)]
    paths += [places.cache / name for name in CACHES] + [places.run]
    if options.models == "remove":
        paths += [places.data / name for name in MODELS]
    paths.append(places.data / records.NAME)  # last: while it is there, remove can be run again
    return [path for path in dict.fromkeys(paths) if path.exists() or path.is_symlink()]


def take_away(places: Places, removal: Removal) -> list[Path]:
    removed: list[Path] = []
    recorded = removal.record.entries if removal.record else ()
    for host in removal.hosts:
        entries = [entry for entry in recorded if entry.host == str(host.plugins)]
        removed += take_out(host, entries)
        removed += [path for path in leftovers(host) if remove_path(path)]
        if host.backend.parent != places.data and remove_path(host.backend):
            removed.append(host.backend)
    removed += [path for path in removal.paths if remove_path(path)]
    if removal.record and not removal.last:
        records.write(places, removal.record.without(removal.hosts))
    drop_empty(_folders(places, removal))
    return removed


def _folders(places: Places, removal: Removal) -> Sequence[Path]:
    """That may be empty now: those that 'install' made, and ours in any case."""
    folders = [Path(entry.path) for entry in removal.record.of("folder")] if removal.record else []
    for host in removal.hosts:
        if host.program == "Krita":
            folders.append(host.folder / "anycost_krita")
        if host.backend.parent != places.data:
            folders.append(host.backend.parent)
        if removal.record is None:
            folders += [host.plugins, host.actions]
    if removal.last:
        folders += [places.data, places.cache, places.run]
    return folders


def say_kept(removal: Removal, progress: Progress) -> None:
    for text in removal.keeps:
        progress.say(f"Kept: {text}.")
