"""Turns torch networks into ONNX files, and generators into the form in which they are run.

`export` takes any module: an exported encoder needs only its module and an example of its input."""

import io
import json
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from anycost_models.core.atomic_files import write_aside
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.sub_generator import SubGenerator

OPSET = 18

_one_at_a_time = threading.Lock()  # torch's exporter keeps its state for the whole process


class SynthesisGraph(nn.Module):
    """W+ [1, styles, D], all rows of the full generator's, and the noise's strength [1] (1: as trained) to an image
    [1, R, R, 3], sRGB 0…1, float32.

    The strength is an input because OpenVINO would otherwise add each map of noise to the biases beforehand, and keep
    constants as large as the features: 290 MB at 1024 px."""

    def __init__(self, generator: ElasticGenerator, sub: SubGenerator) -> None:
        """Raises AnycostError for a sub-generator that this generator does not have."""
        super().__init__()
        self.generator, self.resolution = generator.extract(sub), sub.resolution
        self.noisy = [module for module in self.generator.modules() if hasattr(module, "noise")]
        self.noise: list[Tensor] = [module.noise.detach() for module in self.noisy]  # type: ignore[operator]
        for module in self.noisy:
            del module.noise

    def forward(self, latent: Tensor, noise_strength: Tensor) -> Tensor:
        """latent [1, styles, D], noise_strength [1] → [1, R, R, 3], sRGB 0…1."""
        for module, noise in zip(self.noisy, self.noise, strict=True):
            module.noise = noise * noise_strength
        rows = latent[:, : self.generator.config.styles]
        image = self.generator.images(rows)[self.resolution]
        return (image * 0.5 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)


class MappingGraph(nn.Module):
    """z [1, D] and truncation ψ [1] to w [1, D]."""

    def __init__(self, generator: ElasticGenerator) -> None:
        super().__init__()
        self.mapping, self.mean_style = generator.mapping, generator.mean_style

    def forward(self, z: Tensor, truncation: Tensor) -> Tensor:
        """z [1, D], truncation [1] → w [1, D]."""
        return self.mean_style + truncation * (self.mapping(z) - self.mean_style)


def synthesis_graph(generator: ElasticGenerator, sub: SubGenerator, metadata: Mapping[str, str]) -> bytes:
    """A sub-generator as ONNX: `latent`, `noise_strength` → `picture`, as `SynthesisGraph` says.

    Raises AnycostError for a sub-generator that this generator does not have."""
    config = generator.config
    inputs = {"latent": torch.zeros(1, config.styles, config.style_dim), "noise_strength": torch.ones(1)}
    about = {"resolution": str(sub.resolution), "channels": json.dumps(sub.channels)}
    with torch.inference_mode():  # the generator may have been loaded in it
        drawing = SynthesisGraph(generator, sub)
    return to_onnx(drawing, inputs, ["picture"], {**metadata, **about})


def mapping_graph(generator: ElasticGenerator, metadata: Mapping[str, str]) -> bytes:
    """The mapping network as ONNX: `z`, `truncation` → `w`, as `MappingGraph` says."""
    inputs = {"z": torch.zeros(1, generator.config.style_dim), "truncation": torch.ones(1)}
    return to_onnx(MappingGraph(generator), inputs, ["w"], metadata)


def export(
    module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], metadata: Mapping[str, str], path: Path
) -> None:
    """`to_onnx` into a file, written aside and renamed. Raises AnycostError when it cannot be written."""
    write_aside(path, to_onnx(module, inputs, outputs, metadata))


def to_onnx(
    module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], metadata: Mapping[str, str]
) -> bytes:
    """An ONNX file (opset 18) with the weights inside, that OpenVINO and ONNX Runtime read.

    module: a function of its tensors, without random numbers; it is called once, and needs fixed shapes
    inputs: an example of each, with its fixed shape, by the name it gets in the file, in the order of the module's
    parameters
    outputs: their names
    metadata: what the file says about itself; 'sha256' of the weights it was made from, where there is a file"""
    buffer = io.BytesIO()
    with _one_at_a_time, torch.inference_mode(), warnings.catch_warnings():
        # The tracing exporter: the newer one needs another package, and what it writes is no quicker.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,  # called as for inference, and left as it was
            tuple(inputs.values()),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
        )
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, dict(metadata))
    data: bytes = model.SerializeToString()
    return data
