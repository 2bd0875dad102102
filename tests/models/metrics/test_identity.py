"""The identity embedding: the packaged network's numbers, and one person told from another."""

import json

import cv2
import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import load_directions
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FaceMesh
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.hub.catalogue import path_of
from anycost_models.metrics import identity
from anycost_models.metrics.identity import SAME_PERSON, distance, face_chip, load_identity, read_tensors

PHOTO = skimage.data.astronaut()
# What the package's own TensorFlow.js code makes of `PHOTO[:256, 96:352]` at 150 px: the first 16 of 128.
# fmt: off
PUBLISHED = (
    -0.09411, 0.09633, 0.0464, 0.04466, -0.00428, -0.10955, -0.01582, -0.12008,
    0.13554, -0.03628, 0.25566, -0.00795, -0.17085, -0.14957, 0.00857, 0.12317,
)
# fmt: on


def tensor(*pictures):
    """uint8 RGB → [N, 3, H, W] in −1…1."""
    return image_to_tensor(np.stack(pictures))


@pytest.fixture(scope="module")
def network():
    return load_identity()


@pytest.fixture(scope="module")
def astronaut():
    """Her FFHQ-aligned square, uint8 [256, 256, 3]."""
    face = FaceMesh.load().landmarks(PHOTO, AlignedSquare((222.0, 120.0), (80.0, 0.0)))
    return face.ffhq_square().crop(PHOTO, 256)


@pytest.fixture(scope="module")
def strangers():
    """Six generated faces, W+ [6, 16, 512], and their pictures."""
    model = load_generator()
    w = model.styles(torch.randn(6, 512, generator=torch.Generator().manual_seed(0)), 0.8)
    latent = w[:, None].expand(-1, model.config.styles, -1)
    with torch.no_grad():
        return latent, model(latent, SubGenerator(256)).clamp(-1, 1)


def test_the_embedding_is_the_one_the_package_computes(network):
    chip = cv2.resize(PHOTO[:256, 96:352], (150, 150), interpolation=cv2.INTER_AREA)
    chip = torch.from_numpy(chip).permute(2, 0, 1)[None].float()
    # That code divides by 255 where the network was trained with 256.
    chip = (chip - network.mean) * (256 / 255) + network.mean
    np.testing.assert_allclose(network.embed_chip(chip)[0, :16], PUBLISHED, atol=2e-5)


def test_the_first_layer_is_what_its_stored_bytes_say(network):
    """Computed again in numpy, from the file: 7×7 filters in TensorFlow's layout, one place, every channel."""
    (group,) = json.loads(path_of("identity_manifest").read_bytes())
    data, tensors, start = path_of("identity").read_bytes(), [], 0
    for entry in group["weights"][:4]:
        count, packed = int(np.prod(entry["shape"])), entry["quantization"]
        values = np.frombuffer(data, np.uint8, count, start).astype(np.float64)
        tensors.append((values * packed["scale"] + packed["min"]).reshape(entry["shape"]))
        start += count
    filters, bias, scale, shift = tensors
    picture = np.random.default_rng(0).standard_normal((150, 150, 3))
    expected = ((picture[20:27, 30:37, :, None] * filters).sum((0, 1, 2)) + bias) * scale + shift
    got = network.stem(torch.from_numpy(picture).permute(2, 0, 1)[None].float())[0, :, 10, 15]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_a_photo_of_her_is_her_whatever_became_of_it(network, astronaut, strangers):
    blurred = cv2.GaussianBlur(astronaut, (0, 0), 2)
    darker = (astronaut * 0.6).astype(np.uint8)
    moved = np.roll(astronaut, (5, -6), axis=(0, 1))
    small = cv2.resize(cv2.resize(astronaut, (64, 64), interpolation=cv2.INTER_AREA), (256, 256))
    her = network.embed(tensor(astronaut))
    versions = distance(her, network.embed(tensor(blurred, darker, astronaut[:, ::-1], moved, small)))
    others = distance(her, network.embed(strangers[1]))
    assert versions.max() < SAME_PERSON - 0.1
    assert others.mean() > SAME_PERSON + 0.1
    assert versions.max() < others.min()


def test_an_edited_face_stays_its_person_and_another_is_another(network, strangers):
    latent, pictures = strangers
    smiling = np.stack([load_directions().apply(row, {"smile": 0.7}) for row in latent.numpy()])
    with torch.no_grad():
        edited = load_generator()(torch.from_numpy(smiling), SubGenerator(256))
    between = torch.cdist(network.embed(pictures), network.embed(edited))
    assert (between.diagonal() < SAME_PERSON - 0.1).all()
    others = between[~torch.eye(6, dtype=torch.bool)]
    assert others.mean() > SAME_PERSON + 0.1
    assert others.min() > between.diagonal().max()


