"""Reads published Anycost GAN checkpoints: generators, encoders, and boundaries (directions) in their latents.

Lin et al., "Anycost GANs for Interactive Image Synthesis and Editing", 2021, arXiv:2103.03243. A file is taken only
when it holds exactly the tensors that its sizes ask for. Nothing in it is executed.
"""

import pickle
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import save_generator, save_tensors
from anycost_models.generators.stylegan2 import BASE, BLUR, MAX_SIZE, StyleGAN2Config, StyleGAN2Generator, size_of

CHOOSE = "choose a published generator, encoder or boundaries file"
MAX_BYTES = 4 << 30  # of tensors that are copied out of a file
_MAX_PICKLE = 16 << 20  # of the part of a file that says which tensors there are
_MAX_LAYERS = 64  # of a mapping network
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_STEPS = "num_batches_tracked"  # how long an encoder was trained: an integer, not needed

Shape = tuple[int | str, ...]  # of a published tensor; names stand for sizes that differ between models
Layout = dict[str, tuple[str, Shape]]  # a tensor's published name → our name ("": only checked), its shape


@dataclass(frozen=True)
class LatentWeights:
    """What is about latents rather than images: an encoder or boundaries, not run here but kept for those who do."""

    family: str  # "stylegan2-encoder" or "stylegan2-boundaries"
    config: dict[str, int]
    tensors: dict[str, Tensor]


def save_published(model: StyleGAN2Generator | LatentWeights, path: Path) -> None:
    """Raises AnycostError when it cannot be written."""
    if isinstance(model, LatentWeights):
        save_tensors(model.tensors, model.family, model.config, path)
    else:
        save_generator(model, path)


def read_published(path: Path) -> StyleGAN2Generator | LatentWeights:
    """What the file holds. Raises AnycostError, naming what is wrong, for anything but a whole published checkpoint."""
    holds = _load(path)
    for key in ("g_ema", "state_dict"):
        if isinstance(holds, dict) and isinstance(holds.get(key), dict):
            holds = holds[key]
            break
    if not isinstance(holds, dict) or not holds or not all(isinstance(key, str) for key in holds):
        raise AnycostError(f"{path} holds no named tensors", CHOOSE)
    _check_tensors(path, holds)
    if any(key.startswith("layer1.") for key in holds):
        return _encoder(path, holds)
    if all(re.fullmatch(r"\d\d_\w+", key) for key in holds):
        return _boundaries(path, holds)
    if any(key.startswith(("style.", "input.", "to_rgbs.")) for key in holds):
        return _generator(path, holds)
    raise AnycostError(f"{path} holds another kind of model ({_listed(holds)})", CHOOSE)


# The file


def _load(path: Path) -> Any:
    """What torch.save wrote, its tensors still on disk (mapped), so that no claimed size is allocated."""
    if not path.is_file():
        raise AnycostError(f"there is no file {path}", "name a published checkpoint (.pt)")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if not any(member.filename.endswith("/data.pkl") for member in members):
                raise AnycostError(f"{path} is an archive, but not a checkpoint of torch", CHOOSE)
            for member in members:
                if member.compress_type != zipfile.ZIP_STORED:
                    raise AnycostError(f"{path} is compressed in itself", "save it again with torch.save")
                if member.filename.endswith(".pkl") and member.file_size > _MAX_PICKLE:
                    raise AnycostError(f"{path} lists more than any published checkpoint does", CHOOSE)
            if harmed := archive.testzip():
                raise AnycostError(f"{path} is damaged ({harmed})", "download it again")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except AnycostError:
        raise
    except zipfile.BadZipFile as error:
        raise AnycostError(
            f"{path} is truncated or no checkpoint of torch ≥ 1.6 ({error})", "download it again"
        ) from error
    except pickle.UnpicklingError as error:
        raise AnycostError(
            f"{path} holds Python objects besides tensors, which may run code", "ask its author for the tensors alone"
        ) from error
    except OSError as error:
        raise AnycostError(f"cannot read {path}: {error.strerror or error}", "choose another file") from error
    except Exception as error:  # whatever a damaged pickle makes torch stumble over
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise AnycostError(f"{path} cannot be read ({reason})", "download it again") from error


