"""`anycost attributes`: what can be changed; attributes of the user's own, learned, exchanged and removed."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_backend.cli import learn_attribute, options

if TYPE_CHECKING:
    pass


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "attributes",
        help="list what can be changed, and add to it",
        description="Lists the attributes that 'anycost edit --set NAME=STRENGTH' takes; ±1 is a strong, natural edit.",
    )
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)
    steps = parser.add_subparsers(metavar="learn, import, export or remove")
    learn_attribute.add(steps)
    taking = steps.add_parser("import", help="take over an attribute that somebody has exported")
    taking.add_argument("file", type=Path, metavar="FILE", help="a .safetensors file")
    taking.add_argument("--name", metavar="NAME", help="call it so (default: as it was called)")
    taking.set_defaults(run=take)
    giving = steps.add_parser("export", help="write an attribute of your own to a file, to share it")
    giving.add_argument("name", metavar="NAME")
    giving.add_argument("file", type=Path, metavar="FILE", help="the .safetensors file to write")
    giving.set_defaults(run=give)
    removing = steps.add_parser("remove", help="remove an attribute of your own")
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(run=remove)


def run(args: argparse.Namespace) -> int:
    from anycost_models.editing.user_attributes import all_of

    parts = options.parts_of(args.model)
    own, problems = all_of(parts.own_place, parts.shipped)
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    directions = [*parts.shipped.by_name.values(), *(made.direction for made in own.values())]
    if args.json:
        fields = ("name", "group", "about", "region", "layers")
        entries = [{field: getattr(d, field) for field in fields} for d in directions]
        for entry in entries:
            if made := own.get(entry["name"]):
                entry["report"] = dict(made.report)
        print(json.dumps(entries, indent=1))
        return 0
    width = max(len(d.name) for d in directions)
    for group in dict.fromkeys(d.group for d in directions):
        print(group)
        for direction in directions:
            if direction.group == group:
                doubt = (
                    "" if own.get(direction.name) is None or _holds(own[direction.name].report) else "  (does not hold)"
                )
                print(f"  {direction.name:{width}}  {direction.about}{doubt}")
    return 0


def take(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from anycost_models.core.errors import AnycostError
    from anycost_models.editing.user_attributes import check_free, path_of, read, store

    parts = options.parts_of(args.model)
    made = read(args.file, parts.own_place)
    if args.name:
        made = replace(made, direction=replace(made.direction, name=args.name))
    name = made.direction.name
    check_free(name, parts.shipped)
    if path_of(name).exists():
        raise AnycostError(f"there is an attribute '{name}' already", "remove it, or choose another with --name")
    store(made)
    print(f"'{name}' can be used now: {made.direction.about}")
    return 0


def give(args: argparse.Namespace) -> int:
    from anycost_models.editing.user_attributes import path_of, read, write

    made = read(path_of(args.name), options.parts_of(args.model).own_place)
    write(made, args.file)
    print(f"{args.file} written")
    return 0


def remove(args: argparse.Namespace) -> int:
    from anycost_models.editing import user_attributes

    user_attributes.remove(args.name)
    print(f"'{args.name}' is removed")
    return 0


def _holds(report: Any) -> bool:
    return bool(report.get("holds", True))
