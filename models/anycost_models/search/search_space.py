"""What a search chooses from: the lists of channels at a resolution, what each costs, and how near its images are."""

import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.generators.elastic import RATIOS, ElasticGenerator, SubGenerator
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.metrics.image_metrics import MAX_PSNR, psnr_of_error

RUNS = 7  # in which a candidate is timed, in turn with the reference
SIDE = 256  # pixels: the most that the perceptual distance looks at
PIXELS = 10.0  # weight of the squared error of pixels
MAX_PIXELS = 64 * 1024**2  # pixels at most of the full generator's images, which are kept

Widths = tuple[int, ...]  # output channels of the constant and of every styled convolution that runs


class SearchSpace:
    """Which widths each layer may take at a resolution: its flexible ones, and those of the uniform sub-generators."""

    def __init__(self, generator: ElasticGenerator, resolution: int) -> None:
        """Raises AnycostError when the generator doesn't render that resolution."""
        self.generator, self.resolution = generator, resolution
        self.uniform = [generator.widths(SubGenerator(resolution, ratio)) for ratio in RATIOS]
        self.narrowest, self.widest = self.uniform[0], self.uniform[-1]
        self.choices = [
            sorted({*generator.flexible_widths(layer), *(widths[layer] for widths in self.uniform)})
            for layer in range(len(self.widest))
        ]  # ascending
        self.elastic = [layer for layer, widths in enumerate(self.choices) if len(widths) > 1]
        self.size = math.prod(map(len, self.choices))  # how many lists there are

    def sub(self, widths: Widths) -> SubGenerator:
        return SubGenerator(self.resolution, widths)


def macs_of(space: SearchSpace) -> Callable[[Widths], int]:
    """A quick, exact stand-in for `ElasticGenerator.cost`, which builds a network each time to count on.

    The operations of a layer are linear in its own width and in that of the layer before. So the narrowest network,
    and those with one layer or two neighbours at their widest, say what every other takes."""

    def count(*widest: int) -> int:
        widths = list(space.narrowest)
        for layer in widest:
            widths[layer] = space.widest[layer]
        return space.generator.cost(space.sub(tuple(widths))).macs

    base = count()
    alone = {layer: count(layer) - base for layer in space.elastic}
    together = {
        (layer, layer + 1): count(layer, layer + 1) - base - alone[layer] - alone[layer + 1]
        for layer in space.elastic
        if layer + 1 in space.elastic
    }

    def macs(widths: Widths) -> int:
        if widths == space.widest:  # the full generator is none of these lists: it renders by weights of its own
            return count(*space.elastic)
        share = {
            layer: Fraction(widths[layer] - space.narrowest[layer], space.widest[layer] - space.narrowest[layer])
            for layer in space.elastic
        }
        single = sum(share[layer] * extra for layer, extra in alone.items())
        return int(base + single + sum(share[a] * share[b] * extra for (a, b), extra in together.items()))

    return cache(macs)


def milliseconds_of(space: SearchSpace) -> Callable[[Widths], float]:
    """Of rendering one image by torch in float32; each list is timed once.

    A list is timed whole, because sums over layers miss what caches and the calls themselves cost; and in turn with
    the narrowest one, whose own time is taken at the beginning: what else the machine does slows both alike, so that
    the ratio tells candidates apart where their times would not."""
    config = space.generator.config
    latent = space.generator.mean_style.expand(1, config.styles, config.style_dim)

    def extracted(widths: Widths) -> Callable[[], object]:
        """Renders one image."""
        small = space.generator.extract(space.sub(widths))
        rows = latent[:, : small.config.styles]

        def run() -> None:
            with torch.inference_mode():
                small.images(rows)

        return run

    reference = extracted(space.narrowest)
    base = statistics.median(interleaved_milliseconds({"reference": reference}, 3 * RUNS)["reference"])

    @cache
    def milliseconds(widths: Widths) -> float:
        if widths == space.narrowest:
            return base
        taken = interleaved_milliseconds({"candidate": extracted(widths), "reference": reference}, RUNS)
        ratios = (own / other for own, other in zip(taken["candidate"], taken["reference"], strict=True))
        return base * statistics.median(ratios)

    return milliseconds


class SubGeneratorFidelity:
    """How near the images of a list are to the full generator's, area-downsampled, on the same few faces each time.

    Distance: ENL0 + 10 × the mean squared error of pixels in −1…1. ENL0 alone is nearly blind to colours: of lists
    that it finds alike, the other term takes one that is up to 2 dB nearer. Above 256 px, ENL0 is the mean over two
    looks of 256 px: at the whole image, and at its middle in full detail."""

    def __init__(self, space: SearchSpace, perceptual: PerceptualDistance, samples: int, seed: int) -> None:
        """Renders the faces, truncation ψ .5 to 1. Raises AnycostError when they would fill the memory."""
        if samples * space.resolution**2 > MAX_PIXELS:
            most = MAX_PIXELS // space.resolution**2
            raise AnycostError(f"{samples} samples of {space.resolution} px are too many to keep", f"take up to {most}")
        generator = space.generator
        self.space, self.perceptual = space, perceptual
        self.drawn_by = generator.with_fast_features() if has_fast_bfloat16() else generator
        z = torch.randn(samples, generator.config.style_dim, generator=torch.Generator().manual_seed(seed))
        self.latents, self.goals, self.features = [], [], []
        with torch.no_grad():
            for i in range(samples):
                style = generator.styles(z[i : i + 1], 0.5 + (i + 0.5) / (2 * samples))
                full = generator(style).clamp(-1, 1)
                goal = F.avg_pool2d(full, generator.config.resolution // space.resolution)
                self.latents.append(generator.as_wplus(style))
                self.goals.append(goal)
                self.features.append([perceptual.features(crop) for crop in crops(goal)])

    @torch.no_grad()
    def __call__(self, widths: Widths) -> tuple[float, float]:
        """Distance and PSNR (dB), means over the faces."""
        sub = self.space.sub(widths)
        if self.space.generator.is_full(sub):
            return 0.0, MAX_PSNR
        small = self.drawn_by.extract(sub)
        distance = psnr = 0.0
        for latent, goal, features in zip(self.latents, self.goals, self.features, strict=True):
            image = small.images(latent[:, : small.config.styles])[sub.resolution].float().clamp(-1, 1)
            seen = [self.perceptual.features(crop) for crop in crops(image)]
            enl0 = [self.perceptual.distance(a, b).item() for a, b in zip(seen, features, strict=True)]
            error = (image - goal).square().mean().item()
            distance += statistics.fmean(enl0) + PIXELS * error
            psnr += psnr_of_error(error)
        return distance / len(self.goals), psnr / len(self.goals)


def crops(image: Tensor) -> list[Tensor]:
    """What the perceptual distance compares of an image [N, 3, R, R]: crops of 32 to 256 px."""
    side = image.shape[-1]
    if side <= SIDE:
        return [image if side >= 32 else F.interpolate(image, size=(32, 32))]
    first = (side - SIDE) // 2
    return [F.avg_pool2d(image, side // SIDE), image[:, :, first : first + SIDE, first : first + SIDE]]
