"""Learns an attribute of the user's own from photos of faces with it and without it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.editing.attribute_learning import MAX_FACES, MIN_FACES, LearnedDirection, Reencode, learn
from anycost_models.editing.directions import Direction, Region
from anycost_models.editing.user_attributes import GROUP, UserAttribute, check_free
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionSettings

from anycost_backend.editing.models import Models
from anycost_backend.editing.projection import SIDE, encoding
from anycost_backend.editing.session import Session
from anycost_backend.photo.file_names import EXTENSIONS
from anycost_backend.photo.photo import open_photo

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep

_STYLES = 1500  # sampled, to know the distribution of w
_SAMPLING = 0.3  # share of the time


def photos_in(folder: Path) -> list[Path]:
    """Raises AnycostError when the folder cannot be read, or holds too few or too many photos."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.is_file())
    except OSError as error:
        raise AnycostError(f"the folder {folder} cannot be read ({error.strerror})", "name another") from error
    if not MIN_FACES <= len(found) <= MAX_FACES:
        raise AnycostError(
            f"{folder} holds {len(found)} pictures ({', '.join(EXTENSIONS)})", f"put {MIN_FACES} to {MAX_FACES} there"
        )
    return found


def latents_of(
    photos: Sequence[Path],
    models: Models,
    max_megapixels: float,
    settings: ProjectionSettings | None = None,
    on_photo: Callable[[Path], None] = lambda path: None,
    on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
) -> tuple[np.ndarray, list[str]]:
    """float32 W+ [N, styles, D] of the largest face of each photo, and notes for people on those that were left out.

    settings: of the projection; None: what the encoder answers. Refined projections are cached. on_photo: called before
    each photo. Raises AnycostError when a model is missing."""
    latents, notes = [], []
    for path in photos:
        on_photo(path)
        try:
            session = Session(open_photo(path, max_megapixels), models)
        except AnycostError as error:
            notes.append(str(error))
            continue
        if session.faces:
            latents.append(session.project(0, settings or ProjectionSettings(budget=0), on_step).latent)
        else:
            notes.append(f"{path}: no face was found")
    rows, width = models.latent_shape
    return np.reshape(np.array(latents, np.float32), (-1, rows, width)), notes


def learn_attribute(
    models: Models,
    name: str,
    about: str,
    region: Region,
    positive: np.ndarray,
    negative: np.ndarray,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[UserAttribute, LearnedDirection]:
    """positive, negative: float32 W+ [N, styles, D] of faces with and without it.

    on_progress: called with 0…1; what it raises ends the work. Raises AnycostError for a name that is taken, and for
    too few faces."""
    check_name(name, models)
    styles = _sample_styles(models, on_progress)
    learned = learn(
        positive, negative, styles, _re_encoding(models), lambda f: on_progress(_SAMPLING + (1 - _SAMPLING) * f)
    )
    direction = Direction(name, GROUP, about or f"less or more {name}", region, learned.layers, learned.vector)
    return UserAttribute(direction, models.renderer.file.sha256, learned.report()), learned


def check_name(name: str, models: Models) -> None:
    """Raises AnycostError for an invalid name, and for one of a shipped attribute."""
    check_free(name, models.shipped_directions)


def _re_encoding(models: Models) -> Reencode | None:
    """Renders a latent and encodes the image; None without an encoder."""
    encoder = models.encoder
    if encoder is None:
        return None
    encode, small = encoding(models.renderer, encoder), SubGenerator(SIDE)
    return lambda latent: encode(models.renderer.render8(latent, small))


def _sample_styles(models: Models, on_progress: Callable[[float], None]) -> np.ndarray:
    """float32 w [N, D]."""
    styles = []
    for seed in range(_STYLES):
        if seed % 50 == 0:
            on_progress(_SAMPLING * seed / _STYLES)
        styles.append(models.renderer.sample(seed, 1.0)[0])
    return np.array(styles)
