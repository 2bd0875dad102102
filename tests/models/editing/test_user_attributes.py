"""The user's own attributes as files: written, read, and refused where they are not what they should be."""

import json
from pathlib import Path

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import Direction, load_directions
from anycost_models.editing.user_attributes import (
    LatentSpace,
    UserAttribute,
    all_attributes,
    path_of,
    read,
    remove,
    store,
    with_user_attributes,
    write,
)
from safetensors.numpy import save_file

PLACE = LatentSpace("abc", 16, 512)
SHIPPED = load_directions()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    return tmp_path


def made(name: str = "freckles", model: str = "abc") -> UserAttribute:
    vector = np.linspace(-1, 1, 512, dtype=np.float32)
    return UserAttribute(
        Direction(name, "Own", "none … many", "face", (7, 16), vector), model, {"right": 0.9, "holds": True}
    )


def test_what_is_stored_is_found_beside_what_comes_with_the_program(home: Path) -> None:
    path = store(made())
    assert path == path_of("freckles")
    assert path.stat().st_size < 4096
    both = with_user_attributes(SHIPPED, PLACE)
    assert list(both.by_name) == [*SHIPPED.by_name, "freckles"]
    found = both.direction("freckles")
    assert (found.about, found.region, found.layers, found.group) == ("none … many", "face", (7, 16), "Own")
    assert np.allclose(found.vector, made().direction.vector, atol=1e-3)
    assert all_attributes(PLACE, SHIPPED)[0]["freckles"].report == {"right": 0.9, "holds": True}
    remove("freckles")
    assert with_user_attributes(SHIPPED, PLACE).by_name == SHIPPED.by_name
    with pytest.raises(AnycostError, match="no own attribute"):
        remove("freckles")


def test_files_that_cannot_be_used_are_named_and_left_out(home: Path) -> None:
    store(made())
    store(made("other_model", "xyz"))
    store(made("smile"))  # a name of the program's
    path_of("damaged").write_bytes(b"nothing")
    path_of("renamed").write_bytes(path_of("freckles").read_bytes())
    found, problems = all_attributes(PLACE, SHIPPED)
    assert list(found) == ["freckles"]
    assert len(problems) == 4
    for word in ("another model", "comes with the program", "damaged", "renamed"):
        assert any(word in problem for problem in problems)


GOOD = {
    "family": "own-attribute",
    "version": "1",
    "name": "a",
    "about": "b",
    "region": "face",
    "layers": "[0, 4]",
    "model": "abc",
}
VECTOR = np.ones(512, np.float16)


@pytest.mark.parametrize(
    ("vector", "metadata"),
    [
        (np.full(512, np.nan, np.float16), {}),
        (np.full(512, np.inf, np.float16), {}),
        (np.full(512, 60000, np.float16), {}),
        (np.zeros(512, np.float16), {}),
        (np.ones(511, np.float16), {}),
        (np.ones((3, 512), np.float16), {}),
        (np.ones(512, np.float32), {}),
        (VECTOR, {"layers": "[0, 17]"}),
        (VECTOR, {"layers": "[true, 4]"}),
        (VECTOR, {"layers": "[" * 100_000}),
        (VECTOR, {"name": "../../evil"}),
        (VECTOR, {"name": "A"}),
        (VECTOR, {"about": "\x1b[31mred"}),
        (VECTOR, {"region": "moon"}),
        (VECTOR, {"family": "directions"}),
        (VECTOR, {"version": "2"}),
        (VECTOR, {"report": "]"}),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, vector: np.ndarray, metadata: dict[str, str]
) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"vector": vector}, path, {**GOOD, **metadata})
    with pytest.raises(AnycostError):
        read(path, PLACE)


def test_reports_hold_numbers_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"vector": VECTOR}, path, {**GOOD, "report": json.dumps({"right": 1, "text": "x" * 99, "deep": [[]]})})
    assert read(path, PLACE).report == {"right": 1}


def test_files_that_are_too_large_missing_or_misnamed(tmp_path: Path) -> None:
    large = tmp_path / "large.safetensors"
    save_file({"vector": np.ones((2000, 512), np.float16)}, large, GOOD)
    with pytest.raises(AnycostError, match="at most"):
        read(large, PLACE)
    with pytest.raises(AnycostError, match="no attribute file"):
        read(tmp_path / "none.safetensors", PLACE)
    for name in ("", "A b", "ä", "x" * 41, "../x"):
        with pytest.raises(AnycostError, match="no name"):
            write(made(name), tmp_path / "x.safetensors")
