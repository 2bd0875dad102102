"""Puts the plug-ins into all chosen editors together, or into none; and takes them out again."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.core.version import our_version
from anycost_installer.hosts import kritarc
from anycost_installer.hosts.host import PLUGINS, Host
from anycost_installer.plugins import archive as plugin_archive
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.archive import Install, Member
from anycost_installer.plugins.install_record import Entry, Record
from anycost_installer.plugins.transaction import ASIDE, OLD, Content, Placing


@contextmanager
def placed(
    root: Path,
    python: Path,
    places: Places,
    hosts: Sequence[Host],
    install: Install,
    progress: Progress,
    made: Sequence[Path] = (),
) -> Iterator[Record]:
    """Inside the block the plug-ins are the new ones, and backend.json names `python`; an exception that leaves it
    puts the former ones back. Leaving it well writes the record.

    `made`: folders that this run made before. Raises InstallError: then everything is as it was."""
    placing = Placing()
    try:
        with (
            progress.step("Putting the plug-ins together") as note,
            plugin_archive.fetched_wheels(root, install, note) as wheels,
        ):
            programs = dict.fromkeys(host.program for host in hosts)
            archives = {program: plugin_archive.build(program, root, wheels) for program in programs}
        entries = prepare(placing, places, hosts, archives, python)
    except BaseException:
        placing.undo()
        raise
    placing.switch()
    try:
        new = _recorded(root, python, places, hosts, entries, [*made, *placing.made])
        yield new
        records.write(places, new)
    except BaseException:
        placing.undo()
        raise
    placing.keep()


def prepare(
    placing: Placing, places: Places, hosts: Sequence[Host], archives: dict[str, bytes], python: Path
) -> list[Entry]:
    """Makes all of it aside. Returns what will be there once `placing` switches. Raises InstallError."""
    entries: list[Entry] = []
    members: dict[str, list[Member]] = {}
    for program, data in archives.items():
        archive = archive_of(places, program)
        placing.file(archive, Content(data))
        entries.append(records.file_entry(archive, data))
        members[program] = plugin_archive.members(archive.with_name(archive.name + ASIDE))
    note = json.dumps({"python": str(python)}).encode()
    for host in {host.plugins: host for host in hosts}.values():
        entries += _plugin(placing, host, plugin_archive.for_host(members[host.program], host))
    for file in dict.fromkeys([places.data / "backend.json", *(host.backend for host in hosts)]):
        owner = next((str(host.plugins) for host in hosts if host.backend == file), "")
        placing.file(file, Content(note))
        entries.append(records.file_entry(file, note, "" if file.parent == places.data else owner))
    for host in {host.settings: host for host in hosts if host.settings}.values():
        entries.append(_setting(placing, host))
    for host in {host.backend.parent: host for host in hosts if host.kind == "Flatpak"}.values():
        link = host.backend.parent / "models"  # the backend runs in there with folders of its own
        if not link.exists() or link.is_symlink():
            placing.link(link, places.data / "models")
            entries.append(Entry(str(link), "link", str(host.plugins)))
    return entries


def archive_of(places: Places, program: str) -> Path:
    return places.data / plugin_archive.FOLDER / f"{PLUGINS[program]}.zip"


def _plugin(placing: Placing, host: Host, members: list[Member]) -> list[Entry]:
    inside, entries = {}, [Entry(str(host.place), "plugin", str(host.plugins))]
    for member in members:
        place = member.place(host)
        content = Content(member.data, member.executable)
        if place.is_relative_to(host.place):
            inside[place.relative_to(host.place).as_posix()] = content
        else:
            placing.file(place, content)
        entries.append(records.file_entry(place, member.data, str(host.plugins), member.executable))
    placing.folder(host.place, inside)
    return entries


def _setting(placing: Placing, host: Host) -> Entry:
    settings = host.settings.resolve() if host.settings else Path()  # some people keep kritarc elsewhere, behind a link
    there = settings.is_file()
    placing.file(settings, Content(kritarc.enabled(kritarc.read(settings)).encode()))
    return Entry(str(settings), "setting", str(host.plugins), made=not there)


def _recorded(
    root: Path, python: Path, places: Places, hosts: Sequence[Host], entries: list[Entry], made: Sequence[Path]
) -> Record:
    """With what an earlier run put into other editors, and which folders and files it made."""
    old = None
    with suppress(InstallError):  # one that is damaged is written anew
        old = records.read(places)
    merged = {entry.path: entry for entry in entries}
    merged |= {str(folder): Entry(str(folder), "folder") for folder in made if str(folder) not in merged}
    kept: tuple[Host, ...] = ()
    if old:
        now = {str(host.plugins) for host in hosts}
        kept = tuple(host for host in old.hosts if str(host.plugins) not in now)
        others = {str(host.plugins) for host in kept}
        for entry in old.entries:
            mine = merged.get(entry.path)
            if entry.kind == "folder" or (not mine and (entry.host in others or not entry.host)):
                merged.setdefault(entry.path, entry)
            elif mine and entry.made:
                merged[entry.path] = Entry(**{**mine.__dict__, "made": True})
    return Record(
        our_version(root),
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        str(python),
        (*hosts, *kept),
        tuple(merged.values()),
        str(root),
    )


def take_out(host: Host, entries: Sequence[Entry]) -> list[Path]:
    """What was removed of this host; `entries`: what the record says of it. Presets that the user saved stay."""
    removed = [path for path in (host.place, *leftovers(host)) if remove_path(path)]
    files = [Path(entry.path) for entry in entries if entry.kind in ("file", "link")]
    if host.program == "Krita":
        files += [host.plugins / f"{host.plugin}.desktop", host.actions / f"{host.plugin}.action"]
    removed += [path for path in dict.fromkeys(files) if remove_path(path)]
    if host.settings and host.settings.is_file():
        settings = host.settings.resolve()
        before = kritarc.read(settings)
        after = kritarc.cleared(before)
        if before != after:
            made = not entries or any(entry.kind == "setting" and entry.made for entry in entries)
            if made and not after.strip():
                settings.unlink()
            else:
                aside = settings.with_name(settings.name + ".part")
                aside.write_text(after, encoding="utf-8")
                shutil.copymode(settings, aside)
                aside.replace(settings)
            removed.append(settings)
    return removed


def drop_empty(folders: Sequence[Path], told: Callable[[Path], object] = lambda folder: None) -> None:
    """Those of the folders that are empty, the deepest first."""
    for folder in sorted(set(folders), key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()
            told(folder)


def leftovers(host: Host) -> list[Path]:
    """What a run that was cut off left beside the plug-in."""
    beside = [host.place.with_name(host.place.name + ending) for ending in (ASIDE, OLD)]
    return [path for path in beside if path.exists()]


def remove_path(path: Path) -> bool:
    """Whether something was there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return True
    there = path.is_file() or path.is_symlink()
    path.unlink(missing_ok=True)
    return there
