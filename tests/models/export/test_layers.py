"""Layers as nodes of a graph compute what torch computes, and so do their gradients, on both runtimes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from anycost_models.export import layers
from anycost_models.export.graph import Graph
from anycost_models.inference.onnx_network import load_bytes

RNG = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


DENSE, POINT, STRIDED, AFFINE = numbers(8, 3, 3, 3), numbers(4, 8, 1, 1), numbers(8, 1, 5, 5), numbers(4, 6)
BIAS, STYLE_BIAS, ROW = numbers(8), numbers(4), numbers(1, 6)
T = torch.from_numpy

# What varies, the layers, the same by torch.
DIFFERENTIABLE = {
    "dense": (
        (1, 3, 8, 8),
        lambda x: layers.conv(x, DENSE, BIAS, pads=(1, 1)),
        lambda x: F.conv2d(x, T(DENSE), T(BIAS), padding=1),
    ),
    "depthwise, halved": (
        (1, 8, 8, 8),
        lambda x: layers.conv(x, STRIDED, BIAS, stride=2, pads=(1, 2), groups=8),
        lambda x: F.conv2d(F.pad(x, (1, 2, 1, 2)), T(STRIDED), T(BIAS), stride=2, groups=8),
    ),
    "modulation": (
        (1, 6),
        lambda w: layers.multiply(
            layers.conv(w.graph.constant(np.ones((1, 8, 4, 4), np.float32)), POINT),
            layers.reshape(layers.linear(w, AFFINE, STYLE_BIAS), (1, 4, 1, 1)),
        ),
        lambda w: F.conv2d(torch.ones(1, 8, 4, 4), T(POINT)) * F.linear(w, T(AFFINE), T(STYLE_BIAS))[:, :, None, None],
    ),
    "sum of two ways": (
        (1, 4, 4, 4),
        lambda x: layers.add(layers.square(x), layers.multiply(layers.total(x, (2, 3)), x)),
        lambda x: x.square() + x.sum((2, 3), keepdim=True) * x,
    ),
    "leaky": ((1, 4, 4, 4), layers.leaky_relu, lambda x: F.leaky_relu(x, 0.2)),
    "clipped": ((1, 4, 4, 4), lambda x: layers.relu6(layers.multiply(x, 6.0)), lambda x: F.relu6(6 * x)),
    "unit length": ((1, 4, 4, 4), layers.unit_channels, lambda x: F.normalize(x, dim=1, eps=1e-6)),
    "blocks": ((1, 4, 8, 8), lambda x: layers.mean_of_blocks(x, 4), lambda x: F.avg_pool2d(x, 4)),
    "haar": (
        (1, 8, 4, 4),
        layers.inverse_haar,
        lambda x: F.conv_transpose2d(x, T(layers.HAAR).view(4, 1, 2, 2).repeat(2, 1, 1, 1), stride=2, groups=2),
    ),
}
OTHERS = {
    "gelu": ((1, 4, 4, 4), layers.gelu, F.gelu),
    "norm": (
        (1, 6),
        lambda x: layers.layer_norm(x, ROW[0], ROW[0]),
        lambda x: F.layer_norm(x, (6,), T(ROW[0]), T(ROW[0])),
    ),
    "enlarged": (
        (1, 4, 4, 4),
        lambda x: layers.enlarged(x, 2),
        lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False),
    ),
    "softmax": ((1, 4, 4, 4), lambda x: layers.softmax(x, 1), lambda x: x.softmax(1)),
}


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("name", [*DIFFERENTIABLE, *OTHERS])
def test_layers_and_their_gradients_are_torchs(name, runtime):
    shape, written, by_torch = (DIFFERENTIABLE | OTHERS)[name]
    graph, example = Graph(), numbers(*shape)
    x = graph.input("x", *shape)
    graph.vary(x)
    y = written(x)
    weight = numbers(*y.shape)  # the loss: its product with what the layer answers
    outputs = {"y": y}
    if name in DIFFERENTIABLE:
        outputs["gradient"] = graph.gradients(layers.mean(layers.multiply(y, weight)), [x])[0]
    data = graph.file(outputs, {"about": "test"})
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)  # as the shapes are said, among others

    point = T(example).requires_grad_(True)
    wanted = by_torch(point)
    (gradient,) = torch.autograd.grad((wanted * T(weight)).mean(), point)
    found = load_bytes(data, Path("layers"), runtime)(example)
    for mine, known in zip(found, (wanted.detach(), gradient), strict=False):
        np.testing.assert_allclose(mine, known.numpy(), atol=1e-5)


def test_what_does_not_reach_the_loss_has_no_gradient():
    graph = Graph()
    x, other = graph.input("x", 1, 4), graph.input("other", 1, 4)
    for point in (x, other):
        graph.vary(point)
    gradients = graph.gradients(layers.mean(layers.square(x)), [x, other])
    outputs = {"sum": layers.add(x, other), "x_gradient": gradients[0], "other_gradient": gradients[1]}
    _, mine, none = load_bytes(graph.file(outputs, {}), Path("layers"))(ROW[:, :4], ROW[:, :4])
    np.testing.assert_allclose(mine, ROW[:, :4] / 2, atol=1e-6)
    assert not none.any()


def test_weights_that_do_not_fit_are_refused():
    x = Graph().input("x", 1, 4, 8, 8)
    with pytest.raises(ValueError, match="for 4 channels"):
        layers.conv(x, DENSE)
    with pytest.raises(ValueError, match="for 4 numbers"):
        layers.linear(Graph().input("x", 1, 4), AFFINE)


def test_what_a_file_says_about_itself_can_be_read():
    graph = Graph()
    data = graph.file({"y": layers.square(graph.input("x", 1, 4))}, {"sha256": "0a", "name": "Größe"})
    assert {each.key: each.value for each in onnx.load_from_string(data).metadata_props} == {
        "sha256": "0a",
        "name": "Größe",
    }
