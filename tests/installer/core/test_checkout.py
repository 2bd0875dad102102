"""What the installer reads from pyproject.toml of the checkout."""

import shutil
from pathlib import Path

import pytest
from anycost_installer.core.checkout import ROOT, fingerprint, torch_version
from anycost_installer.core.errors import InstallError


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
