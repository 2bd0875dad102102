"""`relock`: writes requirements.json from the pins of pyproject.toml. For developers.

pip's resolver chooses the packages of each system and Python; the package index gives hashes and sizes. Run
`.venv/bin/python installer relock` after a change of pins; it needs pip 25 or newer."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from anycost_installer.core.checkout import ROOT, pinned_version, read_pyproject
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import write_text
from anycost_installer.lockfile.requirements import LOCK_FILE, PYTHONS, SYSTEMS, System, Target

# pip evaluates environment markers for its own machine; here it gets the markers of the target.
RESOLVE = """
import json, sys
import pip._vendor.packaging.markers as markers
here, target = markers.default_environment, json.loads(sys.argv[1])
markers.default_environment = lambda: {**here(), **target}
from pip._internal.cli.main import main
sys.exit(main(sys.argv[2:]))
"""

# Lists the files of projects on the index, through pip's session (index, proxy, certificates).
LIST = """
import json, sys
from pip._internal.commands import create_command
command = create_command("install")
options, names = command.parse_args(sys.argv[1:])
with command.main_context():
    session = command.get_default_session(options)
    for name in names:
        url = f"{options.index_url.rstrip('/')}/{name}/"
        answer = session.get(url, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
        answer.raise_for_status()
        files = [[f["filename"], f["hashes"].get("sha256", ""), f.get("size", 0)] for f in answer.json()["files"]]
        print(json.dumps([name, files]), flush=True)
"""

# Packages without a wheel → the dependencies that the resolver must see instead.
SOURCE_ONLY = {"pyvips": "cffi>=1.0.0"}

File = tuple[str, str, int]  # name, sha256, bytes


def relock() -> int:
    """Returns the exit code, 0. Raises InstallError."""
    # The settings of this machine's pip must not change the result.
    os.environ.update(PIP_CONFIG_FILE=os.devnull, PIP_CONSTRAINT="", PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="")
    with tempfile.TemporaryDirectory() as folder:
        chosen: dict[Target, dict[str, str]] = {}
        for system in SYSTEMS:
            for python in PYTHONS:
                target = Target(system.name, python)
                metadata = resolve(target, system, dependencies(ROOT), Path(folder))
                print(f"{target}: {f'{len(metadata)} packages' if metadata else 'none to be had'}", flush=True)
                if metadata:
                    chosen[target] = {name: str(item["version"]) for name, item in metadata.items()}
    files = list_files(sorted({name for packages in chosen.values() for name in packages} | {*SOURCE_ONLY}))
    lock = make_lock(chosen, files)
    for name in SOURCE_ONLY:
        version = pinned_version(ROOT, rf"{name}(?:\[\w+\])?")
        lock["sources"].append(f"{name}=={version}")
        lock["hashes"][f"{name}=={version}"] = [
            sha256 for file, sha256, _ in files[name] if file == f"{name}-{version}.tar.gz"
        ]
    write_text(ROOT / LOCK_FILE, json.dumps(lock, indent=1) + "\n")
    return 0


def dependencies(root: Path) -> list[str]:
    """The pins of pyproject.toml for all users and for its build; SOURCE_ONLY replaced. Raises InstallError."""
    text = read_pyproject(root)
    lists = [
        re.search(rf"^{name} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL) for name in ("requires", "dependencies")
    ]
    lines = [line for found in lists if found for line in found[1].splitlines()]
    pins = [found[1] for line in lines if (found := re.search(r'"([^"]+)"', line))]
    return [SOURCE_ONLY.get(re.split(r"[\[=]", pin)[0], pin) for pin in pins]


def resolve(target: Target, system: System, pins: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Name → metadata of all packages of a target; empty when pip finds no set of wheels."""
    report = folder / "report.json"
    markers = system.markers | {"python_version": target.python, "python_full_version": f"{target.python}.99"}
    command = [
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--report",
        str(report),
        "--target",
        str(folder),
    ]
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, json.dumps(markers), *command, *target.download_options, *pins]
    )
    if done.returncode:
        return {}
    items = [item["metadata"] for item in json.loads(report.read_bytes())["install"]]
    return {re.sub(r"[-_.]+", "-", item["name"]).lower(): item for item in items}


def list_files(names: list[str]) -> dict[str, list[File]]:
    """Project → its files on the index. Raises InstallError when the index gives no JSON."""
    done = subprocess.run([sys.executable, "-c", LIST, *names], stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise InstallError("the index does not list its files as JSON", "name one that does in PIP_INDEX_URL")
    return {
        name: [(str(f), str(h), int(n)) for f, h, n in files]
        for name, files in map(json.loads, done.stdout.splitlines())
    }


def make_lock(chosen: dict[Target, dict[str, str]], files: dict[str, list[File]]) -> dict[str, Any]:
    """The content of requirements.json. Raises InstallError when the index has no wheel of a package for a target."""
    hashes: dict[str, set[str]] = {}
    targets = {}
    for target, packages in chosen.items():
        download = 0
        for name, version in packages.items():
            fitting = [file for file in files[name] if wheel_fits(file[0], name, version, target)]
            if not fitting:
                raise InstallError(f"the index lists no wheel of {name} {version} for {target}", "pin another release")
            hashes.setdefault(f"{name}=={version}", set()).update(sha256 for _, sha256, _ in fitting)
            download += max(size for _, _, size in fitting)
        names = sorted(f"{name}=={version}" for name, version in packages.items())
        targets[target.key] = {"download": download, "packages": names}
    return {"targets": targets, "sources": [], "hashes": {name: sorted(hashes[name]) for name in sorted(hashes)}}


def wheel_fits(file: str, name: str, version: str, target: Target) -> bool:
    """Whether a file is a wheel of this release that pip can take on a machine of the target."""
    parts = file.removesuffix(".whl").split("-")
    if not file.endswith(".whl") or re.sub(r"[-_.]+", "-", parts[0]).lower() != name or parts[1] != version:
        return False
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    minor = int(target.python.split(".")[1])
    older = any(found and int(found[1] or 0) <= minor for found in (re.fullmatch(r"cp3(\d*)", tag) for tag in pythons))
    python = f"cp3{minor}" in pythons or "py3" in pythons or ("abi3" in abis and older)
    if not python or f"cp3{minor}t" in abis:
        return False
    machine = target.system.partition("-")[2]
    system = {
        "linux": r"(many)?linux.*_" + machine,
        "macos": rf"macosx_.*_({machine}|universal2)",
        "windows": f"win_{machine}",
    }
    pattern = system[target.system.partition("-")[0]]
    return any(tag == "any" or re.fullmatch(pattern, tag) for tag in platforms)
