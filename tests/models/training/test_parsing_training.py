"""Training the parser: photographs with known parts, what is named of clusters, the same after an interruption."""

import msgspec
import numpy as np
import pytest
import torch
from anycost_models.face.landmarks import FaceMesh
from anycost_models.parsing.drawn_parts import load_drawn_parts
from anycost_models.parsing.network import load_parser
from anycost_models.parsing.parts import PARTS, Parts
from anycost_models.training.data.backgrounds import background
from anycost_models.training.data.head_coverings import Head, covering
from anycost_models.training.data.parsed_faces import HELD_OUT, ParsedFaces
from anycost_models.training.data.parsing_photographs import Chances, photograph
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.stage import ParserSettings, read_stage
from anycost_models.training.parsing.clusters import Clusters, Projection, cluster_sheet, spherical_k_means
from anycost_models.training.parsing.naming import named_labels, own_labels, read_names
from anycost_models.training.parsing.parser import ParserTraining, initial_parser, weighted_entropy
from anycost_models.training.scripts.fit_drawn_parts import Fitting, fit

STAGE = """
name = "tiny-parser"
images = 4
batch = 2
bfloat16 = false

[data]
pool = 2

[sub_generators]
resolutions = { 256 = 1 }

[parser]
held_out = 2

[optimizer.rates]
"trunk." = 0
"""


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Two generated faces that no training sees."""
    return ParsedFaces(tmp_path_factory.mktemp("faces"), 2, HELD_OUT)


@pytest.fixture(scope="module")
def face(faces):
    return faces.face(0)


def test_a_face_is_drawn_once_and_kept(faces, face):
    again = ParsedFaces(faces.images.filename.parent, 2, HELD_OUT)
    np.testing.assert_array_equal(again.face(0)[0], face[0])
    assert "generator" not in vars(again)  # nothing was loaded for it
    np.testing.assert_allclose(face[1].shares.sum(axis=0), 1, atol=0.03)


def test_a_photograph_follows_from_its_seed(face):
    once, again, other = (photograph(*face, seed, face[0]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once.image, again.image)
    np.testing.assert_array_equal(once.parts.shares, again.parts.shares)
    assert (once.image != other.image).any()
    assert (once.image.shape, once.image.dtype) == ((256, 256, 3), np.uint8)
    np.testing.assert_allclose(once.parts.shares.sum(axis=0), 1, atol=0.03)


def test_another_background_leaves_the_face(face):
    image, parts = face
    nothing = dict.fromkeys(("covering", "clothes", "hair", "light", "grey", "tint"), 0.0)
    from anycost_models.face.degradation import NONE

    made = photograph(image, parts, 3, None, Chances(background=1.0, **nothing), NONE)
    difference = np.abs(made.image.astype(int) - image).mean(axis=2)
    full = parts.resized(256)
    assert difference[full["skin"] > 0.99].max() <= 1
    assert difference[full["background"] > 0.99].mean() > 10


def test_something_on_the_head_is_known_as_such(face):
    image, parts = face
    for seed in range(8):
        mask, cloth = covering(np.random.default_rng(seed), parts.resized(256))
        assert (mask.shape, cloth.shape) == ((256, 256), (256, 256, 3))
        assert mask.max() > 0.9
        assert mask[parts.resized(256)["mouth"] > 0.5].mean() < 0.1
    made = photograph(image, parts, 0, None, Chances(covering=1.0))
    assert made.parts["head_covering"].sum() > parts["head_covering"].sum() + 100


def test_where_no_face_shows_nothing_is_worn():
    shares = np.zeros((len(PARTS), 256, 256), np.float32)
    shares[0] = 1
    assert Head.of(Parts(shares)) is None
    assert covering(np.random.default_rng(0), Parts(shares)) is None


def test_backgrounds_are_pictures():
    other = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for seed in range(30):
        made = background(np.random.default_rng(seed), 32, other if seed % 2 else None)
        assert (made.shape, made.dtype) == ((32, 32, 3), np.float32)
        assert made.min() >= 0
        assert made.max() <= 255


def test_clusters_are_found_again(tmp_path):
    rng = torch.Generator().manual_seed(0)
    middles = torch.nn.functional.normalize(torch.randn(3, 6, generator=rng), dim=1)
    vectors = torch.nn.functional.normalize(
        middles.repeat_interleave(40, 0) + 0.05 * torch.randn(120, 6, generator=rng), dim=1
    )
    nearest = (vectors @ spherical_k_means(vectors, 3, seed=1).T).argmax(1).reshape(3, 40)
    assert all(len(group.unique()) == 1 for group in nearest)
    assert len(nearest[:, 0].unique()) == 3


def test_a_layer_on_a_projection_is_one_on_the_features():
    rng = torch.Generator().manual_seed(0)
    samples = torch.randn(500, 8, generator=rng) * torch.arange(1, 9) + 3
    projection = Projection.fit(samples, 8)
    weight, bias = torch.randn(2, 8, generator=rng), torch.randn(2, generator=rng)
    full, offset = projection.unfolded(weight, bias)
    features = samples[:1].T[:, :, None]
    expected = weight @ projection(features).flatten(1) + bias[:, None]
    torch.testing.assert_close(full @ features.flatten(1) + offset[:, None], expected)


def test_named_clusters_are_those_of_the_file():
    names, clusters = read_names(), Clusters.load()
    assert len(clusters.middles) == names.clusters
    named = [number for numbers in names.parts.values() for number in numbers]
    assert len(named) == len(set(named))
    assert set(names.parts) <= set(PARTS)


def test_labels_follow_names_mesh_and_matte(face):
    image, _ = face
    names = read_names()
    landmarks = FaceMesh.load().landmarks_aligned(image).moved(np.eye(2, 3) / 2)
    person = np.zeros((128, 128), np.float32)
    person[:, 30:98] = 1
    skin = np.full((64, 64), names.parts["skin"][0])
    labels = named_labels(skin, names, 1, image, person, landmarks)
    x, y = landmarks.points[13, :2].astype(int)
    assert PARTS[labels[y, x]] == "mouth"
    assert PARTS[labels[y, 2]] == "background"  # nobody is there
    shares = np.zeros((len(PARTS), 128, 128), np.float32)
    shares[PARTS.index("clothes")] = 1
    hat = own_labels(shares, True, person, landmarks)
    assert PARTS[hat[5, 64]] == "head_covering"  # cloth above the eyes, on somebody who wears a hat
    assert PARTS[hat[120, 64]] == "clothes"


def test_a_cluster_sheet_has_a_row_for_each():
    images = np.zeros((8, 64, 64, 3), np.uint8)
    nearest = np.zeros((8, 16, 16), np.uint8)
    assert cluster_sheet(images, nearest, range(3), tile=32).shape == (96, 192, 3)


def test_what_is_not_known_does_not_count():
    logits, shares = torch.zeros(1, 2, 1, 2), torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    weights = torch.tensor([1.0, 3.0])
    both = weighted_entropy(logits, shares, torch.tensor([[[True, True]]]), weights)
    first = weighted_entropy(logits, shares, torch.tensor([[[True, False]]]), weights)
    torch.testing.assert_close(both, 2 * torch.log(torch.tensor(2.0)))
    torch.testing.assert_close(first, torch.log(torch.tensor(2.0)))


def test_a_new_parser_begins_with_the_encoders_trunk(tmp_path):
    path = tmp_path / "stage.toml"
    path.write_text(STAGE)
    stage = read_stage(path)
    once, again = (initial_parser(stage, ParserSettings()) for _ in range(2))
    assert torch.equal(once.parts.weight, again.parts.weight)
    assert once.trunk.blocks[9].expand.weight.abs().sum() > 0


@pytest.mark.slow
def test_a_parser_goes_on_after_an_interruption_as_if_there_had_been_none(tmp_path):
    path = tmp_path / "stage.toml"
    path.write_text(STAGE)
    stage = read_stage(path)
    whole = ParserTraining(stage, stage.parser, tmp_path / "whole").trainer
    whole.run()
    assert whole.step == 2

    first = ParserTraining(stage, stage.parser, tmp_path / "halves")
    assert first.sheet(first.parser).ndim == 3  # rendering it changes nothing
    first.trainer.run_step()
    first.trainer.save()
    second = ParserTraining(stage, stage.parser, tmp_path / "halves").trainer
    second.resume(checkpoints.find(tmp_path / "halves")[-1])
    second.run()
    for name, tensor in whole.trained.items():
        assert (tensor - second.trained[name]).norm() <= 1e-4 * tensor.norm(), name
    export_ema(second, tmp_path / "parser.safetensors")
    assert load_parser(tmp_path / "parser.safetensors").config.resolution == 256


@pytest.mark.slow
def test_a_classifier_fitted_to_a_few_faces_agrees_with_the_shipped_one(tmp_path):
    few = msgspec.structs.replace(read_names(), faces=6, second_round=3)
    fitting = Fitting(few, Clusters.load())
    first = list(fitting.named())
    fitted = fitting.classifier(fit([*first, *fitting.second(fit(first, 150), tmp_path)], 150))
    latent = torch.from_numpy(ParsedFaces(tmp_path, 1, HELD_OUT).latent(0))
    _, (coarse, fine) = fitting.draw(latent)
    with torch.inference_mode():
        labels = [model(coarse[None], fine[None])[0].argmax(0) for model in (fitted, load_drawn_parts())]
    assert (labels[0] == labels[1]).float().mean() > 0.85
