"""`.venv/bin/python installer relock`: writes requirements.json anew from the pins of pyproject.toml. For developers.

pip's own resolver chooses the packages of each system and Python; the package index says the files' hashes and sizes.
Run it after a change of pins, with the Python of `.venv`, whose pip must be 25 or newer."""

import html
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from anycost_installer.core.checkout import ROOT, pinned, read_pyproject, torch_version
from anycost_installer.core.errors import InstallError
from anycost_installer.lockfile.requirements import LOCK, PYTHONS, SYSTEMS, System, Target
from anycost_installer.lockfile.torch_index import CPU_INDEX

# pip decides what a package needs by the markers of the machine it runs on; here it is told the target's instead.
RESOLVE = """
import json, sys
import pip._vendor.packaging.markers as markers
here, wanted = markers.default_environment, json.loads(sys.argv[1])
markers.default_environment = lambda: {**here(), **wanted}
from pip._internal.cli.main import main
sys.exit(main(sys.argv[2:]))
"""

# The files of projects as the index lists them, asked for through pip's session: its indexes, proxy and certificates.
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

# There is no wheel of these on the index: what they need in their place.
SOURCES = {"pyvips": "cffi>=1.0.0"}

TORCH_BYTES = 192_000_000  # of its CPU build for Linux, about: the index does not say

File = tuple[str, str, int]  # name, sha256, bytes


def relock() -> int:
    # Constraints and extra indexes of this machine must not decide what everybody gets.
    os.environ.update(PIP_CONFIG_FILE=os.devnull, PIP_CONSTRAINT="", PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="")
    with tempfile.TemporaryDirectory() as folder:
        chosen: dict[Target, dict[str, str]] = {}
        cpu_needs: dict[str, list[str]] = {}  # Python → what torch needs there
        for system in reversed(SYSTEMS):  # Linux last: there the index has no CPU build that could say what it needs
            for python in PYTHONS:
                target = Target(system.name, python)
                pins = dependencies(ROOT)
                if system.name.startswith("linux"):
                    pins = [pin for pin in pins if not pin.startswith("torch==")] + cpu_needs.get(python, [])
                metadata = resolved(target, system, pins, Path(folder))
                print(f"{target}: {f'{len(metadata)} packages' if metadata else 'none to be had'}", flush=True)
                if not metadata:
                    continue
                chosen[target] = {name: str(item["version"]) for name, item in metadata.items()}
                if "torch" in metadata:
                    needs = metadata["torch"]["requires_dist"]
                    cpu_needs[python] = [need for need in needs if not re.search("extra|platform", need)]
                else:
                    chosen[target]["torch"] = torch_version(ROOT)
    files = listed(sorted({name for packages in chosen.values() for name in packages} | {*SOURCES}))
    lock = locked(chosen, files, known_torch())
    for name in SOURCES:
        version = pinned(ROOT, rf"{name}(?:\[\w+\])?")
        lock["sources"].append(f"{name}=={version}")
        lock["hashes"][f"{name}=={version}"] = [
            sha256 for file, sha256, _ in files[name] if file == f"{name}-{version}.tar.gz"
        ]
    aside = ROOT / f"{LOCK}.part"
    aside.write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, ROOT / LOCK)
    return 0


def dependencies(root: Path) -> list[str]:
    """What pyproject.toml pins for everybody, and what it builds with; of sources, what they need."""
    text = read_pyproject(root)
    lists = [
        re.search(rf"^{name} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL) for name in ("requires", "dependencies")
    ]
    lines = [line for found in lists if found for line in found[1].splitlines()]
    pins = [found[1] for line in lines if (found := re.search(r'"([^"]+)"', line))]
    return [SOURCES.get(re.split(r"[\[=]", pin)[0], pin) for pin in pins]


def resolved(target: Target, system: System, pins: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Name → metadata of all that the target needs; empty where pip finds no set of wheels."""
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


def listed(names: list[str]) -> dict[str, list[File]]:
    done = subprocess.run([sys.executable, "-c", LIST, *names], stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise InstallError("the index does not list its files as JSON", "name one that does in PIP_INDEX_URL")
    return {
        name: [(str(f), str(h), int(n)) for f, h, n in files]
        for name, files in map(json.loads, done.stdout.splitlines())
    }


def locked(chosen: dict[Target, dict[str, str]], files: dict[str, list[File]], cpu: dict[str, str]) -> dict[str, Any]:
    """`cpu`: the hashes of torch's CPU builds for Linux, which lie on an index of their own, by target."""
    hashes: dict[str, set[str]] = {}
    targets = {}
    for target, packages in chosen.items():
        linux = target.system.startswith("linux")
        download = 0
        for name, version in packages.items():
            fitting = [file for file in files[name] if fits(file[0], name, version, target)]
            if name == "torch" and linux:
                version, fitting = f"{version}+cpu", [("", cpu.get(target.key, ""), TORCH_BYTES)]
            elif not fitting:
                raise InstallError(f"the index lists no wheel of {name} {version} for {target}", "pin another release")
            hashes.setdefault(f"{name}=={version}", set()).update(sha256 for _, sha256, _ in fitting if sha256)
            download += max(size for _, _, size in fitting)
        if linux and target.key not in cpu:
            print(f"{target}: left out, since no hash of torch's CPU build is known", file=sys.stderr)
            continue
        names = sorted(f"{name}=={version}" for name, version in packages.items() if name != "torch")
        torch = f"torch=={torch_version(ROOT)}{'+cpu' if linux else ''}"
        targets[target.key] = {"download": download, "torch": torch, "packages": names}
    known = {"version": torch_version(ROOT), "linux": cpu}
    releases = {name: sorted(hashes[name]) for name in sorted(hashes)}
    return {"targets": targets, "sources": [], "torch": known, "hashes": releases}


def fits(file: str, name: str, version: str, target: Target) -> bool:
    """Whether a wheel is of this release and may be what pip takes on some machine of the target's kind."""
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


def known_torch() -> dict[str, str]:
    """Target → hash of torch's CPU build for Linux: as its index says, or without a way there as known before."""
    version = torch_version(ROOT)
    try:
        with urllib.request.urlopen(f"{CPU_INDEX}/torch/", timeout=30) as answer:
            page = html.unescape(answer.read().decode("utf-8", "replace")).replace("%2B", "+")
    except OSError as error:
        print(f"{CPU_INDEX} cannot be reached ({error}): torch's hashes stay as they were", file=sys.stderr)
        known = json.loads((ROOT / LOCK).read_text(encoding="utf-8"))["torch"]
        if known["version"] == version:
            return dict(known["linux"])
        raise InstallError(
            f"no hashes of torch {version}+cpu are known, and {CPU_INDEX} cannot be reached",
            "run this on a machine that reaches it",
        ) from None
    wheel = (
        re.escape(f"torch-{version}+cpu-")
        + r"cp3(\d+)-cp3\1-manylinux_[\d_]+_(x86_64|aarch64)\.whl#sha256=([0-9a-f]{64})"
    )
    return {f"linux-{machine}-3.{minor}": sha256 for minor, machine, sha256 in re.findall(wheel, page)}
