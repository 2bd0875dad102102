"""Fits the RGB heads at the lower resolutions on the frozen trunk: least squares first, then Adam.

The targets are the area-downsampled full pictures, so that every exit draws the same face as the full generator.
    python -m anycost_models.training.exits --weights IN.safetensors --output OUT.safetensors
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from anycost_models.checkpoint import load_generator, save_generator
from anycost_models.mobile import MobileGenerator, haar
from anycost_models.mobile_import import set_bias

Samples = Iterator[tuple[Tensor, dict[int, Tensor], dict[int, Tensor]]]


def samples(model: MobileGenerator, count: int, seed: int) -> Samples:
    """Yields, one face at a time: its W+, the features each lower exit reads, and the picture each should draw, float32
    [1, 3, R, R]. ψ is .5 to 1. The trunk runs in bfloat16: 45 dB from float32, where exits are 20 to 30 dB away."""
    rng = torch.Generator().manual_seed(seed)
    exits = model.config.exits[:-1]
    for _ in range(count):
        z = torch.randn(1, model.config.style_dim, generator=rng)
        psi = 0.5 + 0.5 * torch.rand((), generator=rng).item()
        with torch.no_grad():
            latent = model.as_wplus(model.styles(z, psi))
            with torch.autocast("cpu", torch.bfloat16):
                features = list(model.features(latent))
                full = model.draw(features[-1], latent, model.config.resolution).float().clamp(-1, 1)
        targets = {r: F.avg_pool2d(full, model.config.resolution // r) for r in exits}
        yield latent, {r: features[model.level(r)].float() for r in exits}, targets


def least_squares(model: MobileGenerator, data: Samples, total: int) -> None:
    """Solves each head's 1×1 convolution in closed form, with a modulation that lets every style pass unchanged."""
    moments: dict[int, tuple[Tensor, Tensor]] = {}
    for _, features, targets in tqdm(data, "least squares", total, leave=False):
        for r, x in features.items():
            rows = F.pad(x.flatten(2)[0].T, (0, 1), value=1.0)  # [pixels, C + 1]
            bands = haar(targets[r]).flatten(2)[0].T  # [pixels, 12]
            gram, cross = moments.get(r, (torch.zeros(()), torch.zeros(())))
            moments[r] = gram + rows.T @ rows, cross + rows.T @ bands
    for r, (gram, cross) in moments.items():
        ridge = 1e-5 * gram.diagonal().mean() * torch.eye(len(gram))
        solution = torch.linalg.solve((gram + ridge).double(), cross.double()).float()  # [C + 1, 12]
        head = model.heads[str(r)]
        head.affine.weight.zero_()
        head.affine.bias.fill_(1.0)
        head.conv.weight.copy_(solution[:-1].T[:, :, None, None])
        set_bias(head.conv, solution[-1])


def refine(model: MobileGenerator, data: Samples, total: int, learning_rate: float = 2e-3) -> None:
    """Adam on the modulated heads; each tensor's rate is relative to its own size, decayed along a half cosine."""
    heads = [model.heads[str(r)] for r in model.config.exits[:-1]]
    groups = [
        {"params": [p], "lr": learning_rate * max(p.square().mean().sqrt().item(), 0.02)}
        for head in heads
        for p in head.requires_grad_(True).parameters()
    ]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for latent, features, targets in tqdm(data, "refine", total, leave=False):
        loss = torch.zeros(())
        for r, x in features.items():
            error = model.draw(x, latent, r) - targets[r]
            loss = loss + error.square().mean() + 0.1 * error.abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.requires_grad_(False)


@torch.no_grad()
def evaluate(model: MobileGenerator, data: Samples) -> dict[int, float]:
    """PSNR in dB of each exit against the area-downsampled full picture, mean over the samples."""
    scores: dict[int, list[float]] = {r: [] for r in model.config.exits[:-1]}
    for latent, features, targets in data:
        for r, x in features.items():
            mse = (model.draw(x, latent, r).clamp(-1, 1) - targets[r]).square().mean()
            scores[r].append((10 * torch.log10(4 / mse)).item())
    return {r: sum(values) / len(values) for r, values in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--closed-form-samples", type=int, default=300)
    parser.add_argument("--steps", type=int, default=1500)
    args = parser.parse_args()
    model = load_generator(args.weights).requires_grad_(False)
    least_squares(model, samples(model, args.closed_form_samples, seed=1), args.closed_form_samples)
    save_generator(model, args.output)
    print("least squares, dB:", evaluate(model, samples(model, 24, seed=2)), flush=True)
    refine(model, samples(model, args.steps, seed=3), args.steps)
    print("refined, dB:", evaluate(model, samples(model, 24, seed=2)), flush=True)
    save_generator(model, args.output)


if __name__ == "__main__":
    main()
