"""`anycost attributes`: the list, and the user's own: learned from images, exchanged, used, removed."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from anycost_backend.__main__ import main
from anycost_backend.editing.models import Models
from anycost_backend.photo.photo import open_photo
from anycost_models.editing import user_attributes
from anycost_models.editing.directions import Direction
from anycost_models.editing.user_attributes import UserAttribute
from anycost_models.generators.sub_generator import SubGenerator
from PIL import Image

Caught = pytest.CaptureFixture[str]


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err


@pytest.fixture
def own(home: Path, models: Models) -> UserAttribute:
    """As if it had been learned: it lightens the hair."""
    hair = models.shipped_directions.direction("hair_lightness")
    direction = Direction("sunny", "Own", "indoors … sunny", "head", hair.layers, hair.vector)
    attribute = UserAttribute(direction, models.renderer.file.sha256, {"right": 0.9, "holds": True})
    user_attributes.store(attribute)
    return attribute


def test_an_own_attribute_is_listed_used_shared_and_removed(
    home: Path, tmp_path: Path, models: Models, own: UserAttribute, quick: None, capfd: Caught
) -> None:
    code, out, _ = anycost(capfd, "attributes")
    assert code == 0
    assert out.index("Own\n") > out.index("Expression\n")
    assert "indoors … sunny" in out
    code, out, _ = anycost(capfd, "attributes", "--json")
    (entry,) = [entry for entry in json.loads(out) if entry["name"] == "sunny"]
    assert entry["report"] == {"right": 0.9, "holds": True}

    file = tmp_path / "sunny.safetensors"
    assert anycost(capfd, "attributes", "export", "sunny", file)[0] == 0
    assert anycost(capfd, "attributes", "import", file)[0] == 2  # there is one already
    assert anycost(capfd, "attributes", "import", file, "--name", "bright")[0] == 0
    assert anycost(capfd, "attributes", "remove", "sunny")[0] == 0
    code, out, _ = anycost(capfd, "attributes")
    assert "bright" in out
    assert "sunny " not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("remove", "smile"), "no own attribute 'smile'"),
        (("remove", "../x"), "no name for an attribute"),
        (("export", "none", "x.safetensors"), "no attribute file"),
        (("import", "none.safetensors"), "no attribute file"),
        (("learn", "smile", "--positive", ".", "--negative", "."), "comes with the program"),
        (("learn", "new", "--positive", ".", "--negative", "."), "holds 0 pictures"),
        (("learn", "new", "--positive", "none", "--negative", "."), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    home: Path,
    tmp_path: Path,
    models: Models,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Caught,
    words: tuple[str],
    said: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, _, err = anycost(capfd, "attributes", *words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_an_attribute_is_learned_from_pictures(home: Path, tmp_path: Path, models: Models, capfd: Caught) -> None:
    for folder, strength in (("with", 1.3), ("without", -1.3)):
        (tmp_path / folder).mkdir()
        for number in range(5):
            latent = models.renderer.sample(100 * number + len(folder), 0.6)
            picture = models.renderer.render8(models.directions.apply(latent, {"yaw": strength}), SubGenerator(256))
            Image.fromarray(picture).save(tmp_path / folder / f"{number}.png")
    Image.fromarray(skimage.data.chelsea()).save(tmp_path / "with" / "cat.png")
    file = tmp_path / "turned.safetensors"
    folders = ("--positive", tmp_path / "with", "--negative", tmp_path / "without")
    code, out, err = anycost(capfd, "attributes", "learn", "turned", *folders, "--output", file, "--json")
    assert code == 0
    assert "cat.png: no face" in err
    answer = json.loads(out)
    assert (answer["with"], answer["without"]) == (5, 5)
    assert anycost(capfd, "attributes", "import", file)[0] == 0
    latent = models.renderer.sample(7, 0.6)
    left, right = (
        models.measure(models.directions.apply(latent, {"turned": strength}))["yaw"] for strength in (-1.0, 1.0)
    )
    assert right - left > 5  # degrees


@pytest.mark.slow
def test_an_edit_holds_and_matches(home: Path, tmp_path: Path, models: Models, quick: None, capfd: Caught) -> None:
    photo, other, output = (tmp_path / name for name in ("photo.png", "other.png", "edited.png"))
    Image.fromarray(np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])).save(photo)
    turned = models.directions.apply(models.renderer.sample(5, 0.5), {"yaw": 1.2})
    Image.fromarray(models.renderer.render8(turned, SubGenerator(256))).save(other)
    words = ("edit", photo, "-o", output, "--match", f"pose={other}", "--set", "smile=-0.5", "--hold", "eyes_open")
    code, out, err = anycost(capfd, *words, "--json")
    assert code == 0, err
    assert "yaw +" in err
    answer = json.loads(out)
    assert answer["strengths"]["yaw"] > 0.3
    assert answer["strengths"]["smile"] == -0.5
    assert list(answer["held"]) == ["eyes_open"]
    assert (open_photo(output).pixels != open_photo(photo).pixels).any()
    for wrong in (("--match", "mood=x.png"), ("--hold", "smlie", "--set", "smile=1"), ()):
        code, _, err = anycost(capfd, "edit", photo, "-o", output, *wrong)
        assert code == 2
        assert err