@pytest.mark.parametrize("side", [96, 512])
def test_the_size_of_the_square_matters_little(network, astronaut, side):
    other = cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA if side < 256 else cv2.INTER_CUBIC)
    assert network(tensor(astronaut), tensor(other)).item() < 0.25


def test_the_chip_shows_the_face_from_brows_to_chin(astronaut):
    points = FaceMesh.load().landmarks_aligned(astronaut).points[:, :2]
    centre, half = np.array(identity.CROP[:2]) * 256, identity.CROP[2] * 128
    eyes_nose_mouth_chin = points[[33, 263, 1, 61, 291, 152, 70, 300]]
    assert (np.abs(eyes_nose_mouth_chin - centre) < half).all()
    assert face_chip(tensor(astronaut)).shape == (1, 3, 150, 150)


def test_a_picture_can_be_pulled_towards_a_person(network, astronaut, strangers):
    picture = strangers[1][:1].clone().requires_grad_(True)
    before = network(picture, tensor(astronaut))
    before.sum().backward()
    assert torch.isfinite(picture.grad).all()
    with torch.no_grad():
        assert network(picture - 0.01 * picture.grad.sign(), tensor(astronaut)) < before - 0.05


def test_equal_faces_are_at_distance_0_with_a_gradient_that_is_a_number():
    a = torch.ones(2, 128, requires_grad=True)
    d = distance(a, torch.ones(2, 128))
    d.sum().backward()
    assert d.max() < 1e-5
    assert torch.isfinite(a.grad).all()


def test_each_picture_of_a_batch_has_its_own_embedding(network, strangers):
    pictures = strangers[1]
    one_by_one = torch.cat([network.embed(picture[None]) for picture in pictures])
    torch.testing.assert_close(network.embed(pictures), one_by_one, atol=1e-5, rtol=1e-4)
    assert F.mse_loss(one_by_one[0], one_by_one[1]) > 1e-4


@pytest.fixture
def files():
    return path_of("identity").read_bytes(), json.loads(path_of("identity_manifest").read_bytes())


def renamed(data, manifest):
    manifest[0]["weights"][0]["name"] = "nose"


def reshaped(data, manifest):
    manifest[0]["weights"][0]["shape"] = [7, 3, 7, 32]  # as many values, in another order


def lengthened(data, manifest):
    manifest[0]["weights"][1]["shape"] = [1 << 40]


def twice(data, manifest):
    manifest[0]["weights"].append(manifest[0]["weights"][0])


def wider(data, manifest):
    manifest[0]["weights"][0]["quantization"]["dtype"] = "uint16"


def scaleless(data, manifest):
    del manifest[0]["weights"][0]["quantization"]["scale"]


def not_a_number(data, manifest):
    manifest[0]["weights"][0]["quantization"]["min"] = float("nan")


def unpacked(data, manifest):
    del manifest[0]["weights"][0]["quantization"]


def listless(data, manifest):
    manifest[0] = "weights"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (renamed, "other tensors than expected: .*'nose'"),
        (reshaped, "other tensors than expected"),
        (lengthened, "other tensors than expected"),
        (twice, "a tensor is listed twice"),
        (wider, "is stored as uint16"),
        (scaleless, "not a weights manifest: 'scale'"),
        (not_a_number, "conv32_down/conv/filters holds values that are no numbers"),
        (unpacked, "values that are no numbers|buffer is smaller"),
        (listless, "not a weights manifest"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(files, harm, words):
    data, manifest = files
    harm(data, manifest)
    with pytest.raises(ValueError, match=words):
        read_tensors(data, json.dumps(manifest).encode())


def test_weights_of_another_length_are_refused(files):
    data, manifest = files
    text = json.dumps(manifest).encode()
    for wrong in (data[:-1], b""):
        with pytest.raises(ValueError, match="buffer"):
            read_tensors(wrong, text)
    with pytest.raises(ValueError, match="6444033 bytes where the manifest lists 6444032"):
        read_tensors(data + bytes(1), text)


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[1, 2]", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(files, manifest):
    with pytest.raises(ValueError, match=r"Expecting|unpack|not a weights manifest|decode"):
        read_tensors(files[0], manifest)


def test_a_damaged_file_names_the_remedy(tmp_path, monkeypatch):
    for name in ("identity", "identity_manifest"):
        (tmp_path / name).write_bytes(bytes(path_of(name).stat().st_size))
    monkeypatch.setattr(identity, "path_of", lambda name: tmp_path / name)
    with pytest.raises(AnycostError, match="is damaged: run 'anycost models fetch'"):
        load_identity()


def test_a_file_that_is_not_there_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    with pytest.raises(AnycostError, match="is missing: run 'anycost models fetch'"):
        load_identity()
