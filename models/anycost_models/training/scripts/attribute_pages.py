"""Measures the shipped attributes on held-out faces, and makes the table, chart and sheets of docs/attributes.md.

    python -m anycost_models.training.scripts.attribute_pages measure --faces 500 --work FOLDER
    python -m anycost_models.training.scripts.attribute_pages table --work FOLDER
    python -m anycost_models.training.scripts.attribute_pages sheets

The work folder is that of fit_directions. An interrupted measurement continues.
"""

import argparse
from pathlib import Path

from anycost_models.training.directions import attribute_pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "table", "sheets"))
    parser.add_argument("--faces", type=int, default=500)
    parser.add_argument("--work", type=Path, default=Path("work"), metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=Path("docs/pictures/attributes"), metavar="FOLDER")
    args = parser.parse_args()
    if args.what == "measure":
        written = [attribute_pages.measure(args.faces, args.work)]
    elif args.what == "table":
        text, chart = attribute_pages.table(args.work, args.output)
        print(text)
        written = [chart]
    else:
        written = attribute_pages.sheets(args.output)
    for path in written:
        print(f"{path} written")


if __name__ == "__main__":
    main()
