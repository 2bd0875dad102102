"""Measures the parser of photographs on generated faces that no training has seen, beside what is guessed without it.

    python benchmarks/parsing.py --faces 64 [--drawn DRAWN.jpg] [--sheet SHEET.png --photos FILE …]

Prints the intersection over union of each part, of all faces together, in clean pictures and in the same ones made to
look like photographs: of the faces that all measures are made on (one style, ψ .7), and of those that training draws
(ψ up to 1, mixed, edited); that of hair and person as `face.masks` guesses them; of the parts of what sub-generators
draw with those of what the full generator does; and milliseconds. --drawn: a sheet of the latter faces; --photos:
pictures to parse onto another.
"""

import argparse
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from anycost_backend.editing.faces import FaceFinder
from anycost_backend.photo.photo import open_photo
from anycost_models.core.images import to_uint8
from anycost_models.face.landmarks import FaceMesh
from anycost_models.face.masks import hair_of_matte, matte
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_images
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import load
from anycost_models.parsing.parser import DrawnParser, PhotoParser
from anycost_models.parsing.parts import PARTS, Parts
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from anycost_models.training.data.parsed_faces import HELD_OUT, ParsedFaces
from anycost_models.training.data.parsing_photographs import Chances, photograph
from anycost_models.training.parsing.parser import painted

MEASURED = ("background", "hair", "skin", "neck", "clothes")  # of which the mean is taken
ON_HEAD = ("hair", "head_covering")
SUBS = (SubGenerator(128, 0.25), SubGenerator(256, 0.25), SubGenerator(256, 0.5), SubGenerator(256))


class MeasuredFaces(ParsedFaces):
    """The faces that every measure of the model is made on."""

    @cached_property
    def styles(self) -> np.ndarray:
        """[N, D]"""
        return held_out_styles(self.generator, max(self.count, 2))[:, 0].numpy()

    def latent(self, index: int) -> np.ndarray:
        """W+ [styles, D]"""
        return np.repeat(self.styles[index][None], self.generator.config.styles, 0)


class Overlap:
    """Intersection over union of masks, all faces together."""

    def __init__(self) -> None:
        self.common, self.either = 0, 0

    def add(self, found: np.ndarray, wanted: np.ndarray, where: np.ndarray | bool = True) -> None:
        """bool [H, W] each"""
        self.common += int((found & wanted & where).sum())
        self.either += int(((found | wanted) & where).sum())

    def __float__(self) -> float:
        return self.common / max(self.either, 1)


def by_part(pairs: Iterable[tuple[Parts, Parts, np.ndarray]]) -> dict[str, float]:
    """IoU by part. pairs: found, wanted, and where it counts, all of 128 px"""
    overlaps = {name: Overlap() for name in PARTS}
    for found, wanted, known in pairs:
        labels, truth = found.labels(), wanted.labels()
        for number, name in enumerate(PARTS):
            overlaps[name].add(labels == number, truth == number, known)
    return {name: float(overlap) for name, overlap in overlaps.items()}


def printed(title: str, figures: dict[str, float]) -> None:
    mean = np.mean([figures[name] for name in MEASURED])
    row = " | ".join(f"{figures[name]:.3f}" for name in PARTS)
    print(f"| {title} | {mean:.3f} | {row} |", flush=True)


def figures(title: str, faces: ParsedFaces, parser: PhotoParser) -> None:
    """Two rows of the table."""
    known = np.ones((128, 128), bool)
    drawn = [faces.face(number) for number in range(faces.count)]
    printed(f"{title}, clean", by_part((parser.parse(image).resized(128), parts, known) for image, parts in drawn))
    made = [photograph(*drawn[n], n, drawn[n - 1][0]) for n in range(faces.count)]
    printed(f"{title}, photographs", by_part((parser.parse(m.image).resized(128), m.parts, m.known) for m in made))


def drawn_sheet(faces: ParsedFaces, parser: PhotoParser, tile: int, shown: int = 12) -> np.ndarray:
    """Photographs of generated faces, the parts that their features say, those that the parser finds."""
    cells = []
    for number in range(min(shown, faces.count)):
        made = photograph(*faces.face(number), number, faces.face(number - 1)[0])
        found = parser.parse(made.image)
        cells.append([made.image, painted(made.image, made.parts), painted(made.image, found)])
    half = (len(cells) + 1) // 2
    rows = [cells[i] + (cells[half + i] if half + i < len(cells) else []) for i in range(half)]
    return contact_sheet(rows, ["photograph", "drawn", "found"] * 2, tile=tile)


