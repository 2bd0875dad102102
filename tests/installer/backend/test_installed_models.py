"""The state of the models, as the backend reports it."""

import sys
from pathlib import Path

from anycost_installer.backend import models as backend_models
from installed_home import Home


def test_the_backend_is_asked_for_its_models(home: Home) -> None:
    """In an empty home: every one that is needed is missing."""
    found = backend_models.verify_models(Path(sys.executable), home.paths)
    assert found
    assert any(model.needs_repair for model in found)
    assert backend_models.verify_models(home.folder / "no python", home.paths) is None
