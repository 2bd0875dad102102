"""What a machine lacks is reported before an environment is made."""

import shutil
from collections import namedtuple

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.environment import venv


def test_a_python_without_ensurepip_names_the_package_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(InstallError, match=r"ensurepip missing.*apt install python3\.\d+-venv"):
        venv.check_venv_modules()


def test_a_full_disk_is_told_before_anything_is_made(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(venv, "BYTES", (3e9, 1e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10e9, 9e9, 1.2e9))
    with pytest.raises(InstallError, match=r"1\.2 GB free, 3\.0 GB are needed"):
        venv.check_disk_space(tmp_path)
