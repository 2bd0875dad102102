"""`anycost cache`: what is remembered of edited faces and of this machine, and how to forget it."""

import argparse
import json
from typing import Any

from anycost_backend.cli import options

_WHAT = {
    "latents": "latents of faces that were edited; gone after 90 days without use",
    "graphs": "networks as graphs; gone after 90 days without use",
    "compiled": "networks as they are compiled for this machine; gone after 90 days without use",
    "times": "what sub-generators take on this machine",
    "consistency": "measurements of generators",
}


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "cache",
        help="list and clear what is remembered",
        description="Lists and clears what is remembered, so that it need not be computed again. All of it is made anew"
        " when it is needed: a face's latent in some 15 seconds, a graph in one.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|clear")
    for name, action, text in (
        ("list", _list, "show what is remembered, and how much of it"),
        ("clear", _clear, "forget it"),
    ):
        sub = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == "clear":
            sub.add_argument("what", nargs="*", metavar="WHAT", help=f"only these of {', '.join(_WHAT)} (default: all)")
        options.add_json(sub)
        sub.set_defaults(run=action)


def _list(args: argparse.Namespace) -> int:
    rows = []
    for name, cache in _caches().items():
        files = cache.files()
        rows.append(
            {"name": name, "files": len(files), "bytes": sum(p.stat().st_size for p in files), "about": _WHAT[name]}
        )
    if args.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print(f"{row['name']:12} {row['files']:5} files {row['bytes'] / 1e6:8.1f} MB  {row['about']}")
        print(f"in {_caches()['latents'].folder.parent}")
    return 0


def _clear(args: argparse.Namespace) -> int:
    """Raises AnycostError for an unknown name, or when a file cannot be removed."""
    from anycost_models.core.errors import AnycostError

    caches = _caches()
    for name in args.what:
        if name not in caches:
            raise AnycostError(f"there is no cache '{name}'", f"name one of {', '.join(caches)}")
    freed = {}
    for name in args.what or caches:
        try:
            freed[name] = caches[name].clear()
        except OSError as error:
            raise AnycostError(
                f"cannot clear {caches[name].folder} ({error.strerror})", "check the permissions of the folder"
            ) from error
    if args.json:
        print(json.dumps(freed))
    else:
        print(f"freed {sum(freed.values()) / 1e6:.1f} MB: {', '.join(freed)}")
    return 0


def _caches() -> dict[str, Any]:
    from anycost_models.export.graph_cache import GRAPHS
    from anycost_models.inference.compiled_cache import COMPILED
    from anycost_models.previews.latency_table import TIMES

    from anycost_backend.editing.projection import CONSISTENCY, LATENTS

    return {cache.name: cache for cache in (LATENTS, GRAPHS, COMPILED, TIMES, CONSISTENCY)}
