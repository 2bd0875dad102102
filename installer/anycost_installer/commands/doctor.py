"""`doctor`: shows what is installed where and in which state, without personal data."""

import json
import os
import platform
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

from anycost_installer.backend.models import verify_models
from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import existing_parent, format_size
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.core.redact import redacted, without_home
from anycost_installer.core.subprocesses import run_captured
from anycost_installer.environment import backend_venv
from anycost_installer.environment.installed_packages import damaged_packages, missing_packages
from anycost_installer.hosts.find import find_hosts, running_editors
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.kritarc import is_enabled, read_settings
from anycost_installer.lockfile.requirements import read_lock, this_target
from anycost_installer.plugins.install_record import Record, file_state, read_record

LOG_LINES = 12
LOW_DISK = 1e9  # bytes
TIMEOUT_SECONDS = 60
_VERSIONS_SCRIPT = """
import importlib.metadata as m, json, sys
print(json.dumps({"python": sys.version.split()[0], "version": m.version("anycost-face-editor"),
                  "pyzmq": m.version("pyzmq")}))
"""

Facts = dict[str, Any]


def doctor(root: Path, machine: Machine, progress: Progress) -> tuple[int, Facts]:
    """Exit code (1 when something is wrong) and facts, for --json. Raises InstallError for an incomplete checkout."""
    facts = collect(root, machine)
    for line in to_text(facts):
        progress.say(line)
    return int(bool(facts["problems"])), facts


def collect(root: Path, machine: Machine) -> Facts:
    """All facts, without the home folder and the user's name. Raises InstallError for an incomplete checkout."""
    paths, problems = machine.paths, []
    record = None
    try:
        record = read_record(paths)
    except InstallError as error:
        problems.append(str(error))
    facts: Facts = {
        "installer": project_version(root),
        "system": f"{platform.platform()}, Python {platform.python_version()}",
        "installed": None,
        "environment": None,
        "hosts": [_host(host, record, problems) for host in _all_hosts(machine, record)],
        "running": [] if machine.prefixed else running_editors(),
        "connection": _connection(paths, problems),
        "disk": _disk(paths, problems),
        "models": None,
        "log": _log(paths),
    }
    if record:
        facts["installed"] = _installed(root, record, problems)
        facts["environment"] = _environment(root, record, paths, problems)
        facts["models"] = _models(record, paths, problems)
    elif not problems:
        problems.append("nothing is installed: run 'python3 installer install'")
    facts["problems"] = problems
    clean: Facts = json.loads(without_home(json.dumps(facts, ensure_ascii=False), paths.home))
    return clean


def _all_hosts(machine: Machine, record: Record | None) -> list[Host]:
    found = find_hosts(machine)
    known = {host.plugins_folder for host in found}
    return found + [host for host in (record.hosts if record else ()) if host.plugins_folder not in known]


def _host(host: Host, record: Record | None, problems: list[str]) -> Facts:
    entries = [entry for entry in record.entries if entry.host == str(host.plugins_folder)] if record else []
    files = [entry for entry in entries if entry.kind == "file"]
    wrong = [entry.path for entry in files if file_state(entry) != "ok"]
    facts = host.to_json() | {"installed": bool(files), "files": len(files), "wrong": wrong}
    if not files and host.plugin_folder.is_dir():
        problems.append(f"{host.title}: an older plug-in without a record is there: run 'python3 installer install'")
    if wrong:
        problems.append(f"{host.title}: {len(wrong)} files are missing or damaged: run 'python3 installer repair'")
    if files and host.settings:
        facts["switched_on"] = is_enabled(read_settings(host.settings))
        if not facts["switched_on"]:
            problems.append(
                f"{host.title}: the plug-in is switched off: Settings > Configure Krita > Python Plugin Manager, or "
                "'python3 installer repair'"
            )
    return facts


def _installed(root: Path, record: Record, problems: list[str]) -> Facts:
    if record.version != project_version(root):
        problems.append(
            f"version {record.version} is installed, this installer is {project_version(root)}: "
            "run 'python3 installer update'"
        )
    shared = [entry for entry in record.of_kind("file") if not entry.host]
    wrong = [entry.path for entry in shared if file_state(entry) != "ok"]
    if wrong:
        problems.append(f"{', '.join(wrong)}: missing or damaged: run 'python3 installer repair'")
    return {
        "version": record.version,
        "when": record.installed,
        "files": len(record.of_kind("file")),
        "bytes": sum(entry.size for entry in record.of_kind("file")),
        "wrong": wrong,
    }


