"""The parts of what the generator draws, read off its features: they are where the face's landmarks are."""

import numpy as np
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.face.landmarks import FaceMesh
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import tensor_to_images
from anycost_models.parsing.drawn_parts import DrawingWithParts, DrawnParts, load_drawn_parts, save_drawn_parts
from anycost_models.parsing.parser import DrawnParser
from anycost_models.parsing.parts import PARTS, Parts


@pytest.fixture(scope="module")
def generator():
    return load_generator()


@pytest.fixture(scope="module")
def latent(generator):
    z = torch.randn(1, 512, generator=torch.Generator().manual_seed(6))
    return generator.as_wplus(generator.styles(z, 0.6))


@pytest.fixture(scope="module")
def drawn(generator, latent):
    """A face of 256 px, uint8, and its parts."""
    with torch.inference_mode():
        shares, picture = DrawingWithParts(generator, load_drawn_parts(), SubGenerator(256))(latent)
    return np.rint(picture[0].numpy() * 255).astype(np.uint8), Parts(shares[0].numpy())


def test_every_pixel_is_shared_out(drawn):
    assert drawn[1].shares.shape == (len(PARTS), 128, 128)
    np.testing.assert_allclose(drawn[1].shares.sum(axis=0), 1, atol=1e-5)


def test_parts_are_where_the_landmarks_are(drawn):
    image, parts = drawn
    landmarks = FaceMesh.load().landmarks_aligned(image).moved(np.eye(2, 3) / 2)
    labels = parts.labels()

    def at(x, y):
        return PARTS[labels[int(y), int(x)]]

    for eye in landmarks.eyes():
        assert at(*eye) == "eyes"
    assert at(*landmarks.points[13, :2]) == "mouth"  # the upper lip's middle
    assert at(*landmarks.points[4, :2]) == "skin"  # the tip of the nose
    assert at(*landmarks.points[151, :2]) in ("skin", "hair")  # the forehead
    assert at(2, 60) == at(125, 60) == "background"
    top = landmarks.points[10, 1] - 0.25 * (landmarks.points[152, 1] - landmarks.points[10, 1])
    assert at(landmarks.points[10, 0], top) == "hair"


def test_the_exported_graph_says_the_same(drawn, latent):
    parts = DrawnParser(threads=2).parse(latent[0].numpy())
    assert np.abs(parts.shares - drawn[1].shares).max() < 0.02


def test_a_sub_generators_picture_comes_with_the_parts(generator, latent, drawn):
    (picture,) = tensor_to_images(generator(latent, SubGenerator(256)))
    assert np.abs(picture.astype(int) - drawn[0]).max() <= 2


def test_earrings_are_no_glasses_and_collars_no_hats():
    """Whatever the features say: not at these heights."""
    model = DrawnParts()
    with torch.no_grad():
        for part in ("glasses", "head_covering"):
            model.fine.bias[PARTS.index(part)] = 20.0
        shares = model(torch.zeros(1, 512, 64, 64), torch.zeros(1, 256, 128, 128))[0]
    sure = Parts(shares.numpy()).together(("glasses", "head_covering"))[:, 64] > 0.99
    assert sure[:102].all()
    assert not sure[104:].any()


def test_files_are_checked(tmp_path):
    model, path = DrawnParts(), tmp_path / "parts.safetensors"
    save_drawn_parts(model, path)
    assert torch.equal(load_drawn_parts(path).coarse.weight, model.coarse.weight.half().float())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(AnycostError, match="damaged"):
        load_drawn_parts(path)
    with pytest.raises(AnycostError, match=r"gone\.safetensors.*cannot be read"):
        DrawnParser(weights=tmp_path / "gone.safetensors").warm()
