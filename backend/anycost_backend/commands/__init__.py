"""The sub-commands of `anycost`: one module each, with `add(subparsers)` and `run(args) -> exit code`."""
