"""Runs the command that was asked for, and turns every failure into one clear message and an exit code."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anycost_installer.commands import build, demo, doctor, install, remove, repair, test, update
from anycost_installer.commands import bundle as run_bundle
from anycost_installer.commands.arguments import parser
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine, this_machine
from anycost_installer.core.progress import Progress
from anycost_installer.lockfile import relock

Answer = tuple[int, dict[str, Any]]  # exit code, and what to print as JSON


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 done but something is wrong (a failed check's own), 2 a fault that the message explains,
    130 stopped with Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    arguments, rest = parser().parse_args(words[:cut]), words[cut + 1 :]
    if rest and arguments.command != "test":
        parser().error("only 'test' takes arguments after '--'")

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a path may hold what a console cannot show
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, and takes the children along
    try:
        with answering(getattr(arguments, "json", False)) as answer:
            progress = Progress(sys.stdout, verbose=arguments.verbose)
            code, facts = run(arguments, rest, progress)
            answer(facts)
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


def run(arguments: argparse.Namespace, rest: Sequence[str], progress: Progress) -> Answer:
    match arguments.command:
        case "demo":
            return demo.run(ROOT, arguments.torch, progress), {}
        case "test":
            return test.run(ROOT, arguments.torch, progress, rest), {}
        case "build":
            return build.build(ROOT, arguments.folder, progress), {}
        case "relock":
            return relock.relock(), {}
        case "bundle":
            file, system, python = arguments.file, arguments.system, arguments.python
            return run_bundle.bundle(ROOT, file, system, python, arguments.dry_run, progress), {}
    machine = this_machine(prefix(arguments))
    match arguments.command:
        case "install":
            options = install.Options(
                arguments.krita, arguments.gimp, arguments.torch, arguments.bundle, arguments.dry_run
            )
            return install.install(ROOT, machine, options, progress, asking(arguments))
        case "update":
            return updated(arguments, machine, progress)
        case "repair":
            return repair.repair(ROOT, machine, arguments.bundle, progress)
        case "remove":
            return removed(arguments, machine, progress)
        case _:
            return doctor.doctor(ROOT, machine, progress)


def updated(arguments: argparse.Namespace, machine: Machine, progress: Progress) -> Answer:
    if not arguments.dry_run and not asking(arguments)("Update what is installed?"):
        return 0, {"done": False}
    torch, bundle, dry_run = arguments.torch, arguments.bundle, arguments.dry_run
    code = update.update(ROOT, machine.places, torch, bundle, dry_run, progress)
    return code, {"done": code == 0 and not dry_run}


def removed(arguments: argparse.Namespace, machine: Machine, progress: Progress) -> Answer:
    def options(dry_run: bool) -> remove.Options:
        chosen = arguments.krita, arguments.gimp, arguments.models, arguments.presets
        return remove.Options(*chosen, dry_run)

    if arguments.dry_run or somebody_answers(arguments):
        answer = remove.remove(machine, options(dry_run=True), progress)
        if arguments.dry_run:
            return answer
        if not asking(arguments)("\nGo on?"):
            progress.say("Nothing was changed.")
            return 0, {"done": False}
    return remove.remove(machine, options(dry_run=False), progress)


def prefix(arguments: argparse.Namespace) -> Path | None:
    """Raises InstallError for something that can be no home folder."""
    if arguments.prefix is None:
        return None
    folder: Path = arguments.prefix.absolute()
    if folder.exists() and not folder.is_dir():
        raise InstallError(f"--prefix {folder} is not a folder", "name a folder")
    return folder


def somebody_answers(arguments: argparse.Namespace) -> bool:
    return not (arguments.yes or arguments.json) and sys.stdin.isatty()


def asking(arguments: argparse.Namespace) -> Callable[[str], bool]:
    """Asks where somebody can answer; elsewhere the command itself is the answer."""

    def ask(question: str) -> bool:
        if not somebody_answers(arguments):
            return True
        try:
            return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")
        except EOFError:
            return False

    return ask


@contextmanager
def answering(as_json: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yields what prints the answer. With JSON everything else goes to stderr, also what children print."""
    if not as_json:
        yield lambda facts: None
        return
    sys.stdout.flush()
    out, sys.stdout = sys.stdout, sys.stderr
    first = os.dup(1)
    os.dup2(2, 1)
    facts: list[dict[str, Any]] = []
    try:
        yield facts.append
    finally:
        os.dup2(first, 1)
        os.close(first)
        sys.stdout = out
    for fact in facts:
        print(json.dumps(fact, indent=1, ensure_ascii=False), flush=True)
