"""Cuts a network in two for OpenVINO: its small tensors, to be computed in float32, and its large ones, in bfloat16.

In a generator the small features decide what is drawn: bfloat16's rounding there grows on the way to the image, and
float32 costs little there. OpenVINO's own switch is for whole networks, hence two of them.
"""

import math
from typing import Any

SMALL = 32  # pixels of side: features up to here are computed in float32


def cut(model: Any) -> tuple[Any, Any] | None:
    """model: openvino.Model with fixed shapes, which is taken apart.

    Returns a model from its inputs to what crosses the cut, and one from that to its outputs; None when nothing does"""
    import openvino
    from openvino import opset13 as ops
    from openvino.passes import ConstantFolding, Manager

    folding = Manager()
    folding.register_pass(ConstantFolding())  # what is left depends on the inputs
    folding.run_passes(model)
    inputs = model.get_parameters()
    large = _large(model)
    crossing: dict[str, Any] = {}  # outputs of small operators that large ones read, by name
    readers: dict[str, list[Any]] = {}
    for op in model.get_ordered_ops():
        if op.get_friendly_name() not in large:
            continue
        for port in op.inputs():
            source = port.get_source_output()
            node = source.get_node()
            if node.get_friendly_name() in large or node.get_type_name() == "Constant":
                continue
            name = f"{node.get_friendly_name()}:{source.get_index()}"
            crossing[name] = source
            readers.setdefault(name, []).append(port)
    if not crossing:
        return None
    entries = []
    for name, source in crossing.items():
        entry = ops.parameter(list(source.get_shape()), source.get_element_type())
        for port in readers[name]:
            port.replace_source_output(entry.output(0))
        entries.append(entry)
    second = openvino.Model(model.get_results(), entries, "large")
    first = openvino.Model([ops.result(source) for source in crossing.values()], inputs, "small")
    return first, second


def _large(model: Any) -> set[str]:
    """The names of operators that put out more than SMALL × SMALL pixels, and of those that follow them."""
    found: set[str] = set()
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Constant":
            continue
        after = any(port.get_source_output().get_node().get_friendly_name() in found for port in op.inputs())
        shapes = [list(port.get_shape()) for port in op.outputs()]
        if after or any(len(shape) == 4 and math.prod(shape[2:]) > SMALL**2 for shape in shapes):
            found.add(op.get_friendly_name())
    return found
