"""Prints how much edits smear or tint the background around a head, and draws a sheet of them.

    python benchmarks/smear.py PHOTO... [--faces 3] [--sheet FILE]

The background of each photo is fitted by a second-order polynomial in each colour, where the parser sees background
well away from the person. Above the chin and outside of the person that the edited photo shows, smear is what is
neither this background (more than four standard deviations from it) nor another thing (under 45 levels from it), in
percent of the place; printed are the points that an edit adds. This says much of plain backgrounds only: photos with
another one are not measured. --faces adds generated faces with plain backgrounds, degraded like photographs.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from anycost_backend.editing.composite.views import AROUND
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import Photo, open_photo
from anycost_models.face.degradation import IN_PLACE, degrade
from anycost_models.parsing.parser import PhotoParser
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from tqdm import tqdm

Edit = Mapping[str, float]

EDITS: tuple[Edit, ...] = (
    {},
    {"smile": 1.0},
    {"hair_length": 1.0},
    {"hair_length": -1.0},
    {"fringe": 1.0},
    {"fringe": -1.0},
    {"hair_volume": 1.0},
    {"hair_volume": -1.0},
    {"yaw": 0.8},
    {"yaw": -0.8},
    {"age": 1.0},
    {"age": -1.0},
    {"gender": 1.0},
    {"gender": -1.0},
    {"hair_curl": 1.0},
)
SIDE = 352  # pixels across what is looked at
PLAIN = 12.0  # levels: mean standard deviation of a background up to which it is plain
AWAY = 0.08  # sides of the square from the person on which the background is fitted
THING = 45.0  # levels from which on something is another thing
LEAST = 1.0  # level: of a standard deviation
SKY = 0.15  # share of the picture above the chin that must be background
FIRST_SEED = 5000
PHOTOGRAPH = replace(IN_PLACE, exposure=0.3, blur=0.5, reduce=1.2, noise=4, jpeg=75, occluder=0)


class Backdrop:
    """The plain background of one photo."""

    def __init__(self, session: Session[Photo], parser: PhotoParser) -> None:
        self._shown, self._parser = session.faces[0].square.scaled(AROUND), parser
        height, width = session.image.shape[:2]
        within = self.crop(np.full((height, width, 3), 255, np.uint8), border=cv2.BORDER_CONSTANT)[:, :, 0] > 250
        picture = self.crop(session.image)
        chin = session.faces[0].mesh.moved(self._shown.matrix(SIDE)).points[152, 1]
        self._above = within & (np.arange(SIDE)[:, None] < chin)
        person = self._person(picture).astype(np.uint8)
        reach = 2 * round(AWAY * SIDE / AROUND) + 1
        sure = self._above & (cv2.dilate(person, np.ones((reach, reach), np.uint8)) == 0)
        self.share = sure.sum() / max(self._above.sum(), 1)
        line = np.linspace(-1, 1, SIDE)
        x, y = np.meshgrid(line, line)
        terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
        fit = np.linalg.lstsq(terms[sure], picture[sure].astype(float), rcond=None)[0]
        self._background = terms @ fit
        self.spread = (picture - self._background)[sure].std(axis=0) if sure.any() else np.full(3, np.inf)

    @property
    def plain(self) -> bool:
        return self.share > SKY and float(self.spread.mean()) < PLAIN

    def smear(self, image: np.ndarray) -> float:
        """Percent of what is no person in the photo, uint8 [H, W, 3], edited or not."""
        picture = self.crop(image)
        place = self._above & ~self._person(picture)
        off = np.abs(picture - self._background)
        smeared = (off > 4 * np.maximum(self.spread, LEAST)).any(axis=2) & (off.mean(axis=2) < THING)
        return 100 * float(smeared[place].mean())

    def crop(self, image: np.ndarray, side: int = SIDE, border: int = cv2.BORDER_REFLECT) -> np.ndarray:
        return self._shown.crop(image, side, border)

    def _person(self, picture: np.ndarray) -> np.ndarray:
        return self._parser.parse(picture).person > 0.5


def drawn_photos(models: Models, parser: PhotoParser, count: int, folder: Path) -> Iterator[Path]:
    """Generated faces that turn out to have plain backgrounds, as photographs."""
    seed = FIRST_SEED
    while count:
        seed += 1
        face = cv2.resize(models.renderer.render8(models.renderer.sample(seed, 0.8)), (768, 768))
        path = folder / f"drawn-{seed}.png"
        save_image(path, degrade(face, seed, PHOTOGRAPH).image)
        session = Session(open_photo(path), models)
        if len(session.faces) == 1 and Backdrop(session, parser).plain:
            count -= 1
            yield path


def named(edit: Edit) -> str:
    return ", ".join(f"{name} {strength:+g}" for name, strength in edit.items()) or "the photo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--faces", type=int, default=0, help="drawn ones to add")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a picture of all edits of all photos")
    parser.add_argument("--tile", type=int, default=320, help="pixels of a face on the sheet")
    args = parser.parse_args()
    models, parts = Models(), PhotoParser()
    added: dict[str, list[float]] = {named(edit): [] for edit in EDITS}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        drawn = list(drawn_photos(models, parts, args.faces, Path(folder)))
        for path in tqdm([*args.photos, *drawn], disable=None):
            session = Session(open_photo(path), models)
            backdrop, before, row = Backdrop(session, parts), 0.0, []
            for edit in EDITS:
                image = session.edit(session.photo, 0, edit).photo.srgb8()
                row.append(backdrop.crop(image, args.tile, cv2.BORDER_CONSTANT))
                if backdrop.plain:
                    smear = backdrop.smear(image)
                    before = before if edit else smear
                    added[named(edit)].append(smear - before if edit else smear)
            rows.append(row)
            print(f"{path.name}: {'measured' if backdrop.plain else 'not plain'}", flush=True)
    print("| edit | median | worst |")
    print("|---|---|---|")
    for name, points in added.items():
        if points:
            print(f"| {name} | {statistics.median(points):+.1f} | {max(points):+.1f} |")
    if args.sheet:
        save_image(args.sheet, contact_sheet(rows, [named(edit) for edit in EDITS], tile=args.tile))


if __name__ == "__main__":
    main()
