"""8-bit values come back from both kinds of floats."""

import numpy as np
import torch
from anycost_models.core import images
from anycost_models.generators import image_tensors

EVERY = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)  # each value three times


def test_every_value_comes_back():
    unit = images.to_unit_float(EVERY)
    assert (unit.dtype, unit.min(), unit.max()) == (np.float32, 0, 1)
    assert np.array_equal(images.to_uint8(unit), EVERY)
    signed = images.to_signed_float(EVERY)
    assert (signed.dtype, signed.min(), signed.max()) == (np.float32, -1, 1)


def test_tensors_hold_the_same_values_channels_first():
    tensor = image_tensors.image_to_tensor(EVERY)
    assert (tensor.shape, tensor.dtype) == ((1, 3, 16, 16), torch.float32)
    assert np.array_equal(tensor[0].permute(1, 2, 0).numpy(), images.to_signed_float(EVERY))
    assert np.array_equal(image_tensors.tensor_to_image(tensor), EVERY)
    assert np.array_equal(image_tensors.tensor_to_image(3 * tensor)[EVERY > 170], np.full((EVERY > 170).sum(), 255))


def test_a_batch_of_tensors_is_a_batch_of_images():
    batch = np.stack([EVERY, 255 - EVERY])
    assert np.array_equal(image_tensors.tensor_to_images(image_tensors.image_to_tensor(batch)), batch)
