"""Parts: shares that add up to one, by name, at any size."""

import numpy as np
import pytest
from anycost_models.parsing.parts import PARTS, Parts


@pytest.fixture
def halves():
    """The left half is hair, the right half skin and, a little, glasses."""
    shares = np.zeros((len(PARTS), 8, 8), np.float32)
    shares[PARTS.index("hair"), :, :4] = 1
    shares[PARTS.index("skin"), :, 4:] = 0.75
    shares[PARTS.index("glasses"), :, 4:] = 0.25
    return Parts(shares)


def test_parts_have_names(halves):
    assert halves["hair"][0].tolist() == [1] * 4 + [0] * 4
    assert halves.together(("skin", "glasses"))[0].tolist() == [0] * 4 + [1] * 4
    with pytest.raises(KeyError, match="beard"):
        halves["beard"]


def test_the_person_is_what_is_not_background(halves):
    assert (halves.person == 1).all()


def test_labels_say_which_part_has_most(halves):
    assert [PARTS[label] for label in halves.labels()[0]] == ["hair"] * 4 + ["skin"] * 4


@pytest.mark.parametrize("size", [4, 8, 20])
def test_resized_shares_still_add_up_to_one(halves, size):
    resized = halves.resized(size)
    assert resized.shares.shape == (len(PARTS), size, size)
    np.testing.assert_allclose(resized.shares.sum(axis=0), 1, atol=1e-6)
