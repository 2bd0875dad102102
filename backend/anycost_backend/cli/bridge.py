"""`anycost bridge`: for editors whose Python cannot load pyzmq."""

import argparse
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "bridge",
        help="carries messages between an editor and the backend",
        description="Carries messages between its standard input and output and a running backend, for editors that "
        "cannot load pyzmq. Plug-ins start it themselves.",
    )
    parser.add_argument(
        "--connection", type=Path, metavar="FILE", help="the connection file (default: where 'anycost serve' writes it)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Raises AnycostError when there is no backend."""
    from anycost_client.core.errors import ClientError
    from anycost_client.transport import bridge
    from anycost_client.transport.connection_file import default_path
    from anycost_models.core.errors import AnycostError

    try:
        return bridge.run(args.connection or default_path())
    except ClientError as error:
        raise AnycostError(error.cause, error.remedy) from error
