"""`repair`: checks all installed files by their hashes and replaces only those that differ."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.backend.models import fetch_models, verify_models
from anycost_installer.backend.self_test import SelfTestFailed, self_test
from anycost_installer.commands.install import pip_install_with
from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import remove_path
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.environment.installed_packages import (
    DamagedPackage,
    damaged_packages,
    force_reinstall,
    missing_packages,
)
from anycost_installer.hosts import kritarc
from anycost_installer.hosts.host import Host
from anycost_installer.lockfile.requirements import read_lock, this_target
from anycost_installer.plugins.archive import Member, PipInstall, members_for, read_members
from anycost_installer.plugins.install_record import Record, file_state, read_record
from anycost_installer.plugins.installation import archive_path, installed_plugins, leftovers
from anycost_installer.plugins.transaction import Content, FileTransaction
from anycost_installer.release import bundles


@dataclass(frozen=True)
class Fault:
    what: str  # path, or name of a package or model
    problem: str  # "missing", "damaged", "left over" …
    repaired: bool = True


def repair(root: Path, machine: Machine, bundle: Path | None, progress: Progress) -> tuple[int, dict[str, object]]:
    """Exit code and faults, for --json. Raises InstallError."""
    paths = machine.paths
    record = _record_of_this_version(root, paths)
    with bundles.open_bundle(bundle, paths, progress) as opened:
        python, faults = repair_environment(root, record, paths, opened, progress)
        faults += repair_models(python, root, paths, opened, progress)
        pip_install = pip_install_with(python, root, opened, progress)
        faults += repair_plugins(root, python, record, paths, pip_install, progress)
    for fault in faults:
        progress.say(f"    {fault.what}: {fault.problem}{', repaired' if fault.repaired else '; left as it is'}")
    repaired = sum(fault.repaired for fault in faults)
    found = "1 fault was" if repaired == 1 else f"{repaired} faults were"
    progress.say(f"{found} found and repaired." if repaired else "Everything is as it was installed.")
    answer: dict[str, object] = {"faults": [fault.__dict__ for fault in faults]}
    try:
        tested = self_test(python, record.hosts[0].plugin_folder / "vendor", paths, progress)
    except SelfTestFailed as failed:
        print(f"installer: {failed}", file=sys.stderr)
        return 1, answer | {"self_test": {"ok": False, "error": str(failed)}}
    backend_venv.remove_old_environments(paths, python.parent.parent, progress)
    return 0, answer | {"self_test": {"ok": True, **tested.__dict__}}


def _record_of_this_version(root: Path, paths: Paths) -> Record:
    record = read_record(paths)
    if record is None or not record.hosts:
        raise InstallError("nothing is installed here", "run 'python3 installer install'")
    if record.version != project_version(root):
        raise InstallError(
            f"version {record.version} is installed, and this is the installer of {project_version(root)}",
            "run 'python3 installer update'",
        )
    return record


def repair_environment(
    root: Path, record: Record, paths: Paths, bundle: Path | None, progress: Progress
) -> tuple[Path, list[Fault]]:
    """Checks the packages. Returns the backend's Python and the faults. Raises InstallError."""
    python = Path(record.python)
    if not (python.is_file() and os.access(python, os.X_OK)):
        complete = backend_venv.prepare(root, paths, bundle, progress)
        return complete, [Fault(str(record.environment), "missing")]
    with progress.step("Checking the private environment"):
        packages = damaged_packages(record.environment)
        missing = missing_packages(record.environment, read_lock(root, this_target()).releases)
    if not packages and not missing:
        return python, []
    for package in packages:
        force_reinstall(package)
    complete = backend_venv.prepare(root, paths, bundle, progress, recheck=True)
    faults = [Fault(_named(package), "damaged") for package in packages]
    return complete, faults + [Fault(f"package {name}", "missing") for name in missing]


def _named(package: DamagedPackage) -> str:
    more = f" and {len(package.damaged_files) - 1} more files" if len(package.damaged_files) > 1 else ""
    return f"package {package.name} ({package.damaged_files[0].name}{more})"


