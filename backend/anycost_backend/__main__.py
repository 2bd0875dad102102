"""The `anycost` command: parses, dispatches, and turns errors into one clear line."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from anycost_models.core.errors import AnycostError, exhausted
from anycost_models.core.private_folders import close_to_others

COMMANDS = (
    "edit",
    "batch",
    "faces",
    "project",
    "render",
    "attributes",
    "models",
    "cache",
    "evaluate",
    "search",
    "train",
    "serve",
    "bridge",
    "bench",
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="anycost",
        description="Edit faces in photographs with attribute sliders, on this machine, without a GPU.",
        epilog="'anycost COMMAND --help' explains a command.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"anycost_backend.cli.{name}").add(commands)
    return top


class _Version(argparse.Action):
    """Looked up when asked for: that takes longer than all else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from importlib.metadata import version

        print(f"anycost {version('anycost-face-editor')}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 the answer is "no" (a check failed), 2 bad input or a fault that the message explains."""
    # OpenMP's threads spin while they wait, which on a busy machine costs several times what it saves.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console without ψ or … shows a question mark instead
    args = parser().parse_args(argv)
    close_to_others()
    try:
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except AnycostError as error:
        print(f"anycost {args.command}: {exhausted(error) or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"anycost {args.command}: cancelled, nothing was changed", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output left, as in `anycost attributes | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush does not complain
        return 0


if __name__ == "__main__":
    sys.exit(main())
