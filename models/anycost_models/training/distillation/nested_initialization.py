"""Initialises the mobile generator's nested weights by layerwise least squares, after its channels were sorted.

Layer by layer, one shared set of weights is solved in closed form for all channel ratios: each ratio's inputs are the
outputs of its own narrower layers, the targets are the full generator's features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models.generators.elastic import RATIOS
from anycost_models.generators.mobile import MobileGenerator, StyledConv, haar, inverse_haar, modulate
from anycost_models.generators.mobile_nested_weights import Nested, NestedConv, NestedHead

MAX_POSITIONS = 4096  # pixels of each face and layer that enter the sums


def copy_full_weights(model: MobileGenerator) -> None:
    """Copies the full generator's convolutions into the nested ones; styles are the full generator's (gain 1, shift 0),
    heads ignore them at first (gain 0, shift 1)."""
    nested = _nested(model)
    for name, parameter in nested.named_parameters():
        if "gain" in name or "shift" in name:
            parameter.fill_(float(("gain" in name) != ("heads" in name)))
    for block, full in zip(nested.blocks, [*model.blocks][nested.first :], strict=True):
        for own, conv in ((block.conv1, full.conv1), (block.conv2, full.conv2)):
            if conv.depthwise is None or conv.conv.bias is None:
                raise ValueError("only depthwise layers are nested")
            own.depthwise.copy_(conv.depthwise.weight)
            own.pointwise.copy_(conv.conv.weight[:, :, 0, 0])
            own.bias.copy_(conv.conv.bias.expand_as(own.bias))


@torch.no_grad()
def solve_nested_weights(model: MobileGenerator, latents: Tensor) -> None:
    """Solves every nested layer and head, in place. latents: W+ [N, styles, D] of the faces to fit"""
    nested = _nested(model)
    copy_full_weights(model)
    head, level = model.heads[str(model.config.resolution)], nested.first
    start, images = [], []
    for latent in latents.split(1):
        features = list(model.features(latent))
        start.append(features[level])
        images.append(head(features[-1], latent[:, -1], latent[:, -1]))
    teacher, students = start, [start] * len(RATIOS)
    for r in (r for r in model.config.exits if r < 16 << level):  # exits of the shared trunk
        _solve_head(model, nested.heads[str(r)], students, images, r)
    for block, full in zip(tqdm(nested.blocks, "least squares"), [*model.blocks][level:], strict=True):
        w1, w2 = latents[:, 1 + 2 * level], latents[:, 2 + 2 * level]
        teacher, *students = ([_up(full.up, x, w1[i]) for i, x in enumerate(faces)] for faces in (teacher, *students))
        teacher, students = _solve_conv(block.conv1, full.conv1, teacher, students, w1)
        teacher, students = _solve_conv(block.conv2, full.conv2, teacher, students, w2)
        level += 1
        _solve_head(model, nested.heads[str(8 << level)], students, images, 8 << level)


def _up(up: nn.Linear, x: Tensor, w: Tensor) -> Tensor:
    return inverse_haar(modulate(x, up(w[None])[:, : x.shape[1]]))


def _solve_conv(
    own: NestedConv, full: StyledConv, teacher: list[Tensor], students: list[list[Tensor]], w: Tensor
) -> tuple[list[Tensor], list[list[Tensor]]]:
    """Solves one layer's shared 1×1 weights for all ratios together, and a bias for each ratio.

    teacher, students: inputs of the layer for each face [1, C, H, W], of each ratio; w: its style row [N, D]
    Returns the outputs of the full layer and of each ratio's."""
    styles = full.affine(w)
    outputs, inputs = own.pointwise.shape[:2]
    grams = torch.zeros(len(RATIOS), inputs, inputs, dtype=torch.float64)
    crosses = torch.zeros(len(RATIOS), inputs, outputs, dtype=torch.float64)
    means_x = torch.zeros(len(RATIOS), inputs, dtype=torch.float64)
    mean_y = torch.zeros(outputs, dtype=torch.float64)
    spread: list[list[Tensor]] = [[] for _ in RATIOS]
    targets = []
    for i, x in enumerate(teacher):
        y = full.conv(_depthwise(full, modulate(x, styles[i : i + 1])))
        targets.append(F.leaky_relu(y + full.noise, 0.2))
        positions = torch.randperm(y[0, 0].numel(), generator=torch.Generator().manual_seed(i))[:MAX_POSITIONS]
        rows_y = y.flatten(2)[0][:, positions].T.double()
        mean_y += rows_y.mean(0) / len(teacher)
        for j, ratio_inputs in enumerate(students):
            z = ratio_inputs[i]
            z = _depthwise(full, modulate(z, styles[i : i + 1, : z.shape[1]]))
            spread[j].append(z)
            rows = F.pad(z.flatten(2)[0][:, positions].T, (0, inputs - z.shape[1])).double()
            grams[j] += rows.T @ rows / len(rows) / len(teacher)
            crosses[j] += rows.T @ rows_y / len(rows) / len(teacher)
            means_x[j] += rows.mean(0) / len(teacher)
    for j in range(len(RATIOS)):  # centred, which solves the biases with the weights
        grams[j] -= means_x[j][:, None] * means_x[j]
        crosses[j] -= means_x[j][:, None] * mean_y
    solution = torch.zeros(inputs, outputs, dtype=torch.float64)
    done = 0
    for j, ratio in enumerate(RATIOS):
        until = int(outputs * ratio)
        gram = grams[j:].sum(0)  # of the ratios that use these rows
        ridge = 1e-4 * gram.diagonal().mean() * torch.eye(inputs, dtype=torch.float64)
        solution[:, done:until] = torch.linalg.solve(gram + ridge, crosses[j:].sum(0)[:, done:until])
        done = until
    own.pointwise.copy_(solution.T)
    made = []
    for j, ratio in enumerate(RATIOS):
        own.bias[j] = mean_y - means_x[j] @ solution
        k = int(outputs * ratio)
        made.append(
            [
                F.leaky_relu(
                    F.conv2d(z, own.pointwise[:k, : z.shape[1], None, None], own.bias[j, :k]) + full.noise, 0.2
                )
                for z in spread[j]
            ]
        )
    return targets, made


