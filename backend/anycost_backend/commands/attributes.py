"""`anycost attributes`: what can be changed."""

import argparse
import json
from typing import Any

from anycost_backend.commands import common


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "attributes",
        help="list what can be changed",
        description="Lists the attributes that 'anycost edit --set NAME=STRENGTH' takes; ±1 is a strong, natural edit.",
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from anycost_models.directions import load_directions

    directions = load_directions().by_name.values()
    if args.json:
        fields = ("name", "group", "about", "region", "layers")
        print(json.dumps([{field: getattr(d, field) for field in fields} for d in directions], indent=1))
        return 0
    width = max(len(d.name) for d in directions)
    for group in dict.fromkeys(d.group for d in directions):
        print(group)
        for direction in directions:
            if direction.group == group:
                print(f"  {direction.name:{width}}  {direction.about}")
    return 0
