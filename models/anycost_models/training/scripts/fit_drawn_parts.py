"""Fits the classifier that reads the parts of a drawn face off the generator's features.

    python -m anycost_models.training.scripts.fit_drawn_parts --sheet clusters.png   # to name clusters by
    python -m anycost_models.training.scripts.fit_drawn_parts --output parts.safetensors

names.toml names the clusters in clusters.safetensors; --new finds others, which have no names yet. The first classifier
is fitted to named clusters, the second also to what the first one is sure of on other faces.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models.core.malloc_settings import keep_freed_memory
from anycost_models.face.landmarks import FaceMesh, Landmarks
from anycost_models.face.masks import matte
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.image_tensors import tensor_to_images
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import load
from anycost_models.parsing.drawn_parts import DrawnParts, save_drawn_parts
from anycost_models.parsing.parts import PARTS
from anycost_models.training.data.parsed_faces import ParsedFaces
from anycost_models.training.parsing.clusters import (
    Clusters,
    Projection,
    cluster_sheet,
    spherical_k_means,
    together,
)
from anycost_models.training.parsing.naming import SIDE, Names, named_labels, own_labels, read_names
from anycost_models.weights import EMBEDDED_DRAWN_PARTS

AXES = (128, 64)  # of the features of 64 and of 128 px that the classifier is fitted on
PIXELS = 200  # of each part on each face
Features = tuple[Tensor, Tensor]  # [C, 64, 64], [C, 128, 128]


class Fitting:
    """The faces that are looked at, drawn once: pictures and projected features.

    clusters: None finds new ones"""

    def __init__(self, names: Names, clusters: Clusters | None) -> None:
        self.names, self.generator = names, _generator()
        z = torch.randn(
            names.faces, self.generator.config.style_dim, generator=torch.Generator().manual_seed(names.seed)
        )
        with torch.inference_mode():
            latents = self.generator.styles(z, names.truncation)[:, None].expand(-1, self.generator.config.styles, -1)
        self.sub = self.generator.extract(SubGenerator(256, 0.5))
        self.mesh, self.network = FaceMesh.load(), load(path_of("selfie_matte"))
        drawn = [self.draw(latent) for latent in tqdm(latents.clone(), "faces")]
        self.images = np.stack([image for image, _ in drawn])
        self.clusters = clusters or _clusters([features for _, features in drawn], names.clusters)
        self.features = [self.project(features) for _, features in drawn]
        self.nearest = np.stack([self.clusters.nearest(*features) for features in self.features])

    @torch.inference_mode()
    def draw(self, latent: Tensor) -> tuple[np.ndarray, Features]:
        """W+ [styles, D] → a picture, uint8 RGB [256, 256, 3], and the features of 64 and 128 px."""
        (image,) = tensor_to_images(self.sub(latent[None, : self.sub.config.styles]))
        coarse = None
        for level in self.generator.features(latent[None]):
            if level.shape[-1] == SIDE and coarse is not None:
                return image, (coarse, level[0].clone())
            coarse = level[0].clone()
        raise ValueError(f"this generator has no features of {SIDE} px")

    def project(self, features: Features) -> Features:
        coarse, fine = (project(level) for project, level in zip(self.clusters.projections, features, strict=True))
        return coarse, fine

    def seen(self, image: np.ndarray) -> tuple[np.ndarray, Landmarks]:
        """The person's matte and the landmarks, both of 128 px."""
        person = cv2.resize(matte(image, self.network), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return person, self.mesh.landmarks_aligned(image).moved(np.eye(2, 3) * (SIDE / len(image)))

    def named(self) -> Iterator[tuple[Features, np.ndarray]]:
        for face, (image, features) in enumerate(zip(self.images, self.features, strict=True)):
            yield features, named_labels(self.nearest[face], self.names, face, image, *self.seen(image))

    def second(self, first: nn.Linear, cache: Path) -> Iterator[tuple[Features, np.ndarray]]:
        names, faces = self.names, ParsedFaces(cache, 1)  # for their latents
        numbers = [face for face in range(names.second_round + len(names.left_out)) if face not in names.left_out]
        for face in tqdm(numbers[: names.second_round], "second round"):
            image, drawn = self.draw(torch.from_numpy(faces.latent(face)))
            features = self.project(drawn)
            with torch.inference_mode():
                shares = first(_places(features).T).softmax(1).T.reshape(len(PARTS), SIDE, SIDE).numpy()
            yield features, own_labels(shares, face in names.hats, *self.seen(image))

    def classifier(self, fitted: nn.Linear) -> DrawnParts:
        """On the features themselves."""
        model, bias = DrawnParts(), fitted.bias.detach()
        weights = fitted.weight.detach().split(AXES, 1)
        layers = (model.coarse, model.fine)
        with torch.no_grad():
            for layer, project, weight in zip(layers, self.clusters.projections, weights, strict=True):
                full, offset = project.unfolded(weight, bias)
                layer.weight.copy_(full[:, :, None, None])
                assert layer.bias is not None  # both have one
                layer.bias.copy_(offset)
                bias = torch.zeros_like(bias)
        return model


def fit(labelled: Iterable[tuple[Features, np.ndarray]], steps: int = 500) -> nn.Linear:
    """[AXES] → logits of the parts, by multinomial regression on some pixels of each part of each face."""
    random, inputs, wanted = np.random.default_rng(0), [], []
    for features, labels in labelled:
        places, flat = _places(features), labels.reshape(-1)
        for part in range(len(PARTS)):
            found = np.flatnonzero(flat == part)
            chosen = random.choice(found, min(len(found), PIXELS), replace=False)
            inputs.append(places[:, chosen].T)
            wanted.append(torch.full((len(chosen),), part))
    x, y = torch.cat(inputs), torch.cat(wanted)
    deviation, count = x.std(0) + 1e-6, torch.bincount(y, minlength=len(PARTS)).float()
    weight = (count.mean() / count.clamp(min=50)).sqrt()
    torch.manual_seed(0)
    linear = nn.Linear(x.shape[1], len(PARTS))
    optimizer = torch.optim.AdamW(linear.parameters(), lr=0.02, weight_decay=0.02)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / steps) + 1e-4
        some = torch.randint(len(x), (4096,))
        loss = F.cross_entropy(linear(x[some] / deviation), y[some], weight=weight, label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        linear.weight.div_(deviation)
        right = (linear(x).argmax(1) == y).float()
    print({part: f"{right[y == i].mean():.3f} of {int(count[i])}" for i, part in enumerate(PARTS)})
    return linear


def _clusters(drawn: Sequence[Features], count: int) -> Clusters:
    samples = [
        torch.cat([features[level].flatten(1).T[face % step :: step] for face, features in enumerate(drawn)])
        for level, step in ((0, 3), (1, 11))
    ]
    first, second = (Projection.fit(sample, axes) for sample, axes in zip(samples, AXES, strict=True))
    vectors = torch.cat([together(first(coarse), second(fine)) for coarse, fine in drawn])
    some = vectors[torch.randperm(len(vectors), generator=torch.Generator().manual_seed(5))[:80_000]]
    return Clusters((first, second), spherical_k_means(some, count, seed=5))


def _places(features: Features) -> Tensor:
    """[axes, 128 · 128]"""
    coarse, fine = features
    raised = F.interpolate(coarse[None], scale_factor=2, mode="bilinear", align_corners=False)[0]
    return torch.cat([raised, fine]).flatten(1)


def _generator() -> MobileGenerator:
    generator = load_generator()
    assert isinstance(generator, MobileGenerator)  # the embedded one is
    return generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw the clusters and stop")
    parser.add_argument("--new", type=Path, metavar="FILE", help="find new clusters first, and write them")
    parser.add_argument(
        "--output", type=Path, default=EMBEDDED_DRAWN_PARTS, metavar="FILE", help="(default: %(default)s)"
    )
    parser.add_argument("--work", type=Path, default=Path("runs/parser/faces"), metavar="FOLDER", help="for its cache")
    args = parser.parse_args()
    keep_freed_memory()
    fitting = Fitting(read_names(), None if args.new else Clusters.load())
    if args.new:
        fitting.clusters.save(args.new)
    if args.sheet:
        sheet = cluster_sheet(fitting.images, fitting.nearest, range(fitting.names.clusters))
        cv2.imwrite(str(args.sheet), sheet[..., ::-1])
        return
    first = list(fitting.named())
    classifier = fit([*first, *fitting.second(fit(first), args.work)])
    save_drawn_parts(fitting.classifier(classifier), args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
