"""`anycost serve`: the local process that editors talk to."""

import argparse
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import options as common


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="the process that editors talk to",
        description="Serves editors on this machine, and nobody else, until the last of them leaves. Plug-ins start it "
        "themselves; docs/protocol.md says what is spoken.",
        epilog="It listens on free ports of 127.0.0.1 and writes them, with the keys that let a client in, to the "
        "connection file, which only its user may read. It ends when the last client leaves or is silent, when its "
        "standard input (a pipe) ends, and when it was idle for long. A second one for the same file ends at once.",
    )
    parser.add_argument(
        "--connection", type=Path, metavar="FILE", help="the connection file (default: where plug-ins look for it)"
    )
    common.add_model(parser)
    parser.add_argument(
        "--idle-minutes",
        type=positive,
        default=30,
        metavar="N",
        help="end after so long without work; 0: never (default: %(default)g)",
    )
    parser.add_argument(
        "--patience",
        type=positive,
        default=8,
        metavar="SECONDS",
        help="without a sign of life from a client before it counts as gone (default: %(default)g)",
    )
    parser.add_argument("--stdin-ends", action="store_true", help="end with standard input even if it is no pipe")
    parser.add_argument(
        "--verbose", action="store_true", help="tell every request on standard error, without pixels and keys"
    )
    parser.set_defaults(run=run)


def positive(text: str) -> float:
    """A value for argparse. Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 up")
    return number


def run(args: argparse.Namespace) -> int:
    """Serves, then ends the process. Raises AnycostError for little memory, and when the connection file cannot be
    written."""
    from anycost_client.core.errors import ConnectionFileError
    from anycost_client.transport.connection_file import default_path
    from anycost_models.core.errors import AnycostError
    from anycost_models.core.malloc_settings import give_back_large_memory
    from anycost_models.hub.imported_models import model_path

    from anycost_backend.photo.memory import EDIT_ADDRESSES, ensure_memory
    from anycost_backend.server.server import Options, serve

    ensure_memory(0, "the backend", EDIT_ADDRESSES)
    give_back_large_memory()
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("anycost_backend").setLevel(logging.DEBUG if args.verbose else logging.INFO)
    model_path(args.model)  # reports an unknown name at once
    options = Options(
        connection_file=args.connection or default_path(),
        model=args.model,
        idle=60 * args.idle_minutes,
        heartbeat=min(2.0, args.patience / 4),
        patience=args.patience,
        stdin_ends=args.stdin_ends,
    )
    try:
        served = serve(options)
    except ConnectionFileError as error:
        raise AnycostError(error.cause, error.remedy) from error
    if not served:
        print(f"a backend is serving {options.connection_file} already: this one ends", file=sys.stderr)
        return 0
    with contextlib.suppress(OSError):  # nobody reads it
        sys.stderr.flush()
    os._exit(0)  # does not wait for a running job
