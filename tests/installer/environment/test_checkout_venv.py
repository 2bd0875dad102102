"""The private environment: made once, left alone when complete, continued when cut off."""

import subprocess
from pathlib import Path

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.environment import venv


def imports(project, module: str) -> bool:
    return subprocess.run([project.environment.python, "-c", f"import {module}"], capture_output=True).returncode == 0


def cut_off(project) -> None:
    """As when the power fails during an installation: the stamp is gone before anything changes."""
    (project.environment.folder / venv.STAMP).unlink()


@pytest.fixture
def asked_of_pip(monkeypatch) -> list[str]:
    """Has pip do nothing, successfully; collects what it was asked to install."""
    asked: list[str] = []
    monkeypatch.setattr(venv, "run_pip", lambda python, arguments, *rest, **options: asked.append(arguments[-1]))
    return asked


def test_the_cpu_build_is_taken_where_pip_is_offered_it(project):
    assert project.torch() == "1.0.0+cpu"
    assert imports(project, "torch")
    assert imports(project, "backend")  # a module of the checkout itself


def test_a_complete_environment_is_left_alone(project, asked_of_pip):
    assert project.prepare() == []
    assert asked_of_pip == []
    assert "ready" in project.printed


def test_an_interrupted_installation_is_continued(project):
    packages = Path(project.environment.inspect()["site_packages"])
    cut_off(project)
    (packages / "torch-1.0.0+cpu.dist-info" / "INSTALLER").unlink()  # pip was copying torch
    (packages / "torch.py").unlink()
    steps = project.prepare()
    assert "Making the private environment .venv" not in steps
    assert imports(project, "torch")
    assert "half copied" in project.environment.log.read_text()


def test_what_the_demo_needs_is_added_to_what_the_tests_need(project, asked_of_pip):
    project.prepare("demo")
    assert asked_of_pip == ["torch==1.0.0+cpu", ".[test,demo]"]
    assert project.prepare("test") == []


def test_the_demo_goes_without_torch(project, asked_of_pip):
    cut_off(project)
    project.prepare("demo")
    assert asked_of_pip == [".[demo]"]
    project.prepare("test")
    assert asked_of_pip[1:] == ["torch==1.0.0+cpu", ".[demo,test]"]


def test_the_chosen_build_of_torch_is_kept_until_another_is_asked_for(project, asked_of_pip):
    project.prepare(torch="default")
    assert asked_of_pip[0] == "torch==1.0.0"
    assert project.prepare() == []
    project.prepare(torch="cpu")
    assert asked_of_pip[2] == "torch==1.0.0+cpu"


def test_a_damaged_stamp_counts_as_none(project, asked_of_pip):
    for damaged in ("", "[]", '{"extras": 3}', '{"extras": [], "surplus": 1}'):
        (project.environment.folder / venv.STAMP).write_text(damaged)
        assert project.environment.stamp() is None
    project.prepare()
    assert project.environment.stamp().extras == ("test",)


def test_without_a_cpu_build_the_large_one_is_announced_and_without_any_build_the_message_says_so(project):
    project.pin_torch("1.2.0")
    with pytest.raises(InstallError, match=r"no build of torch==1\.2\.0 for Python 3\.\d+") as caught:
        project.prepare()
    assert str(project.environment.log) in str(caught.value)
    assert project.environment.stamp() is None

    project.offer_torch("1.2.0")
    project.prepare()
    assert "taking the large build" in project.printed
    assert project.torch() == "1.2.0"

    project.pin_torch("1.0.0")
    project.prepare()
    assert project.torch() == "1.0.0+cpu"
