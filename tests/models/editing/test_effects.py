"""What attributes promise, and from where they are drawn."""

from pathlib import Path

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import eased, load_directions
from anycost_models.editing.effects import (
    LEAST_TARGET,
    USUAL_BASE,
    AttributeEffect,
    Base,
    EffectTable,
    LabelRange,
    Side,
    load_effects,
    save_effects,
)

SMILE = AttributeEffect(0.4, more=Side(1.2, 1.5, Base(1.0, 0.5)))
TABLE = EffectTable({"smile": LabelRange(0.3, 0.0, 0.9)}, {"smile": SMILE})


def test_every_shipped_attribute_promises_an_effect_on_its_label() -> None:
    effects = load_effects()
    assert effects.attributes.keys() == load_directions().by_name.keys()


def test_a_table_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "effects.json"
    save_effects(TABLE, path)
    assert load_effects(path) == TABLE


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "effects.json"
    path.write_text('{"labels": {}, "attributes": {"smile": {"promise": 1}}}')
    with pytest.raises(AnycostError, match="effects"):
        load_effects(path)


def test_only_what_is_left_is_asked_of_a_face() -> None:
    assert TABLE.target("smile", 1, 0.2) == pytest.approx(0.4)
    assert TABLE.target("smile", 1, 0.7) == pytest.approx(0.2)  # up to the broadest natural smile
    assert TABLE.target("smile", 1, 0.95) == pytest.approx(LEAST_TARGET * 0.4)  # and a little beyond
    assert TABLE.at_end("smile", 1, 0.8)
    assert not TABLE.at_end("smile", -1, 0.8)


def test_a_base_lies_between_projection_mean_row_and_mean_face() -> None:
    latent, mean = np.random.default_rng(0).normal(size=(2, 16, 8)).astype(np.float32)
    assert np.array_equal(USUAL_BASE.of(latent, mean), eased(latent))
    assert np.allclose(Base(1.0, 1.0).of(latent, mean), mean, atol=1e-6)
    halfway = Base(1.0, 0.5).of(latent, mean)
    assert np.allclose(halfway, (latent.mean(axis=0) + mean) / 2, atol=1e-6)


def test_each_sense_has_its_own_base() -> None:
    assert TABLE.base("smile", 1.0) == Base(1.0, 0.5)
    assert TABLE.base("smile", -1.0) == TABLE.base("mine", 1.0) == USUAL_BASE


def test_directions_go_as_far_as_gains_say() -> None:
    directions, latent = load_directions(), np.zeros((16, 512), np.float32)
    scaled = directions.scaled({"smile": (1.0, 1.5)})
    for strength, gain in ((1.0, 1.5), (-1.0, 1.0)):
        moved = scaled.apply(latent, {"smile": strength})
        assert np.allclose(moved, gain * directions.apply(latent, {"smile": strength}), atol=1e-6)
    assert np.array_equal(scaled.apply(latent, {"age": 1.0}), directions.apply(latent, {"age": 1.0}))
