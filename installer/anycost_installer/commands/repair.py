"""`repair`: compares everything that was installed with the record, by hash, and mends only what is wrong."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.backend import fetch_models
from anycost_installer.backend.installed_models import models
from anycost_installer.backend.self_test import SelfTestFailed, self_test
from anycost_installer.commands.install import pip_for
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.core.version import our_version
from anycost_installer.environment import backend_venv
from anycost_installer.environment.installed_packages import Package, damaged, forget
from anycost_installer.hosts import kritarc
from anycost_installer.hosts.host import Host
from anycost_installer.plugins import archive
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.archive import Install, Member
from anycost_installer.plugins.install_record import Record
from anycost_installer.plugins.placement import archive_of, leftovers, placed, remove_path
from anycost_installer.plugins.transaction import Content, Placing
from anycost_installer.release import bundles


@dataclass(frozen=True)
class Fault:
    what: str  # a path, or the name of a package or model
    problem: str  # "missing", "damaged", "switched off", "left over"
    mended: bool = True


def repair(root: Path, machine: Machine, bundle: Path | None, progress: Progress) -> tuple[int, dict[str, object]]:
    """Exit code and what was found, for JSON. Raises InstallError."""
    places = machine.places
    record = _recorded(root, places)
    with bundles.opened(bundle, places, progress) as opened:
        python, faults = mend_environment(root, record, places, opened, progress)
        faults += mend_models(python, root, places, opened, progress)
        faults += mend_plugins(root, python, record, places, pip_for(python, root, opened, progress), progress)
    for fault in faults:
        progress.say(f"    {fault.what}: {fault.problem}{', mended' if fault.mended else '; left so'}")
    mended = sum(fault.mended for fault in faults)
    found = "1 fault was" if mended == 1 else f"{mended} faults were"
    progress.say(f"{found} found and mended." if mended else "Everything is as it was installed.")
    answer: dict[str, object] = {"faults": [fault.__dict__ for fault in faults]}
    try:
        tested = self_test(python, record.hosts[0].place / "vendor", places, progress)
    except SelfTestFailed as failed:
        print(f"installer: {failed}", file=sys.stderr)
        return 1, answer | {"self_test": {"ok": False, "error": str(failed)}}
    backend_venv.tidy(places, python.parent.parent, progress)
    return 0, answer | {"self_test": {"ok": True, **tested.__dict__}}


def _recorded(root: Path, places: Places) -> Record:
    record = records.read(places)
    if record is None or not record.hosts:
        raise InstallError("nothing is installed here", "run 'python3 installer install'")
    if record.version != our_version(root):
        raise InstallError(
            f"version {record.version} is installed, and this is the installer of {our_version(root)}",
            "run 'python3 installer update'",
        )
    return record


def mend_environment(
    root: Path, record: Record, places: Places, bundle: Path | None, progress: Progress
) -> tuple[Path, list[Fault]]:
    """The backend's Python, and what was wrong with its packages."""
    python = Path(record.python)
    if not (python.is_file() and os.access(python, os.X_OK)):
        mended = backend_venv.prepare(root, places, None, bundle, progress)
        return mended, [Fault(str(record.environment), "missing")]
    with progress.step("Checking the private environment"):
        packages: list[Package] = damaged(record.environment)
    if not packages:
        return python, []
    for package in packages:
        forget(package)
    mended = backend_venv.prepare(root, places, None, bundle, progress, again=True)
    return mended, [Fault(_named(package), "damaged") for package in packages]


def _named(package: Package) -> str:
    more = f" and {len(package.wrong) - 1} more files" if len(package.wrong) > 1 else ""
    return f"package {package.name} ({package.wrong[0].name}{more})"


def mend_models(python: Path, root: Path, places: Places, bundle: Path | None, progress: Progress) -> list[Fault]:
    with progress.step("Checking the models"):
        found = models(python, places)
    if found is None:
        raise InstallError("the backend cannot say which models it has", "run 'python3 installer install'")
    wrong = [model for model in found if model.wrong]
    if wrong:
        fetch_models.fetch(python, root, progress, places.variables(), bundle)
        still = [model.name for model in models(python, places) or [] if model.wrong]
        if still:
            raise InstallError(
                f"models {', '.join(still)} are damaged again after they were fetched",
                "check the disk, then run the same command again",
            )
    return [Fault(f"model {model.name}", model.state) for model in wrong]


def mend_plugins(
    root: Path, python: Path, record: Record, places: Places, install: Install, progress: Progress
) -> list[Fault]:
    """Each file by its hash; a damaged one is taken from the plug-in's ZIP, and a damaged ZIP is made anew."""
    with progress.step("Checking the plug-ins"):
        faults = [
            Fault(entry.path, records.state(entry)) for entry in record.of("file") if records.state(entry) != "ok"
        ]
        faults += _of_settings(record) + _of_links(record, places)
        faults += [Fault(str(path), "left over") for host in record.hosts for path in leftovers(host)]
    archives = {str(archive_of(places, host.program)): host.program for host in record.hosts}
    if str(python) != record.python or any(fault.what in archives for fault in faults):
        with placed(root, python, places, record.hosts, install, progress):
            return faults
    if faults:
        _put_back(record, places, [fault for fault in faults if fault.mended])
    return faults


def _of_settings(record: Record) -> list[Fault]:
    faults = []
    for entry in record.of("setting"):
        chosen = kritarc.chosen(kritarc.read(Path(entry.path)))
        if chosen is None:
            faults.append(Fault(entry.path, "the plug-in is not switched on"))
        elif not chosen:  # in Krita's own settings: somebody meant it
            faults.append(Fault(entry.path, "the plug-in was switched off in Krita", mended=False))
    return faults


def _of_links(record: Record, places: Places) -> list[Fault]:
    return [
        Fault(entry.path, "missing")
        for entry in record.of("link")
        if Path(entry.path).resolve() != (places.data / "models").resolve()
    ]


def _put_back(record: Record, places: Places, faults: list[Fault]) -> None:
    """All of them, or none. Raises InstallError."""
    contents = _contents(record, places)
    settings = {entry.path for entry in record.of("setting")}
    links = {entry.path for entry in record.of("link")}
    stray = {str(path) for host in record.hosts for path in leftovers(host)}
    placing = Placing()
    try:
        for fault in faults:
            path = Path(fault.what)
            if fault.what in settings:
                placing.file(path, Content(kritarc.enabled(kritarc.read(path)).encode()))
            elif fault.what in links:
                placing.link(path, places.data / "models")
            elif fault.what not in stray:
                placing.file(path, contents[fault.what]())
        placing.switch()
    except KeyError as error:
        placing.undo()
        raise InstallError(f"{error.args[0]} cannot be repaired by itself", "run 'python3 installer install'") from None
    except BaseException:
        placing.undo()
        raise
    placing.keep()
    for name in stray:
        remove_path(Path(name))


def _contents(record: Record, places: Places) -> dict[str, Callable[[], Content]]:
    """Path → what belongs there."""

    def of(member: Member) -> Callable[[], Content]:
        return lambda: Content(member.data, member.executable)

    found: dict[str, Callable[[], Content]] = {}
    for host in {host.plugins: host for host in record.hosts}.values():
        for member in archive.for_host(_members(host, places), host):
            found[str(member.place(host))] = of(member)
    note = json.dumps({"python": record.python}).encode()
    for file in {places.data / "backend.json", *(host.backend for host in record.hosts)}:
        found[str(file)] = lambda: Content(note)
    return found


def _members(host: Host, places: Places) -> list[Member]:
    return archive.members(archive_of(places, host.program))
