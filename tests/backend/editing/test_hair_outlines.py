"""What counts as a head in a drawing, and what may be behind one."""

import numpy as np
from anycost_backend.editing.composite.head_parts import HeadParts
from anycost_backend.editing.composite.outline import beside_head
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import one_head
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import PARTS, Parts


def test_hair_beside_the_head_is_background(loaded: Models) -> None:
    """As the generator now and then draws some on the wall."""
    parts = loaded.parser.parse(loaded.renderer.render8(loaded.renderer.sample(1, 0.7), SubGenerator(256)))
    assert one_head(parts) is parts
    shares = parts.shares.copy()
    shares[:, 4:20, 4:20] = 0
    shares[PARTS.index("hair"), 4:20, 4:20] = 1
    cleaned = one_head(Parts(shares))
    assert cleaned["background"][4:20, 4:20].min() == 1
    assert np.array_equal(cleaned.shares[:, 60:], parts.shares[:, 60:])


def test_a_wisp_of_clothes_beside_a_neck_is_not_what_is_behind_it() -> None:
    """The parser half takes the wall along a neck for its collar."""
    shares = np.zeros((len(PARTS), 64, 64), np.float32)
    shares[PARTS.index("background")] = 1
    shares[:, 16:48, 20:44] = 0
    shares[PARTS.index("neck"), 16:48, 20:44] = 1
    shares[:, 48:] = 0
    shares[PARTS.index("clothes"), 48:] = 1
    shares[:, 16:48, 44:48] = 0
    for name in ("clothes", "background"):
        shares[PARTS.index(name), 16:48, 44:48] = 0.5
    (background, clothes, _), _ = beside_head(HeadParts.of(Parts(shares)), 64, 6.0)
    assert (background > 3 * clothes)[20:40, 45:47].all()
    assert clothes[52:, 30].min() > 0.9
