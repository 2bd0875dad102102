"""Installs the plug-ins in all chosen editors or in none, and removes them."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import remove_path, write_text
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.hosts import kritarc
from anycost_installer.hosts.host import PLUGINS, Host
from anycost_installer.plugins.archive import (
    ARCHIVES_FOLDER,
    Member,
    PipInstall,
    build_archive,
    members_for,
    pyzmq_wheels,
    read_members,
)
from anycost_installer.plugins.install_record import Entry, Record, file_entry, read_record, write_record
from anycost_installer.plugins.transaction import NEW, OLD, Content, FileTransaction


@contextmanager
def installed_plugins(
    root: Path,
    python: Path,
    paths: Paths,
    hosts: Sequence[Host],
    pip_install: PipInstall,
    progress: Progress,
    created_folders: Sequence[Path] = (),
) -> Iterator[Record]:
    """Installs the plug-ins and backend.json, which names `python`, while the block runs.

    An exception in the block restores the former files. Otherwise the record is written after it.
    `created_folders`: made earlier by this run. Raises InstallError; then everything is as before."""
    transaction = FileTransaction()
    try:
        with (
            progress.step("Putting the plug-ins together") as note,
            pyzmq_wheels(root, pip_install, note) as wheels,
        ):
            programs = dict.fromkeys(host.program for host in hosts)
            archives = {program: build_archive(program, root, wheels) for program in programs}
        entries = stage_plugins(transaction, paths, hosts, archives, python)
    except BaseException:
        transaction.roll_back()
        raise
    transaction.apply()
    try:
        record = _merged_record(root, python, paths, hosts, entries, [*created_folders, *transaction.created_folders])
        yield record
        write_record(paths, record)
    except BaseException:
        transaction.roll_back()
        raise
    transaction.finish()


def stage_plugins(
    transaction: FileTransaction, paths: Paths, hosts: Sequence[Host], archives: dict[str, bytes], python: Path
) -> list[Entry]:
    """Adds all files to `transaction` and returns their entries. Raises InstallError."""
    entries: list[Entry] = []
    members: dict[str, list[Member]] = {}
    for program, data in archives.items():
        archive = archive_path(paths, program)
        transaction.add_file(archive, Content(data))
        entries.append(file_entry(archive, data))
        members[program] = read_members(archive.with_name(archive.name + NEW))
    backend_json = json.dumps({"python": str(python)}).encode()
    for host in {host.plugins_folder: host for host in hosts}.values():
        entries += _plugin(transaction, host, members_for(members[host.program], host))
    for file in dict.fromkeys([paths.data / "backend.json", *(host.backend for host in hosts)]):
        owner = next((str(host.plugins_folder) for host in hosts if host.backend == file), "")
        transaction.add_file(file, Content(backend_json))
        entries.append(file_entry(file, backend_json, "" if file.parent == paths.data else owner))
    for host in {host.settings: host for host in hosts if host.settings}.values():
        entries.append(_setting(transaction, host))
    for host in {host.backend.parent: host for host in hosts if host.kind == "Flatpak"}.values():
        link = host.backend.parent / "models"  # the sandbox has its own data folder
        if not link.exists() or link.is_symlink():
            transaction.add_link(link, paths.data / "models")
            entries.append(Entry(str(link), "link", str(host.plugins_folder)))
    return entries


def archive_path(paths: Paths, program: str) -> Path:
    """The ZIP of the plug-in for "Krita" or "GIMP"."""
    return paths.data / ARCHIVES_FOLDER / f"{PLUGINS[program]}.zip"


def _plugin(transaction: FileTransaction, host: Host, members: list[Member]) -> list[Entry]:
    inside, entries = {}, [Entry(str(host.plugin_folder), "plugin", str(host.plugins_folder))]
    for member in members:
        path = member.path_in(host)
        content = Content(member.data, member.executable)
        if path.is_relative_to(host.plugin_folder):
            inside[path.relative_to(host.plugin_folder).as_posix()] = content
        else:
            transaction.add_file(path, content)
        entries.append(file_entry(path, member.data, str(host.plugins_folder), member.executable))
    transaction.add_folder(host.plugin_folder, inside)
    return entries


def _setting(transaction: FileTransaction, host: Host) -> Entry:
    settings = host.settings.resolve() if host.settings else Path()  # kritarc may be a link
    existed = settings.is_file()
    transaction.add_file(settings, Content(kritarc.with_plugin_enabled(kritarc.read_settings(settings)).encode()))
    return Entry(str(settings), "setting", str(host.plugins_folder), made=not existed)


def _merged_record(
    root: Path, python: Path, paths: Paths, hosts: Sequence[Host], entries: list[Entry], created_folders: Sequence[Path]
) -> Record:
    """The record of this run, with the entries of an earlier run for other editors."""
    old = None
    with suppress(InstallError):  # a damaged record is replaced
        old = read_record(paths)
    merged = {entry.path: entry for entry in entries}
    merged |= {str(folder): Entry(str(folder), "folder") for folder in created_folders if str(folder) not in merged}
    kept: tuple[Host, ...] = ()
    if old:
        now = {str(host.plugins_folder) for host in hosts}
        kept = tuple(host for host in old.hosts if str(host.plugins_folder) not in now)
        others = {str(host.plugins_folder) for host in kept}
        for entry in old.entries:
            mine = merged.get(entry.path)
            if entry.kind == "folder" or (not mine and (entry.host in others or not entry.host)):
                merged.setdefault(entry.path, entry)
            elif mine and entry.made:
                merged[entry.path] = Entry(**{**mine.__dict__, "made": True})
    return Record(
        project_version(root),
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        str(python),
        (*hosts, *kept),
        tuple(merged.values()),
        str(root),
    )


def remove_plugin(host: Host, entries: Sequence[Entry]) -> list[Path]:
    """Removes the plug-in of this host, but not the user's presets, and returns the removed paths.

    `entries`: those of the record for this host. Raises OSError."""
    removed = [path for path in (host.plugin_folder, *leftovers(host)) if remove_path(path)]
    files = [Path(entry.path) for entry in entries if entry.kind in ("file", "link")]
    if host.program == "Krita":
        files += [
            host.plugins_folder / f"{host.plugin_name}.desktop",
            host.actions_folder / f"{host.plugin_name}.action",
        ]
    return removed + [path for path in dict.fromkeys(files) if remove_path(path)]


def clean_settings(host: Host, entries: Sequence[Entry]) -> Path | None:
    """Takes the plug-in's lines out of kritarc, and returns its path; None when there were none.

    A file that `install` made and that is empty now is deleted. Raises OSError, and InstallError for a damaged one."""
    if not (host.settings and host.settings.is_file()):
        return None
    settings = host.settings.resolve()
    before = kritarc.read_settings(settings)
    after = kritarc.without_plugin(before)
    if before == after:
        return None
    made = not entries or any(entry.kind == "setting" and entry.made for entry in entries)
    if made and not after.strip():
        settings.unlink()
    else:
        write_text(settings, after)
    return settings


def remove_empty_folders(folders: Sequence[Path]) -> None:
    """Removes those of the folders that are empty, the deepest first."""
    for folder in sorted(set(folders), key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def leftovers(host: Host) -> list[Path]:
    """What an interrupted run left beside the plug-in."""
    beside = [host.plugin_folder.with_name(host.plugin_folder.name + ending) for ending in (NEW, OLD)]
    return [path for path in beside if path.exists()]
