#!/usr/bin/env python3
"""Started by GIMP: sets the module search path, then runs the plug-in."""

import sys
from pathlib import Path

VERSIONS = {"Gimp": "3.0", "GimpUi": "3.0", "Gegl": "0.4", "Gtk": "3.0", "Gdk": "3.0"}


def search_paths(folder: Path, version: tuple[int, int]) -> list[str]:
    """`vendor` has anycost_client, and a pyzmq for each Python; all from 3.12 on share one.

    Where none of them loads, the client takes the bridge."""
    vendor = folder / "vendor"
    major, minor = min(version, (3, 12))
    return [str(path) for path in (vendor, vendor / f"cp{major}{minor}") if path.is_dir()]


def main() -> None:
    folder = Path(__file__).resolve().parent
    # This file has its package's name: with its own folder on the path it would be imported in the package's place.
    # The folder above holds other people's plug-ins: what has their names is found there last.
    sys.path[:1] = search_paths(folder, sys.version_info[:2])
    sys.path.append(str(folder.parent))
    import gi

    for name, version in VERSIONS.items():
        gi.require_version(name, version)
    from anycost_gimp.plugin import run

    run()


if __name__ == "__main__":
    main()
