"""GIMP with its windows on a screen of its own, and our dialog in it, which says where its parts are."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gimp_host import HERE, PROGRAM, Gimp
from screen import Screen, display


@contextlib.contextmanager
def shown(gimp: Gimp, script: str, pictures: Path) -> Iterator[Screen]:
    """While `script` runs in it, and after it. pictures: where they go, unless ANYCOST_SCREENSHOTS names a folder."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb and xdotool are needed")
    interactive, watched = gimp.plugin / "dialog" / "interactive.py", gimp.work / "dialog.json"
    (gimp.folder / "profile" / "gimprc").write_text("(show-welcome-dialog no)\n(check-updates no)\n")
    (gimp.folder / "anycost" / "data" / "gimp-dialog.json").unlink(missing_ok=True)
    shutil.copy(HERE / "watched.py", gimp.plugin / "watched.py")
    product = interactive.read_text()
    with display(Path(os.environ.get("ANYCOST_SCREENSHOTS") or pictures), watched) as screen:
        gimp.environment |= {"DISPLAY": screen.display, "ANYCOST_WATCHED": f"{gimp.work_inside}/{watched.name}"}
        interactive.write_text(f"{product}\nfrom anycost_gimp import watched\n")
        process = subprocess.Popen(gimp.command(script, PROGRAM, "--no-splash"))
        try:
            yield screen
        finally:
            process.kill()
            process.wait()
            interactive.write_text(product)
