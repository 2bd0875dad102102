"""The command line of `python3 installer`."""

import argparse
from pathlib import Path

SYSTEMS = ("linux-x86_64", "linux-aarch64", "windows-amd64", "macos-arm64")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; the chosen one is in `command`."""
    top = argparse.ArgumentParser(
        prog="python3 installer",
        description="Installs Anycost Face Editor on this machine. 'install' puts it into Krita and GIMP and into your "
        "user data folder; 'demo' and 'test' stay inside this folder (.venv, demo), apart from the models.",
        epilog="Each command may be stopped with Ctrl-C and run again: it continues where it stopped. "
        "'python3 installer COMMAND --help' explains a command.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_install, _update, _repair, _remove, _doctor, _bundle, _build, _relock, _demo, _test):
        add(commands)
    return top


def _install(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "install",
        parents=[_verbose(), _json(), _editors(), _home(), _from(), _dry_run(), _yes()],
        help="install the plug-in and its backend for the editors of this machine",
        description="Finds Krita and GIMP, lists what it will install where, with sizes, and asks. Then it makes the "
        "private environment, fetches the models, puts the plug-in into every profile that was found, and tests "
        "the result. Run again, it brings an installation to this version.",
    )


def _update(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "update",
        parents=[_verbose(), _json(), _home(), _from(), _dry_run(), _yes()],
        help="update the installation to the version of this folder, or leave it as it was",
        description="Installs the new version beside the old one, switches to it, tests it, and goes back if it fails.",
    )


def _repair(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "repair",
        parents=[_verbose(), _json(), _home(), _from()],
        help="check every installed file by its hash, and repair only what is wrong",
        description="Compares plug-ins, packages and models with the hashes of the installation, replaces what "
        "differs, and tests the result.",
    )


def _remove(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "remove",
        parents=[_verbose(), _json(), _editors(), _home(), _dry_run(), _yes()],
        help="remove everything that 'install' made",
        description="Removes the plug-in from the editors and, with the last of them, everything else that 'install' "
        "made: the private environment, caches, logs. Models and presets stay unless you say otherwise.",
    )
    command.add_argument("--models", choices=("keep", "remove"), default="keep", help="the models (default: keep)")
    command.add_argument("--presets", choices=("keep", "remove"), default="keep", help="your presets (default: keep)")


def _doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "doctor",
        parents=[_verbose(), _json(), _home()],
        help="show what is installed where, and what is wrong",
        description="Changes nothing. Its output contains no names, folders of yours or keys, so that you can copy it "
        "into a report. Exit code 1 if something is wrong.",
    )


def _bundle(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "bundle",
        parents=[_verbose(), _dry_run()],
        help="make one file from which a machine without network can install",
        description="Puts packages, models and this installer into one file, for 'install --from FILE'.",
    )
    command.add_argument("file", type=Path, nargs="?", metavar="FILE", help="what to write (default: named by system)")
    command.add_argument("--system", choices=SYSTEMS, help="for which machine (default: this one's kind)")
    command.add_argument("--python", metavar="X.Y", help="for which Python (default: this one's version)")


def _build(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "build",
        parents=[_verbose()],
        help="make the wheel and the source archive, the same bytes each time",
        description="Makes the wheel and the source archive; twice gives the same bytes.",
    )
    command.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="where to (default: dist)")


def _relock(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "relock",
        parents=[_verbose()],
        help="after a change of pins: find the exact release and hash of every package again",
        description="Writes requirements.json from the pins of pyproject.toml. For developers: run it with the "
        "Python of .venv, whose pip must be 25 or newer.",
    )


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser(
        "demo",
        parents=[_verbose()],
        help="set up, edit the face in a real photo, and show before and after",
        description="Sets up, edits the face in a real photo (smile and age), and shows the path of the before/after "
        "sheet and the duration of each step. Needs about 2 GB of disk; takes minutes the first time, then seconds.",
    )


def _test(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "test",
        parents=[_verbose()],
        usage="python3 installer test [-h] [--torch {cpu,default}] [--verbose] [-- PYTEST_ARGUMENT ...]",
        help="set up what the tests need, and run every check and test",
        description="Sets up, then runs ruff, mypy and pytest. Arguments after '--' are for pytest: -- -k composite",
    )
    command.add_argument(
        "--torch",
        choices=("cpu", "default"),
        help="cpu: the small build, the default in a new environment; "
        "default: the build that pip takes by itself, on Linux several GB for GPUs",
    )


# -------------------------------------------------- options of several commands


def _shared() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(add_help=False)


def _verbose() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument("--verbose", action="store_true", help="print all output of pip")
    return shared


def _json() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument(
        "--json", action="store_true", help="print the result as JSON on standard output, all else on standard error"
    )
    return shared


def _editors() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument("--krita", action="store_true", help="Krita alone (default: every editor that is found)")
    shared.add_argument("--gimp", action="store_true", help="GIMP 3 alone")
    return shared


def _home() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument("--prefix", type=Path, metavar="FOLDER", help="a folder to use instead of your home folder")
    return shared


def _from() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument(
        "--from",
        type=Path,
        metavar="FILE",
        dest="bundle",
        help="install from the file that 'bundle' made, without a network",
    )
    return shared


def _dry_run() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument("--dry-run", action="store_true", help="only show what would be done")
    return shared


def _yes() -> argparse.ArgumentParser:
    shared = _shared()
    shared.add_argument("--yes", action="store_true", help="do not ask")
    return shared
