"""How much of each edit shows in an edited photo, what it does to sampled faces being 1, by how far the latent is eased
before it is edited (`anycost_models.editing.directions.eased`).

    python benchmarks/edit_strength.py PHOTO... [--ease 0 0.45] [--faces 8] [--only NAME ...]

For each attribute with a label of its name: that label at strength +1 less that at −1, on the photo's face as edited,
over the mean of the same on sampled faces as drawn.
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.editing.directions import EASE
from tqdm import tqdm

SIDE = 512  # pixels: of the squares that are measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--ease", nargs="+", type=float, default=[0.0, EASE])
    parser.add_argument("--faces", type=int, default=8, help="sampled ones")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    args = parser.parse_args()
    parts = Models()
    sampled = [parts.renderer.sample(7000 + i, 0.7) for i in range(args.faces)]
    names = [name for name in args.only or parts.shipped.by_name if name in parts.measure(sampled[0])]

    def drawn(latent: np.ndarray, name: str, strength: float) -> float:
        return parts.measure(parts.directions.apply(latent, {name: strength}), final=True)[name]

    def edited(session: Session, name: str, strength: float) -> float:
        photo = session.edit(session.photo, 0, {name: strength}).photo
        return parts.labels.measure(session.faces[0].square.crop(photo.srgb8(), SIDE))[name]

    sessions = [[Session(open_photo(path), parts, ease=ease) for ease in args.ease] for path in args.photos]
    shares: list[list[list[float]]] = []  # of attributes, of photos, of eases
    print("| attribute | " + " | ".join(f"eased by {ease:g}" for ease in args.ease) + " |")
    print("|---|" + "---|" * len(args.ease))
    for name in tqdm(names, disable=not sys.stderr.isatty()):
        usual = float(np.nanmean([drawn(face, name, 1) - drawn(face, name, -1) for face in sampled]))
        shares.append([[(edited(s, name, 1) - edited(s, name, -1)) / usual for s in photo] for photo in sessions])
        shown = " | ".join(f"{value:.2f}" for value in np.nanmedian(shares[-1], axis=0))
        print(f"| {name} | {shown} |", flush=True)
    medians = [statistics.median(np.nanmedian(shares, axis=1)[:, i]) for i in range(len(args.ease))]
    print("| **median** | " + " | ".join(f"{value:.2f}" for value in medians) + " |")


if __name__ == "__main__":
    main()
