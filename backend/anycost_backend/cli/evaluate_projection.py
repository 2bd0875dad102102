"""`anycost evaluate projection`: how well faces are projected, by the encoder and refined."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_models.core.errors import AnycostError

from anycost_backend.cli import options
from anycost_backend.cli.project import add_settings

if TYPE_CHECKING:
    import numpy as np
    from anycost_models.evaluation.projections import EvaluatedFace, ProjectionRow
    from anycost_models.face.labels import FaceLabels

MAX_ON_SHEET = 24


def add(measures: Any) -> None:
    text = "how near projections come to faces, as the encoder answers and refined"
    parser = measures.add_parser("projection", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="FOLDER", help="photos (of each the largest face), or aligned squares"
    )
    parser.add_argument(
        "--generated",
        type=int,
        default=0,
        metavar="N",
        help="N generated faces that no training has seen, with the harm that photographs take",
    )
    parser.add_argument("--seed", type=options.seed, default=0, help="which generated faces (default: %(default)s)")
    add_settings(parser)
    parser.add_argument("--edits", action="store_true", help="also what smile ±1 does to what was found")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help=f"draw up to {MAX_ON_SHEET} of them, a PNG or JPEG")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=options.with_torch(run))


def run(args: argparse.Namespace) -> int:
    """Raises AnycostError when there are no faces, and when a model is missing."""
    if not args.folder and args.generated < 1:
        raise AnycostError("there is nothing to project", "name a folder of photos, or --generated N")
    if args.folder and not args.folder.is_dir():
        raise AnycostError(f"there is no folder {args.folder}", "name one with photos")
    options.check_sheet(args.sheet)

    from anycost_models.core.malloc_settings import keep_freed_memory
    from anycost_models.evaluation import projections as evaluation
    from anycost_models.face.labels import FaceLabels
    from anycost_models.hub.imported_models import EMBEDDED
    from anycost_models.metrics.enl0 import load_perceptual
    from anycost_models.plotting.contact_sheet import save_image
    from anycost_models.projection.curvature import load_curvature
    from anycost_models.projection.inversion import ProjectionSettings
    from anycost_models.projection.scores import ProjectionScorer, identity_if_fetched

    from anycost_backend.editing.models import Models
    from anycost_backend.editing.projection import encoding, projection_losses, with_typical_consistency

    keep_freed_memory()
    models = Models(args.model)
    renderer, labels = models.renderer, FaceLabels.load()
    scorer = with_typical_consistency(
        renderer, ProjectionScorer(renderer.model, load_perceptual(), identity_if_fetched())
    )
    settings = ProjectionSettings(budget=args.budget, editable=1 - args.faithful)
    encode = encoding(renderer, models.encoder) if models.encoder else None
    if encode:  # exported and compiled before the clock runs
        encode(_blank())
    losses = projection_losses(renderer)
    curvature = load_curvature() if args.model == EMBEDDED else None
    editing = evaluation.EditEvaluation(scorer, labels, models.directions) if args.edits else None

    evaluated: list[EvaluatedFace] = []
    rows: list[ProjectionRow] = []
    generated = evaluation.generated_faces(scorer.model, scorer, labels, args.generated, args.seed)
    for face in _track([*_photos(args.folder, models, labels), *(generated if args.generated else ())]):
        evaluated.append(face)
        rows.extend(evaluation.evaluate(face, scorer, settings, encode, losses, curvature, editing))
    if not evaluated:
        raise AnycostError(f"no face was found in {args.folder}", "name a folder with photos of faces")
    if args.sheet:
        shown = evaluated[:MAX_ON_SHEET]
        sheet = evaluation.projection_sheet(shown, rows, scorer)
        save_image(args.sheet, sheet, shows=sorted(args.folder.iterdir()) if args.folder else ())
    stages = dict.fromkeys(row.stage for row in rows)
    summaries: dict[str, Any] = {
        stage: evaluation.summary([row for row in rows if row.stage == stage]) for stage in stages
    }
    if args.json:
        print(json.dumps({"summary": summaries, "images": [_values(row) for row in rows]}, indent=1))
    else:
        _print(rows, summaries)
    return 0


def _photos(folder: Path | None, models: Any, labels: "FaceLabels") -> "Iterator[EvaluatedFace]":
    from anycost_models.evaluation.projections import face_to_evaluate

    from anycost_backend.photo.file_names import EXTENSIONS
    from anycost_backend.photo.photo import open_photo

    files = sorted(folder.iterdir()) if folder else []
    for path in files:
        if path.suffix.lower() not in EXTENSIONS or path.name.startswith("."):
            continue
        try:
            image = open_photo(path).srgb8()
        except AnycostError as error:
            print(f"anycost evaluate: left out: {error}", file=sys.stderr)
            continue
        faces = models.finder.find(image)
        if faces:
            square = faces[0].square
            yield face_to_evaluate(path.name, square.crop(image, 256), faces[0].mesh.moved(square.matrix(256)), labels)
        elif image.shape[0] == image.shape[1]:  # an aligned square, of a face that is hard to find
            crop = _resized(image)
            yield face_to_evaluate(path.name, crop, labels.mesh.landmarks_aligned(crop), labels)
        else:
            print(f"anycost evaluate: left out: no face was found in {path.name}", file=sys.stderr)


def _resized(image: "np.ndarray") -> "np.ndarray":
    import cv2

    how = cv2.INTER_AREA if image.shape[0] > 256 else cv2.INTER_CUBIC
    return cv2.resize(image, (256, 256), interpolation=how)


def _blank() -> "np.ndarray":
    import numpy as np

    return np.full((256, 256, 3), 128, np.uint8)


def _track(faces: "Iterable[EvaluatedFace]") -> "Iterable[EvaluatedFace]":
    from tqdm import tqdm

    bar: Iterable[EvaluatedFace] = tqdm(faces, "faces", leave=False, disable=not sys.stderr.isatty())
    return bar


def _values(row: "ProjectionRow") -> dict[str, Any]:
    values = {"image": row.image, "stage": row.stage, **dataclasses.asdict(row.scores), "seconds": row.seconds}
    if row.clean:
        values["clean"] = dataclasses.asdict(row.clean)
    if row.edits:
        values["edits"] = dataclasses.asdict(row.edits)
    return values


def _print(rows: "list[ProjectionRow]", summaries: dict[str, Any]) -> None:
    width = max(len(row.image) for row in rows)
    print(f"{'':<{width}}  stage      PSNR   ENL0  identity  consistency  deviation  seconds")
    for row in rows:
        s = row.scores
        identity = "      --" if s.identity is None else f"{s.identity:8.2f}"
        consistency = "         --" if s.consistency_ratio is None else f"{s.consistency_ratio:11.2f}"
        print(
            f"{row.image:<{width}}  {row.stage:<8} {s.psnr:6.2f} {s.enl0:6.3f}  {identity}  {consistency}"
            f"  {s.deviation:9.2f}  {row.seconds:7.2f}"
        )
    for stage, values in summaries.items():
        known = (f"{name} {value:.3f}" for name, value in values.items() if isinstance(value, float))
        print(f"mean, {stage} ({values['faces']} faces): {', '.join(known)}")
    print(
        "PSNR in dB and ENL0 at 256 px to the face as it was given (_clean: to the picture before its harm); identity:"
        " distance of embeddings, below 0.55 the same person; consistency: ENL0 from previews to the full picture,"
        " that of generated faces being 1; deviation: σ from the mean face"
    )
