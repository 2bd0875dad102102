"""The `anycost` command: parses, dispatches, and turns errors into one clear line."""

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from anycost_models.core.errors import AnycostError, NoFaceError, exhausted
from anycost_models.core.private_folders import close_to_others

from anycost_backend.photo.file_names import EXTENSIONS
from anycost_backend.photo.memory import is_out_of_memory, out_of_memory

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
    """Exit codes: 0 done, 1 the answer is "no" (a check failed, there is no face), 2 bad input or a fault that the
    message explains, 128 and its number after a signal."""
    # Threads that spin while they wait cost, on a busy machine, several times what they save. Those of NumPy's algebra
    # (OpenBLAS) always do, and its systems here are small: one thread, said before NumPy is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console without ψ or … shows a question mark instead
    args = parser().parse_args(with_file_names(sys.argv[1:] if argv is None else argv))
    close_to_others()
    try:
        with _ended_by_signals():
            code: int = args.run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as error:
        print(f"anycost {args.command}: cancelled, nothing was changed", file=sys.stderr)
        return 128 + error.number if isinstance(error, _Ended) else 2
    except BrokenPipeError:  # the reader of our output left, as in `anycost attributes | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush does not complain
        return 0
    except Exception as error:
        if is_out_of_memory(error) and not str(error).startswith("not enough memory"):
            error = out_of_memory("it")
        if not isinstance(error, AnycostError):
            raise
        says_it = error.cause.startswith("cannot write")  # and which file
        print(f"anycost {args.command}: {(not says_it and exhausted(error)) or error}", file=sys.stderr)
        return 1 if isinstance(error, NoFaceError) else 2


def with_file_names(words: Sequence[str]) -> list[str]:
    """The words, with names of photos that begin with a dash told from options: -x.png becomes ./-x.png."""
    told = list[str]()
    for word in words:
        is_photo = word.startswith("-") and Path(word).suffix.lower() in EXTENSIONS and "=" not in word
        after_output = bool(told) and told[-1] in ("-o", "--output", "--sheet")
        told.append(f"./{word}" if is_photo and (after_output or Path(word).is_file()) else word)
    return told


class _Ended(KeyboardInterrupt):
    """The process was asked to end: unfinished files are removed on the way out, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number  # of the signal


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Within the block, SIGTERM and SIGHUP raise _Ended, unless something else listens to them."""

    def end(number: int, _: object) -> None:
        raise _Ended(number)

    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = [one for one in asked if signal.getsignal(one) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        ours = []
    for one in ours:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
