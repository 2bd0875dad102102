"""`anycost search`: the best sub-generators under a budget."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from anycost_models.core.errors import AnycostError

from anycost_backend.cli import options

if TYPE_CHECKING:
    from anycost_models.search.evolution import SearchStep
    from anycost_models.search.pareto_front import Point


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "search",
        help="find the best sub-generator under a budget",
        description="Searches, by evolution, the numbers of channels whose pictures are nearest to the full"
        " generator's under a budget; or a whole front of budgets. Ctrl-C ends with the best so far.",
        epilog="example: anycost search --budget 0.8G --resolution 256",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--budget", metavar="COST", help="of one picture: MACs as 0.8G or 650M, or a time on this machine as 12ms"
    )
    what.add_argument("--front", action="store_true", help="search under many budgets and keep the best of each")
    parser.add_argument("--resolution", type=int, metavar="R", help="pixels (default: 256; of a front: all there are)")
    parser.add_argument("--samples", type=int, default=16, help="faces to compare pictures on (default: 16)")
    parser.add_argument("--population", type=int, default=40, help="lists of channels at a time (default: 40)")
    parser.add_argument("--generations", type=int, default=20, help="after the first (default: 20)")
    parser.add_argument("--seed", type=options.seed, default=0, help="of faces and chance (default: 0)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="another generator (default: the embedded one)")
    parser.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="where the front is written (default: front.json)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the front, as a PNG or JPEG")
    options.add_json(parser)
    parser.set_defaults(run=options.with_torch(run))


def run(args: argparse.Namespace) -> int:
    """Raises AnycostError for arguments that do not fit together or are out of range."""
    if not args.front and (args.output or args.plot):
        raise AnycostError("--output and --plot are for a front", "add --front, or leave them out")
    return _front(args) if args.front else _budget(args)


def _budget(args: argparse.Namespace) -> int:
    from anycost_models.search.evolution import SearchSettings, search

    settings = SearchSettings(args.samples, args.population, args.generations, args.seed)
    resolution = 256 if args.resolution is None else args.resolution
    with _bar() as on_step:
        found = search(*_models(args), args.budget, resolution, settings, on_step)
    if found.interrupted:
        print("interrupted: this is the best so far", file=sys.stderr)
    if args.json:
        print(msgspec.json.encode(found).decode())
        return 0
    print(f"best      {_line(found.best)}")
    if found.uniform:
        print(f"uniform   {_line(found.uniform)}")
    print(f"{found.measured} lists of channels measured")
    return 0


def _front(args: argparse.Namespace) -> int:
    from anycost_models.core.atomic_files import ensure_writable
    from anycost_models.plotting.contact_sheet import save_image
    from anycost_models.search.evolution import SearchSettings, search_front
    from anycost_models.search.pareto_front import save_front

    output = args.output or Path("front.json")
    ensure_writable(output)
    options.check_sheet(args.plot, output)
    settings = SearchSettings(args.samples, args.population, args.generations, args.seed)
    resolutions = () if args.resolution is None else (args.resolution,)
    with _bar() as on_step:
        found = search_front(*_models(args), resolutions, settings, on_step)
    if found.interrupted:
        print("interrupted: the front holds the best of what was measured", file=sys.stderr)
    save_front(found.front, output)
    if args.plot:
        from anycost_models.search.pareto_chart import pareto_chart

        save_image(args.plot, pareto_chart(found.front, found.uniform))
    if args.json:
        print(msgspec.json.encode(found).decode())
        return 0
    for point in found.front.points:
        print(_line(point))
    print(f"{len(found.front.points)} of {found.measured} lists of channels make the front: {output} written")
    return 0


def _models(args: argparse.Namespace) -> tuple[Any, Any]:
    from anycost_models.generators.checkpoint import load_generator
    from anycost_models.metrics.enl0 import load_perceptual

    return load_generator(*filter(None, [args.weights])), load_perceptual()


@contextmanager
def _bar() -> "Iterator[Callable[[SearchStep], None]]":
    """A progress bar in a terminal."""
    from tqdm import tqdm

    bar = tqdm(desc="drawing faces", unit="list", leave=False, disable=not sys.stderr.isatty())

    def show(step: "SearchStep") -> None:
        bar.total, bar.n = step.total, step.done
        bar.set_description_str(step.doing, refresh=False)
        if step.best:
            bar.set_postfix_str(f"distance {step.best.distance:.4f}", refresh=False)
        bar.refresh()

    try:
        yield show
    finally:
        bar.close()


def _line(point: "Point") -> str:
    time = f"{point.ms:8.1f} ms" if point.ms is not None else ""
    channels = " ".join(map(str, point.channels))
    return (
        f"{point.resolution:5} px {point.macs / 1e9:7.3f} GMAC{time}  distance {point.distance:.4f}"
        f"  PSNR {point.psnr:5.2f} dB  {channels}"
    )
