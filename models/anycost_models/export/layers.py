"""The layers that our networks are made of, as nodes of a graph, with their gradients.

Images are [1, C, H, W]. Where runtimes compute one form of the same thing more quickly, that form is written."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from anycost_models.export.graph import Operand, Value

HAAR = np.array(((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1)), np.float32) / 2  # [band, pixel]


def conv(
    x: Value,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: int = 1,
    pads: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> Value:
    """weight [O, I / groups, k, k]; bias [O]; pads: before and after, along both sides. Raises ValueError when the
    weight does not fit.

    The gradient is for a stride of 1, or of 2 and kernels that see each pixel of an even side."""
    outputs, inputs, kernel, _ = weight.shape
    _, channels, height, width = x.shape
    if inputs * groups != channels or outputs % groups or (bias is not None and bias.shape != (outputs,)):
        raise ValueError(f"weights {weight.shape} for {channels} channels in {groups} groups")
    rows, columns = ((side + sum(pads) - kernel) // stride + 1 for side in (height, width))
    operands: list[Operand] = [x, np.ascontiguousarray(weight), *([] if bias is None else [bias])]
    around = [pads[0], pads[0], pads[1], pads[1]]
    shape = (1, outputs, rows, columns)
    y = x.graph.node(
        "Conv", operands, shape, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=around, group=groups
    )

    def way_back(gradient: Value) -> Value:
        # As a convolution forward, which is what runtimes are made for.
        turned = weight[:, :, ::-1, ::-1].reshape(groups, outputs // groups, inputs, kernel, kernel)
        back = turned.transpose(0, 2, 1, 3, 4).reshape(channels, outputs // groups, kernel, kernel)
        if stride == 2:
            gradient = _with_zeros_between(gradient)
        before = kernel - 1 - pads[0]
        return conv(gradient, back, pads=(before, width + kernel - 1 - gradient.shape[3] - before), groups=groups)

    x.graph.note(y, x, way_back)
    return y


def depthwise(x: Value, weight: np.ndarray, bias: np.ndarray | None = None) -> Value:
    """weight [C, 1, k, k], of an odd side; the size stays."""
    return conv(x, weight, bias, pads=(weight.shape[2] // 2,) * 2, groups=len(weight))


def _with_zeros_between(x: Value) -> Value:
    _, channels, height, width = x.shape
    apart = reshape(x, (1, channels, height, 1, width, 1))
    pads = np.array([0] * 6 + [0, 0, 0, 1, 0, 1], np.int64)
    apart = x.graph.node("Pad", [apart, pads], (1, channels, height, 2, width, 2))
    return reshape(apart, (1, channels, 2 * height, 2 * width))


def linear(x: Value, weight: np.ndarray, bias: np.ndarray | None = None) -> Value:
    """[1, I] → [1, O]; weight [O, I], bias [O]. Raises ValueError when they do not fit."""
    outputs, inputs = weight.shape
    if x.shape != (1, inputs) or (bias is not None and bias.shape != (outputs,)):
        raise ValueError(f"weights {weight.shape} for {x.shape[1]} numbers")
    operands: list[Operand] = [x, np.ascontiguousarray(weight), *([] if bias is None else [bias])]
    y = x.graph.node("Gemm", operands, (1, outputs), transB=1)
    x.graph.note(y, x, lambda gradient: linear(gradient, weight.T))
    return y


def add(x: Value, y: Operand) -> Value:
    """One of them may be broadcast."""
    y = x.graph.value(y)
    found = x.graph.node("Add", [x, y], np.broadcast_shapes(x.shape, y.shape))
    for each in (x, y):
        x.graph.note(found, each, functools.partial(_summed_to, shape=each.shape))
    return found


def subtract(x: Value, y: Operand) -> Value:
    """x − y, which does not vary."""
    found = x.graph.node("Sub", [x, y], x.shape)
    x.graph.note(found, x, lambda gradient: gradient)
    return found


def multiply(x: Value, y: Operand) -> Value:
    """One of them may be broadcast."""
    y = x.graph.value(y)
    found = x.graph.node("Mul", [x, y], np.broadcast_shapes(x.shape, y.shape))
    for each, other in ((x, y), (y, x)):
        x.graph.note(found, each, functools.partial(_product_summed_to, other, shape=each.shape))
    return found


def square(x: Value) -> Value:
    found = x.graph.node("Mul", [x, x], x.shape)
    x.graph.note(found, x, lambda gradient: multiply(multiply(gradient, 2.0), x))
    return found


def total(x: Value, axes: Sequence[int]) -> Value:
    """The sum over axes, which stay with a size of 1. Its gradient is left to be broadcast."""
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    found = x.graph.node("ReduceSum", [x, np.array(axes, np.int64)], shape, keepdims=1)
    x.graph.note(found, x, lambda gradient: gradient)
    return found


def mean(x: Value) -> Value:
    """Of all numbers: [1]."""
    axes = tuple(range(len(x.shape)))
    return multiply(reshape(total(x, axes), (1,)), 1 / math.prod(x.shape))


def _product_summed_to(x: Value, y: Value, shape: tuple[int, ...]) -> Value:
    return _summed_to(multiply(y, x), shape)


def _summed_to(x: Value, shape: tuple[int, ...]) -> Value:
    axes = [axis for axis, size in enumerate(shape) if size < x.shape[axis]] if len(shape) == len(x.shape) else []
    return total(x, axes) if axes else x


def reshape(x: Value, shape: Sequence[int]) -> Value:
    found = x.graph.node("Reshape", [x, np.array(shape, np.int64)], shape)
    x.graph.note(found, x, lambda gradient: reshape(gradient, x.shape))
    return found


def leaky_relu(x: Value, slope: float = 0.2) -> Value:
    y = x.graph.node("LeakyRelu", [x], x.shape, alpha=slope)
    # By the result, whose sign is the same: then x need not be kept.
    x.graph.note(y, x, lambda gradient: multiply(gradient, add(multiply(_is(y, "Greater", 0.0), 1 - slope), slope)))
    return y


def relu6(x: Value) -> Value:
    y = x.graph.node("Clip", [x, 0.0, 6.0], x.shape)
    x.graph.note(y, x, lambda g: multiply(g, multiply(_is(y, "Greater", 0.0), _is(y, "Less", 6.0))))
    return y


def _is(x: Value, comparison: str, limit: float) -> Value:
    """1 where it is so, 0 elsewhere."""
    return x.graph.node("Cast", [x.graph.node(comparison, [x, limit], x.shape)], x.shape, to=1)


def unit_channels(x: Value) -> Value:
    """Each pixel's channels, divided by their Euclidean length, or by 1e-6 where that is less."""
    pixels, node = (1, 1, *x.shape[2:]), x.graph.node
    squares = node("ReduceSum", [node("Mul", [x, x], x.shape), np.array([1], np.int64)], pixels, keepdims=1)
    length = node("Max", [node("Sqrt", [squares], pixels), 1e-6], pixels)
    y = node("Div", [x, length], x.shape)

    def way_back(gradient: Value) -> Value:
        across = subtract(gradient, multiply(total(multiply(gradient, y), (1,)), y))
        return node("Div", [across, length], x.shape)

    x.graph.note(y, x, way_back)
    return y


