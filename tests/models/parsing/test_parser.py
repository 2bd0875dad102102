"""The parser of photographs, on the astronaut: hair, helmet, suit and flag are what they are."""

import numpy as np
import pytest
import skimage.data
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FaceMesh
from anycost_models.parsing.network import FaceParser, ParserConfig, SoftParts, load_parser, save_parser
from anycost_models.parsing.parser import PhotoParser
from anycost_models.parsing.parts import PARTS
from anycost_models.weights import EMBEDDED_PARSER


@pytest.fixture(scope="module")
def parser():
    return PhotoParser(threads=2)


@pytest.fixture(scope="module")
def astronaut():
    """Her aligned square of 512 px, and the landmarks in it."""
    image = skimage.data.astronaut()
    found = FaceMesh.load().landmarks(image, AlignedSquare((223.0, 120.0), (75.0, 0.0)))
    square = found.ffhq_square()
    return square.crop(image, 512), found.moved(square.matrix(512))


def test_parts_of_a_photograph_are_where_they_are_seen(parser, astronaut):
    crop, landmarks = astronaut
    labels = parser.parse(crop).labels()

    def at(x, y):
        return PARTS[labels[int(y), int(x)]]

    for eye in landmarks.eyes():
        assert at(*eye) == "eyes"
    assert at(*landmarks.points[13, :2]) == "mouth"
    assert at(*landmarks.points[4, :2]) == "skin"
    assert at(*landmarks.points[9, :2]) == "skin"  # between the brows, under her fringe
    top = landmarks.points[10, :2] + 0.3 * (landmarks.points[10, :2] - landmarks.points[152, :2])
    assert at(*top) == "hair"
    assert at(140, 500) == "clothes"


@pytest.mark.parametrize("size", [100, 256, 700])
def test_any_square_is_parsed_at_its_own_size(parser, astronaut, size):
    crop = np.ascontiguousarray(np.resize(astronaut[0], (size, size, 3)))
    parts = parser.parse(crop)
    assert parts.shares.shape == (len(PARTS), size, size)
    assert parts.shares.dtype == np.float32
    np.testing.assert_allclose(parts.shares.sum(axis=0), 1, atol=1e-4)


def test_other_arrays_are_refused(parser):
    for odd in (np.zeros((8, 9, 3), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32)):
        with pytest.raises(ValueError, match="a square uint8 RGB picture"):
            parser.parse(odd)


def test_a_face_without_colours_has_the_same_parts(parser, astronaut):
    crop, _ = astronaut
    grey = np.repeat(crop.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    same = parser.parse(crop).labels() == parser.parse(grey).labels()
    assert same.mean() > 0.9


def test_the_exported_graph_says_what_the_network_does(parser, astronaut):
    crop = np.ascontiguousarray(astronaut[0][::2, ::2])
    with torch.inference_mode():
        wanted = SoftParts(load_parser())(torch.from_numpy(crop)[None].float())[0].numpy()
    assert np.abs(parser.parse(crop).shares - wanted).max() < 1e-3


def test_it_is_small():
    assert EMBEDDED_PARSER.stat().st_size <= 10 << 20


def test_files_are_checked(tmp_path):
    torch.manual_seed(0)
    model, path = FaceParser(ParserConfig(widths=(8, 8, 8, 8, 8))), tmp_path / "parser.safetensors"
    save_parser(model, path)
    assert load_parser(path).config == model.config
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(AnycostError, match="damaged"):
        load_parser(path)
    with pytest.raises(AnycostError, match=r"gone\.safetensors.*cannot be read"):
        PhotoParser(tmp_path / "gone.safetensors").warm()
    with pytest.raises(AnycostError, match="no parser has the sizes"):
        ParserConfig(widths=(8, 8))
