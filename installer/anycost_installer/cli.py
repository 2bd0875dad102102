"""The entry point: runs one command and turns every error into a message and an exit code."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anycost_installer.commands import build, bundle, demo, doctor, install, remove, repair, test, update
from anycost_installer.commands.arguments import parser
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine, this_machine
from anycost_installer.core.progress import Progress
from anycost_installer.lockfile import relock

Outcome = tuple[int, dict[str, Any]]  # exit code, result for --json


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line `argv` and returns the exit code.

    0: done; 1: done, but a check failed; 2: an error that was printed; 130: stopped with Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    arguments, rest = parser().parse_args(words[:cut]), words[cut + 1 :]
    if rest and arguments.command != "test":
        parser().error("only 'test' takes arguments after '--'")

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a path may contain characters that the console cannot encode
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, which also ends the child processes
    try:
        with json_output(getattr(arguments, "json", False)) as print_json:
            progress = Progress(sys.stdout, verbose=arguments.verbose)
            code, facts = run(arguments, rest, progress)
            print_json(facts)
            return code
    except InstallError as error:
        print(f"installer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("installer: stopped. Run the same command again to continue", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"installer: {error}; fix that, then run the same command again", file=sys.stderr)
        return 2


def run(arguments: argparse.Namespace, rest: Sequence[str], progress: Progress) -> Outcome:
    """Calls the command's module. `rest`: what follows "--". Raises InstallError."""
    match arguments.command:
        case "demo":
            return demo.run(ROOT, progress), {}
        case "test":
            return test.run(ROOT, arguments.torch, progress, rest), {}
        case "build":
            return build.build(ROOT, arguments.folder, progress), {}
        case "relock":
            return relock.relock(), {}
        case "bundle":
            file, system, python = arguments.file, arguments.system, arguments.python
            return bundle.bundle(ROOT, file, system, python, arguments.dry_run, progress), {}
    machine = this_machine(prefix(arguments))
    match arguments.command:
        case "install":
            options = install.Options(arguments.krita, arguments.gimp, arguments.bundle, arguments.dry_run)
            return install.install(ROOT, machine, options, progress, confirmation(arguments))
        case "update":
            return run_update(arguments, machine, progress)
        case "repair":
            return repair.repair(ROOT, machine, arguments.bundle, progress)
        case "remove":
            return run_remove(arguments, machine, progress)
        case _:
            return doctor.doctor(ROOT, machine, progress)


def run_update(arguments: argparse.Namespace, machine: Machine, progress: Progress) -> Outcome:
    """Asks, then updates. Raises InstallError."""
    if not arguments.dry_run and not confirmation(arguments)("Update what is installed?"):
        return 0, {"done": False}
    code = update.update(ROOT, machine.paths, arguments.bundle, arguments.dry_run, progress)
    return code, {"done": code == 0 and not arguments.dry_run}


def run_remove(arguments: argparse.Namespace, machine: Machine, progress: Progress) -> Outcome:
    """Shows what would be removed, asks, then removes. Raises InstallError and OSError."""

    def options(dry_run: bool) -> remove.Options:
        chosen = arguments.krita, arguments.gimp, arguments.models, arguments.presets
        return remove.Options(*chosen, dry_run)

    if arguments.dry_run or asks(arguments):
        outcome = remove.remove(machine, options(dry_run=True), progress)
        if arguments.dry_run:
            return outcome
        if not confirmation(arguments)("\nGo on?"):
            progress.say("Nothing was changed.")
            return 0, {"done": False}
    return remove.remove(machine, options(dry_run=False), progress)


def prefix(arguments: argparse.Namespace) -> Path | None:
    """The folder of `--prefix`; None without it. Raises InstallError for a path that is not a folder."""
    if arguments.prefix is None:
        return None
    folder: Path = arguments.prefix.absolute()
    if folder.exists() and not folder.is_dir():
        raise InstallError(f"--prefix {folder} is not a folder", "name a folder")
    return folder


def asks(arguments: argparse.Namespace) -> bool:
    """Whether the user is asked before something is changed."""
    return not (arguments.yes or arguments.json)


def confirmation(arguments: argparse.Namespace) -> Callable[[str], bool]:
    """Returns a function that asks a yes/no question; with --yes or --json the answer is yes.

    It raises InstallError where nobody can answer."""

    def ask(question: str) -> bool:
        if not asks(arguments):
            return True
        try:
            return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")
        except EOFError:
            raise InstallError("nobody answered", "add --yes to go on without a question") from None

    return ask


@contextmanager
def json_output(as_json: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yields a function that prints a command's result as JSON; it does nothing unless `as_json`.

    With JSON, all other output goes to stderr, also the output of child processes."""
    if not as_json:
        yield lambda facts: None
        return
    sys.stdout.flush()
    out, sys.stdout = sys.stdout, sys.stderr
    real_stdout = os.dup(1)
    os.dup2(2, 1)
    facts: list[dict[str, Any]] = []
    try:
        yield facts.append
    finally:
        os.dup2(real_stdout, 1)
        os.close(real_stdout)
        sys.stdout = out
    for fact in facts:
        print(json.dumps(fact, indent=1, ensure_ascii=False), flush=True)
