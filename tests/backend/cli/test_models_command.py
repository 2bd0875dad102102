"""`anycost models`: imported models are stored, listed, found by name, checked and removed; nothing bad is stored."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from anycost_backend import __main__ as command
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.stylegan2 import BLUR, StyleGAN2Generator
from anycost_models.generators.stylegan2_checkpoint_import import generator_layout, read_published
from anycost_models.hub import imported_models
from anycost_models.weights import EMBEDDED_GENERATOR

Caught = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A generator of 16 px in the published format, with 8 channels everywhere."""
    torch.manual_seed(0)
    shapes = {
        key: [n if isinstance(n, int) else 8 for n in shape] for key, (_, shape) in generator_layout(3, 2).items()
    }
    state = {key: torch.tensor(BLUR) * 4 if "kernel" in key else torch.randn(shape) for key, shape in shapes.items()}
    torch.save({"g_ema": state}, tmp_path / "My Model.pt")
    return tmp_path / "My Model.pt"


@pytest.fixture
def cases(tmp_path: Path, checkpoint: Path) -> Path:
    """A folder of cases, drawn by this program itself."""
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "model.pt").write_bytes(checkpoint.read_bytes())
    model, latent = read_published(checkpoint), torch.randn(1, 6, 8)
    assert isinstance(model, StyleGAN2Generator)
    (folder / "cases.json").write_text(json.dumps({"cases": [{"name": "full", "resolution": 16}]}))
    np.savez(folder / "expected.npz", wplus=latent, full=model(latent))
    return folder


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    code = command.main([str(word) for word in words])
    said = capfd.readouterr()
    return code, said.out, said.err


def test_an_imported_model_is_listed_found_by_its_name_and_removed(checkpoint: Path, capfd: Caught) -> None:
    code, out, err = anycost(capfd, "models", "import", checkpoint)
    assert (code, err) == (0, "")
    assert out == "my-model: generator, 16 px, 6 styles of 8, imported: choose it with --model my-model\n"
    stored = load_generator(imported_models.model_path("my-model"))
    latent = torch.randn(1, 6, 8)
    torch.testing.assert_close(stored(latent), read_published(checkpoint)(latent), atol=1e-5, rtol=1e-5)  # type: ignore[operator]
    assert "imported    my-model " in anycost(capfd, "models", "list")[1]
    assert anycost(capfd, "models", "remove", "my-model") == (0, "my-model: removed\n", "")
    assert imported_models.imported_models() == []


def test_json_says_the_same(checkpoint: Path, capfd: Caught) -> None:
    imported = json.loads(anycost(capfd, "models", "import", checkpoint, "--name", "other", "--json")[1])
    assert (imported["name"], imported["family"], imported["state"]) == ("other", "stylegan2", "imported")
    assert Path(imported["path"]).is_file()
    assert imported in json.loads(anycost(capfd, "models", "list", "--json")[1])
    assert json.loads(anycost(capfd, "models", "remove", "other", "--json")[1]) == {"removed": imported["path"]}


def test_what_cannot_be_read_is_not_stored(checkpoint: Path, empty_home: Path, capfd: Caught) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    code, out, err = anycost(capfd, "models", "import", checkpoint)
    assert (code, out) == (2, "")
    assert "is truncated" in err
    assert err.count("\n") == 1
    assert not [path for path in empty_home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["../up", "", "Big", "embedded", ".hidden", "a" * 64])
def test_bad_names_are_refused_before_anything_is_read(tmp_path: Path, capfd: Caught, name: str) -> None:
    code, _, err = anycost(capfd, "models", "import", tmp_path / "not there.pt", "--name", name)
    assert code == 2
    assert "choose another with --name" in err if name == "embedded" else "cannot name a model" in err


def test_a_name_is_not_given_twice(checkpoint: Path, capfd: Caught) -> None:
    assert anycost(capfd, "models", "import", checkpoint)[0] == 0
    code, _, err = anycost(capfd, "models", "import", checkpoint)
    assert code == 2
    assert "there is a model 'my-model' already" in err


def test_a_model_without_a_name_is_the_embedded_one(checkpoint: Path, capfd: Caught) -> None:
    assert imported_models.model_path() == imported_models.model_path("embedded") == EMBEDDED_GENERATOR
    anycost(capfd, "models", "import", checkpoint)
    with pytest.raises(AnycostError, match="there is no model 'mine': choose embedded or my-model, or import one"):
        imported_models.model_path("mine")


def test_boundaries_are_no_generator_and_a_damaged_model_says_so(
    tmp_path: Path, checkpoint: Path, capfd: Caught
) -> None:
    torch.save({"31_Smiling": torch.ones(1, 8)}, tmp_path / "b.pt")
    assert "b: 1 boundaries in styles of 8, imported\n" in anycost(capfd, "models", "import", tmp_path / "b.pt")[1]
    with pytest.raises(AnycostError, match="'b' is no generator"):
        imported_models.model_path("b")
    anycost(capfd, "models", "import", checkpoint)
    path = imported_models.model_path("my-model")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(AnycostError, match="'my-model' is damaged: remove it"):
        imported_models.model_path("my-model")
    assert "damaged     my-model" in anycost(capfd, "models", "list")[1]


def test_check_prints_the_largest_difference_of_each_case(cases: Path, capfd: Caught) -> None:
    code, out, err = anycost(capfd, "models", "check", cases)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith("  full")
    assert out.splitlines()[-1] == "1 of 1 agree to 0.0001 (largest absolute difference)"


def test_check_fails_where_one_differs(cases: Path, capfd: Caught) -> None:
    arrays = dict(np.load(cases / "expected.npz"))
    np.savez(cases / "expected.npz", **arrays | {"full": arrays["full"] + np.float32(0.5)})
    code, out, _ = anycost(capfd, "models", "check", cases)
    assert code == 1
    assert "5.0e-01  DIFFERS  full" in out
    code, out, _ = anycost(capfd, "models", "check", cases, "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["cases"][0]["name"], said["cases"][0]["ok"]) == (1, False, "full", False)
    assert said["cases"][0]["difference"] == pytest.approx(0.5, abs=1e-3)


def test_check_explains_a_folder_that_is_none(tmp_path: Path, capfd: Caught) -> None:
    code, out, err = anycost(capfd, "models", "check", tmp_path)
    assert (code, out) == (2, "")
    assert "cases.json" in err
    assert err.count("\n") == 1


def test_listing_goes_without_torch() -> None:
    script = """
import sys
from anycost_backend.__main__ import main
main(["models", "list"])
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0
