"""Fits the last-style layers of sub-generators' heads, which predict brightness and colours from the last row of W+.

A head's `tint` adds to its style (a gain per channel), its `shade` to its output (a bias). Images are linear in both,
so least squares over many faces replaces thousands of steps on small batches. Each face is also fitted with the last
rows of other faces: in generated faces a row correlates with the other rows, in projections it does not.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import RATIOS, SubGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_nested_weights import Nested, NestedHead
from anycost_models.generators.mobile_sub_tensors import colour_code, within
from anycost_models.training.data.generated_faces import GeneratedFaces

CELLS = 8  # images are compared as means of 8 × 8 cells
RIDGE = 1e-3  # ridge penalty of the fitted weights, relative to the images' mean squared error


@dataclass
class ExitSamples:
    """One exit at one channel ratio, an entry per face."""

    features: list[Tensor] = field(default_factory=list)  # the head's inputs [inputs, cells]
    residuals: list[Tensor] = field(default_factory=list)  # full generator's image − this exit's [3, cells]


@dataclass
class LastStyleSamples:
    # By resolution and index of the ratio.
    exits: dict[tuple[int, int], ExitSamples] = field(default_factory=lambda: defaultdict(ExitSamples))
    codes: list[Tensor] = field(default_factory=list)  # `colour_code` of each face's last row [C]
    jacobians: list[Tensor] = field(default_factory=list)  # of the full generator's image by that code [3, C, cells]


@torch.no_grad()
def fit_last_style(model: MobileGenerator, faces: GeneratedFaces, count: int) -> None:
    """Fits all heads in place, on the first `count` faces. Raises AnycostError for a network without nested weights."""
    nested = model.nested
    if nested is None:
        raise AnycostError("a network without nested weights has no heads to fit", "take the embedded generator")
    for head in nested.heads.values():
        head.tint.zero_()
        head.shade.zero_()
    samples = _sample(model, nested, faces, count)
    own, jacobians = torch.stack(samples.codes), torch.stack(samples.jacobians)
    codes = [own, own.roll(1, 0), own.roll(2, 0)]
    changes = [torch.einsum("ncop,no->ncp", jacobians, code - own) for code in codes]
    for resolution in tqdm(model.config.exits, "last style", unit="exit"):
        ratios = {ratio: found for (at, ratio), found in samples.exits.items() if at == resolution}
        _fit(nested.heads[str(resolution)], codes, changes, ratios)


def _sample(model: MobileGenerator, nested: Nested, faces: GeneratedFaces, count: int) -> LastStyleSamples:
    """Renders the faces with the full generator and every sub-generator."""
    full, networks = model.with_fast_features(), [_with_all_exits(model, ratio) for ratio in RATIOS]
    last_head = model.heads[str(model.config.resolution)]
    code = colour_code(within(last_head.state_dict(), "affine"), model.mean_style)
    samples = LastStyleSamples()
    for index in tqdm(range(count), "faces", unit="face"):
        latent, target = faces.faces([index], faces.side)
        samples.codes.append(F.linear(latent[0, -1], code["weight"], code["bias"]))
        *_, last = full.features(latent)
        samples.jacobians.append(last_head.conv.weight[::4, :, 0, 0, None] * _cell_means(last) / 2)
        cells, done = _cell_means(target), set()
        for network in networks:
            for level, features in enumerate(network.features(latent)):
                resolution, layer = 8 << level, 2 * level + 1
                at = resolution, nested.ratio(layer, network.config.channels[layer])
                if str(resolution) not in network.heads or at in done:  # lower layers have the same width at all ratios
                    continue
                done.add(at)
                image = network.heads[str(resolution)](features, latent[:, layer], latent[:, -1])
                samples.exits[at].features.append(_cell_means(features).half())
                samples.exits[at].residuals.append(cells - _cell_means(image))
    return samples


def _cell_means(image: Tensor) -> Tensor:
    """[1, C, R, R] → [C, cells]"""
    return F.adaptive_avg_pool2d(image, CELLS)[0].flatten(1).float()


def _with_all_exits(model: MobileGenerator, ratio: float) -> MobileGenerator:
    """The largest sub-generator of that ratio, with the heads of all exits."""
    exits = model.config.exits if ratio < 1 else model.config.exits[:-1]
    config = model.config.sub_config(exits[-1], model.widths(SubGenerator(exits[-1], ratio)), exits)
    small = model.empty(config)
    small.load_state_dict({name: t.detach() for name, t in model.sub_tensors(config).items()}, assign=True)
    return small.with_fast_features()


def _fit(head: NestedHead, codes: list[Tensor], changes: list[Tensor], ratios: dict[int, ExitSamples]) -> None:
    """Least squares by L-BFGS. One tint is shared by all ratios; each ratio has its own shade.

    codes: several for each face [N, C]; changes: of the full generator's images by each code [N, 3, cells]"""
    scale = codes[0].square().mean().sqrt()
    features = {ratio: torch.stack(found.features) for ratio, found in ratios.items()}
    residuals = {ratio: torch.stack(found.residuals) for ratio, found in ratios.items()}
    gain = torch.zeros_like(head.tint, requires_grad=True)
    bias = torch.zeros(len(RATIOS), 3, head.shade.shape[2], requires_grad=True)
    optimizer = torch.optim.LBFGS([gain, bias], max_iter=60, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = RIDGE * (gain.square().sum(1).mean() + bias.square().sum(2).mean())
        for ratio, x in features.items():
            weights = head.weight[ratio, ::4, : x.shape[1]]  # low-pass Haar band: twice the mean of 2×2 pixels
            for part in torch.arange(len(x)).split(256):
                for code, change in zip(codes, changes, strict=True):
                    coded = code[part] / scale
                    style = coded @ gain[: x.shape[1]].T
                    added = torch.einsum("oc,ncp->nop", weights, x[part].float() * style[:, :, None])
                    added = (added + (coded @ bias[ratio].T)[:, :, None]) / 2
                    missing = residuals[ratio][part] + change[part]
                    value = value + (missing - added).square().sum() / residuals[ratio].numel() / len(codes)
        value.backward()
        return value.detach()

    with torch.enable_grad():
        optimizer.step(loss)
    head.tint.copy_(gain / scale)
    head.shade[:, ::4].copy_(bias / scale)
