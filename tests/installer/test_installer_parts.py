"""The installer's small decisions: which torch, what changes an environment, what messages say."""

import io
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from anycost_installer.commands.demo import edit_seconds, table
from anycost_installer.core.checkout import ROOT, fingerprint, torch_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.environment import venv
from anycost_installer.environment.pip import PipFailure, progress_text
from anycost_installer.lockfile.requirements import CPU_INDEX, torch_sources


def test_linux_tries_the_cpu_builds_before_the_large_one():
    own, cpu_index, large = torch_sources("2.13.0", "cpu", "Linux")
    assert own.arguments == ("torch==2.13.0+cpu",)
    assert cpu_index.arguments[:3] == ("torch==2.13.0+cpu", "--index-url", CPU_INDEX)
    assert large.arguments == ("torch==2.13.0",)
    assert [source.large for source in (own, cpu_index, large)] == [False, False, True]


@pytest.mark.parametrize(
    ("build", "system"), [("default", "Linux"), ("cpu", "Darwin"), ("cpu", "Windows"), ("default", "Windows")]
)
def test_elsewhere_and_on_request_pips_own_choice_is_taken(build, system):
    (source,) = torch_sources("2.13.0", build, system)
    assert source.arguments == ("torch==2.13.0",)
    assert source.large == (system == "Linux")


def test_the_pin_is_read_from_this_project():
    assert f'"torch=={torch_version(ROOT)}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", '  "torch==1",\n  "torch==2; python_version < \'3\'",\n', '# "torch==1"'])
def test_a_pin_that_is_missing_or_not_unique_is_refused(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(InstallError, match="exactly once"):
        torch_version(tmp_path)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(InstallError, match="complete checkout"):
        torch_version(tmp_path)


def test_what_changes_the_fingerprint(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\ndependencies = [\n  "numpy==1",\n]\n[tool.ruff]\nline-length = 100\n')
    first = fingerprint(tmp_path)
    file.write_text(file.read_text().replace("100", "120"))
    assert fingerprint(tmp_path) == first
    file.write_text(file.read_text().replace("numpy==1", "numpy==2"))
    second = fingerprint(tmp_path)
    assert second != first
    (tmp_path / "backend" / "anycost_backend").mkdir(parents=True)
    third = fingerprint(tmp_path)
    assert third != second
    assert fingerprint(Path(shutil.move(tmp_path, tmp_path.parent / "prefixed"))) != third


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)", "numpy, 16.9 MB"),
        ("  Using cached scipy-1.17.1-cp311-cp311-win_amd64.whl (36.4 MB)", "scipy, 36.4 MB from the cache"),
        ("Processing ./wheels/torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl", "torch, from this machine"),
        ("Installing collected packages: mpmath, numpy, torch", "copying 3 packages into place"),
        ("  Installing build dependencies: started", "preparing this project"),
        ("Requirement already satisfied: numpy in ./.venv/lib", None),
    ],
)
def test_pips_output_is_told_in_few_words(line, shown):
    assert progress_text(line) == shown


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("NameResolutionError(\"Failed to resolve 'pypi.org'\")", "cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", r"no build of torch==2\.13\.0"),
        ("ERROR: something new", "pip reported an error"),
    ],
)
def test_a_failure_of_pip_names_cause_remedy_and_log(line, cause):
    error = PipFailure((line,), Path("install.log")).to_error("installing packages")
    with pytest.raises(InstallError, match=f"installing packages failed: .*{cause}.* run the same command again"):
        raise error
    assert line in str(error)
    assert "install.log" in str(error)


def test_a_python_without_ensurepip_names_the_package_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(InstallError, match=r"ensurepip missing.*apt install python3\.\d+-venv"):
        venv.check_venv_modules()


def test_a_full_disk_is_told_before_anything_is_made(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(venv, "CPU_BUILD_BYTES", (3e9, 1e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10e9, 9e9, 1.2e9))
    with pytest.raises(InstallError, match=r"1\.2 GB free, 3\.0 GB are needed"):
        venv.check_disk_space(tmp_path)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_rewritten_line_and_a_file_sees_plain_ones():
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        with Progress(out).step("Installing packages") as note:
            note("numpy, 17 MB")
    assert "\r" in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1  # what stays: the line that says what it cost
    assert "\r" not in file.getvalue()
    assert file.getvalue().splitlines()[:2] == ["Installing packages ...", "    numpy, 17 MB"]


def test_a_step_that_fails_has_no_cost():
    out = io.StringIO()
    progress = Progress(out)
    with pytest.raises(InstallError), progress.step("Installing packages"):
        raise InstallError("no", "try again")
    assert out.getvalue() == "Installing packages ...\n"
    assert progress.seconds == {}


def test_the_demo_tells_what_each_part_of_the_edit_cost():
    parts = edit_seconds('{"output": "edited.png", "seconds": {"find": 0.1, "project": 31.26}}')
    assert [row.split() for row in table({"Editing the photo": 31.5}, parts)] == [
        ["Editing", "the", "photo", "31.5", "s"],
        ["find", "0.1", "s"],
        ["project", "31.3", "s"],
    ]


@pytest.mark.parametrize("answer", ["", "{}", '{"seconds": 3}', "[]", '{"seconds": {"find": "soon"}}'])
def test_an_answer_that_cannot_be_read_is_one_clear_message(answer):
    with pytest.raises(InstallError, match="could not be read"):
        edit_seconds(answer)
