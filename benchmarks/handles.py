"""Prints how near a dragged point of the face comes to where it was dragged (`anycost_backend.editing.handles`).

    python benchmarks/handles.py [PHOTO...] [--faces 4] [--drag 0.02]

Each point is dragged to four sides by a share of the face's square; the strengths that follow are drawn by the full
generator, and the point is measured there. "Along" is how much of the way it goes, "across" how far it strays, both as
shares of the way; medians over faces and those sides to which the face allows more than half. Photos are projected by
the encoder alone.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from anycost_backend.editing.handles import Handle, handles_of
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.photo import open_photo
from anycost_client.edit.handles import dragged, place_of
from anycost_client.protocol import messages as m
from anycost_models.face.aligned_square import apply
from anycost_models.projection.settings import ProjectionSettings
from skimage.data import astronaut

SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="(default: the astronaut)")
    parser.add_argument("--faces", type=int, default=4, help="generated faces besides")
    parser.add_argument("--drag", type=float, default=0.02, help="of the face's square (default: %(default)s)")
    args = parser.parse_args()
    models = Models()
    pictures = [open_photo(path).srgb8() for path in args.photos] or [astronaut()]
    sessions = [Session(Layer(picture), models) for picture in pictures]
    for session in sessions:
        session.project(0, ProjectionSettings(budget=0))
    for seed in range(args.faces):
        latent = models.renderer.sample(8000 + seed, 0.7)
        drawn = Session(Layer(models.renderer.render8(latent, models.renderer.full)), models)
        drawn.adopt(0, latent)
        sessions.append(drawn)

    along: dict[str, list[float]] = {}
    across: dict[str, list[float]] = {}
    seconds = []
    for session in sessions:
        started = time.perf_counter()
        handles = handles_of(session, 0, lambda fraction: None)
        seconds.append(time.perf_counter() - started)
        for handle in handles:
            for side in SIDES:
                measured = reached(session, handle, np.array(side) * args.drag)
                if measured:
                    along.setdefault(handle.name, []).append(measured[0])
                    across.setdefault(handle.name, []).append(measured[1])
    print("| point | sides | along | across |\n|---|---|---|---|")
    for name, shares in along.items():
        print(f"| {name} | {len(shares)} | {statistics.median(shares):.2f} | {statistics.median(across[name]):.2f} |")
    print(f"\nmeasuring a face's points: {statistics.median(seconds):.2f} s (median of {len(seconds)})")


def reached(session: Session, handle: Handle, by: np.ndarray) -> tuple[float, float] | None:
    """by: of the face's square, [2]. None where the attributes of this point do not lead there."""
    models, square = session.models, session.faces[0].square
    pixels = square.inverse(1)[:, :2] @ by
    sliders = [m.Attribute(name, "", "") for name in models.directions.by_name]
    wire = m.Handle(handle.name, handle.point, handle.moves)
    strengths = dragged(wire, (float(pixels[0]), float(pixels[1])), {}, sliders)
    foreseen = (np.array(place_of(wire, strengths)) - handle.point) @ pixels / (pixels @ pixels)
    if foreseen < 0.5:
        return None
    start = session.planner.start(0)
    if start is None:
        raise ValueError("the face has not been projected")

    def landmarks(edit: dict[str, float]) -> np.ndarray:
        image = models.renderer.render8(models.directions.apply(start, edit), models.renderer.full)
        found = models.finder.mesh.landmarks_aligned(image).points[:, :2].astype(np.float64)
        return apply(square.inverse(len(image)), found)

    place = np.array(handle.point)
    index = int(np.argmin(np.hypot(*(session.faces[0].mesh.points[:, :2] - place).T)))
    moved = landmarks(strengths)[index] - landmarks({})[index]
    length = float(np.hypot(*pixels))
    direction = pixels / length
    return float(moved @ direction) / length, abs(float(moved @ [-direction[1], direction[0]])) / length


if __name__ == "__main__":
    main()
