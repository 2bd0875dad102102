"""Installer, plug-ins and backend use the same folders."""

import sys
from pathlib import Path

import pytest
from anycost_client.core import paths as client_paths
from anycost_installer.core.machine import this_machine
from anycost_installer.core.paths import Paths, paths_of


def are_the_client_s(paths: Paths) -> bool:
    of_the_client = client_paths.data_dir(), client_paths.cache_dir(), client_paths.runtime_dir()
    return (paths.data, paths.cache, paths.run) == of_the_client


@pytest.mark.parametrize(
    "variables", [{}, {"XDG_DATA_HOME": "/data", "XDG_RUNTIME_DIR": "/run/x"}, {"ANYCOST_HOME": "/anycost"}]
)
def test_the_installer_s_folders_are_the_client_s(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANYCOST_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert are_the_client_s(paths_of())
    assert paths_of().variables() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="the home is not read from a variable there")
def test_children_look_below_the_prefix_too(home_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = this_machine(home_folder).paths
    for name, value in paths.variables().items():
        monkeypatch.setenv(name, value)
    assert are_the_client_s(paths)
    assert all(path.is_relative_to(home_folder) for path in (paths.data, paths.cache, paths.run))
