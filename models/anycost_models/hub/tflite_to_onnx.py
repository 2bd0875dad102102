"""Turns a TensorFlow Lite file into an ONNX file, for the operators of the face networks in the catalogue.

TensorFlow Lite keeps images as N×H×W×C, ONNX wants its convolutions as N×C×H×W. Tensors keep the first layout and a
pair of transposes stands around each operator that needs the second: plain to read, and both runtimes cancel the pairs.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from anycost_models.core import onnx_file

SAME, VALID = 0, 1
NO_ACTIVATION, RELU, RELU6 = 0, 1, 3
NUMPY_TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}  # by TensorFlow Lite's TensorType


def convert(data: bytes, name: str) -> bytes:
    """The ONNX file of a TensorFlow Lite file's bytes: same inputs and outputs, float32, static shapes.

    Raises ValueError for a file that isn't TensorFlow Lite, or uses an operator, option or type not covered here.
    """
    if data[4:8] != b"TFL3":
        raise ValueError(f"{name} is not a TensorFlow Lite file")
    return _Graph(data).model(name)


class _Graph:
    """One conversion: the open TensorFlow Lite graph, and the ONNX nodes and constants written so far."""

    def __init__(self, data: bytes) -> None:
        import tflite

        self.source = tflite.Model.GetRootAsModel(data, 0)
        self.graph = self.source.Subgraphs(0)
        self.nodes: list[bytes] = []
        self.constants: dict[str, onnx_file.Chunks] = {}
        self.values: dict[int, np.ndarray] = {}  # constant tensors by index, as stored or dequantised

    def model(self, name: str) -> bytes:
        for i in range(self.graph.OperatorsLength()):
            operator = _Operator(self, self.graph.Operators(i))
            write = OPERATORS.get(operator.name)
            if write is None:
                raise ValueError(f"{name} uses the operator {operator.name}, which this converter does not know")
            write(self, operator)
        inputs, outputs = (
            [(self.label(int(i)), self.shape(int(i))) for i in indices]
            for indices in (self.graph.InputsAsNumpy(), self.graph.OutputsAsNumpy())
        )
        return onnx_file.model(self.nodes, list(self.constants.values()), inputs, outputs, {}, name)

    def label(self, index: int) -> str:
        return f"t{index}"

    def shape(self, index: int) -> list[int]:
        shape = self.graph.Tensors(index).ShapeAsNumpy()
        return [] if isinstance(shape, int) else [int(size) for size in shape]  # 0 stands for "no dimensions"

    def value(self, index: int) -> np.ndarray | None:
        """A constant tensor's array, None for a computed tensor."""
        if index not in self.values:
            tensor = self.graph.Tensors(index)
            buffer = self.source.Buffers(tensor.Buffer())
            if not buffer.DataLength():
                return None
            if tensor.Type() not in NUMPY_TYPES:
                raise ValueError(f"the constant {tensor.Name().decode()} has a type that this converter does not know")
            array = np.frombuffer(buffer.DataAsNumpy().tobytes(), NUMPY_TYPES[tensor.Type()])
            self.values[index] = array.reshape(self.shape(index))
        return self.values[index]

    def constant(self, name: str, array: np.ndarray) -> str:
        """Writes an array of any shape as a constant, once; returns its name."""
        if name not in self.constants:
            self.constants[name] = onnx_file.tensor(name, np.ascontiguousarray(array))
        return name

    def use(self, index: int) -> str:
        """The ONNX name of a tensor, written out as a constant if it is one."""
        value = self.value(index)
        return self.label(index) if value is None else self.constant(self.label(index), value)

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(onnx_file.node(kind, inputs, [output], attributes))
        return output

    def activate(self, name: str, output: str, activation: int) -> None:
        """End an operator: its fused activation writes `output`."""
        if activation == RELU:
            self.node("Relu", [name], output)
        elif activation == RELU6:
            limits = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]
            self.node("Clip", [name, *limits], output)
        elif activation == NO_ACTIVATION:
            self.node("Identity", [name], output)
        else:
            raise ValueError(f"fused activation {activation} is not known to this converter")


