"""`anycost batch`: the same edit on all photos of a folder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_backend.cli import options
from anycost_backend.cli.edit import quality
from anycost_backend.photo.file_names import ENDINGS

if TYPE_CHECKING:
    from anycost_backend.batch.results_file import BatchSettings, PhotoResult, ResultsFile


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "batch",
        help="change the faces of all photos in a folder",
        description="Changes the largest face of every photo in a folder, like 'anycost edit', and writes the photos "
        "to another folder, with a list of what became of each (results.json). A photo that cannot be edited is told "
        "and left out.",
        epilog="example: anycost batch photos --set smile=0.6 --output edited --resume",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of JPEG, PNG, WebP and TIFF files")
    options.add_strengths(parser, required=True)
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="FOLDER", help="for the edited photos")
    parser.add_argument(
        "--resume", action="store_true", help="go on where an earlier run stopped; try again what failed"
    )
    parser.add_argument(
        "--skip-warned",
        action="store_true",
        help="leave out photos whose face has a warning: small, turned, covered, or unlike what the model draws",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        "-j",
        type=count,
        metavar="N",
        help="photos at a time, on this machine (default: as many as it has cores, and 1.5 GB of memory for each)",
    )
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="of a Dask scheduler, as tcp://HOST:8786: its workers see the same folders"
    )
    parser.add_argument("--format", choices=tuple(ENDINGS), help="of the edited photos (default: each keeps its own)")
    parser.add_argument("--quality", type=quality, metavar="1-100", help="of a JPEG or WebP (default: as the original)")
    parser.add_argument(
        "--no-declaration",
        action="store_true",
        help="don't note in the files' metadata that they were edited with a trained model",
    )
    parser.add_argument(
        "--max-megapixels",
        type=options.megapixels,
        default=150,
        metavar="N",
        help="leave out larger photos (default: %(default)g)",
    )
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def count(text: str) -> int:
    """A value for argparse. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 1024")
    return int(text)


def run(args: argparse.Namespace) -> int:
    if not args.cluster:
        options.ensure_memory_for_edits()
    from anycost_backend.batch.plan import plan
    from anycost_backend.batch.run import BatchPlan
    from anycost_backend.batch.run import run as run_batch
    from anycost_backend.batch.workers import default_jobs

    folder, output = args.folder.resolve(), args.output.resolve()
    settings = checked_settings(args)
    batch = BatchPlan(
        photos=tuple(plan(folder, output, args.format)),
        output=output,
        settings=settings,
        jobs=args.jobs or default_jobs(),
        max_megapixels=args.max_megapixels,
        cluster=args.cluster,
    )
    with Bar(len(batch.photos)) as bar:
        results = run_batch(batch, args.resume, bar.show)
    if args.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(results), indent=1).decode())
    else:
        print(summary(results, args.output))
    return 1 if any(result.status == "failed" for result in results.files) else 0


def checked_settings(args: argparse.Namespace) -> "BatchSettings":
    """Raises AnycostError for what would fail with every photo."""
    from anycost_models.hub.catalogue import path_of

    from anycost_backend.batch.results_file import BatchSettings
    from anycost_backend.editing.face_edit import FaceEdit

    models, edit = options.load_models(args.model), FaceEdit(options.strengths_of(args), tuple(args.hold))
    edit.check(models.directions, models.latent_shape)
    if not args.cluster:  # the machines of a cluster have their own
        path_of("face_landmarks")
    sha256 = models.renderer.file.sha256
    return BatchSettings(
        dict(edit.strengths), edit.held, args.model, sha256, args.quality, not args.no_declaration, args.skip_warned
    )


class Bar:
    """A progress bar in a terminal; photos that were not edited are reported on standard error."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self._left_out = 0
        self._bar = tqdm(total=total, desc="editing", unit="photo", disable=not sys.stderr.isatty())

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def show(self, result: "PhotoResult") -> None:
        if result.status != "done":
            self._left_out += 1
            self._bar.set_postfix_str(f"{self._left_out} left out", refresh=False)
            self._bar.write(f"{result.file}: {result.why}", file=sys.stderr)
        elif result.warnings:
            self._bar.write(f"{result.file}: warning: {'; '.join(result.warnings)}", file=sys.stderr)
        self._bar.update()


def summary(results: "ResultsFile", output: Path) -> str:
    count = {
        status: sum(result.status == status for result in results.files)
        for status in ("done", "no_face", "skipped", "failed")
    }
    edited = "one photo edited" if count["done"] == 1 else f"{count['done']} photos edited"
    skipped = f"{count['skipped']} skipped, " if count["skipped"] else ""
    left_out = f"{count['no_face']} without a face, {skipped}{count['failed']} failed"
    return f"{edited}, {left_out}: {output / 'results.json'} says more"
