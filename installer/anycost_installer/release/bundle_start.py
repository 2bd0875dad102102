"""Anycost Face Editor: `python3 THIS_FILE install`. Unpacks the installer for as long as it runs.

It becomes the `__main__.py` of a bundle, and keeps to syntax that any Python reads."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

PYTHON = (3, 0)  # that the packages in the bundle are for: written in when it is made

child: "subprocess.Popen[bytes] | None" = None


def main() -> int:
    if sys.version_info[:2] != PYTHON:
        found, wanted = "%d.%d" % sys.version_info[:2], "%d.%d" % PYTHON  # noqa: UP031
        sys.stderr.write("This bundle is for Python %s, this is %s: " % (wanted, found))  # noqa: UP031
        sys.stderr.write("run it with python%s\n" % wanted)  # noqa: UP031
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
        return child.wait()  # the terminal has told it too; it tidies up and says that it was stopped


def stop(*_: object) -> None:
    if child is None:
        sys.exit(130)
    child.terminate()


if __name__ == "__main__":
    sys.exit(main())
