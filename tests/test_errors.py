"""Every error for people says what is wrong and what helps: two fields, never empty, put together in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from anycost_client.core.errors import ClientError
from anycost_models.core.errors import AnycostError

ROOT = Path(__file__).parents[1]
SOURCES = ("models", "backend", "plugin", "installer", "benchmarks")
FAMILIES = {"AnycostError", "ClientError", "InstallError"}


def classes() -> Iterator[tuple[Path, ast.AST]]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def error_names() -> dict[str, list[str]]:
    """Exception class → the names of the arguments it takes, subclasses of the three families included."""
    found: dict[str, tuple[set[str], list[str] | None]] = {}
    for _, tree in classes():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                made = [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"]
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                found[node.name] = bases, [a.arg for a in made[0].args.args[1:]] if made else None
    names = {name: found[name][1] or [] for name in FAMILIES}
    while more := {n: own or names[b] for n, (bs, own) in found.items() for b in bs if b in names and n not in names}:
        names |= more
    return names


NAMES = error_names()


def raised() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in classes():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def field(call: ast.Call, name: str) -> ast.expr | None:
    """The argument of that name; None where it is left out."""
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    takes = NAMES[getattr(call.func, "id", "")]
    by_place = dict(zip(takes, call.args, strict=False))
    return by_name.get(name) or by_place.get(name)


def test_every_error_has_a_cause_and_a_remedy() -> None:
    checked = 0
    for place, call in raised():
        takes = NAMES[getattr(call.func, "id", "")]
        if "cause" not in takes or any(isinstance(argument, ast.Starred) for argument in call.args):
            continue  # says both itself, or takes them from another
        checked += 1
        cause, remedy = field(call, "cause"), field(call, "remedy")
        assert cause is not None, place
        assert remedy is not None or "WireError" in ast.unparse(call.func), f"{place} names no remedy"
        for value in (cause, remedy):
            if isinstance(value, ast.Constant):
                assert isinstance(value.value, str), place
                assert value.value.strip(), f"{place} has an empty field"
                assert not value.value.endswith("."), f"{place} ends with a full stop"
    assert checked > 300


def test_nobody_cuts_an_error_apart_again() -> None:
    for path, tree in classes():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("partition", "rpartition", "split"):
                cut = getattr(node.func, "value", None)
                is_error = isinstance(cut, ast.Call) and ast.unparse(cut) in ("str(error)", "tr(str(error))")
                assert not (is_error and node.args), f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("kind", [AnycostError, ClientError])
def test_it_reads_as_one_line(kind: type[AnycostError] | type[ClientError]) -> None:
    assert str(kind("the disk is full", "free some space")) == "the disk is full: free some space"
    two = kind("cannot read a.png: it is a folder", "name a picture in it")
    assert str(two) == "cannot read a.png: it is a folder; name a picture in it"
    assert (two.cause, two.remedy) == ("cannot read a.png: it is a folder", "name a picture in it")
