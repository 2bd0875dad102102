"""`anycost attributes`: lists attributes; learns, imports, exports and removes the user's own."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import learn_attribute, options


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
    importing = steps.add_parser("import", help="take over an attribute that somebody has exported")
    importing.add_argument("file", type=Path, metavar="FILE", help="a .safetensors file")
    importing.add_argument("--name", metavar="NAME", help="call it so (default: as it was called)")
    importing.set_defaults(run=import_)
    exporting = steps.add_parser("export", help="write an attribute of your own to a file, to share it")
    exporting.add_argument("name", metavar="NAME")
    exporting.add_argument("file", type=Path, metavar="FILE", help="the .safetensors file to write")
    exporting.set_defaults(run=export)
    removing = steps.add_parser("remove", help="remove an attribute of your own")
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(run=remove)


def run(args: argparse.Namespace) -> int:
    from anycost_models.editing.user_attributes import all_attributes

    models = options.load_models(args.model)
    own, problems = all_attributes(models.latent_space, models.shipped_directions)
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    directions = [*models.shipped_directions.by_name.values(), *(attribute.direction for attribute in own.values())]
    if args.json:
        fields = ("name", "group", "about", "region", "layers")
        entries = [{field: getattr(d, field) for field in fields} for d in directions]
        for entry in entries:
            if attribute := own.get(entry["name"]):
                entry["report"] = dict(attribute.report)
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


def import_(args: argparse.Namespace) -> int:
    """Raises AnycostError for a damaged file, another model's attribute, and a name that is taken."""
    from dataclasses import replace

    from anycost_models.core.errors import AnycostError
    from anycost_models.editing.user_attributes import check_free, path_of, read, store

    models = options.load_models(args.model)
    attribute = read(args.file, models.latent_space)
    if args.name:
        attribute = replace(attribute, direction=replace(attribute.direction, name=args.name))
    name = attribute.direction.name
    check_free(name, models.shipped_directions)
    if path_of(name).exists():
        raise AnycostError(f"there is an attribute '{name}' already", "remove it, or choose another with --name")
    store(attribute)
    print(f"'{name}' can be used now: {attribute.direction.about}")
    return 0


def export(args: argparse.Namespace) -> int:
    from anycost_models.editing.user_attributes import path_of, read, write

    attribute = read(path_of(args.name), options.load_models(args.model).latent_space)
    write(attribute, args.file)
    print(f"{args.file} written")
    return 0


def remove(args: argparse.Namespace) -> int:
    from anycost_models.editing import user_attributes

    user_attributes.remove(args.name)
    print(f"'{args.name}' is removed")
    return 0


def _holds(report: Any) -> bool:
    return bool(report.get("holds", True))
