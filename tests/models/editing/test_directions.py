"""Attributes: what a slider adds to a latent, and that it does what its name says."""

import json
from typing import get_args

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import Direction, Directions, Region, eased, load_directions
from anycost_models.face.labels import FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.training.directions.edit_bench import sample_faces
from anycost_models.training.directions.label_samples import LabelRenderer
from safetensors.numpy import save_file

EXPECTED = {  # attribute: by how much −1 → +1 moves its measure at least (see face.labels.LABELS for the units)
    "smile": 0.3,
    "mouth_open": 0.06,
    "surprise": 0.03,
    "eyes_open": 0.1,
    "squint": 0.2,
    "brows_up": 0.3,
    "brow_furrow": 0.02,
    "gaze_side": 0.08,
    "age": 10,
    "gender": 8,
    "face_width": 0.08,
    "jaw_width": 0.02,
    "chin_length": 0.06,
    "nose_width": 0.03,
    "lip_fullness": 0.03,
    "eye_spacing": 0.02,
    "yaw": 10,
    "pitch": 9,
    "light_side": 20,
    "light_above": 9,
    "skin_warmth": 6,
    "skin_smoothness": 0.3,
    "blush": 2,
    "lip_colour": 6,
    "eye_makeup": 9,
    "brow_boldness": 10,
    "glasses": 1,
    "beard": 8,
    "moustache": 10,
    "hair_length": 0.2,
    "hair_volume": 0.2,
    "hair_curl": 0.2,
    "fringe": 0.2,
    "hair_lightness": 20,
    "hair_blond": 6,
    "hair_red": 4,
    "hair_grey": 20,
}


def direction(name, region="face", layers=(2, 5)):
    return Direction(name, "Group", "less … more", region, layers, np.full(8, len(name), np.float32))


@pytest.fixture
def directions():
    known = direction("smile"), direction("age", "head", (0, 4)), direction("glasses")
    return Directions({entry.name: entry for entry in known})


LATENT = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)


def test_a_direction_moves_its_rows_by_strength_and_no_other(directions):
    edited = directions.apply(LATENT, {"smile": 0.5})
    np.testing.assert_allclose(edited[2:5] - LATENT[2:5], 0.5 * 5, rtol=1e-5)
    assert np.array_equal(edited[[0, 1, 5]], LATENT[[0, 1, 5]])
    assert edited.dtype == np.float32


BENT = ((-1.0, -2.0), (0.0, 0.0), (1.0, 0.5), (2.0, 2.0))


def test_a_curve_says_how_much_of_the_step_a_strength_is(directions):
    plain = directions.direction("smile")
    bent = Direction(**{**vars(plain), "curve": BENT})
    assert [bent.multiple(strength) for strength in (-2, -1, -0.5, 0, 0.5, 1.5, 2)] == [-2, -2, -1, 0, 0.25, 1.25, 2]
    assert (bent.min_strength, bent.max_strength) == (-1, 2)
    assert (plain.min_strength, plain.max_strength, plain.multiple(1.7)) == (-2, 2, 1.7)
    edited = Directions({"smile": bent}).apply(LATENT, {"smile": 1.0})
    np.testing.assert_allclose(edited[2:5] - LATENT[2:5], 0.5 * plain.vector[None].repeat(3, 0), rtol=1e-5)


def test_a_direction_may_move_each_row_otherwise():
    rows = np.arange(24, dtype=np.float32).reshape(3, 8)
    single = Directions({"smile": Direction("smile", "Group", "less … more", "face", (2, 5), rows)})
    np.testing.assert_allclose(single.apply(LATENT, {"smile": 2})[2:5], LATENT[2:5] + 2 * rows, rtol=1e-5)


def test_directions_add_up_and_opposites_cancel(directions):
    both = directions.apply(LATENT, {"smile": 1, "age": -1})
    one_by_one = directions.apply(directions.apply(LATENT, {"age": -1}), {"smile": 1})
    np.testing.assert_allclose(both, one_by_one, atol=1e-6)
    back = directions.apply(both, {"smile": -1, "age": 1})
    np.testing.assert_allclose(back, LATENT, atol=1e-5)


