"""`python3 installer COMMAND`: sets Anycost Face Editor up on this machine.

This file keeps to syntax that any Python reads, so that an old one can say what it lacks.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 -- this line is what an older Python gets to run
    found = ".".join(str(part) for part in sys.version_info[:2])
    sys.stderr.write("installer: Python 3.10 or newer is needed, this is " + found + ". ")
    sys.stderr.write("Install one from python.org or your system's packages, then run: python3.12 installer demo\n")
    sys.exit(2)

from anycost_installer.cli import main

if __name__ == "__main__":
    sys.exit(main())
