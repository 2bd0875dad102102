"""`remove`: deletes what 'install' made, and lists what stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import path_exists, remove_path
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.hosts.find import find_hosts, running_editors
from anycost_installer.hosts.gimp import default_host as default_gimp
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.krita import default_host as default_krita
from anycost_installer.plugins.archive import ARCHIVES_FOLDER
from anycost_installer.plugins.install_record import RECORD_FILE, Record, read_record, write_record
from anycost_installer.plugins.installation import (
    archive_path,
    clean_settings,
    remove_empty_folders,
    remove_plugin,
)

# Made by the backend and the plug-ins in the cache folder.
CACHES = ("graphs", "latents", "consistency", "times", "batches", "logs", "run")
CACHE_KEY = "cache.key"  # in the data folder; without the caches it is of no use
MODELS = ("models", "imported")
ATTRIBUTES = "attributes"  # of the user's own


@dataclass(frozen=True)
class Options:
    krita: bool = False
    gimp: bool = False
    models: str = "keep"  # or "remove"
    presets: str = "keep"
    dry_run: bool = False


@dataclass
class Removal:
    """What will be removed."""

    hosts: list[Host]
    last: bool  # no editor keeps the plug-in, so shared files are removed too
    record: Record | None
    shared_paths: list[Path] = field(default_factory=list)  # shared by all editors
    keeps: list[str] = field(default_factory=list)  # texts for the user


def remove(machine: Machine, options: Options, progress: Progress) -> tuple[int, dict[str, object]]:
    """Exit code and removed paths, for --json. Running it again does no harm. Raises InstallError and OSError."""
    removal = make_plan(machine, options)
    if options.dry_run:
        for path in [*(host.plugin_folder for host in removal.hosts), *removal.shared_paths]:
            progress.say(f"Would remove {path}")
        print_kept(removal, progress)
        return 0, {"would_remove": [str(path) for path in removal.shared_paths], "done": False}
    removed, cleaned = carry_out(machine.paths, removal)
    for path in removed:
        progress.say(f"    removed {path}")
    for path in cleaned:
        progress.say(f"    took the plug-in's lines out of {path}")
    if not removed and not cleaned:
        progress.say("Nothing is installed here.")
    print_kept(removal, progress)
    if removed and not machine.prefixed:
        for program in sorted({host.program for host in removal.hosts} & set(running_editors())):
            progress.say(f"{program} is running: it keeps the plug-in until it is restarted.")
    answer = {"removed": [str(path) for path in removed], "cleaned": [str(path) for path in cleaned]}
    return 0, {**answer, "kept": removal.keeps, "done": True}


def make_plan(machine: Machine, options: Options) -> Removal:
    """Finds what the options choose."""
    paths = machine.paths
    try:
        record = read_record(paths)
    except InstallError:  # without a record, the default paths are used
        record = None
    with_plugin = {host.plugin_folder: host for host in known_hosts(machine, record)}.values()
    chosen = [name for name, is_chosen in (("Krita", options.krita), ("GIMP", options.gimp)) if is_chosen]
    hosts = [host for host in with_plugin if not chosen or host.program in chosen]
    last = not [host for host in with_plugin if host not in hosts]
    removal = Removal(hosts, last, record)
    if last:
        removal.shared_paths = shared(paths, options)
    else:
        staying = {host.program for host in with_plugin if host not in hosts}
        removal.shared_paths = [
            archive_path(paths, program) for program in {host.program for host in hosts} - staying if hosts
        ]
        removal.keeps.append("the private environment and the models: other editors use them")
    presets = paths.data / "presets", *(host.folder / "anycost_krita" / "presets" for host in hosts)
    for folder in presets:
        if folder.is_dir() and options.presets == "keep":
            removal.keeps.append(f"your presets: {folder}")
        elif folder.is_dir() and last:
            removal.shared_paths.append(folder)
    if last and (paths.data / ATTRIBUTES).is_dir():
        removal.keeps.append(f"your own attributes: {paths.data / ATTRIBUTES}")
    if last and options.models == "keep":
        removal.keeps += [
            f"the models ({paths.data / name}); 'remove --models remove' takes them too"
            for name in MODELS
            if (paths.data / name).is_dir()
        ]
    return removal


def known_hosts(machine: Machine, record: Record | None) -> list[Host]:
    """The hosts with the plug-in: those of the record, and found ones with its folder."""
    recorded = list(record.hosts) if record else []
    found = [*find_hosts(machine), default_krita(machine), default_gimp(machine)]
    known = {host.plugin_folder for host in recorded}
    return recorded + [host for host in found if host.plugin_folder not in known and host.plugin_folder.is_dir()]


def shared(paths: Paths, options: Options) -> list[Path]:
    """The shared paths that exist and are to be removed."""
    shared_paths = [paths.data / "backend.json", paths.data / ARCHIVES_FOLDER, backend_venv.environments_folder(paths)]
    shared_paths += [paths.cache / name for name in CACHES] + [paths.run, paths.data / CACHE_KEY]
    if options.models == "remove":
        shared_paths += [paths.data / name for name in MODELS]
    shared_paths.append(paths.data / RECORD_FILE)  # last, so that an interrupted removal can be continued
    return [path for path in dict.fromkeys(shared_paths) if path_exists(path)]


def carry_out(paths: Paths, removal: Removal) -> tuple[list[Path], list[Path]]:
    """Removes everything. Returns the removed paths, and the settings that lost the plug-in's lines.

    Raises InstallError and OSError."""
    removed: list[Path] = []
    cleaned: list[Path] = []
    recorded = removal.record.entries if removal.record else ()
    for host in removal.hosts:
        entries = [entry for entry in recorded if entry.host == str(host.plugins_folder)]
        removed += remove_plugin(host, entries)
        if settings := clean_settings(host, entries):
            cleaned.append(settings)
        if host.backend.parent != paths.data and remove_path(host.backend):
            removed.append(host.backend)
    removed += [path for path in removal.shared_paths if remove_path(path)]
    if removal.record and not removal.last:
        write_record(paths, removal.record.without(removal.hosts))
    remove_empty_folders(_folders(paths, removal))
    return removed, cleaned


def _folders(paths: Paths, removal: Removal) -> Sequence[Path]:
    """Folders that may be empty now: those of the record, and the project's own."""
    folders = [Path(entry.path) for entry in removal.record.of_kind("folder")] if removal.record else []
    for host in removal.hosts:
        if host.program == "Krita":
            folders.append(host.folder / "anycost_krita")
        if host.backend.parent != paths.data:
            folders.append(host.backend.parent)
        if removal.record is None:
            folders += [host.plugins_folder, host.actions_folder]
    if removal.last:
        folders += [paths.data, paths.cache, paths.run]
    return folders


def print_kept(removal: Removal, progress: Progress) -> None:
    """Lists what stays."""
    for text in removal.keeps:
        progress.say(f"Kept: {text}.")
