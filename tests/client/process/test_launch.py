"""The backend's process gets its own interpreter and nothing of the editor's environment; reports carry no secrets."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from anycost_client.core.errors import BackendError
from anycost_client.core.redact import redact
from anycost_client.process import launch, log_file

THEIRS = {
    "PYTHONPATH": "/opt/krita/lib/python",
    "PYTHONHOME": "/opt/krita",
    "PYTHONSTARTUP": "/opt/start.py",
    "LD_LIBRARY_PATH": "/opt/krita/lib",
    "LD_PRELOAD": "/opt/hook.so",
    "QT_QPA_PLATFORM": "xcb",
    "GTK_PATH": "/opt/gtk",
    "GI_TYPELIB_PATH": "/opt/gi",
    "GIMP3_DIRECTORY": "/opt/gimp",
}


def test_only_what_is_not_the_editors_stays() -> None:
    assert launch.clean_environment({**THEIRS, "PATH": "/usr/bin", "LANG": "C", "ANYCOST_HOME": "/a"}) == {
        "PATH": "/usr/bin",
        "LANG": "C",
        "ANYCOST_HOME": "/a",
    }


def test_a_child_sees_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in THEIRS.items():
        if name != "LD_PRELOAD":
            monkeypatch.setenv(name, value)
    code = "import os, sys; print(*os.environ); print(os.getpgid(0) == os.getpid())"
    said = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, **launch.child_options()
    ).stdout.split()
    assert not set(said) & set(THEIRS)
    assert said[-1] == "True"  # a process group of its own


def test_the_installers_note_is_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYCOST_PYTHON", raising=False)
    with pytest.raises(BackendError, match="not installed: run 'python3 installer install'"):
        launch.backend_python()
    note = home / "data" / "backend.json"
    note.parent.mkdir()
    for wrong in ("", "[]", "{}", '{"python": 5}'):
        note.write_text(wrong)
        with pytest.raises(BackendError, match="damaged"):
            launch.backend_python()
    note.write_text('{"python": "/nowhere/python"}')
    with pytest.raises(BackendError, match="not there"):
        launch.backend_python()
    note.write_text(f'{{"python": "{sys.executable}"}}')
    assert launch.backend_python() == Path(sys.executable)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files have one encoding")
def test_the_note_is_followed_where_an_editor_has_its_python_take_names_for_ascii(home: Path) -> None:
    python = home / "Jörg 画" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    (home / "data").mkdir()
    (home / "data" / "backend.json").write_text(json.dumps({"python": str(python)}))
    code = "import sys; from anycost_client.process.launch import backend_python; print(ascii(str(backend_python())))"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment = {**plain, "ANYCOST_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == str(python).encode().decode("ascii", "surrogateescape")


def test_a_report_keeps_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/leonardo")
    monkeypatch.setenv("LOGNAME", "leonardo")
    key = zmq.curve_keypair()[1].decode()
    text = redact(f'cannot read /home/leonardo/x.png of leonardo, key "{key}", session {"ab" * 16}: it is damaged')
    assert text == 'cannot read ~/x.png of USER, key "…", session …: it is damaged'


@pytest.mark.parametrize("around", ["({})", "[{}]", "<{}>.", "keys: {}!", "{{{}}}", "a={}&b"])
def test_a_key_is_removed_whatever_is_beside_it(around: str) -> None:
    for _ in range(20):
        key = zmq.curve_keypair()[1].decode()
        assert key not in redact(around.format(key))


def test_names_and_paths_stay() -> None:
    text = "cannot read /usr/lib/python3.11/site-packages/anycost_models/weights/mobile.safetensors"
    assert redact(text) == text


def test_the_log_stays_short_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "backend.log"
    with log_file.open_log(path) as log:
        log.write(b"x" * log_file.MAX_BYTES + b"\n")
        log.write(b"the last of the old\n")
        log.flush()
        log_file.keep_short(path)
        log.write(b"the first of the new\n\n")
    assert path.read_bytes() == b"the first of the new\n\n"
    assert path.with_suffix(".old.log").read_bytes().endswith(b"the last of the old\n")
    assert log_file.last_line(path) == "the first of the new"
