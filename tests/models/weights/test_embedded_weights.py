"""The embedded model's files are compared with their digests before they are used."""

import shutil
from pathlib import Path

import pytest
from anycost_models import weights
from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import sha256_of

FOLDER = Path(weights.__file__).parent


def test_every_file_has_its_digest() -> None:
    """After new weights: `sha256sum *.json *.safetensors > SHA256SUMS` in their folder."""
    files = sorted([*FOLDER.glob("*.json"), *FOLDER.glob("*.safetensors")])
    assert {path.name: sha256_of(path) for path in files} == weights._digests()
    assert all(weights.intact(path) == path for path in files)


def test_one_flipped_bit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(shutil.copy(FOLDER / "fading.json", tmp_path))
    monkeypatch.setattr(weights, "_FOLDER", tmp_path)
    assert weights.intact(path) == path
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(AnycostError, match=r"fading\.json is damaged: install the package again"):
        weights.intact(path)


def test_files_elsewhere_have_none(tmp_path: Path) -> None:
    assert weights.intact(tmp_path / "other") == tmp_path / "other"
