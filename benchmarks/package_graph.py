"""Writes docs/pictures/packages.svg: which package imports which, from the import graph.

    PYTHONPATH=models:backend:plugin:plugin/krita:plugin/gimp:installer python benchmarks/package_graph.py

An arrow goes from a package to one that it imports. Arrows that follow from others are left out (transitive
reduction)."""

import argparse
import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from xml.sax.saxutils import escape

import grimp

OUTPUT = Path(__file__).parents[1] / "docs" / "pictures" / "packages.svg"
PANELS = (  # rows of distributions, as they are drawn
    ("anycost_krita", "anycost_gimp", "anycost_client", "anycost_backend"),
    ("anycost_models", "anycost_installer"),
)
BOX, BEND, HIGH, ACROSS, DOWN, PAD, TITLE = 104, 4, 26, 14, 30, 16, 44  # pixels
STYLE = (
    "text{font:12px sans-serif;fill:#222;text-anchor:middle}.title{font-weight:bold;font-size:14px;text-anchor:start}"
    ".about{fill:#666;text-anchor:start}.panel{fill:#f7f7f4;stroke:#bbb}.box{fill:#fff;stroke:#678}"
    ".arrow{fill:none;stroke:#8295a8;stroke-width:1.2;marker-end:url(#head)}"
)
Arrows = Mapping[str, frozenset[str]]  # package → those it imports


@dataclass(frozen=True)
class Panel:
    root: str
    others: tuple[str, ...]  # distributions of ours that it imports
    arrows: Arrows

    @cached_property
    def paths(self) -> list[list[str]]:
        """Each arrow as the packages and bends (such as "core|edit|2") that it passes, one for each level."""
        level: dict[str, int] = {}
        for package in sorted(self.arrows):
            _level(package, self.arrows, level)
        return [
            [p, *(f"{p}|{o}|{n}" for n in range(level[p] - 1, level[o], -1)), o]
            for p in sorted(self.arrows)
            for o in sorted(self.arrows[p])
        ]

    @cached_property
    def rows(self) -> list[list[str]]:
        """Packages and bends by level, each above all that it imports, and near to what imports it."""
        level: dict[str, int] = {}
        for package in sorted(self.arrows):
            _level(package, self.arrows, level)
        for path in self.paths:
            level |= {bend: level[path[0]] - i for i, bend in enumerate(path[:-1])}
        above = {
            name: [path[i] for path in self.paths for i in range(len(path) - 1) if path[i + 1] == name]
            for name in level
        }
        place: dict[str, float] = {}
        rows: list[list[str]] = []
        for number in sorted(set(level.values()), reverse=True):
            row = sorted(name for name in level if level[name] == number)
            row.sort(key=lambda name: fmean(place[a] for a in above[name]) if above[name] else 0.5)
            place |= {name: (i + 0.5) / len(row) for i, name in enumerate(row)}
            rows.append(row)
        return rows

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        widest = max(*map(_width, self.rows), 2 * BOX + ACROSS)
        return widest + 2 * PAD, TITLE + len(self.rows) * (HIGH + DOWN) - DOWN + PAD


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="SVG file to write")
    args = parser.parse_args()
    args.output.write_text(svg(), encoding="utf-8")
    print(f"{args.output} written")


def svg() -> str:
    """The whole picture; the same text for the same imports."""
    parts: list[str] = []
    y = wide = 0
    for row in PANELS:
        panels = [panel_of(root) for root in row]
        x = 0
        for panel in panels:
            parts.append(f'<g transform="translate({x},{y})">{drawn(panel)}</g>')
            x += panel.size[0] + PAD
        wide, y = max(wide, x - PAD), y + max(panel.size[1] for panel in panels) + PAD
    head = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {wide + 2} {y - PAD + 2}" width="{wide + 2}">\n'
        f'<style>{STYLE}</style><defs>{head}<path d="M0 0L8 4L0 8z" fill="#8295a8"/></marker></defs>\n'
        '<rect x="-1" y="-1" width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def drawn(panel: Panel) -> str:
    wide, high = panel.size
    parts = [f'<rect class="panel" width="{wide}" height="{high}" rx="6"/>']
    parts.append(f'<text class="title" x="{PAD}" y="20">{escape(panel.root)}</text>')
    if panel.others:
        others = ", ".join(other.removeprefix("anycost_") for other in panel.others)
        parts.append(f'<text class="about" x="{PAD}" y="36">imports {escape(others)}</text>')
    middle: dict[str, tuple[float, int]] = {}  # of its upper edge
    for number, row in enumerate(panel.rows):
        x = (wide - _width(row)) / 2
        for name in row:
            middle[name] = x + _wide(name) / 2, TITLE + number * (HIGH + DOWN)
            x += _wide(name) + ACROSS
    for path in panel.paths:
        (x, y), *rest = (middle[name] for name in path)
        line = f"M{x:g} {y + HIGH}"
        for x1, y1 in rest:
            line += f"C{x:g} {y1 - DOWN / 2:g} {x1:g} {y1 - DOWN / 2:g} {x1:g} {y1}" + f"V{y1 + HIGH}" * (
                (x1, y1) != rest[-1]
            )
            x = x1
        parts.append(f'<path class="arrow" d="{line}"/>')
    for package in sorted(panel.arrows):
        x, y = middle[package]
        about = escape(purpose(f"{panel.root}.{package}"))
        parts.append(f'<rect class="box" x="{x - BOX / 2:g}" y="{y}" width="{BOX}" height="{HIGH}" rx="4"/>')
        parts.append(f'<text x="{x:g}" y="{y + 17}"><title>{about}</title>{escape(package)}</text>')
    return "".join(parts)


def _wide(name: str) -> int:
    return BEND if "|" in name else BOX


def _width(row: Sequence[str]) -> int:
    return sum(map(_wide, row)) + ACROSS * (len(row) - 1)


def panel_of(root: str) -> Panel:
    graph = _graph()
    packages = sorted(child for child in graph.find_children(root) if graph.find_children(child))
    inside = {package: {package, *graph.find_descendants(package)} for package in packages}
    imports = {p: {i for m in inside[p] for i in graph.find_modules_directly_imported_by(m)} for p in packages}
    arrows = {_last(p): {_last(o) for o in packages if o != p and inside[o] & imports[p]} for p in packages}
    everywhere = {i.partition(".")[0] for found in imports.values() for i in found}
    return Panel(root, tuple(sorted(everywhere & set(_roots()) - {root})), _reduced(arrows))


def purpose(package: str) -> str:
    """The first sentence of its `__init__.py`."""
    spec = find_spec(package)
    text = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def _reduced(arrows: Mapping[str, set[str]]) -> Arrows:
    """Without arrows to what is reached through another arrow anyway."""

    def reached(package: str) -> set[str]:
        return {other for o in arrows[package] for other in {o} | reached(o)}

    return {p: frozenset(o for o in found if not any(o in reached(x) for x in found)) for p, found in arrows.items()}


def _level(package: str, arrows: Arrows, level: dict[str, int]) -> int:
    if package not in level:
        level[package] = 1 + max((_level(other, arrows, level) for other in arrows[package]), default=-1)
    return level[package]


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*_roots(), cache_dir=None)


def _roots() -> Sequence[str]:
    return [root for row in PANELS for root in row]


def _last(package: str) -> str:
    return package.rpartition(".")[2]


if __name__ == "__main__":
    main()
