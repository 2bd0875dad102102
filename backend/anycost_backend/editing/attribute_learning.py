"""An attribute of the user's own, from pictures or from latents: collected, learned, put where sliders find it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.editing.attribute_learning import LEAST, MOST, LearnedDirection, See, learn
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

_STYLES = 1500  # of the generator's own, by which its W is known
_SAMPLING = 0.3  # of the work, in time


def pictures_in(folder: Path) -> list[Path]:
    """Raises AnycostError for too few or too many."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.is_file())
    except OSError as error:
        raise AnycostError(f"the folder {folder} cannot be read ({error.strerror})", "name another") from error
    if not LEAST <= len(found) <= MOST:
        raise AnycostError(
            f"{folder} holds {len(found)} pictures ({', '.join(EXTENSIONS)})", f"put {LEAST} to {MOST} there"
        )
    return found


def latents_of(
    pictures: Sequence[Path],
    parts: Models,
    max_megapixels: float,
    settings: ProjectionSettings | None = None,
    on_picture: Callable[[Path], None] = lambda path: None,
    on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
) -> tuple[np.ndarray, list[str]]:
    """W+ [N, styles, D] of the largest face of each picture, and what was left out and why, for people.

    settings: of the projection; None: what the encoder answers. Refined ones are remembered."""
    latents, notes = [], []
    for path in pictures:
        on_picture(path)
        try:
            session = Session(open_photo(path, max_megapixels), parts)
        except AnycostError as error:
            notes.append(str(error))
            continue
        if session.faces:
            latents.append(session.project(0, settings or ProjectionSettings(budget=0), on_step).latent)
        else:
            notes.append(f"{path}: no face was found")
    rows, width = parts.latent_shape
    return np.reshape(np.array(latents, np.float32), (-1, rows, width)), notes


def learn_attribute(
    parts: Models,
    name: str,
    about: str,
    region: Region,
    positive: np.ndarray,
    negative: np.ndarray,
    on_part: Callable[[float], None] = lambda fraction: None,
) -> tuple[UserAttribute, LearnedDirection]:
    """positive, negative: W+ [N, styles, D] of faces with and without it. on_part: told how far it is, 0…1; what it
    raises ends the work. Raises AnycostError for a name that is taken, and for too few faces."""
    check_name(name, parts)
    styles = _styles(parts, on_part)
    learned = learn(positive, negative, styles, _seeing(parts), lambda f: on_part(_SAMPLING + (1 - _SAMPLING) * f))
    direction = Direction(name, GROUP, about or f"less or more {name}", region, learned.layers, learned.vector)
    return UserAttribute(direction, parts.renderer.file.sha256, learned.report()), learned


def check_name(name: str, parts: Models) -> None:
    """Raises AnycostError for what is no name, and for one that the program uses."""
    check_free(name, parts.shipped_directions)


def _seeing(parts: Models) -> See | None:
    """A latent drawn, and found again by the encoder."""
    encoder = parts.encoder
    if encoder is None:
        return None
    find, small = encoding(parts.renderer, encoder), SubGenerator(SIDE)
    return lambda latent: find(parts.renderer.render8(latent, small))


def _styles(parts: Models, on_part: Callable[[float], None]) -> np.ndarray:
    """w [N, D]."""
    styles = []
    for seed in range(_STYLES):
        if seed % 50 == 0:
            on_part(_SAMPLING * seed / _STYLES)
        styles.append(parts.renderer.sample(seed, 1.0)[0])
    return np.array(styles)
