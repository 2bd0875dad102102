"""Starts the real Krita: with windows on a display of its own, or without; each time in a profile of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from anycost_models.core import paths

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
QUICK = ROOT / "tests" / "client" / "quick_python.py"
PARTS = os.pathsep.join(map(str, (ROOT / "plugin", ROOT / "plugin" / "krita")))  # of the plug-in, not installed
_DRIVER = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=anycost_driver
X-Python-2-Compatible=false
X-Krita-Manual=
Name=Scenes
"""
SECONDS = 360.0  # that a scene may take on a busy machine

sys.path.insert(0, str(ROOT / "installer"))  # as `python3 installer` does


def require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: 'python3 installer test' as root on Debian installs Krita's")


def variables(profile: Path) -> dict[str, str]:
    """All places of Krita and of the backend lie below `profile`."""
    for name in ("config", "data", "cache", "runtime", "anycost"):
        (profile / name).mkdir(parents=True, exist_ok=True)
    (profile / "runtime").chmod(0o700)
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "OMP_NUM_THREADS") if name in os.environ}
    # Krita's Python takes the first python3 on the way for its home, where PyQt5 must be: the system's.
    own = [path for path in os.get_exec_path() if path in ("/usr/bin", "/bin") or not Path(path, "python3").exists()]
    return kept | {
        "PATH": os.pathsep.join(own),
        "HOME": str(profile),
        "XDG_CONFIG_HOME": str(profile / "config"),
        "XDG_DATA_HOME": str(profile / "data"),
        "XDG_CACHE_HOME": str(profile / "cache"),
        "XDG_RUNTIME_DIR": str(profile / "runtime"),
        "ANYCOST_HOME": str(profile / "anycost"),
        "LANGUAGE": "en",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def kritarunner(script: str, *arguments: str, profile: Path) -> str:
    """Runs `script` (a module of this folder) with Krita's documents and without its windows. Returns what it said."""
    require("kritarunner")
    folders = [HERE, ROOT / "plugin", ROOT / "plugin" / "krita"]
    environment = variables(profile) | {
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
    }
    done = subprocess.run(
        ["kritarunner", "-s", script, *arguments], env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    return done.stdout + done.stderr


def make_profile(profile: Path) -> None:
    """The plug-in as the installer puts it there, the models of this machine, and the driver of the scenes."""
    from anycost_installer.core.machine import Machine
    from anycost_installer.core.progress import Progress
    from anycost_installer.hosts.krita import default_host
    from anycost_installer.plugins.installation import installed_plugins

    places = variables(profile)
    models = profile / "anycost" / "data" / "models"
    models.mkdir(parents=True)
    for file in paths.models_dir().iterdir():
        (models / file.name).symlink_to(file)
    python = profile / "anycost" / "python"
    python.write_text(f"#!{sys.executable}\n" + QUICK.read_text())
    python.chmod(0o700)

    def install(arguments: list[str]) -> bool:
        command = [sys.executable, "-m", "pip", "install", "--quiet", *arguments]
        return subprocess.run(command, capture_output=True, timeout=SECONDS).returncode == 0

    machine = Machine("linux", profile, places)
    host = default_host(machine)
    with installed_plugins(ROOT, python, machine.paths, [host], install, Progress(sys.stdout)):
        pass
    add_driver(profile)


def add_driver(profile: Path) -> None:
    """The driver of the scenes; also to a profile without the plug-in, whose scenes use its parts."""
    variables(profile)  # makes the folders
    plugins, settings = profile / "data" / "krita" / "pykrita", profile / "config" / "kritarc"
    shutil.copytree(HERE / "anycost_driver", plugins / "anycost_driver", dirs_exist_ok=True)
    (plugins / "anycost_driver.desktop").write_text(_DRIVER, encoding="utf-8")
    text = settings.read_text(encoding="utf-8") if settings.exists() else "[python]\n"
    settings.write_text(text.replace("[python]\n", "[python]\nenable_anycost_driver=true\n"), encoding="utf-8")


def by_command_line(profile: Path, photo: Path, strength: float, out: Path) -> None:
    """What `anycost edit` makes of the photo, with the latents that this profile's backend remembers."""
    python = profile / "anycost" / "python"
    command = [python, "-m", "anycost_backend", "edit", photo, "--set", f"smile={strength}", "--output", out]
    subprocess.run(command, check=True, env=variables(profile), timeout=SECONDS, capture_output=True)


def play(scene: str, profile: Path, folder: Path, *files: Path, parts: bool = False) -> dict[str, Any]:
    """Starts Krita with these files and plays the scene; returns what was seen. Screenshots stay in `folder`.

    scene: several, with blanks between, have what each has seen under their names in "scenes".

    parts: of the plug-in are used by the scene, which is not installed."""
    require("krita", "Xvfb", "xvfb-run")
    folder.mkdir(parents=True, exist_ok=True)
    environment = variables(profile) | {"ANYCOST_SCENE": scene, "ANYCOST_SEEN": str(folder)}
    if parts:
        environment["PYTHONPATH"] = PARTS
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "krita", "--nosplash", *map(str, files)]
    log, report = folder / "krita.log", folder / "seen.json"
    for _ in range(2):  # xvfb-run may give a display that another program has just taken
        with log.open("wb") as out:
            krita = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
            try:
                code = krita.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(krita.pid, signal.SIGKILL)
                pytest.fail(f"Krita did not end within {SECONDS:.0f} s:\n{log.read_text(errors='replace')[-3000:]}")
        if report.exists() or b"could not connect to display" not in log.read_bytes():
            break
    assert report.exists(), f"Krita ended with {code}:\n{log.read_text(errors='replace')[-3000:]}"
    seen: dict[str, Any] = json.loads(report.read_text())
    assert not seen["error"], seen["error"]
    seen["code"] = code
    return seen if " " in scene else seen | seen.pop("scenes")[scene]
