"""Fits the tints of sub-generators' heads: what the latent's last row says about brightness and colours.

What heads draw is linear in them, so many faces settle them at once where small batches would take thousands of steps.
Each face is also seen with other faces' last rows: of a face's own row alone, tints would learn what goes along with it
in generated faces, and answer wrongly to the rows of a projection.
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
from anycost_models.generators.mobile_nested_weights import Nested, NestedHead, colour_code, within
from anycost_models.training.data.generated_faces import GeneratedFaces

CELLS = 8  # a picture is looked at as so many areas by so many
RIDGE = 1e-3  # of the squares of what is fitted, against the pictures' mean squared error


@dataclass
class ExitSamples:
    """What was seen of one exit at one channel ratio, over all faces."""

    features: list[Tensor] = field(default_factory=list)  # [inputs, cells], means over areas
    missing: list[Tensor] = field(default_factory=list)  # [3, cells], what the picture lacks


@dataclass
class TintSamples:
    exits: dict[tuple[int, int], ExitSamples] = field(
        default_factory=lambda: defaultdict(ExitSamples)
    )  # by resolution and ratio
    codes: list[Tensor] = field(default_factory=list)  # [C], of each face's last row
    answers: list[Tensor] = field(default_factory=list)  # [3, C, cells], how the full pictures change with it


@torch.no_grad()
def fit_tints(model: MobileGenerator, faces: GeneratedFaces, count: int) -> None:
    """In place, on the first `count` faces; heads that had tints get others."""
    nested = model.nested
    if nested is None:
        raise AnycostError("a network without nested weights has no heads to tint", "take the embedded generator")
    for head in nested.heads.values():
        head.tint.zero_()
        head.shade.zero_()
    seen = _look(model, nested, faces, count)
    own, answers = torch.stack(seen.codes), torch.stack(seen.answers)
    codes = [own, own.roll(1, 0), own.roll(2, 0)]
    changes = [torch.einsum("ncop,no->ncp", answers, code - own) for code in codes]
    for resolution in tqdm(model.config.exits, "tints", unit="exit"):
        ratios = {ratio: found for (at, ratio), found in seen.exits.items() if at == resolution}
        _fit(nested.heads[str(resolution)], codes, changes, ratios)


def _look(model: MobileGenerator, nested: Nested, faces: GeneratedFaces, count: int) -> TintSamples:
    """Draws them with every sub-generator and the full one, and keeps means over areas."""
    full, networks = model.with_fast_features(), [_with_all_exits(model, ratio) for ratio in RATIOS]
    last_head = model.heads[str(model.config.resolution)]
    code = colour_code(within(last_head.state_dict(), "affine"), model.mean_style)
    seen = TintSamples()
    for index in tqdm(range(count), "faces", unit="face"):
        latent, goal = faces.faces([index], faces.side)
        seen.codes.append(F.linear(latent[0, -1], code["weight"], code["bias"]))
        *_, last = full.features(latent)
        seen.answers.append(last_head.conv.weight[::4, :, 0, 0, None] * _areas(last) / 2)
        areas, done = _areas(goal), set()
        for network in networks:
            for level, features in enumerate(network.features(latent)):
                resolution, layer = 8 << level, 2 * level + 1
                at = resolution, nested.ratio(layer, network.config.channels[layer])
                if str(resolution) not in network.heads or at in done:  # lower layers are as wide at all ratios
                    continue
                done.add(at)
                picture = network.heads[str(resolution)](features, latent[:, layer], latent[:, -1])
                seen.exits[at].features.append(_areas(features).half())
                seen.exits[at].missing.append(areas - _areas(picture))
    return seen


def _areas(picture: Tensor) -> Tensor:
    """[1, C, R, R] → [C, cells]"""
    return F.adaptive_avg_pool2d(picture, CELLS)[0].flatten(1).float()


def _with_all_exits(model: MobileGenerator, ratio: float) -> MobileGenerator:
    """The largest sub-generator of that ratio, with the lower exits' heads too."""
    exits = model.config.exits if ratio < 1 else model.config.exits[:-1]
    config = model.sub_config(exits[-1], model.widths(SubGenerator(exits[-1], ratio)), exits)
    small = model.empty(config)
    small.load_state_dict({name: t.detach() for name, t in model.sub_tensors(config).items()}, assign=True)
    return small.with_fast_features()


def _fit(head: NestedHead, codes: list[Tensor], changes: list[Tensor], ratios: dict[int, ExitSamples]) -> None:
    """Least squares by L-BFGS: the tint is one for all ratios, each has a shade of its own.

    codes: of several last rows for each face [N, C]; changes: what those change in the full pictures [N, 3, cells]"""
    scale = codes[0].square().mean().sqrt()
    features = {ratio: torch.stack(found.features) for ratio, found in ratios.items()}
    missing = {ratio: torch.stack(found.missing) for ratio, found in ratios.items()}
    tint = torch.zeros_like(head.tint, requires_grad=True)
    shade = torch.zeros(len(RATIOS), 3, head.shade.shape[2], requires_grad=True)
    optimizer = torch.optim.LBFGS([tint, shade], max_iter=60, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = RIDGE * (tint.square().sum(1).mean() + shade.square().sum(2).mean())
        for ratio, x in features.items():
            weights = head.weight[ratio, ::4, : x.shape[1]]  # of the means of each 2×2 pixels
            for part in torch.arange(len(x)).split(256):
                for code, change in zip(codes, changes, strict=True):
                    coded = code[part] / scale
                    style = coded @ tint[: x.shape[1]].T
                    added = torch.einsum("oc,ncp->nop", weights, x[part].float() * style[:, :, None])
                    added = (added + (coded @ shade[ratio].T)[:, :, None]) / 2
                    lacking = missing[ratio][part] + change[part]
                    value = value + (lacking - added).square().sum() / missing[ratio].numel() / len(codes)
        value.backward()
        return value.detach()

    with torch.enable_grad():
        optimizer.step(loss)
    head.tint.copy_(tint / scale)
    head.shade[:, ::4].copy_(shade / scale)
