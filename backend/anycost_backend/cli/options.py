"""Shared by sub-commands: options, the progress bar, the choice of a face."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from anycost_models.core.errors import AnycostError, NoFaceError
from anycost_models.core.extras import require_torch

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep

    from anycost_backend.editing.models import Models
    from anycost_backend.editing.session import Session


Run = Callable[[argparse.Namespace], int]  # what a command does; the exit code


def ensure_memory_for_edits() -> None:
    """Call it before libraries are loaded, which need much of it. Raises AnycostError when there is too little."""
    from anycost_backend.photo.memory import EDIT_BYTES, ensure_memory

    ensure_memory(EDIT_BYTES, "an edit")


def with_torch(run: Run) -> Run:
    """The same action, which then says so where torch is not installed."""

    def checked(args: argparse.Namespace) -> int:
        require_torch(f"'anycost {args.command}'")
        return run(args)

    return checked


def megapixels(text: str) -> float:
    """A limit for argparse. Raises ArgumentTypeError."""
    try:
        if 0 < float(text) < float("inf"):
            return float(text)
        raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no size in megapixels: write a number above 0") from None


def strengths_of(args: argparse.Namespace) -> dict[str, float]:
    """What `add_strengths` took. Raises AnycostError when an attribute is named twice, or set and held."""
    names = [name for name, _ in args.strengths]
    for name in names:
        if names.count(name) > 1:
            raise AnycostError(f"'{name}' is set twice", "say once how far it is to move")
        if name in args.hold:
            raise AnycostError(f"'{name}' is both set and held", "leave out one of --set and --hold")
    return dict(args.strengths)


def check_output(output: Path, overwrite: bool, *sources: Path) -> None:
    """Raises AnycostError when a photo that is read would be written over without being asked to."""
    for source in sources:
        if not overwrite and output.exists() and source.exists() and output.samefile(source):
            raise AnycostError(
                f"the edited photo would be written over {source}", "name another file, or say --overwrite"
            )


def strength(text: str) -> tuple[str, float]:
    """`smile=0.8` → ("smile", 0.8), for argparse. Raises ArgumentTypeError."""
    name, sign, number = text.partition("=")
    try:
        if not sign:
            raise ValueError
        return name.strip(), float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=STRENGTH, as in smile=0.8") from None


def channels(text: str) -> float | tuple[int, ...]:
    """`.5` → a ratio, `512,512,256` → channels of each layer, for argparse. Raises ArgumentTypeError."""
    try:
        return tuple(int(number) for number in text.split(",")) if "," in text else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a ratio (0.5) nor a list (512,512,256)") from None


def seconds(text: str) -> float:
    """`10s`, `500ms` or `10` → seconds, for argparse. Raises ArgumentTypeError."""
    number, scale = (text[:-2], 1e-3) if text.endswith("ms") else (text.removesuffix("s"), 1.0)
    try:
        found = float(number) * scale
        if not 0 <= found <= 86_400:
            raise ValueError
        return found
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no time: write it as 10s or 500ms, up to a day") from None


def share(text: str) -> float:
    """`0.7`, from 0 to 1, for argparse. Raises ArgumentTypeError."""
    try:
        if 0 <= float(text) <= 1:
            return float(text)
        raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1") from None


def seed(text: str) -> int:
    """A seed for torch, for argparse. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {(1 << 63) - 1}")
    return int(text)


def check_sheet(sheet: Path | None, *others: Path | None) -> None:
    """Call it before long work. Raises AnycostError when no sheet can be written there, or over one of the `others`."""
    from anycost_models.core.atomic_files import ensure_writable
    from anycost_models.plotting.contact_sheet import image_format

    if sheet is None:
        return
    image_format(sheet)
    if ensure_writable(sheet) in [other.resolve() for other in others if other]:
        raise AnycostError(f"the sheet would be written over {sheet}", "give it another name")


def add_strengths(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """`--set` → strengths, a list of (name, strength); `--hold` → hold, a list of names."""
    parser.add_argument(
        "--set",
        dest="strengths",
        type=strength,
        action="append",
        required=required,
        default=[],
        metavar="NAME=STRENGTH",
        help="an attribute and how far to move it, -2 to 2, where ±1 is strong (see 'anycost attributes')",
    )
    parser.add_argument(
        "--hold",
        action="append",
        default=[],
        metavar="NAME",
        help="an attribute that stays as it is seen, whatever the others do to it",
    )


def add_photo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="a JPEG, PNG, WebP or TIFF file")
    parser.add_argument(
        "--max-megapixels",
        type=megapixels,
        default=150,
        metavar="N",
        help="refuse larger pictures (default: %(default)g)",
    )


def add_face(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--face", type=int, metavar="N", help="which face, as 'anycost faces' numbers them (default: the largest)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", default="embedded", metavar="NAME", help="a generator of 'anycost models list' (default: embedded)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")


def open_session(path: Path, max_megapixels: float, model: str) -> "Session":
    """Raises AnycostError when the photo or a model cannot be read."""
    from anycost_backend.editing.session import Session
    from anycost_backend.photo.memory import EDIT_BYTES
    from anycost_backend.photo.photo import open_photo

    models = load_models(model)
    models.load_beside(with_encoder=False)  # a remembered face needs no encoder
    return Session(open_photo(path, max_megapixels, EDIT_BYTES), models)


def choose_face(session: "Session", number: int | None) -> int:
    """The index of face `number` (from 1); without a number, of the largest, with a note if there are more.

    Raises AnycostError when there is no such face."""
    count = len(session.faces)
    if count == 0:
        raise NoFaceError(
            f"no face was found in {session.photo.path}", "choose a photo that shows both eyes and the mouth of a face"
        )
    if number is None:
        if count > 1:
            print(f"{count} faces found: taking the largest; --face 2 and so on choose another", file=sys.stderr)
        return 0
    if not 1 <= number <= count:
        faces = "one face" if count == 1 else f"{count} faces"
        raise AnycostError(f"there is no face {number}: the picture has {faces}", "see 'anycost faces'")
    return number - 1


class ProjectionBar:
    """Called with each step of a projection; shows it in a terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self.bar = tqdm(desc="projecting", unit="step", leave=False, disable=not sys.stderr.isatty())

    def __call__(self, step: "ProjectionStep") -> bool:
        self.bar.total = step.steps
        self.bar.n = step.step
        self.bar.set_postfix_str(f"{step.sub}, {step.psnr:.1f} dB", refresh=False)
        self.bar.update(0)
        self.bar.refresh()
        return True


@contextmanager
def projection_bar() -> Iterator[ProjectionBar]:
    bar = ProjectionBar()
    try:
        yield bar
    finally:
        bar.bar.close()


def load_models(model: str) -> "Models":
    """Raises AnycostError when there is no such generator."""
    from anycost_models.hub.imported_models import model_path

    from anycost_backend.editing.models import Models

    model_path(model)
    return Models(model)
