"""Compares sub-generators with their full generator, on faces that no training has seen."""

import functools
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.export.onnx_export import synthesis_graph
from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.inference.onnx_network import load_bytes
from anycost_models.metrics import image_metrics
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.plotting.contact_sheet import contact_sheet

STEP = 1e-4  # of the path from one face to another: smaller ones measure the same until float32 ends, larger ones less

Track = Callable[[Iterable[Tensor]], Iterable[Tensor]]  # passes samples on, and may show how many


def full_of(model: ElasticGenerator) -> SubGenerator:
    return SubGenerator(model.config.resolution)


def macs_ratio(model: ElasticGenerator, sub: SubGenerator) -> float:
    """What a sub-generator costs, the full generator being 1."""
    return model.cost(sub).macs / model.cost(full_of(model)).macs


@dataclass(frozen=True, eq=False)
class SubGeneratorRenders:
    """Renders faces with a full generator and some of its sub-generators; all images are float32, −1…1."""

    model: ElasticGenerator
    subs: Sequence[SubGenerator]

    @cached_property
    def networks(self) -> dict[SubGenerator, ElasticGenerator]:
        return {sub: self.model.extract(sub) for sub in self.subs}

    def full(self, w: Tensor) -> dict[int, Tensor]:
        """The full image of w [D] at its resolution and, area-downsampled, at each sub-generator's: [1, 3, R, R]."""
        image = _render(self.model, w)
        sides = {self.model.config.resolution, *(sub.resolution for sub in self.subs)}
        return {side: F.avg_pool2d(image, image.shape[-1] // side) for side in sides}

    def render(self, sub: SubGenerator, w: Tensor) -> Tensor:
        """What a sub-generator renders of w [D]: [1, 3, R, R]."""
        return _render(self.networks[sub], w)

    def each(self, w: Tensor) -> tuple[dict[int, Tensor], dict[SubGenerator, Tensor]]:
        """`full`, and what every sub-generator renders of w [D]."""
        full = self.full(w)
        rendered = {s: full[s.resolution] if self.model.is_full(s) else self.render(s, w) for s in self.subs}
        return full, rendered


def _render(network: ElasticGenerator, w: Tensor) -> Tensor:
    return network(w[None]).float().clamp(-1, 1)


def _untracked(samples: Iterable[Tensor]) -> Iterable[Tensor]:
    return samples


def milliseconds(
    networks: Mapping[SubGenerator, ElasticGenerator], w: Tensor, rounds: int = 9
) -> dict[SubGenerator, float]:
    """Of rendering one image of w [D] as users get it, by graphs: medians over rounds in which every network
    has its turn, so that whatever else the machine does slows all of them alike."""
    graphs = {
        sub: load_bytes(synthesis_graph(network, full_of(network), {}), Path(str(sub)), precision="bf16")
        for sub, network in networks.items()
    }
    latents = {sub: network.as_wplus(w[None]).numpy() for sub, network in networks.items()}
    noise = np.ones(1, np.float32)
    calls = {sub: functools.partial(graph, latents[sub], noise) for sub, graph in graphs.items()}
    return {sub: statistics.median(taken) for sub, taken in interleaved_milliseconds(calls, rounds).items()}


@dataclass(frozen=True)
class Consistency:
    sub: SubGenerator
    psnr: float  # dB to the full image at the sub-generator's resolution; mean over faces
    enl0: float  # to the same, at 256 px at most; mean over faces
    macs_ratio: float  # 0…1, of the full generator's
    ms: float  # to render one image, here and now


@torch.inference_mode()
def nearness(
    renders: SubGeneratorRenders, perceptual: PerceptualDistance, styles: Tensor, track: Track = _untracked
) -> dict[SubGenerator, tuple[float, float]]:
    """Means of PSNR, dB, and of ENL0 between each sub-generator's image and the full one of the same style, on the
    device of all of them. styles: w [N, 2, D], as `held_out_styles` gives them."""
    psnrs: dict[SubGenerator, list[float]] = {sub: [] for sub in renders.subs}
    distances: dict[SubGenerator, list[float]] = {sub: [] for sub in renders.subs}
    for w in track(styles[:, 0]):
        full, rendered = renders.each(w)
        goals = {side: perceptual.features(image_metrics.for_perception(image)) for side, image in full.items()}
        for sub, image in rendered.items():
            features = perceptual.features(image_metrics.for_perception(image))
            psnrs[sub].append(image_metrics.psnr(image, full[sub.resolution]).item())
            distances[sub].append(perceptual.distance(features, goals[sub.resolution]).item())
    return {sub: (statistics.fmean(psnrs[sub]), statistics.fmean(distances[sub])) for sub in renders.subs}


@torch.inference_mode()
def consistency(
    renders: SubGeneratorRenders, perceptual: PerceptualDistance, styles: Tensor, track: Track = _untracked
) -> list[Consistency]:
    """`nearness` of each sub-generator, and what it costs."""
    near = nearness(renders, perceptual, styles, track)
    taken = milliseconds(renders.networks, styles[0, 0])
    return [Consistency(sub, *near[sub], macs_ratio(renders.model, sub), taken[sub]) for sub in renders.subs]


@dataclass(frozen=True)
class Frechet:
    sub: SubGenerator
    fd_enl0: float  # between its faces and other faces of the full generator
    floor: float  # the same for the full generator's faces of the same styles, at the same resolution


@torch.inference_mode()
def frechet(
    renders: SubGeneratorRenders, perceptual: PerceptualDistance, styles: Tensor, track: Track = _untracked
) -> list[Frechet]:
    """FD-ENL0 between the faces of each sub-generator and of the full generator; styles: w [N, 2, D]."""
    sides = {sub.resolution for sub in renders.subs}
    others: dict[int, list[np.ndarray]] = {side: [] for side in sides}
    floors: dict[int, list[np.ndarray]] = {side: [] for side in sides}
    found: dict[SubGenerator, list[np.ndarray]] = {sub: [] for sub in renders.subs}
    for w, other in track(styles):
        full, rendered = renders.each(w)
        other_full = renders.full(other)
        for side in sides:
            floors[side].append(image_metrics.pooled_features(perceptual, full[side]))
            others[side].append(image_metrics.pooled_features(perceptual, other_full[side]))
        for sub, image in rendered.items():
            found[sub].append(image_metrics.pooled_features(perceptual, image))

    def distance(a: list[np.ndarray], b: list[np.ndarray]) -> float:
        return image_metrics.frechet_distance(np.concatenate(a), np.concatenate(b))

    floor = {side: distance(floors[side], others[side]) for side in sides}
    return [Frechet(sub, distance(found[sub], others[sub.resolution]), floor[sub.resolution]) for sub in renders.subs]


@dataclass(frozen=True)
class AttributeConsistency:
    sub: SubGenerator
    difference: float  # mean over labels
    correlation: float  # mean over labels
    labels: dict[str, image_metrics.Agreement]


@torch.inference_mode()
def attributes(
    renders: SubGeneratorRenders, labels: FaceLabels, styles: Tensor, track: Track = _untracked
) -> list[AttributeConsistency]:
    """Agreement of the labels of each sub-generator's image and the full one at its resolution; styles: w [N, 2, D]."""
    full_values: dict[int, list[list[float]]] = {}
    values: dict[SubGenerator, list[list[float]]] = {sub: [] for sub in renders.subs}
    for w in track(styles[:, 0]):
        full, rendered = renders.each(w)
        for side, image in full.items():
            full_values.setdefault(side, []).append(list(labels.measure(tensor_to_image(image)).values()))
        for sub, image in rendered.items():
            values[sub].append(list(labels.measure(tensor_to_image(image)).values()))
    deviations = [_deviation(column) for column in np.array(full_values[renders.model.config.resolution]).T]
    found = []
    for sub in renders.subs:
        columns = zip(np.array(values[sub]).T, np.array(full_values[sub.resolution]).T, deviations, strict=True)
        by_label = dict(zip(LABELS, (image_metrics.agreement(*each) for each in columns), strict=True))
        difference = _mean([label.difference for label in by_label.values()])
        correlation = _mean([label.correlation for label in by_label.values()])
        found.append(AttributeConsistency(sub, difference, correlation, by_label))
    return found


@dataclass(frozen=True)
class PathLength:
    sub: SubGenerator
    length: float  # ENL0 per squared step
    full: float  # the full generator's, at the sub-generator's resolution


@torch.inference_mode()
def path_lengths(
    renders: SubGeneratorRenders, perceptual: PerceptualDistance, styles: Tensor, track: Track = _untracked
) -> list[PathLength]:
    """Perceptual path length in W (StyleGAN, 2018, arXiv:1812.04948, section 4.1), with ENL0: how fast images change on
    the straight way between the two styles of each sample, w [N, 2, D], at positions spread evenly over the samples.
    Only for float32: bfloat16 cannot show such small steps."""
    full_lengths: dict[int, list[float]] = {}
    lengths: dict[SubGenerator, list[float]] = {sub: [] for sub in renders.subs}
    for number, (start, end) in enumerate(track(styles)):
        place = (number + 0.5) / len(styles)
        here, there = (torch.lerp(start, end, place + step) for step in (0.0, STEP))
        (full, rendered), (next_full, next_rendered) = renders.each(here), renders.each(there)
        for side, image in full.items():
            distance = image_metrics.enl0(perceptual, image, next_full[side]).item()
            full_lengths.setdefault(side, []).append(distance / STEP**2)
        for sub, image in rendered.items():
            distance = image_metrics.enl0(perceptual, image, next_rendered[sub]).item()
            lengths[sub].append(distance / STEP**2)
    mean = statistics.fmean
    return [PathLength(sub, mean(lengths[sub]), mean(full_lengths[sub.resolution])) for sub in renders.subs]


@torch.inference_mode()
def comparison_sheet(renders: SubGeneratorRenders, styles: Tensor, title: str, tile: int = 192) -> np.ndarray:
    """uint8 RGB [H, W, 3]: a row for each of styles w [N, 2, D], a column for each sub-generator and the full
    generator.

    tile: pixels of an image's side"""
    missing = () if any(map(renders.model.is_full, renders.subs)) else (full_of(renders.model),)
    rows = []
    for w in styles[:, 0]:
        images, rendered = renders.each(w)
        shown = [*rendered.values(), *(images[sub.resolution] for sub in missing)]
        rows.append([tensor_to_image(image) for image in shown])
    titles = [_title(sub, macs_ratio(renders.model, sub)) for sub in (*renders.subs, *missing)]
    return contact_sheet(rows, titles, tile=tile, title=title)


def _title(sub: SubGenerator, cost: float) -> str:
    name = f"{sub.resolution} px flexible" if isinstance(sub.channels, tuple) else str(sub)
    return f"{name}: 1/{1 / cost:.3g}"


def _deviation(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return statistics.fmean(known) if known else np.nan
