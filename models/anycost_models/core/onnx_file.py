"""Writes ONNX files: the few messages of its format that networks of one graph need, without the onnx package.

The format is Protocol Buffers' (https://protobuf.dev/programming-guides/encoding/); the numbers of the fields are those
of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

IR_VERSION, OPSET = 9, 18
TYPES = {np.dtype(np.float32): 1, np.dtype(np.int32): 6, np.dtype(np.int64): 7, np.dtype(np.bool_): 9}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # of attributes
Port = tuple[str, Sequence[int]]  # the name and the shape of what goes in or comes out, float32
Chunks = list[bytes | memoryview]  # what a file is joined of, once: weights are large
Attribute = float | int | str | Sequence[int]


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Attribute]) -> bytes:
    """One operator; "" stands for an optional input that is left out."""
    parts = [_bytes(1, name) for name in inputs] + [_bytes(2, name) for name in outputs]
    parts += [_bytes(3, f"{kind}_{outputs[0]}"), _bytes(4, kind)]
    return b"".join([*parts, *(_bytes(5, _attribute(name, value)) for name, value in sorted(attributes.items()))])


def tensor(name: str, value: np.ndarray) -> Chunks:
    """A constant: float32, int32, int64 or bool. Raises ValueError for other types."""
    if value.dtype not in TYPES:
        raise ValueError(f"the constant {name} is {value.dtype}")
    dims = b"".join(_int(1, size) for size in value.shape)
    numbers = np.ascontiguousarray(value).reshape(-1).view(np.uint8).data  # not copied
    return [dims, _int(2, TYPES[value.dtype]), _bytes(8, name), *_message(9, [numbers])]


def model(
    nodes: Sequence[bytes],
    constants: Sequence[Chunks],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    metadata: Mapping[str, str],
    name: str = "graph",
) -> bytes:
    """The file. nodes: by `node`, each after those that it reads; constants: by `tensor`; metadata: what the file says
    about itself"""
    graph: Chunks = [*(_bytes(1, each) for each in nodes), _bytes(2, name)]
    for each in constants:
        graph += _message(5, each)
    graph += [_bytes(11, _port(*each)) for each in inputs] + [_bytes(12, _port(*each)) for each in outputs]
    about = (_bytes(14, _bytes(1, key) + _bytes(2, value)) for key, value in metadata.items())
    opset = _bytes(8, _bytes(1, "") + _int(2, OPSET))
    return b"".join([_int(1, IR_VERSION), *_message(7, graph), opset, *about])


def _message(field: int, chunks: Chunks) -> Chunks:
    return [_varint(field << 3 | 2), _varint(sum(map(len, chunks))), *chunks]


def _port(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_bytes(1, _int(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, TYPES[np.dtype(np.float32)]) + _bytes(2, dims)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        said = _varint(2 << 3 | 5) + struct.pack("<f", value) + _int(20, _FLOAT)
    elif isinstance(value, int):
        said = _int(3, value) + _int(20, _INT)
    elif isinstance(value, str):
        said = _bytes(4, value) + _int(20, _STRING)
    else:
        said = b"".join(_int(8, each) for each in value) + _int(20, _INTS)
    return _bytes(1, name) + said


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return b"".join(_message(field, [data]))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
