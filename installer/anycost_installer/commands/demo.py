"""`demo`: sets up, edits the face in a photo, and shows the before/after sheet and the duration of each step."""

import json
from pathlib import Path

from anycost_installer.backend.models import fetch_models
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import replacing
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import last_line, run_logged, stdout_of
from anycost_installer.environment.venv import prepare_venv

PHOTO = "demo/astronaut.png"  # NASA, public domain
EDITED = "demo/edited.png"
SHEET = "demo/before_after.png"
EDIT = f"edit {PHOTO} --set smile=-0.8 --set age=0.6 --output {EDITED} --sheet {SHEET}"

SAVE_PHOTO = """
import sys
from PIL import Image
from skimage.data import astronaut
Image.fromarray(astronaut()).save(sys.argv[1], format="PNG")
"""


def run(root: Path, progress: Progress) -> int:
    """Returns the exit code, 0. Raises InstallError."""
    python = prepare_venv(root, "demo", None, progress)
    fetch_models(python, root, progress)
    save_photo(python, root, progress)
    progress.say(f"\n$ anycost {EDIT}")
    with progress.step("Editing the photo", own_output=True):
        code, answer = stdout_of([python, "-m", "anycost_backend", *EDIT.split(), "--json"], root)
        if code:
            raise InstallError("the edit failed (see the message above)", "fix that, then run the same command again")
    parts = edit_seconds(answer)
    whole = sum(progress.seconds.values())
    progress.say("\nDuration of each step:")
    for row in table(progress.seconds, parts):
        progress.say(row)
    progress.say(f"{'together':<44}{whole:8.1f} s")
    progress.say(f"\nBefore and after, side by side: {root / SHEET}\nThe edited photo:               {root / EDITED}")
    return 0


def save_photo(python: Path, root: Path, progress: Progress) -> None:
    """Saves the demo photo, unless it exists. Raises InstallError."""
    photo = root / PHOTO
    if photo.is_file():
        return
    with progress.step("Saving the demo photo"):
        photo.parent.mkdir(exist_ok=True)
        with replacing(photo) as temporary:
            code, lines = run_logged([python, "-c", SAVE_PHOTO, temporary], root)
            if code:
                raise InstallError(
                    f"saving {photo} failed: {last_line(lines, code)}", "fix that, then run the same command again"
                )


def edit_seconds(answer: str) -> dict[str, float]:
    """The seconds of each part of the edit, from the output of `anycost edit --json`. Raises InstallError."""
    try:
        return {str(part): float(cost) for part, cost in json.loads(answer)["seconds"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InstallError(
            "the edit's answer could not be read", "get the checkout again (git pull), then run the same command again"
        ) from None


def table(steps: dict[str, float], parts: dict[str, float]) -> list[str]:
    """A row for each step and, indented, for each part of the last step, which is the edit."""
    rows = [f"{name:<44}{cost:8.1f} s" for name, cost in steps.items()]
    return rows + [f"    {name:<40}{cost:8.1f} s" for name, cost in parts.items()]
