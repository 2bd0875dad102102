"""How far attributes of shape move a face's points: what a photo is warped by.

A warp keeps every pixel of the photo, and shows on each face; a generator answers well on some. Most were measured on
generated faces by `benchmarks/displacements.py`, and move all faces alike; others follow a face's own shape
(`face/shape_warps.py`)."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.weights import EMBEDDED_DISPLACEMENTS, intact

POINTS = 478  # of the mesh

Displacements = Mapping[str, np.ndarray]  # attribute → float32 [478, 2], square units: of the landmarks, by its promise
NO_DISPLACEMENTS: Displacements = MappingProxyType({})  # of a model whose attributes were not measured


def save_displacements(displacements: Displacements, path: Path) -> None:
    """Raises AnycostError when it cannot be written; an older file stays then."""
    write_aside(path, save({name: values.astype(np.float16) for name, values in displacements.items()}))


def load_displacements(path: Path = EMBEDDED_DISPLACEMENTS) -> Displacements:
    """Raises AnycostError when the file is missing or damaged."""
    try:
        with safe_open(intact(path), "np") as file:
            names = list(file.keys())
            found = {name: file.get_tensor(name).astype(np.float32) for name in names}
    except (SafetensorError, OSError) as error:
        raise AnycostError(
            f"the displacements {path} are missing or damaged ({error})", "install the package again"
        ) from error
    if any(values.shape != (POINTS, 2) for values in found.values()):
        raise AnycostError(f"the displacements {path} are no meshes'", "install the package again")
    return MappingProxyType(found)
