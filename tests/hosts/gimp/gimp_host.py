"""GIMP 3 in a chroot (chroot.sh makes it): runs Python inside it, and gets an answer back."""

import json
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
QUICK = ROOT / "tests" / "client" / "quick_python.py"  # the backend, with projections of a few steps
SECONDS = 600  # in which GIMP does anything also on a busy machine

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anycost-face-editor"
CHROOT = Path(os.environ.get("ANYCOST_GIMP_CHROOT") or CACHE / "chroot" / "gimp-trixie")
PROGRAM = next((path.name for path in sorted(CHROOT.glob("usr/bin/gimp-3.*"))), "")  # such as gimp-3.0


@dataclass
class Gimp:
    """With a profile of its own in `folder`, a folder of the chroot's /home."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)  # beside what every GIMP gets
    said: str = ""  # what the latest `run` printed, messages to people included

    @property
    def inside(self) -> str:
        """`folder` as those in the chroot see it."""
        return f"/home/{self.folder.name}"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def work_inside(self) -> str:
        """The same folder, as GIMP sees it."""
        return f"{self.inside}/{self.work.name}"

    @property
    def plugin(self) -> Path:
        return self.folder / "profile" / "plug-ins" / "anycost_gimp"

    def command(self, body: str, program: str, *options: str) -> list[str]:
        """`body` runs in GIMP with what inside.py defines."""
        script = self.folder / f"{uuid.uuid4().hex}.py"
        beginning = (HERE / "inside.py").read_text().replace("FOLDER", self.work_inside)
        script.write_text(f"{beginning}\n{body}\nfinish()\n")
        variables = {"HOME": self.inside, "GIMP3_DIRECTORY": f"{self.inside}/profile", "LANG": "C.UTF-8"}
        variables |= {"ANYCOST_HOME": f"{self.inside}/anycost", "ANYCOST_PYTHON": f"{self.inside}/backend-python"}
        settings = [f"{name}={value}" for name, value in (variables | self.environment).items()]
        entered = ["chroot", str(CHROOT), "env", "-i", "PATH=/usr/bin:/bin", *settings]
        python = f'exec(open("{self.inside}/{script.name}").read(), globals())'
        return [*entered, program, *options, "--batch-interpreter=python-fu-eval", "-b", python]

    def run(self, body: str) -> dict[str, Any]:
        """What `body` put into `answer`. Without a display."""
        command = self.command(body, PROGRAM.replace("-", "-console-"), "-i", "--quit")
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
        self.said, answer = done.stdout + done.stderr, self.answer()
        assert answer, f"the script in GIMP did not come to its end:\n{self.said[-4000:]}"
        return answer

    def answer(self) -> dict[str, Any]:
        """{} when there is none yet."""
        path = self.work / "answer.json"
        answer: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return answer
