"""`python3 installer` as a person meets it: on an old Python, without pip's packages, stopped half-way."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

INSTALLER = Path(__file__).resolve().parents[2] / "installer"
MODULES = sorted(INSTALLER.rglob("*.py"))


def run(*words: str, installer: Path = INSTALLER) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, installer, *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_only_the_standard_library_and_the_installer_itself_are_imported(module):
    own = {"anycost_installer"}
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in own | sys.stdlib_module_names, f"{module.name} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_oldest_supported_python_can_read_it(module):
    oldest = (3, 7) if module.name == "__main__.py" else (3, 10)
    ast.parse(module.read_text(encoding="utf-8"), feature_version=oldest)


def test_an_old_python_is_told_which_one_is_needed():
    pretend = "import runpy, sys; sys.version_info = (3, 8, 0); runpy.run_path(sys.argv[1], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", pretend, INSTALLER / "__main__.py"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "Python 3.10 or newer is needed, this is 3.8" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_names_the_commands():
    done = run("--help")
    assert done.returncode == 0
    assert "demo" in done.stdout
    assert "test" in done.stdout


def test_only_the_test_command_passes_arguments_on():
    done = run("demo", "--", "-k", "composite")
    assert done.returncode == 2
    assert "only 'test' takes arguments after '--'" in done.stderr


def test_an_incomplete_checkout_is_one_clear_line(tmp_path):
    installer = shutil.copytree(INSTALLER, tmp_path / "installer")
    done = run("demo", installer=installer)
    assert done.returncode == 2
    assert "run the installer from a complete checkout" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to consoles only")
def test_ctrl_c_is_one_clear_line_and_nothing_counts_as_complete(tmp_path):
    installer = shutil.copytree(INSTALLER, tmp_path / "installer")
    (tmp_path / "pyproject.toml").write_text('dependencies = [\n  "torch==1.0.0",\n]\n')
    child = subprocess.Popen(
        [sys.executable, installer, "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the signal can go to all of it, as the terminal's does
    )
    assert child.stdout.readline().startswith("Making the private environment")
    time.sleep(0.3)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert said == "installer: stopped. Run the same command again to continue\n"
    assert not (tmp_path / ".venv" / "anycost-stamp.json").exists()  # so the next run knows that it has to continue
