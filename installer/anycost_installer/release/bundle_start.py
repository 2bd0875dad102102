"""Starts the installer of a bundle: `python3 THIS_FILE install`. The installer is unpacked while it runs.

This file becomes the `__main__.py` of a bundle. Its syntax must be readable by every Python 3."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

PYTHON = (3, 0)  # of the packages in the bundle: `bundle` replaces it

child: "subprocess.Popen[bytes] | None" = None


def main() -> int:
    if sys.version_info[:2] != PYTHON:
        found, needed = "%d.%d" % sys.version_info[:2], "%d.%d" % PYTHON  # noqa: UP031
        sys.stderr.write("This bundle is for Python %s, this is %s: " % (needed, found))  # noqa: UP031
        sys.stderr.write("run it with python%s\n" % needed)  # noqa: UP031
        return 2
    here = os.path.abspath(sys.argv[0])
    words = sys.argv[1:] or ["--help"]
    given = [word for word in words if word.startswith("--from") or word in ("--help", "-h")]
    if words[0] in ("install", "update", "repair") and not given:
        words[1:1] = ["--from", here]
    signal.signal(signal.SIGTERM, stop)
    folder = tempfile.mkdtemp(prefix="anycost-")
    try:
        with zipfile.ZipFile(here) as archive:
            for name in archive.namelist():
                if not name.startswith(("wheels/", "models/")):
                    archive.extract(name, folder)
        return run([sys.executable, os.path.join(folder, "installer"), *words])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list) -> int:
    global child
    child = subprocess.Popen(command)
    try:
        return child.wait()
    except KeyboardInterrupt:
        return child.wait()  # the child got Ctrl-C too; it cleans up and prints a message


def stop(*_: object) -> None:
    if child is None:
        sys.exit(130)
    child.terminate()


if __name__ == "__main__":
    sys.exit(main())
