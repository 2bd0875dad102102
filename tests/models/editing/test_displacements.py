"""How far attributes of shape move the points of a face."""

from pathlib import Path

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.displacements import load_displacements, save_displacements
from anycost_models.editing.effects import load_effects
from anycost_models.face.shape_warps import SHAPE_WARPS


def test_every_attribute_that_warps_has_its_displacement() -> None:
    effects, displacements = load_effects(), load_displacements()
    warping = {name for name in effects.attributes if effects.warp(name)}
    assert warping == displacements.keys() | SHAPE_WARPS.keys()
    assert not displacements.keys() & SHAPE_WARPS.keys()
    for values in displacements.values():
        assert 0.002 < np.linalg.norm(values, axis=1).max() < 0.05  # of the square


def test_displacements_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "displacements.safetensors"
    values = np.random.default_rng(0).normal(0, 0.01, (478, 2))
    save_displacements({"jaw_width": values}, path)
    assert np.allclose(load_displacements(path)["jaw_width"], values, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"no tensors", None])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "displacements.safetensors"
    if content is None:
        save_displacements({"jaw_width": np.zeros((3, 2))}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(AnycostError, match="displacements"):
        load_displacements(path)
