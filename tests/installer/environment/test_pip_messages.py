"""What the user reads of pip's output and of its errors."""

from pathlib import Path

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.environment.pip import PipFailure, progress_text


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