def _environment(root: Path, record: Record, paths: Paths, problems: list[str]) -> Facts:
    wrong = [package.name for package in damaged_packages(record.environment, quick=True)]
    if record.environment == backend_venv.backend_environment(root, paths, None).folder:  # else the lock is another's
        wrong += missing_packages(record.environment, read_lock(root, this_target()).releases)
    if wrong:
        problems.append(f"packages {', '.join(wrong)} are missing or damaged: run 'python3 installer repair'")
    facts: Facts = {"folder": str(record.environment), "works": False, "wrong": wrong}
    try:
        done = run_captured(Path(record.python), ["-c", _VERSIONS_SCRIPT], paths.variables(), TIMEOUT_SECONDS)
        facts |= json.loads(done.stdout) | {"works": True}
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError):
        problems.append("the private environment does not work: run 'python3 installer repair'")
        return facts
    if facts["version"] != record.version:
        problems.append(
            f"the backend is {facts['version']} and the plug-ins are {record.version}: run 'python3 installer update'"
        )
    return facts


def _connection(paths: Paths, problems: list[str]) -> Facts:
    """The file with the keys, which exists while a backend runs."""
    file = paths.run / "connection.json"
    facts: Facts = {"file": str(file), "there": file.is_file(), "private": None}
    if facts["there"] and os.name == "posix":
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)}
        facts |= {"mode": f"{modes[file]:o}", "folder_mode": f"{modes[file.parent]:o}"}
        own = file.stat().st_uid == os.geteuid()
        facts["private"] = own and not any(mode & 0o077 for mode in modes.values())
        if not facts["private"]:
            problems.append(f"others may read the keys in {file}: close the editors and delete that file")
    return facts


def _disk(paths: Paths, problems: list[str]) -> Facts:
    folder = existing_parent(paths.data)
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK:
        problems.append(f"{folder} has {format_size(free)} free: free some space")
    if not os.access(folder, os.W_OK):
        problems.append(f"{folder} cannot be written: make it writable for you")
    return {"folder": str(folder), "free": free}


def _models(record: Record, paths: Paths, problems: list[str]) -> list[Facts] | None:
    found = verify_models(Path(record.python), paths)
    if found is None:
        return None
    bad = [model.name for model in found if model.needs_repair]
    if bad:
        problems.append(f"models {', '.join(bad)} are missing or damaged: run 'python3 installer repair'")
    return [{"name": model.name, "state": model.state, "size": model.size} for model in found]


def _log(paths: Paths) -> list[str]:
    """The last lines of the backend's log, redacted."""
    try:
        text = (paths.cache / "logs" / "backend.log").read_bytes()[-8192:].decode(errors="replace")
    except OSError:
        return []
    return [redacted(line, paths.home)[:300] for line in text.splitlines()[-LOG_LINES:]]


def to_text(facts: Facts) -> list[str]:
    """The facts as lines of text."""
    said = [f"Installer {facts['installer']}; {facts['system']}"]
    installed, environment = facts["installed"], facts["environment"]
    if installed:
        wrong = f", {len(installed['wrong'])} wrong" if installed["wrong"] else ""
        said.append(f"Installed: {installed['version']} on {installed['when']}, {installed['files']} files{wrong}")
    if environment:
        works = "anycost {version}, Python {python}" if environment["works"] else "does not work"
        said.append(f"Environment: {environment['folder']}: {works.format(**environment)}")
    said += ["", "Editors:" if facts["hosts"] else "No editor was found."]
    for host in facts["hosts"]:
        python = f"Python {host['python']}" if host["python"] else "Python not known"
        state = f"{host['files']} files, {len(host['wrong'])} wrong" if host["installed"] else "plug-in not installed"
        channel = host["channel"] or "pyzmq or bridge"
        said.append(f"    {host['title']}: {python}, {channel}; {state}: {host['plugins']}")
        if host["obstacle"]:
            said.append(f"        {host['obstacle']}")
    if facts["running"]:
        said.append(f"    running now: {', '.join(facts['running'])}")
    connection, disk = facts["connection"], facts["disk"]
    rights = {True: "for this user alone", False: "OPEN TO OTHERS", None: "rights not checked here"}
    there = rights[connection["private"]] if connection["there"] else "not there: no backend runs"
    said += ["", f"Connection file: {connection['file']}: {there}"]
    said.append(f"Free disk: {format_size(disk['free'])} ({disk['folder']})")
    for model in facts["models"] or []:
        said.append(f"    {model['state']:<8} {format_size(model['size']):>9}  {model['name']}")
    if facts["log"]:
        said += ["", "Last lines of the log:", *(f"    {line}" for line in facts["log"])]
    said += ["", "Nothing is wrong." if not facts["problems"] else "To be fixed:"]
    return said + [f"    {problem}" for problem in facts["problems"]]