def repair_models(python: Path, root: Path, paths: Paths, bundle: Path | None, progress: Progress) -> list[Fault]:
    """Fetches missing and damaged models; returns them as faults. Raises InstallError."""
    with progress.step("Checking the models"):
        found = verify_models(python, paths)
    if found is None:
        raise InstallError("the backend cannot say which models it has", "run 'python3 installer install'")
    wrong = [model for model in found if model.needs_repair]
    if wrong:
        fetch_models(python, root, progress, paths.variables(), bundle)
        still = [model.name for model in verify_models(python, paths) or [] if model.needs_repair]
        if still:
            raise InstallError(
                f"models {', '.join(still)} are damaged again after they were fetched",
                "check the disk, then run the same command again",
            )
    return [Fault(f"model {model.name}", model.state) for model in wrong]


def repair_plugins(
    root: Path, python: Path, record: Record, paths: Paths, pip_install: PipInstall, progress: Progress
) -> list[Fault]:
    """Checks all files; replaces damaged ones from the plug-in's ZIP, and builds a damaged ZIP again.

    Raises InstallError; then no file was changed."""
    with progress.step("Checking the plug-ins"):
        faults = [Fault(entry.path, file_state(entry)) for entry in record.of_kind("file") if file_state(entry) != "ok"]
        faults += _of_settings(record) + _of_links(record, paths)
        faults += [Fault(str(path), "left over") for host in record.hosts for path in leftovers(host)]
    archives = {str(archive_path(paths, host.program)): host.program for host in record.hosts}
    if str(python) != record.python or any(fault.what in archives for fault in faults):
        with installed_plugins(root, python, paths, record.hosts, pip_install, progress):
            return faults
    if faults:
        _put_back(record, paths, [fault for fault in faults if fault.repaired])
    return faults


def _of_settings(record: Record) -> list[Fault]:
    faults = []
    for entry in record.of_kind("setting"):
        chosen = kritarc.is_enabled(kritarc.read_settings(Path(entry.path)))
        if chosen is None:
            faults.append(Fault(entry.path, "the plug-in is not enabled"))
        elif not chosen:  # the user disabled it in Krita's settings
            faults.append(Fault(entry.path, "the plug-in was disabled in Krita", repaired=False))
    return faults


def _of_links(record: Record, paths: Paths) -> list[Fault]:
    return [
        Fault(entry.path, "missing")
        for entry in record.of_kind("link")
        if Path(entry.path).resolve() != (paths.data / "models").resolve()
    ]


def _put_back(record: Record, paths: Paths, faults: list[Fault]) -> None:
    """Replaces all files or none. Raises InstallError."""
    contents = _contents(record, paths)
    settings = {entry.path for entry in record.of_kind("setting")}
    links = {entry.path for entry in record.of_kind("link")}
    stray = {str(path) for host in record.hosts for path in leftovers(host)}
    transaction = FileTransaction()
    try:
        for fault in faults:
            path = Path(fault.what)
            if fault.what in settings:
                transaction.add_file(path, Content(kritarc.with_plugin_enabled(kritarc.read_settings(path)).encode()))
            elif fault.what in links:
                transaction.add_link(path, paths.data / "models")
            elif fault.what not in stray:
                transaction.add_file(path, contents[fault.what]())
        transaction.apply()
    except KeyError as error:
        transaction.roll_back()
        raise InstallError(f"{error.args[0]} cannot be repaired by itself", "run 'python3 installer install'") from None
    except BaseException:
        transaction.roll_back()
        raise
    transaction.finish()
    for name in stray:
        remove_path(Path(name))


def _contents(record: Record, paths: Paths) -> dict[str, Callable[[], Content]]:
    """Path → a function that gives the right content."""

    def of(member: Member) -> Callable[[], Content]:
        return lambda: Content(member.data, member.executable)

    found: dict[str, Callable[[], Content]] = {}
    for host in {host.plugins_folder: host for host in record.hosts}.values():
        for member in members_for(_members(host, paths), host):
            found[str(member.path_in(host))] = of(member)
    backend_json = json.dumps({"python": record.python}).encode()
    for file in {paths.data / "backend.json", *(host.backend for host in record.hosts)}:
        found[str(file)] = lambda: Content(backend_json)
    return found


def _members(host: Host, paths: Paths) -> list[Member]:
    return read_members(archive_path(paths, host.program))
