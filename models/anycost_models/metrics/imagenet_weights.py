"""EfficientNet-Lite0's shape and ImageNet weights, read without torch, the batch norms folded into the convolutions.

The package's file is torch's older format: pickles, the third of which lists the tensors, then the tensors' numbers
one after the other, of convolutions in TensorFlow's layout. The pickles are looked through, never run."""

import io
import itertools
import pickletools

import numpy as np

from anycost_models.core.errors import AnycostError
from anycost_models.hub.catalogue import FIX_COMMAND, path_of

STEM = 32  # channels
BLOCKS = (  # output channels, kernel, stride, expansion
    (16, 3, 1, 1),
    (24, 3, 2, 6),
    (24, 3, 1, 6),
    (40, 5, 2, 6),
    (40, 5, 1, 6),
    (80, 3, 2, 6),
    *((80, 3, 1, 6),) * 2,
    *((112, 5, 1, 6),) * 3,
    (192, 5, 2, 6),
    *((192, 5, 1, 6),) * 3,
    (320, 3, 1, 6),
)
LAST_BLOCKS = {2: 0, 4: 2, 8: 4, 16: 10, 32: 15}  # stride in pixels: the last block whose features have it
CHANNELS = {stride: BLOCKS[block][0] for stride, block in LAST_BLOCKS.items()}
_NORMS = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}  # in the package's file
_NORM_EPS = np.float32(1e-3)


def imagenet_weights(deepest: int = 32) -> dict[str, np.ndarray]:
    """Float32 tensors: "stem.weight" [O, I, k, k], "stem.bias" [O], "blocks.0.depthwise.weight" …

    deepest: the largest stride in pixels whose features are needed, one of LAST_BLOCKS. Raises AnycostError when the
    model file is missing or damaged."""
    path = path_of("perceptual")
    try:
        return _folded(read_tensors(path.read_bytes()), deepest)
    except Exception as error:  # looking through damaged bytes as a pickle fails in a dozen ways
        raise AnycostError(f"the model file {path} is damaged", FIX_COMMAND) from error


def _folded(published: dict[str, np.ndarray], deepest: int) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}

    def fold(name: str, kernel: int, conv: str, norm: str) -> None:
        scale = published[f"{norm}.weight"] / np.sqrt(published[f"{norm}.running_var"] + _NORM_EPS)
        weight = published[f"{conv}.weight"].reshape(kernel, kernel, -1, len(scale)) * scale
        found[f"{name}.weight"] = np.ascontiguousarray(weight.transpose(3, 2, 0, 1))
        found[f"{name}.bias"] = published[f"{norm}.bias"] - published[f"{norm}.running_mean"] * scale

    fold("stem", 3, "_conv_stem", "_bn0")
    for i, (_, kernel, _, expansion) in enumerate(BLOCKS[: LAST_BLOCKS[deepest] + 1]):
        for part, norm in _NORMS.items():
            if part != "expand" or expansion > 1:
                side = kernel if part == "depthwise" else 1
                fold(f"blocks.{i}.{part}", side, f"_blocks.{i}._{part}_conv", f"_blocks.{i}.{norm}")
    return found


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """The float32 tensors of a file of torch's older format, as they are stored: flat, a storage for each.

    Raises ValueError for another file."""
    stream = io.BytesIO(data)
    *_, listing, order = (_strings(stream) for _ in range(5))
    listed = [text for text in listing if text not in ("storage", "cpu")]
    names = {key: name for name, key in itertools.pairwise(listed) if key.isdigit()}  # by their storages' keys
    found = {}
    for key in order:
        count = int.from_bytes(stream.read(8), "little")
        is_count = names[key].endswith("num_batches_tracked")  # int64
        numbers = stream.read(count * (8 if is_count else 4))
        if not is_count:
            found[names[key]] = np.frombuffer(numbers, np.float32, count)
    return found


def _strings(stream: io.BytesIO) -> list[str]:
    """Of the next pickle, in their order."""
    return [value for code, value, _ in pickletools.genops(stream) if code.name == "BINUNICODE" and value is not None]