def mean_of_blocks(x: Value, side: int) -> Value:
    """Of side × side pixels, which divides the image's sides."""
    if side == 1:
        return x
    _, channels, height, width = x.shape
    y = x.graph.node(
        "AveragePool", [x], (1, channels, height // side, width // side), kernel_shape=[side] * 2, strides=[side] * 2
    )

    def way_back(gradient: Value) -> Value:
        apart = reshape(multiply(gradient, 1 / side**2), (1, channels, height // side, 1, width // side, 1))
        whole = (1, channels, height // side, side, width // side, side)
        return reshape(x.graph.node("Expand", [apart, np.array(whole, np.int64)], whole), x.shape)

    x.graph.note(y, x, way_back)
    return y


def inverse_haar(bands: Value) -> Value:
    """[1, 4·C, H, W], the bands LL, LH, HL, HH of each channel side by side, to [1, C, 2·H, 2·W]: by a grouped 1×1
    convolution to the four pixels of each quad, which are then laid out."""
    _, channels, height, width = bands.shape
    groups = channels // 4
    quads = bands.graph.node("Conv", [bands, _haar_weight(groups, (4, 1, 1))], bands.shape, group=groups)
    y = bands.graph.node("DepthToSpace", [quads], (1, groups, 2 * height, 2 * width), blocksize=2, mode="CRD")
    bands.graph.note(y, bands, lambda g: conv(g, _haar_weight(groups, (1, 2, 2)), stride=2, groups=groups))
    return y


def _haar_weight(groups: int, shape: tuple[int, int, int]) -> np.ndarray:
    """[4 · groups, *shape]: to pixels from bands, or back."""
    to = HAAR.T if shape[0] == 4 else HAAR
    return np.tile(to.reshape(4, *shape), (groups, 1, 1, 1))


# ------------------------------------------------------------------ without gradients


def clip(x: Value, low: float, high: float) -> Value:
    return x.graph.node("Clip", [x, low, high], x.shape)


def relu(x: Value) -> Value:
    return x.graph.node("Relu", [x], x.shape)


def gelu(x: Value) -> Value:
    """x · Φ(x), exactly."""
    error = x.graph.node("Erf", [x.graph.node("Div", [x, math.sqrt(2)], x.shape)], x.shape)
    return multiply(multiply(x, add(error, 1.0)), 0.5)


def layer_norm(x: Value, weight: np.ndarray, bias: np.ndarray) -> Value:
    """[1, N] → [1, N]: to mean 0 and variance 1, times the weight, plus the bias."""
    return x.graph.node("LayerNormalization", [x, weight, bias], x.shape, axis=-1, epsilon=1e-5)


def softmax(x: Value, axis: int) -> Value:
    return x.graph.node("Softmax", [x], x.shape, axis=axis)


def enlarged(x: Value, times: int) -> Value:
    """[1, C, H, W] → [1, C, times · H, times · W], bilinear."""
    shape = (*x.shape[:2], times * x.shape[2], times * x.shape[3])
    sizes = x.graph.constant(np.array([1, 1, times, times], np.float32))
    none = x.graph.constant(np.array([], np.float32))
    return x.graph.node("Resize", [x, none, sizes], shape, mode="linear", coordinate_transformation_mode="half_pixel")


def concatenate(parts: Sequence[Value], axis: int) -> Value:
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return parts[0].graph.node("Concat", parts, shape, axis=axis)


def transpose(x: Value, order: Sequence[int]) -> Value:
    return x.graph.node("Transpose", [x], [x.shape[axis] for axis in order], perm=list(order))


def row(latent: Value, index: int) -> Value:
    """One row of W+ [1, styles, D]: w [1, D]."""
    return latent.graph.node("Gather", [latent, np.array(index, np.int64)], (1, latent.shape[2]), axis=1)