def _depthwise(full: StyledConv, x: Tensor) -> Tensor:
    if full.depthwise is None:
        raise ValueError("only depthwise layers are nested")
    return F.conv2d(x, full.depthwise.weight[: x.shape[1]], padding=1, groups=x.shape[1])


def _solve_head(
    model: MobileGenerator,
    head: NestedHead,
    students: list[list[Tensor]],
    images: list[Tensor],
    resolution: int,
) -> None:
    """Solves one exit's 1×1 weights and bias for each ratio, without modulation.

    students: of each ratio, features for each face [1, C, R/2, R/2]; images: the full generator's, [1, 3, S, S]"""
    targets = [haar(F.avg_pool2d(p, model.config.resolution // resolution))[0].flatten(1) for p in images]
    for j, faces in enumerate(students):
        k = faces[0].shape[1]
        gram, cross = torch.zeros(k + 1, k + 1, dtype=torch.float64), torch.zeros(k + 1, 12, dtype=torch.float64)
        for x, target in zip(faces, targets, strict=True):
            rows = F.pad(x.flatten(2)[0].T, (0, 1), value=1.0).double()
            gram += rows.T @ rows
            cross += rows.T @ target.T.double()
        ridge = 1e-5 * gram.diagonal().mean() * torch.eye(k + 1, dtype=torch.float64)
        solution = torch.linalg.solve(gram + ridge, cross).float()
        head.weight[j, :, :k] = solution[:-1].T
        head.bias[j] = solution[-1]


def _nested(model: MobileGenerator) -> Nested:
    if model.nested is None:
        raise ValueError("this network has no nested weights")
    return model.nested


def sample_latents(model: MobileGenerator, count: int, seed: int) -> Tensor:
    """W+ [N, styles, D] of random faces, ψ .5 to 1."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(count, model.config.style_dim, generator=rng)
    psi = 0.5 + 0.5 * torch.rand(count, 1, generator=rng)
    with torch.no_grad():
        return model.as_wplus(torch.lerp(model.mean_style.expand_as(z), model.mapping(z), psi))
