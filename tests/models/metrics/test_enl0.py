"""ENL0: grows with what the eye sees, and with nothing else."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.hub.catalogue import path_of
from anycost_models.metrics import imagenet_weights
from anycost_models.metrics.enl0 import load_perceptual

FACE = skimage.data.astronaut()[:256, 96:352]
NOISE = np.random.default_rng(0).standard_normal(FACE.shape)


def tensor(*pictures):
    """uint8 or float RGB 0…255 → [N, 3, H, W] in −1…1."""
    return image_to_tensor(np.stack(pictures))


def noisy(picture, sigma):
    return np.clip(picture + sigma * NOISE, 0, 255)


@pytest.fixture(scope="module")
def enl0():
    return load_perceptual()


def test_equal_pictures_are_at_distance_0(enl0):
    assert enl0(tensor(FACE), tensor(FACE)).item() == 0


@pytest.mark.parametrize(
    "harm",
    [
        lambda much: cv2.GaussianBlur(FACE, (0, 0), 0.6 * much),
        lambda much: noisy(FACE, 6 * much),
        lambda much: np.roll(FACE, 2 * much, axis=1),
    ],
    ids=["blur", "noise", "shift"],
)
def test_distance_grows_with_the_harm(enl0, harm):
    distances = [enl0(tensor(FACE), tensor(harm(much))).item() for much in (1, 2, 4, 8)]
    assert distances == sorted(distances)
    assert distances[-1] > 2 * distances[0] > 0


def test_a_blur_is_worse_than_a_change_of_brightness_with_the_same_error(enl0):
    blurred = cv2.GaussianBlur(FACE, (0, 0), 3).astype(np.float64)
    error = np.sqrt(np.mean((blurred - FACE) ** 2))
    blur, brighter = enl0(tensor(FACE, FACE), tensor(blurred, FACE + error))
    assert blur > 2 * brighter


def test_distance_is_symmetric_and_each_picture_has_its_own(enl0):
    a, b = tensor(FACE, FACE), tensor(noisy(FACE, 10), noisy(FACE, 40))
    together = enl0(a, b)
    torch.testing.assert_close(together, enl0(b, a))
    torch.testing.assert_close(together, torch.cat([enl0(a[i : i + 1], b[i : i + 1]) for i in (0, 1)]))


def test_what_has_no_weight_counts_little(enl0):
    harmed = FACE.copy()
    harmed[:, 192:] = noisy(FACE, 60)[:, 192:].astype(np.uint8)
    a, b = enl0.features(tensor(FACE)), enl0.features(tensor(harmed))
    weight = torch.zeros(1, 1, 256, 256)
    weight[..., :128] = 2
    assert enl0.distance(a, b, weight) < 0.1 * enl0.distance(a, b)


def test_a_picture_can_be_optimised_by_it(enl0):
    picture = tensor(cv2.GaussianBlur(FACE, (0, 0), 2)).requires_grad_(True)
    before = enl0(picture, tensor(FACE))
    before.sum().backward()
    with torch.no_grad():
        after = enl0(picture - 0.002 * picture.grad.sign(), tensor(FACE))
    assert after < before


def zeroed(data):
    data[:] = bytes(len(data))


def cut(data):
    del data[-1000:]


def emptied(data):
    data.clear()


def scribbled(data):
    """Still a pickle, but its text is no text."""
    data[200:4000:7] = b"\xff" * len(range(200, 4000, 7))


@pytest.mark.parametrize("harm", [zeroed, cut, emptied, scribbled])
def test_a_damaged_file_names_the_remedy(tmp_path, monkeypatch, harm):
    data = bytearray(path_of("perceptual").read_bytes())
    harm(data)
    damaged = tmp_path / "perceptual.pth"
    damaged.write_bytes(data)
    monkeypatch.setattr(imagenet_weights, "path_of", lambda name: damaged)
    with pytest.raises(AnycostError, match=r"perceptual\.pth is damaged: run 'anycost models fetch'"):
        load_perceptual()


def test_a_file_that_would_run_code_is_not_run(tmp_path, monkeypatch):
    damaged = tmp_path / "perceptual.pth"
    damaged.write_bytes(b"cos\nmkdir\n(S'" + str(tmp_path / "made").encode() + b"'\ntR.")
    monkeypatch.setattr(imagenet_weights, "path_of", lambda name: damaged)
    with pytest.raises(AnycostError, match="is damaged"):
        load_perceptual()
    assert not (tmp_path / "made").exists()


def test_a_file_that_is_not_there_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    with pytest.raises(AnycostError, match="is missing: run 'anycost models fetch'"):
        load_perceptual()
