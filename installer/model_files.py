"""Has the `anycost` command fetch and verify the model files; it shows its own progress."""

from pathlib import Path

from errors import InstallError
from processes import shown
from progress import Progress


def fetch(python: Path, root: Path, progress: Progress) -> None:
    with progress.step("Fetching the models", speaks=True):
        code = shown([python, "-m", "anycost_backend", "models", "fetch"], root)
        if code:
            raise InstallError(
                "fetching the models failed; the message stands above. Mend that, then run the same command again"
            )
