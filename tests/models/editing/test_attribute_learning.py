"""Attributes from two sets of faces: what is there is found, and what is not there is said not to hold."""

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.attribute_learning import learn

ROWS, WIDTH = 16, 64


def styles(count: int, seed: int) -> np.ndarray:
    """Like w: a few components carry most of the variance."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, WIDTH)) * (0.5 / np.arange(1, WIDTH + 1) ** 0.7)).astype(np.float32)


def faces(count: int, seed: int, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """W+, all moved by the shift."""
    return np.repeat(styles(count, seed)[:, None] + shift, ROWS, axis=1).astype(np.float32)


def test_a_difference_is_found_with_its_size() -> None:
    w = styles(2000, 0)
    axis = np.zeros(WIDTH)
    axis[[2, 5]] = 3 * w.std(axis=0)[[2, 5]]  # far beyond chance
    found = learn(faces(12, 1, axis / 2), faces(12, 2, -axis / 2), w)
    assert found.holds
    assert found.right > 0.9
    assert found.chance < 0.05
    cosine = found.vector @ axis / np.linalg.norm(found.vector) / np.linalg.norm(axis)
    assert cosine > 0.6
    assert np.linalg.norm(found.vector) == pytest.approx(np.linalg.norm(axis) / 2, rel=0.5)
    assert "told apart" in found.text()
    assert found.report()["with"] == 12


def test_faces_that_do_not_differ_are_said_not_to_hold() -> None:
    held = [learn(faces(12, seed), faces(12, seed + 100), styles(2000, 0)).holds for seed in range(1, 5)]
    assert sum(held) <= 1
    found = learn(faces(12, 1), faces(12, 101), styles(2000, 0))
    assert "does not hold" in found.text()


def test_too_few_faces_are_refused_and_work_can_be_ended() -> None:
    with pytest.raises(AnycostError, match="3 faces without it"):
        learn(faces(12, 1), faces(3, 2), styles(100, 0))

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(faces(8, 1), faces(8, 2), styles(100, 0), lambda latent: latent, stop)


def test_only_rows_in_which_it_is_seen_are_moved() -> None:
    """A generator that shows rows 3 to 8 alone: all rows tell the faces apart, moving the others shows nothing."""
    w = styles(2000, 0)
    axis = np.zeros(WIDTH)
    axis[[2, 5]] = 3 * w.std(axis=0)[[2, 5]]

    def see(latent: np.ndarray) -> np.ndarray:
        return np.repeat(latent[None, 3:9].mean(1), ROWS, axis=0)

    found = learn(faces(12, 1, axis / 2), faces(12, 2, -axis / 2), w, see)
    assert found.layers == (3, 9)
    assert found.holds