class _Operator:
    """One TensorFlow Lite operator: its name, tensors and options."""

    def __init__(self, graph: _Graph, operator: Any) -> None:
        import tflite

        code = graph.source.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        names = {value: key for key, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
        custom = number == tflite.BuiltinOperator.CUSTOM
        self.name: str = code.CustomCode().decode() if custom else names.get(number, f"number {number}")
        self.inputs = [int(i) for i in operator.InputsAsNumpy()]
        self.out = int(operator.OutputsAsNumpy()[0])
        self.custom: bytes = operator.CustomOptionsAsNumpy().tobytes() if custom else b""
        self._options = operator.BuiltinOptions()

    def options(self, kind: str) -> Any:
        import tflite

        options = getattr(tflite, kind)()
        if self._options is not None:
            options.Init(self._options.Bytes, self._options.Pos)
        return options


def _same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """What "SAME" adds before and after one side: the odd one comes after, unlike in most other frameworks."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(padding: int, shape: list[int], kernel: tuple[int, int], stride: list[int], dilation: list[int]) -> list[int]:
    if padding == VALID:
        return [0, 0, 0, 0]
    (top, bottom), (left, right) = (_same_padding(shape[1 + i], kernel[i], stride[i], dilation[i]) for i in (0, 1))
    return [top, left, bottom, right]


def _channels_first(graph: _Graph, index: int, out: str) -> str:
    return graph.node("Transpose", [graph.use(index)], f"{out}_in", perm=[0, 3, 1, 2])


def _channels_last(graph: _Graph, name: str, operator: _Operator, activation: int = NO_ACTIVATION) -> None:
    out = graph.label(operator.out)
    if activation == NO_ACTIVATION:
        graph.node("Transpose", [name], out, perm=[0, 2, 3, 1])
    else:
        graph.activate(name, f"{out}_activated", activation)
        graph.node("Transpose", [f"{out}_activated"], out, perm=[0, 2, 3, 1])


def _dequantize(graph: _Graph, operator: _Operator) -> None:
    value = graph.value(operator.inputs[0])
    if value is None or value.dtype != np.float16:
        raise ValueError("DEQUANTIZE is known for half-precision constants only")
    graph.values[operator.out] = value.astype(np.float32)


def _convolution(graph: _Graph, operator: _Operator) -> None:
    depthwise = operator.name == "DEPTHWISE_CONV_2D"
    options = operator.options("DepthwiseConv2DOptions" if depthwise else "Conv2DOptions")
    source, out = operator.inputs[0], graph.label(operator.out)
    weight = graph.value(operator.inputs[1])
    if weight is None:
        raise ValueError(f"{operator.name} with computed weights is not known to this converter")
    # [O, H, W, I], or [1, H, W, O] where each channel has its own kernel, to [O, I, H, W]
    weight = weight.transpose(3, 0, 1, 2) if depthwise else weight.transpose(0, 3, 1, 2)
    stride, dilation = [options.StrideH(), options.StrideW()], [options.DilationHFactor(), options.DilationWFactor()]
    inputs = [_channels_first(graph, source, out), graph.constant(f"{out}_weight", weight)]
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        inputs.append(graph.use(operator.inputs[2]))
    name = graph.node(
        "Conv",
        inputs,
        f"{out}_conv",
        strides=stride,
        dilations=dilation,
        pads=_pads(options.Padding(), graph.shape(source), weight.shape[2:], stride, dilation),
        group=graph.shape(source)[3] if depthwise else 1,
    )
    _channels_last(graph, name, operator, options.FusedActivationFunction())


def _transposed_convolution(graph: _Graph, operator: _Operator) -> None:
    """MediaPipe's own operator: TensorFlow Lite's transposed convolution and a bias. Options: padding, stride W, H."""
    _, stride_w, stride_h = struct.unpack("<3i", operator.custom)
    source, out = operator.inputs[0], graph.label(operator.out)
    weight = graph.value(operator.inputs[1])  # [O, H, W, I]
    if weight is None or weight.shape[1:3] != (stride_h, stride_w):
        raise ValueError(f"{operator.name} is known for kernels as large as their stride only")
    inputs = [
        _channels_first(graph, source, out),
        graph.constant(f"{out}_weight", weight.transpose(3, 0, 1, 2)),
        graph.use(operator.inputs[2]),
    ]
    _channels_last(graph, graph.node("ConvTranspose", inputs, f"{out}_conv", strides=[stride_h, stride_w]), operator)


def _pool(graph: _Graph, operator: _Operator) -> None:
    options = operator.options("Pool2DOptions")
    source, out = operator.inputs[0], graph.label(operator.out)
    kernel, stride = (options.FilterHeight(), options.FilterWidth()), [options.StrideH(), options.StrideW()]
    name = graph.node(
        "MaxPool" if operator.name == "MAX_POOL_2D" else "AveragePool",
        [_channels_first(graph, source, out)],
        f"{out}_pool",
        kernel_shape=kernel,
        strides=stride,
        pads=_pads(options.Padding(), graph.shape(source), kernel, stride, [1, 1]),
    )
    _channels_last(graph, name, operator, options.FusedActivationFunction())


def _resize(graph: _Graph, operator: _Operator) -> None:
    options = operator.options("ResizeBilinearOptions")
    mode = "align_corners" if options.AlignCorners() else "half_pixel" if options.HalfPixelCenters() else "asymmetric"
    source, out = operator.inputs[0], graph.label(operator.out)
    _, height, width, channels = graph.shape(operator.out)
    size = graph.constant(f"{out}_size", np.array([1, channels, height, width], np.int64))
    name = graph.node(
        "Resize",
        [_channels_first(graph, source, out), "", "", size],
        f"{out}_resized",
        mode="linear",
        coordinate_transformation_mode=mode,
    )
    _channels_last(graph, name, operator)


def _reduce(kind: str) -> Callable[[_Graph, _Operator], None]:
    def write(graph: _Graph, operator: _Operator) -> None:
        axes = graph.value(operator.inputs[1])
        if axes is None:
            raise ValueError(f"{operator.name} over computed axes is not known to this converter")
        out = graph.label(operator.out)
        keep = int(operator.options("ReducerOptions").KeepDims())
        names = [graph.use(operator.inputs[0]), graph.constant(f"{out}_axes", axes.reshape(-1).astype(np.int64))]
        graph.node(kind, names, out, keepdims=keep)

    return write


def _elementwise(kind: str, options: str | None = None) -> Callable[[_Graph, _Operator], None]:
    """An operator that both formats share; `options` names the table that holds its fused activation."""

    def write(graph: _Graph, operator: _Operator) -> None:
        activation = operator.options(options).FusedActivationFunction() if options else NO_ACTIVATION
        inputs, out = [graph.use(i) for i in operator.inputs], graph.label(operator.out)
        if activation == NO_ACTIVATION:
            graph.node(kind, inputs, out)
        else:
            graph.activate(graph.node(kind, inputs, f"{out}_linear"), out, activation)

    return write


def _chain(first: str, second: Callable[[_Graph, str, str], str]) -> Callable[[_Graph, _Operator], None]:
    """An operator that ONNX has as two."""

    def write(graph: _Graph, operator: _Operator) -> None:
        out = graph.label(operator.out)
        second(graph, graph.node(first, [graph.use(i) for i in operator.inputs], f"{out}_first"), out)

    return write


def _reshape(graph: _Graph, operator: _Operator) -> None:
    out = graph.label(operator.out)
    shape = graph.constant(f"{out}_shape", np.array(graph.shape(operator.out), np.int64))
    graph.node("Reshape", [graph.use(operator.inputs[0]), shape], out)


def _transpose(graph: _Graph, operator: _Operator) -> None:
    order = graph.value(operator.inputs[1])
    if order is None:
        raise ValueError("TRANSPOSE by a computed order is not known to this converter")
    graph.node("Transpose", [graph.use(operator.inputs[0])], graph.label(operator.out), perm=order.tolist())


def _pad(graph: _Graph, operator: _Operator) -> None:
    pads = graph.value(operator.inputs[1])  # [dimensions, (before, after)]
    if pads is None:
        raise ValueError("PAD by computed amounts is not known to this converter")
    out = graph.label(operator.out)
    amounts = graph.constant(f"{out}_pads", pads.T.reshape(-1).astype(np.int64))
    graph.node("Pad", [graph.use(operator.inputs[0]), amounts], out)


def _strided_slice(graph: _Graph, operator: _Operator) -> None:
    options = operator.options("StridedSliceOptions")
    if options.EllipsisMask() or options.NewAxisMask():
        raise ValueError("STRIDED_SLICE with an ellipsis or a new axis is not known to this converter")
    bounds = [graph.value(i) for i in operator.inputs[1:4]]
    if any(bound is None for bound in bounds):
        raise ValueError("STRIDED_SLICE by computed bounds is not known to this converter")
    begin, end, step = (np.array(bound, np.int64) for bound in bounds)
    for axis, size in enumerate(graph.shape(operator.inputs[0])):
        if options.BeginMask() >> axis & 1:
            begin[axis] = 0
        if options.EndMask() >> axis & 1:
            end[axis] = size
        if options.ShrinkAxisMask() >> axis & 1:
            end[axis] = begin[axis] + 1
    if (step < 1).any():
        raise ValueError("STRIDED_SLICE backwards is not known to this converter")
    out = graph.label(operator.out)
    parts = {"begin": begin, "end": end, "axes": np.arange(len(begin)), "step": step}
    names = [graph.constant(f"{out}_{key}", value) for key, value in parts.items()]
    sliced = graph.node("Slice", [graph.use(operator.inputs[0]), *names], f"{out}_sliced")
    shape = graph.constant(f"{out}_shape", np.array(graph.shape(operator.out), np.int64))
    graph.node("Reshape", [sliced, shape], out)


def _concatenation(graph: _Graph, operator: _Operator) -> None:
    options = operator.options("ConcatenationOptions")
    if options.FusedActivationFunction() != NO_ACTIVATION:
        raise ValueError("CONCATENATION with an activation is not known to this converter")
    inputs = [graph.use(i) for i in operator.inputs]
    graph.node("Concat", inputs, graph.label(operator.out), axis=options.Axis())


OPERATORS: dict[str, Callable[[_Graph, _Operator], None]] = {
    "ADD": _elementwise("Add", "AddOptions"),
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "Convolution2DTransposeBias": _transposed_convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "DEQUANTIZE": _dequantize,
    "DIV": _elementwise("Div", "DivOptions"),
    "HARD_SWISH": _elementwise("HardSwish"),
    "LOGISTIC": _elementwise("Sigmoid"),
    "MAX_POOL_2D": _pool,
    "MEAN": _reduce("ReduceMean"),
    "MUL": _elementwise("Mul", "MulOptions"),
    "NEG": _elementwise("Neg"),
    "PAD": _pad,
    "PRELU": _elementwise("PRelu"),
    "RELU": _elementwise("Relu"),
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize,
    "RSQRT": _chain("Sqrt", lambda graph, name, out: graph.node("Reciprocal", [name], out)),
    "SQRT": _elementwise("Sqrt"),
    "SQUARED_DIFFERENCE": _chain("Sub", lambda graph, name, out: graph.node("Mul", [name, name], out)),
    "STRIDED_SLICE": _strided_slice,
    "SUB": _elementwise("Sub", "SubOptions"),
    "SUM": _reduce("ReduceSum"),
    "TRANSPOSE": _transpose,
}
