"""A network as it is written down: an ONNX graph that knows its shapes, and the way back through it.

Each operator that is asked for becomes a node. What depends on an input that a gradient will be wanted of also notes
how its gradient follows from that of its result; `gradients` walks these notes backwards, which adds nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from anycost_models.core import onnx_file
from anycost_models.core.onnx_file import Attribute


@dataclass(frozen=True, eq=False)
class Value:
    """What an input, a constant or a node holds: float32, unless a node says otherwise."""

    graph: "Graph"
    name: str
    shape: tuple[int, ...]


Operand = Value | np.ndarray | float
WayBack = Callable[[Value], Value]  # the gradient of a result → that of what it was made of


class Graph:
    """Write nodes, from the inputs on, then ask for the file."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[onnx_file.Chunks] = []
        self._inputs: list[Value] = []
        self._varying: set[str] = set()  # names of what a gradient is wanted of, and of what depends on it
        self._notes: list[tuple[Value, Value, WayBack]] = []  # result, what it was made of, in the order of writing

    def input(self, name: str, *shape: int) -> Value:
        """Float32."""
        found = Value(self, name, shape)
        self._inputs.append(found)
        return found

    def constant(self, value: np.ndarray) -> Value:
        """Of a type that `onnx_file.tensor` takes."""
        found = Value(self, f"c{len(self._constants)}", value.shape)
        self._constants.append(onnx_file.tensor(found.name, value))
        return found

    def node(self, kind: str, inputs: Sequence[Operand], shape: Sequence[int], **attributes: Attribute) -> Value:
        """The result, of this shape, of an operator. Numbers and arrays become constants, numbers float32."""
        found = Value(self, f"v{len(self._nodes)}", tuple(shape))
        names = [self.value(each).name for each in inputs]
        self._nodes.append(onnx_file.node(kind, names, [found.name], attributes))
        return found

    def value(self, operand: Operand) -> Value:
        """The same, as a constant if it is none yet."""
        if isinstance(operand, Value):
            return operand
        return self.constant(operand if isinstance(operand, np.ndarray) else np.array(operand, np.float32))

    def vary(self, point: Value) -> None:
        """Its gradient will be wanted: to be said before anything is made of it."""
        self._varying.add(point.name)

    def note(self, result: Value, source: Operand, way_back: WayBack) -> None:
        """How the gradient of `source` follows from that of `result`, if ever it is wanted. What is made of something
        more than once adds up."""
        if isinstance(source, Value) and source.name in self._varying:
            self._varying.add(result.name)
            self._notes.append((result, source, way_back))

    def gradients(self, loss: Value, points: Sequence[Value]) -> list[Value]:
        """Of the loss, [1], by each of the points, which were said to vary."""
        found = {loss.name: self.constant(np.ones(loss.shape, np.float32))}
        for result, source, way_back in reversed(self._notes):
            if result.name in found:
                part = way_back(found[result.name])
                so_far = found.get(source.name)
                found[source.name] = part if so_far is None else self.node("Add", [so_far, part], source.shape)
        return [found.get(point.name) or self.constant(np.zeros(point.shape, np.float32)) for point in points]

    def file(self, outputs: Mapping[str, Value], metadata: Mapping[str, str]) -> bytes:
        """The ONNX file: opset 18, the weights inside. outputs: by their names; metadata: what the file says about
        itself"""
        named = [onnx_file.node("Identity", [value.name], [name], {}) for name, value in outputs.items()]
        inputs = [(value.name, value.shape) for value in self._inputs]
        results = [(name, value.shape) for name, value in outputs.items()]
        return onnx_file.model([*self._nodes, *named], self._constants, inputs, results, metadata)
