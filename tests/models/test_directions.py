"""Attributes: what a slider adds to a latent, and that it does what its name says."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from anycost_models.checkpoint import load_generator
from anycost_models.directions import Direction, Directions, load_directions
from anycost_models.errors import AnycostError
from anycost_models.face_labels import FaceLabels
from safetensors.numpy import save_file

EXPECTED = {  # attribute: by how much −1 → +1 moves its measure at least (see face_labels.LABELS for the units)
    "smile": 0.2,
    "age": 8,
    "gender": 2,
    "yaw": 10,
    "pitch": 5,
    "eyes_open": 0.08,
    "mouth_open": 0.08,
    "glasses": 0.3,
    "hair_lightness": 5,
    "skin_warmth": 2,
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
        with pytest.raises(
            AnycostError, match=f"the strength of 'smile' is {strength:g}: it must lie between -2 and 2"
        ):
            act({"age": 1, "smile": strength})


def test_2_is_allowed(directions):
    directions.check({"smile": 2, "age": -2.0})


def test_the_head_may_change_only_when_an_attribute_needs_it(directions):
    assert directions.region({"smile": 1, "glasses": -1}) == "face"
    assert directions.region({"smile": 1, "age": 0.1}) == "head"
    assert directions.region({"smile": 1, "age": 0}) == "face"


def test_the_embedded_directions_fit_the_embedded_generator():
    model = load_generator()
    directions = load_directions().by_name
    assert set(EXPECTED) <= set(directions)
    for name, entry in directions.items():
        assert entry.name == name
        assert entry.group
        assert entry.about
        assert entry.region in ("face", "head")
        start, end = entry.layers
        assert 0 <= start < end <= model.config.styles
        assert entry.vector.shape == (model.config.style_dim,)
        assert entry.vector.dtype == np.float32
        assert np.isfinite(entry.vector).all()
        assert np.linalg.norm(entry.vector) > 0


ENTRY = {"name": "smile", "group": "Expression", "about": "less … more", "region": "face", "layers": [2, 5]}


def write(path, metadata, **tensors):
    save_file(tensors, path, metadata)
    return path


def test_directions_come_back_from_their_file_in_order(tmp_path):
    entries = [{**ENTRY, "name": name} for name in ("smile", "age", "beard")]
    vectors = {entry["name"]: np.full(8, i, np.float16) for i, entry in enumerate(entries)}
    loaded = load_directions(write(tmp_path / "d.safetensors", {"attributes": json.dumps(entries)}, **vectors))
    assert list(loaded.by_name) == ["smile", "age", "beard"]
    age = loaded.direction("age")
    assert (age.group, age.region, age.layers) == ("Expression", "face", (2, 5))
    assert np.array_equal(age.vector, np.ones(8, np.float32))


def truncated(path):
    write(path, {"attributes": json.dumps([ENTRY])}, smile=np.ones(8, np.float32))
    path.write_bytes(path.read_bytes()[:-10])


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
        lambda path: path.mkdir(),
    ],
    ids=["missing", "empty", "zeros", "cut", "untold", "no json", "no entry", "no vector", "no layers", "folder"],
)
def test_a_missing_or_damaged_file_names_the_remedy(tmp_path, make):
    path = tmp_path / "directions.safetensors"
    make(path)
    with pytest.raises(
        AnycostError, match=r"directions\.safetensors are missing or damaged.*: install the package"
    ) as e:
        load_directions(path)
    assert "\n" not in str(e.value)


@pytest.fixture(scope="module")
def measured():
    """(attribute, strength) → the measures of three faces, drawn by the full generator."""
    model, labels, directions = load_generator(), FaceLabels.load(), load_directions()
    z = torch.randn(3, 512, generator=torch.Generator().manual_seed(7))
    latents = model.as_wplus(model.styles(z, 0.7)).numpy()

    def measure(name, strength):
        values = []
        for latent in latents:
            with torch.inference_mode():
                edited = torch.from_numpy(directions.apply(latent, {name: strength}))
                picture = F.interpolate(model(edited[None]).clamp(-1, 1), size=256, mode="area")[0]
            picture = picture.add(1).mul(127.5).round().byte().permute(1, 2, 0).numpy()
            values.append(labels.measure(picture)[name])
        return np.array(values)

    return measure


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_an_attribute_moves_what_it_names(measured, name):
    gain = measured(name, 1) - measured(name, -1)
    assert gain.mean() > EXPECTED[name], gain
    assert (gain > 0).all(), gain
