"""Reads the command line, runs the command, and turns every failure into one clear message and an exit code."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import run_demo
import run_install
import run_tests
from checkout import ROOT
from errors import InstallError
from progress import Progress


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--torch",
        choices=("cpu", "default"),
        help="cpu: the small build, which a new environment gets anyway; "
        "default: the build that pip takes by itself, on Linux several GB for GPUs",
    )
    common.add_argument("--verbose", action="store_true", help="print everything that pip says")

    top = argparse.ArgumentParser(
        prog="python3 installer",
        description="Sets Anycost Face Editor up on this machine. Everything stays inside this folder (.venv, demo), "
        "apart from the models, which lie in your user data folder, and what 'install' puts into the editors.",
        epilog="Each command may be stopped with Ctrl-C and run again: it continues where it stopped. "
        "'python3 installer COMMAND --help' explains a command.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "demo",
        parents=[common],
        help="set up, edit the face in a real photo, and show before and after",
        description="Sets up, edits the face in a real photo (smile and age), and says where the before/after sheet "
        "lies and what each step cost. Needs about 3 GB of disk; takes minutes the first time, seconds the next.",
    )
    commands.add_parser(
        "test",
        parents=[common],
        usage="python3 installer test [-h] [--torch {cpu,default}] [--verbose] [-- PYTEST_ARGUMENT ...]",
        help="set up what the tests need, and run every check and test",
        description="Sets up, then runs ruff, mypy and pytest. What follows '--' goes to pytest: -- -k composite",
    )
    for name, about, more in (
        (
            "install",
            "put the plug-in and its backend in place for the editors of this machine",
            "Sets up the private environment, fetches the models, and puts the plug-in into every profile that "
            "is found. Again: brings it up to date.",
        ),
        (
            "remove",
            "take the plug-in out of the editors of this machine",
            "Takes away what 'install' put into the editors' profiles. The private environment and the models stay.",
        ),
    ):
        command = commands.add_parser(name, parents=[common], help=about, description=more)
        command.add_argument("--krita", action="store_true", help="for Krita")
        command.add_argument("--gimp", action="store_true", help="for GIMP 3")
        command.add_argument(
            "--prefix", type=Path, metavar="FOLDER", help="a folder that stands in for your home folder"
        )
        command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 a fault that the message explains, 130 stopped with Ctrl-C; a failed check's own."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    arguments, rest = parser().parse_args(words[:cut]), words[cut + 1 :]
    if rest and arguments.command != "test":
        parser().error("only 'test' takes arguments after '--'")

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a path may hold what a console cannot show
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, and takes the children along
    progress = Progress(sys.stdout, verbose=arguments.verbose)
    try:
        if arguments.command == "demo":
            return run_demo.run(ROOT, arguments.torch, progress)
        if arguments.command in ("install", "remove"):
            if not (arguments.krita or arguments.gimp):
                raise InstallError(f"say for which editor: 'python3 installer {arguments.command} --krita', or --gimp")
            prefix = arguments.prefix and arguments.prefix.absolute()
            targets = run_install.targets_of(prefix, arguments.krita, arguments.gimp)
            if arguments.command == "install":
                return run_install.install(ROOT, arguments.torch, targets, arguments.dry_run, progress)
            others = [] if arguments.krita else run_install.krita_targets(prefix)
            others += [] if arguments.gimp else run_install.gimp_targets(prefix)
            return run_install.remove(ROOT, targets, others, arguments.dry_run, progress)
        return run_tests.run(ROOT, arguments.torch, progress, rest)
    except InstallError as error:
        print(f"installer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("installer: stopped. Run the same command again to continue", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"installer: {error}. Mend that, then run the same command again", file=sys.stderr)
        return 2
