"""How what drew an image is named."""

import pytest
from anycost_backend.previews.preview_ladder import channels_text
from anycost_models.generators.sub_generator import SubGenerator


@pytest.mark.parametrize(
    ("channels", "text"), [(0.25, "¼"), (0.5, "½"), (0.75, "¾"), (1.0, "full"), ((512, 256, 96), "~288")]
)
def test_channels_are_shown_as_a_share_or_as_how_many_a_layer_has(channels: float | tuple[int, ...], text: str) -> None:
    assert channels_text(SubGenerator(256, channels)) == text


def test_layers_of_equal_width_are_named_together() -> None:
    assert str(SubGenerator(256, (512, 512, 512, 192, 192, 64))) == "256 px × (3·512 2·192 64)"