def guesses(faces: ParsedFaces, count: int, parser: PhotoParser, changed: bool) -> None:
    """Hair and person by `face.masks`, and by the parser, on the same pictures."""
    network, mesh = load(path_of("selfie_matte"), threads=2), FaceMesh.load(threads=2)
    names = (
        "person: matte",
        "person: parser",
        "hair: matte",
        "hair: parser",
    )
    overlaps = {name: Overlap() for name in names}
    for number in range(count):
        image, truth = faces.face(number)
        if changed:
            made = photograph(image, truth, number, faces.face(number + 1)[0], Chances(covering=0))
            image, truth = made.image, made.parts
        wanted, found = truth.resized(256), parser.parse(image)
        landmarks, person = mesh.landmarks_aligned(image), matte(image, network)
        hair = wanted.together(ON_HEAD) > 0.5
        masks = (person, found.person, hair_of_matte(person, landmarks), found.together(ON_HEAD))
        for name, mask in zip(names, masks, strict=True):
            overlaps[name].add(mask > 0.5, wanted.person > 0.5 if name.startswith("person") else hair)
    print(f"{'photographs' if changed else 'clean'}:", {name: round(float(o), 3) for name, o in overlaps.items()})


def silhouettes(faces: ParsedFaces, count: int, parser: PhotoParser) -> None:
    """Hair and person in sub-generators' pictures beside those in the full generator's, both by the parser."""
    overlaps = {sub: (Overlap(), Overlap()) for sub in SUBS}
    drawn = (Overlap(), Overlap())
    renderers = {sub: faces.generator.extract(sub) for sub in SUBS}
    read = DrawnParser(threads=2)
    for number in range(count):
        latent = faces.latent(number)
        tensor = torch.from_numpy(latent)[None]
        (full,) = tensor_to_images(faces.generator.half_size(tensor))
        wanted = parser.parse(full).resized(256)
        masks = (wanted.person > 0.5, wanted["hair"] > 0.5)
        for sub, renderer in renderers.items():
            (image,) = tensor_to_images(renderer(tensor[:, : renderer.config.styles]))
            found = parser.parse(image).resized(256)
            for overlap, mask, part in zip(overlaps[sub], masks, (found.person, found["hair"]), strict=True):
                overlap.add(part > 0.5, mask)
        own = read.parse(latent).resized(256)
        for overlap, mask, part in zip(drawn, masks, (own.person, own["hair"]), strict=True):
            overlap.add(part > 0.5, mask)
    for title, pair in [*((str(sub), pair) for sub, pair in overlaps.items()), ("features, full generator", drawn)]:
        print(f"| {title} | {float(pair[0]):.3f} | {float(pair[1]):.3f} |", flush=True)


def milliseconds(parser: PhotoParser, rounds: int = 40) -> tuple[float, float]:
    """The least and the median, of a picture of 256 px."""
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    parser.parse(image)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        parser.parse(image)
        times.append(1000 * (time.perf_counter() - start))
    return min(times), float(np.median(times))


def photo_sheet(paths: Iterable[Path], parser: PhotoParser, tile: int) -> np.ndarray:
    """Aligned square, parts, the share of hair and head covering, and the same as guessed without the parser: one face
    of each picture."""
    finder, network, cells = FaceFinder.load(threads=2), load(path_of("selfie_matte"), threads=2), []
    for path in paths:
        image = open_photo(path).srgb8()[..., :3]
        for face in finder.find(image)[:1]:
            crop = face.square.crop(image, tile)
            parts, landmarks = parser.parse(crop), face.mesh.moved(face.square.matrix(tile))
            masks = (parts.together(ON_HEAD), hair_of_matte(matte(crop, network), landmarks))
            cells.append([crop, painted(crop, parts), *(to_uint8(mask.clip(0, 1)) for mask in masks)])
    half = (len(cells) + 1) // 2
    rows = [cells[i] + (cells[half + i] if half + i < len(cells) else []) for i in range(half)]
    return contact_sheet(rows, ["photograph", "parts", "hair or hat", "as guessed"] * 2, tile=tile)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=64, help="held-out ones, from the first on")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/parser/faces"), metavar="FOLDER", help="of generated faces"
    )
    parser.add_argument("--weights", type=Path, help="another parser's file")
    parser.add_argument("--drawn", type=Path, metavar="FILE")
    parser.add_argument("--sheet", type=Path, metavar="FILE")
    parser.add_argument("--tile", type=int, default=384, help="pixels of a face on the sheet")
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--only-sheets", action="store_true")
    args = parser.parse_args()
    photos = PhotoParser(args.weights, threads=2) if args.weights else PhotoParser(threads=2)
    if args.sheet:
        save_image(args.sheet, photo_sheet(args.photos, photos, args.tile))
    faces = ParsedFaces(args.work, args.faces, HELD_OUT)
    if args.drawn:
        save_image(args.drawn, drawn_sheet(faces, photos, 192))
    if args.only_sheets:
        return
    print(f"| {args.faces} faces | mean of five | " + " | ".join(PARTS) + " |")
    print("|---|" + "---|" * (len(PARTS) + 1))
    figures("ψ .7", MeasuredFaces(args.work, args.faces, 2 * HELD_OUT), photos)
    figures("as trained on", faces, photos)
    for changed in (False, True):
        guesses(faces, args.faces, photos, changed)
    print("| picture | person | hair |\n|---|---|---|")
    silhouettes(faces, min(args.faces, 16), photos)
    print("{:.1f} ms at least, {:.1f} ms in the median, on two threads".format(*milliseconds(photos)))


if __name__ == "__main__":
    main()