def test_zero_changes_nothing_and_the_latent_given_is_never_written_to(directions):
    given = LATENT.copy()
    assert np.array_equal(directions.apply(given, {"smile": 0, "age": 0.0}), LATENT)
    assert np.array_equal(directions.apply(given, {}), LATENT)
    assert not np.array_equal(directions.apply(given, {"smile": 2}), LATENT)
    assert np.array_equal(given, LATENT)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("smlie", "did you mean 'smile'?"),
        ("Smile", "did you mean 'smile'?"),
        ("glases", "did you mean 'glasses'?"),
        ("xyzzy", "see them with 'anycost attributes'"),
        ("", "see them with 'anycost attributes'"),
    ],
)
def test_an_unknown_attribute_is_refused_with_the_nearest_name(directions, said, hint):
    for act in (directions.check, lambda strengths: directions.apply(LATENT, strengths)):
        with pytest.raises(AnycostError) as error:
            act({said: 0.5})
        assert str(error.value) == f"there is no attribute '{said}': {hint}"


@pytest.mark.parametrize("strength", [2.01, -3, float("inf"), float("nan")])
def test_a_strength_beyond_2_is_refused(directions, strength):
    for act in (directions.check, lambda strengths: directions.apply(LATENT, strengths)):
        with pytest.raises(AnycostError, match=f"the strength of 'smile' is {strength:g}: choose one from -2 to 2"):
            act({"age": 1, "smile": strength})


def test_2_is_allowed(directions):
    directions.check({"smile": 2, "age": -2.0})


def test_the_head_may_change_only_when_an_attribute_needs_it(directions):
    assert directions.region({"smile": 1, "glasses": -1}) == "face"
    assert directions.region({"smile": 1, "age": 0.1}) == "head"
    assert directions.region({"smile": 1, "age": 0}) == "face"


def test_only_what_is_around_the_eyes_may_change_when_that_is_enough(directions):
    eyes = Directions({**directions.by_name, "spectacles": direction("spectacles", "eyes")})
    assert eyes.region({"spectacles": 1}) == "eyes"
    assert eyes.region({"spectacles": 1, "smile": 1}) == "face"
    assert eyes.region({"spectacles": 1, "age": 1}) == "head"
    assert load_directions().region({"glasses": 1}) == "eyes"
    assert load_directions().region({"beard": 1, "moustache": 1}) == "beard"
    assert load_directions().region({"beard": 1, "mouth_open": -1}) == "jaw"
    assert load_directions().region({"beard": 1, "glasses": 1}) == "lipless"
    assert load_directions().region({"age": -1, "beard": 1}) == "lipless"
    assert load_directions().region({"age": -1, "smile": 1}) == "face"


def test_easing_brings_a_latents_rows_together_and_keeps_their_mean() -> None:
    latent = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)
    nearer = eased(latent, 0.25)
    assert nearer.dtype == np.float32
    assert np.allclose(nearer.mean(axis=0), latent.mean(axis=0), atol=1e-6)
    assert np.allclose(nearer.std(axis=0), 0.75 * latent.std(axis=0), atol=1e-6)
    assert np.array_equal(eased(latent, 0.0), latent)


def test_a_sampled_face_is_as_easy_as_can_be() -> None:
    """Its rows are equal: directions were learned on such."""
    latent = np.repeat(np.random.default_rng(0).normal(size=(1, 8)), 16, axis=0).astype(np.float32)
    assert np.allclose(eased(latent), latent, atol=1e-6)


