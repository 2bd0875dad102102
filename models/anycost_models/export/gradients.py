"""Turns a loss into a graph that also answers its gradient, so that descending it needs no torch.

torch's autograd is run once and recorded operation by operation (make_fx). What the recording holds that the exporter
cannot write, or that the runtimes compute slowly, is said in other words on the way (`_BACKWARDS`, `_FORWARDS`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

aten = torch.ops.aten


class WithGradient(nn.Module):
    """What a loss answers, and the gradient of the first of it with respect to the first input, without autograd.

    For the example's shapes only; the loss's parameters are constants."""

    def __init__(self, loss: Callable[..., Sequence[Tensor]], example: Sequence[Tensor]) -> None:
        """loss: tensors → tensors, of which the first is [1]; it holds no random numbers and no dense convolution but
        of stride 1."""
        super().__init__()

        def recorded(point: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
            point = point.detach().requires_grad_(True)
            values = loss(point, *others)
            (gradient,) = torch.autograd.grad(values[0], point)
            return *values, gradient

        table: dict[Any, Callable[..., Any]] = {**core_aten_decompositions(), **_BACKWARDS}
        with torch.inference_mode(False), torch.enable_grad():
            recording = make_fx(recorded, table, "fake", _allow_non_fake_inputs=True)(*example)
        self.recording = _without_copies(recording)
        _fold_constants(self.recording, example)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The loss's values and the gradient."""
        answer: tuple[Tensor, ...] = _Replay(self.recording).run(*inputs)
        return answer


def _without_copies(recording: fx.GraphModule) -> fx.GraphModule:
    """What is written in place becomes a value of its own."""
    graph = recording.graph
    for node in list(graph.nodes):
        if node.target is aten.copy_.default:
            written, value = node.args
            order = {each: number for number, each in enumerate(graph.nodes)}
            for user in [user for user in written.users if order[user] > order[node]]:
                user.replace_input_with(written, value)
            node.replace_all_uses_with(value)
            graph.erase_node(node)
        elif node.target in (aten.alias.default, aten.lift_fresh_copy.default, aten.clone.default):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
    graph.eliminate_dead_code()
    recording.recompile()
    return recording


def _fold_constants(recording: fx.GraphModule, example: Sequence[Tensor]) -> None:
    """What follows from parameters alone is computed now, rather than at each loading."""
    graph, values = recording.graph, dict[fx.Node, Any]()
    with torch.no_grad():
        replay = _Replay(recording)
        for node in graph.nodes:
            if node.op == "get_attr" or (node.op == "call_function" and all(n in values for n in node.all_input_nodes)):
                args, kwargs = fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
                values[node] = getattr(replay, node.op)(node.target, args, kwargs)
    for number, (node, value) in enumerate(values.items()):
        if node.op != "get_attr" and any(user not in values for user in node.users) and isinstance(value, Tensor):
            recording.register_buffer(f"folded_{number}", value.contiguous())
            with graph.inserting_before(node):
                node.replace_all_uses_with(graph.get_attr(f"folded_{number}"))
    graph.eliminate_dead_code()
    recording.delete_all_unused_submodules()
    recording.recompile()


class _Replay(fx.Interpreter):
    """Runs a recording in words that can be exported."""

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return (
            _FORWARDS[target](*args, **kwargs) if target in _FORWARDS else super().call_function(target, args, kwargs)
        )


# ------------------------------------------------------------------ while recording


def _convolution_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    output_mask: Sequence[bool],
) -> tuple[Tensor | None, None, None]:
    """To the input only, as a convolution forward: what runtimes are made for."""
    if transposed:
        back = aten.convolution(grad, weight, None, stride, padding, dilation, False, [0, 0], groups)
        return back, None, None
    outputs, inputs, kernel, _ = weight.shape
    turned = weight.flip(2, 3) if kernel > 1 else weight
    flipped = turned.reshape(groups, outputs // groups, inputs, kernel, kernel).transpose(1, 2)
    flipped = flipped.reshape(groups * inputs, outputs // groups, kernel, kernel)
    if stride[0] == 2:  # zeros between
        n, channels, height, width = grad.shape
        apart = F.pad(grad.reshape(n, channels, height, 1, width, 1), (0, 1, 0, 0, 0, 1))
        grad = apart.reshape(n, channels, 2 * height, 2 * width)
    around = [kernel - 1 - padding[0]] * 2
    back = aten.convolution(grad, flipped, None, [1, 1], around, [1, 1], False, [0, 0], groups)
    return back[:, :, : x.shape[2], : x.shape[3]], None, None


def _clip_backward(grad: Tensor, x: Tensor, low: float, high: float) -> Tensor:
    """By the clipped values: only they need be kept."""
    y = aten.hardtanh(x, low, high)
    return grad * ((y > low).type_as(grad) * (y < high).type_as(grad))


def _leaky_relu_backward(grad: Tensor, x: Tensor, slope: float, is_result: bool) -> Tensor:
    return grad * (slope + (1 - slope) * (x > 0).type_as(grad))


def _mean_of_blocks_backward(grad: Tensor, x: Tensor, kernel: Sequence[int], *_: Any) -> Tensor:
    n, channels, height, width = grad.shape
    side = kernel[0]
    spread = (grad / side**2).reshape(n, channels, height, 1, width, 1).expand(-1, -1, -1, side, -1, side)
    return spread.reshape(x.shape)


_BACKWARDS: Mapping[Any, Callable[..., Any]] = {
    aten.convolution_backward.default: _convolution_backward,
    aten.hardtanh_backward.default: _clip_backward,
    aten.leaky_relu_backward.default: _leaky_relu_backward,
    aten.avg_pool2d_backward.default: _mean_of_blocks_backward,
}


# ------------------------------------------------------------------ while it is exported


def _convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor:
    """A transposed one of 2×2 to 2×2 without overlap is quicker as a 1×1 to the four pixels, laid out."""
    if transposed and weight.shape[1:] == (1, 2, 2) and list(stride) == [2, 2] and groups > 1:
        inputs = weight.shape[0] // groups
        to_pixels = weight.reshape(groups, inputs, 4).transpose(1, 2).reshape(groups * 4, inputs, 1, 1)
        return F.pixel_shuffle(F.conv2d(x, to_pixels, bias, groups=groups), 2)
    found: Tensor = aten.convolution(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
    return found


_FORWARDS: Mapping[Any, Callable[..., Any]] = {
    aten.convolution.default: _convolution,
    aten.hardtanh.default: F.hardtanh,
    aten.view.default: lambda x, shape: x.reshape(shape),
    aten.bitwise_or.Tensor: torch.logical_or,
    aten.bitwise_and.Tensor: torch.logical_and,
    aten._to_copy.default: lambda x, dtype, **_: x.to(dtype),
    aten._adaptive_avg_pool2d.default: lambda x, size: F.avg_pool2d(x, x.shape[-1] // size[-1]),
    aten.linalg_vector_norm.default: lambda x, order, dims, keep: x.square().sum(dims, keepdim=keep).sqrt(),
    # The exporter writes an empty list of dimensions as floats.
    aten.sum.dim_IntList: lambda x, dims, keep=False: x.sum(dims, keepdim=keep) if dims else x.sum(),
    # OpenVINO 2026.4 keeps one layout of a matrix that is multiplied both ways, and computes the second one wrongly.
    aten.mm.default: lambda a, b: (a.unsqueeze(-1) * b).sum(1),
}
