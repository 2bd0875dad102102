"""Reads an editor's version and Python from its files, without starting it; "" when unknown."""

import plistlib
import re
from collections.abc import Iterable
from pathlib import Path

_MAX_BYTES = 4 << 20


def of_metainfo(share: Path, name: str) -> str:
    """From share/metainfo/`name`*.xml: the newest release."""
    for file in sorted((share / "metainfo").glob(f"{name}*.xml")):
        text = _read(file)
        for release in re.findall(r"<release\b[^>]*>", text):
            if found := re.search(r"""\bversion=["'](\d+(?:\.\d+)+)""", release):
                return found[1]
    return ""


def of_app(app: Path) -> str:
    """Of a macOS application, from Info.plist."""
    try:
        with (app / "Contents" / "Info.plist").open("rb") as file:
            found = re.match(r"\d+(\.\d+)*", str(plistlib.load(file).get("CFBundleShortVersionString", "")))
    except (OSError, plistlib.InvalidFileException, ValueError, AttributeError):
        return ""
    return found[0] if found else ""


def of_snap(snap: Path) -> str:
    """Of a Snap, from snap.yaml."""
    found = re.search(r"^version:\s*['\"]?(\d+(?:\.\d+)+)", _read(snap / "meta" / "snap.yaml"), re.MULTILINE)
    return found[1] if found else ""


def python_in(folders: Iterable[Path]) -> str:
    """The version of the Python library in these folders, such as "3.11"; "" for none or several."""
    found = set()
    for folder in folders:
        try:
            names = [path.name for path in folder.iterdir()]
        except OSError:
            continue
        found |= {name[1] for name in (re.fullmatch(r"(?:python)?(3\.\d+)", name) for name in names) if name}
        dlls = (re.fullmatch(r"python3(\d\d)\.(?:dll|zip)", name) for name in names)
        found |= {f"3.{dll[1]}" for dll in dlls if dll}
    return found.pop() if len(found) == 1 else ""


def python_of_link(link: Path) -> str:
    """The version to which a link such as /usr/bin/python3 points."""
    try:
        found = re.fullmatch(r"python(3\.\d+)", link.resolve().name)
    except (OSError, RuntimeError):
        return ""
    return found[1] if found else ""


def minor(version: str) -> str:
    """From "3.0.4" to "3.0"."""
    return ".".join(version.split(".")[:2])


def number(version: str) -> tuple[int, ...]:
    """For comparisons: 3.10 is newer than 3.2."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