def _check_tensors(path: Path, holds: Mapping[str, Any]) -> None:
    total = 0
    for key, tensor in holds.items():
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise AnycostError(f"{path}: {key} is not a plain tensor", CHOOSE)
        if tensor.dtype not in _FLOATS and not key.endswith(_STEPS):
            raise AnycostError(f"{path}: {key} holds {tensor.dtype} and not floating-point numbers", CHOOSE)
        total += tensor.numel() * 4
    if total > MAX_BYTES:
        raise AnycostError(f"{path} holds {total >> 20} MB of weights, more than any published model", CHOOSE)
    broken = [key for key, tensor in holds.items() if not tensor.float().isfinite().all()]
    if broken:
        raise AnycostError(f"{path} holds numbers that are not finite in {_listed(broken)}", "download it again")


def _listed(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _sizes(path: Path, holds: Mapping[str, Tensor], layout: Layout, kind: str) -> dict[str, int]:
    """The sizes that the layout's names stand for. Raises AnycostError for missing, extra or misshapen tensors.

    Each size is what most of the tensors that have it say, so that an error names the odd one."""
    missing, extra = layout.keys() - holds.keys(), holds.keys() - layout.keys()
    if missing or extra:
        faults = [f"{what} {_listed(keys)}" for what, keys in (("lacks", missing), ("also holds", extra)) if keys]
        raise AnycostError(f"{path} is no whole {kind}: it {', and '.join(faults)}", CHOOSE)
    votes: dict[str, Counter[int]] = {}
    for key, (_, shape) in layout.items():
        for wanted, size in zip(shape, holds[key].shape, strict=False):
            if isinstance(wanted, str):
                votes.setdefault(wanted, Counter())[size] += 1
    sizes = {name: counted.most_common(1)[0][0] for name, counted in votes.items()}
    for key, (_, shape) in layout.items():
        expected = tuple(sizes[n] if isinstance(n, str) else n for n in shape)
        if (got := tuple(holds[key].shape)) != expected:
            raise AnycostError(f"{path}: {key} is {got}, a {kind} of its sizes has {expected}", CHOOSE)
    return sizes


# Generators


def generator_layout(octaves: int, mapping_layers: int) -> Layout:
    """octaves: of resolutions, from 4 px. Sizes: d (of a style), c0 … (channels of the constant and convolutions)"""
    layout: Layout = {"input.input": ("constant", (1, "c0", 4, 4))}
    for i in range(mapping_layers):
        layout[f"style.{i + 1}.weight"] = (f"mapping.layers.{i}.weight", ("d", "d"))
        layout[f"style.{i + 1}.bias"] = (f"mapping.layers.{i}.bias", ("d",))

    def modulation(published: str, ours: str, inputs: str) -> None:
        layout[f"{published}.conv.modulation.weight"] = (f"{ours}.affine.weight", (inputs, "d"))
        layout[f"{published}.conv.modulation.bias"] = (f"{ours}.affine.bias", (inputs,))

    for i in range(2 * octaves - 1):
        published, ours, inputs, outputs = f"convs.{i - 1}" if i else "conv1", f"convs.{i}", f"c{i}", f"c{i + 1}"
        modulation(published, ours, inputs)
        layout[f"{published}.conv.weight"] = (f"{ours}.weight", (1, outputs, inputs, 3, 3))
        layout[f"{published}.noise.weight"] = (f"{ours}.noise_strength", (1,))
        layout[f"{published}.activate.bias"] = (f"{ours}.bias", (outputs,))
        layout[f"noises.noise_{i}"] = (f"{ours}.noise", (1, 1, size_of(i + 1), size_of(i + 1)))
        if i % 2:
            layout[f"{published}.conv.blur.kernel"] = ("", (4, 4))
    for i in range(octaves):
        published, ours, inputs = f"to_rgbs.{i - 1}" if i else "to_rgb1", f"heads.{i}", f"c{2 * i + 1}"
        modulation(published, ours, inputs)
        layout[f"{published}.conv.weight"] = (f"{ours}.weight", (1, 3, inputs, 1, 1))
        layout[f"{published}.bias"] = (f"{ours}.bias", (1, 3, 1, 1))
        if i:
            layout[f"{published}.upsample.kernel"] = ("", (4, 4))
    return layout


def _generator(path: Path, holds: Mapping[str, Tensor]) -> StyleGAN2Generator:
    mapping = (sum(bool(re.fullmatch(rf"style\.\d+\.{kind}", key)) for key in holds) for kind in ("weight", "bias"))
    mapping_layers = min(max(1, *mapping), _MAX_LAYERS)
    # The number of octaves whose layout fits best, so that an error names the odd tensors and not all others.
    octaves = min(
        range(2, MAX_SIZE.bit_length() - 1),
        key=lambda n: len(generator_layout(n, mapping_layers).keys() ^ holds.keys()),
    )
    layout = generator_layout(octaves, mapping_layers)
    sizes = _sizes(path, holds, layout, "StyleGAN2 generator")
    channels = tuple(sizes[f"c{i}"] for i in range(2 * octaves))
    resolution = 2 << octaves
    config = StyleGAN2Config(
        resolution, sizes["d"], mapping_layers, channels[-1] * resolution / BASE, max(channels), channels
    )
    model = StyleGAN2Generator(config).eval().requires_grad_(False)
    own = model.state_dict()
    kernel = torch.tensor(BLUR) * 4
    for key, (ours, _) in layout.items():
        tensor = holds[key].float()
        if not ours:
            if not torch.allclose(tensor, kernel, atol=1e-5):
                raise AnycostError(f"{path}: {key} is not the blur of published generators (1 3 3 1)", CHOOSE)
            continue
        conv = re.fullmatch(r"convs\.(\d+)\.weight", ours)
        if conv and model.convs[int(conv[1])].up:
            tensor = tensor.transpose(1, 2)  # as torch wants the weights of a transposed convolution
        own[ours].copy_(tensor.reshape(own[ours].shape))
    model.measure_mean_style()
    return model


# Encoders: torchvision's ResNet-50, ending in one linear layer to all rows of W+


def encoder_layout() -> Layout:
    """Sizes: d (of a style), n (of all rows of W+ together)."""
    shapes: dict[str, Shape] = {"fc.weight": ("n", 2048), "fc.bias": ("n",), "mean_latent": ("d",)}

    def convolution(conv: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        shapes[f"{conv}.weight"] = (outputs, inputs, kernel, kernel)
        shapes.update({f"{norm}.{name}": (outputs,) for name in ("weight", "bias", "running_mean", "running_var")})

    convolution("conv1", "bn1", 64, 3, 7)
    inputs = 64
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        for i in range(blocks):
            block = f"layer{stage}.{i}"
            convolution(f"{block}.conv1", f"{block}.bn1", width, inputs, 1)
            convolution(f"{block}.conv2", f"{block}.bn2", width, width, 3)
            convolution(f"{block}.conv3", f"{block}.bn3", 4 * width, width, 1)
            if i == 0:
                convolution(f"{block}.downsample.0", f"{block}.downsample.1", 4 * width, inputs, 1)
            inputs = 4 * width
    return {name: (name, shape) for name, shape in shapes.items()}


def _encoder(path: Path, holds: Mapping[str, Tensor]) -> LatentWeights:
    layout = encoder_layout()
    steps = {key.removesuffix("running_mean") + _STEPS for key in layout if key.endswith("running_mean")}
    tensors = {key: tensor for key, tensor in holds.items() if key not in steps}
    sizes = _sizes(path, tensors, layout, "encoder")
    styles, rest = divmod(sizes["n"], sizes["d"])
    if rest or not styles:
        raise AnycostError(
            f"{path}: fc.weight gives {sizes['n']} numbers, no multiple of mean_latent's {sizes['d']}", CHOOSE
        )
    config = {"styles": styles, "style_dim": sizes["d"], "resolution": 256}
    return LatentWeights("stylegan2-encoder", config, {key: tensor.float() for key, tensor in tensors.items()})


# Boundaries: for each attribute the normal of a hyperplane in W


def _boundaries(path: Path, holds: Mapping[str, Tensor]) -> LatentWeights:
    dim = Counter(tensor.numel() for tensor in holds.values()).most_common(1)[0][0]
    for key, tensor in holds.items():
        if tuple(tensor.shape) not in ((dim,), (1, dim)):
            raise AnycostError(f"{path}: {key} is {tuple(tensor.shape)}, the others are (1, {dim})", CHOOSE)
    tensors = {key: tensor.float().reshape(dim) for key, tensor in holds.items()}
    return LatentWeights("stylegan2-boundaries", {"style_dim": dim}, tensors)
