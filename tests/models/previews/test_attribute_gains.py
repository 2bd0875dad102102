"""Previews make up for what their sub-generators show too weakly."""

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import load_directions
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.attribute_gains import PreviewGains, embedded_gains, load_preview_gains, save_preview_gains


def test_what_is_shown_too_weakly_is_driven_the_more():
    table = PreviewGains(8, (0.2, 0.4), {"mouth_open": (0.9, 0.8), "smile": (1.0, 1.0), "skin_warmth": (2.0, 2.0)})
    assert table.gains(0.4) == pytest.approx({"mouth_open": 1.25, "smile": 1.0, "skin_warmth": 0.5})
    assert table.gains(0.3)["mouth_open"] == pytest.approx(1 / 0.85)
    assert table.gains(0.1)["mouth_open"] == pytest.approx(1 / 0.95)  # the full generator shows everything
    assert table.gains(0.9)["mouth_open"] == pytest.approx(1.25)
    assert PreviewGains(8, (0.2,), {"mouth_open": (0.1,)}).gains(1.0)["mouth_open"] == 1.5  # no further


def test_the_shipped_table_is_about_the_shipped_attributes():
    assert set(load_preview_gains().shares) <= set(load_directions().by_name)
    near, far = embedded_gains(SubGenerator(256)), embedded_gains(SubGenerator(256, 0.25))
    assert 1 < near["mouth_open"] < far["mouth_open"]
    assert embedded_gains(SubGenerator(1024)) == {}
    assert embedded_gains(SubGenerator(256, (512,) * 10)) == {}  # never measured


def test_a_gain_multiplies_what_a_slider_adds():
    directions = load_directions()
    latent = directions.apply(_zeros(), {"smile": 0.5})
    driven = directions.apply(_zeros(), {"smile": 0.5, "age": 0.0}, {"smile": 1.2, "yaw": 2.0})
    assert driven == pytest.approx(1.2 * latent, abs=1e-6)


def test_a_damaged_table_is_told(tmp_path):
    path = tmp_path / "fading.json"
    save_preview_gains(PreviewGains(8, (0.3,), {"smile": (0.9,)}), path)
    assert load_preview_gains(path) == PreviewGains(8, (0.3,), {"smile": (0.9,)})
    for damaged in ('{"smile": [0]}', '{"smile": [0.9, 0.8]}'):
        path.write_text(f'{{"faces": 8, "distances": [0.3], "shares": {damaged}}}')
        with pytest.raises(AnycostError, match=r"holds no table of attributes .*install the package again"):
            load_preview_gains(path)
    with pytest.raises(AnycostError, match="cannot be read"):
        load_preview_gains(tmp_path / "nowhere.json")


def _zeros():
    return np.zeros((16, 512), np.float32)