def test_the_embedded_directions_fit_the_embedded_generator():
    model = load_generator()
    directions = load_directions().by_name
    assert set(EXPECTED) == {name for name, entry in directions.items() if entry.learned}
    for name, entry in directions.items():
        assert entry.name == name
        assert entry.group
        assert entry.about
        assert entry.region in get_args(Region)
        start, end = entry.layers
        assert 0 <= start < end <= model.config.styles
        assert entry.vector.shape == (end - start, model.config.style_dim)
        assert entry.vector.dtype == np.float32
        assert np.isfinite(entry.vector).all()
        ends_at_0 = name == "lens_tint"  # what a dark lens hides is not known
        assert entry.min_strength == 0 if ends_at_0 else entry.min_strength < -0.4
        assert entry.max_strength >= 1
        np.testing.assert_allclose([entry.multiple(s) for s in (-1, 1)], [0 if ends_at_0 else -1, 1], atol=0.55)


ENTRY = {"name": "smile", "group": "Expression", "about": "less … more", "region": "face", "layers": [2, 5]}


def write(path, metadata, **tensors):
    save_file(tensors, path, metadata)
    return path


def test_directions_come_back_from_their_file_in_order(tmp_path):
    entries = [{**ENTRY, "name": name, "curve": BENT} for name in ("smile", "age", "beard")]
    vectors = {entry["name"]: np.full(8, i, np.float16) for i, entry in enumerate(entries)}
    loaded = load_directions(write(tmp_path / "d.safetensors", {"attributes": json.dumps(entries)}, **vectors))
    assert list(loaded.by_name) == ["smile", "age", "beard"]
    age = loaded.direction("age")
    assert (age.group, age.region, age.layers) == ("Expression", "face", (2, 5))
    assert np.array_equal(age.vector, np.ones(8, np.float32))
    assert age.curve == BENT


def truncated(path):
    write(path, {"attributes": json.dumps([ENTRY])}, smile=np.ones(8, np.float32))
    path.write_bytes(path.read_bytes()[:-10])


def write_curve(path, curve):
    write(path, {"attributes": json.dumps([{**ENTRY, "curve": curve}])}, smile=np.ones(8, np.float32))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(1000)),
        truncated,
        lambda path: write(path, None, smile=np.ones(8, np.float32)),
        lambda path: write(path, {"attributes": "{"}, smile=np.ones(8, np.float32)),
        lambda path: write(path, {"attributes": "[3]"}, smile=np.ones(8, np.float32)),
        lambda path: write(path, {"attributes": json.dumps([ENTRY])}, other=np.ones(8, np.float32)),
        lambda path: write(path, {"attributes": '[{"name": "smile"}]'}, smile=np.ones(8, np.float32)),
        lambda path: write_curve(path, [[-1, -1], [0, 0], [1, 0]]),
        lambda path: write_curve(path, [[-1, -1], [1, 1]]),
        lambda path: write_curve(path, [[-1], [0], [1]]),
        lambda path: path.mkdir(),
    ],
    ids=[
        "missing",
        "empty",
        "zeros",
        "cut",
        "untold",
        "no json",
        "no entry",
        "no vector",
        "no layers",
        *("falling", "beside 0", "no curve"),
        "folder",
    ],
)
def test_a_missing_or_damaged_file_names_the_remedy(tmp_path, make):
    path = tmp_path / "directions.safetensors"
    make(path)
    with pytest.raises(
        AnycostError, match=r"directions\.safetensors are missing or damaged.*[:;] install the package"
    ) as e:
        load_directions(path)
    assert "\n" not in str(e.value)


@pytest.fixture(scope="module")
def measured():
    """(attribute, strength) → the measures of three faces."""
    model, labels, directions = load_generator(), FaceLabels.load(), load_directions()
    render, latents = LabelRenderer.make(model), sample_faces(model, 30_000, 3)

    def measure(name, strength):
        edited = (directions.apply(latent, {name: strength}) for latent in latents)
        return np.array([labels.measure(render(latent))[name] for latent in edited])

    return measure


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_an_attribute_moves_what_it_names(measured, name):
    gain = measured(name, 1) - measured(name, -1)
    assert gain.mean() > EXPECTED[name], gain
