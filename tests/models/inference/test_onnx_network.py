"""Both runtimes give the same results, and say what is wrong with a file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from anycost_models.core.errors import AnycostError
from anycost_models.hub.catalogue import path_of
from anycost_models.inference import onnx_network
from anycost_models.inference.compiled_cache import COMPILED

PHOTO = skimage.data.astronaut()[40:296, 100:356][None].astype(np.float32) / 255  # [1, 256, 256, 3]


def chips(count, size):
    """`count` different small pictures [N, 3, S, S] as the age and gender networks take them."""
    channels_first = PHOTO.transpose(0, 3, 1, 2)[..., 20 : 20 + size, 100 : 100 + size] - 0.45
    return np.concatenate([channels_first * (1 - 0.1 * i) for i in range(count)])


CASES = [
    ("face_landmarks", PHOTO, 256),
    ("face_blendshapes", np.random.default_rng(0).uniform(40, 220, (1, 146, 2)), 1),
    ("selfie_matte", PHOTO, 1),
    ("age", chips(3, 64), 1),
    ("gender", chips(3, 32), 1),
]


@pytest.mark.parametrize(("name", "array", "scale"), CASES, ids=[case[0] for case in CASES])
def test_runtimes_agree(name, array, scale):
    """Within 1/255 of the outputs' range: 0…1, or a picture's width in pixels for landmarks."""
    pytest.importorskip("openvino")
    one, other = (onnx_network.load(path_of(name), kind)(array) for kind in onnx_network.RUNTIMES)
    assert [a.shape for a in one] == [b.shape for b in other]
    for a, b in zip(one, other, strict=True):
        assert np.isfinite(a).all()
        assert np.abs(a - b).max() < scale / 255


@pytest.mark.parametrize("runtime", onnx_network.RUNTIMES)
def test_a_network_answers_alike_after_it_gave_its_memory_back(runtime: str):
    pytest.importorskip(runtime)
    network = onnx_network.load(path_of("face_landmarks"), runtime)
    before = network(PHOTO)
    network.release()
    assert all(np.array_equal(a, b) for a, b in zip(before, network(PHOTO), strict=True))


def test_a_kept_network_answers_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr("anycost_models.core.signed_cache.cache_dir", lambda: tmp_path)
    file = path_of("face_landmarks")
    first = onnx_network.load(file, "openvino")
    (kept,) = (tmp_path / "compiled").iterdir()
    again = onnx_network.load(file, "openvino")
    assert again.input_shapes == first.input_shapes
    assert all(np.array_equal(a, b) for a, b in zip(first(PHOTO), again(PHOTO), strict=True))
    alone = onnx_network.load(file, "openvino", threads=1)
    assert list((tmp_path / "compiled").iterdir()) == [kept]  # the same, however many threads run it
    assert all(np.array_equal(a, b) for a, b in zip(first(PHOTO), alone(PHOTO), strict=True))
    key, blob = kept.name.split("-")[0], kept.read_bytes()
    for damaged in (blob[: len(blob) // 2], b"something else"):
        COMPILED.write(key, damaged)  # as another release might leave it: signed, and unreadable
        assert np.array_equal(onnx_network.load(file, "openvino")(PHOTO)[0], first(PHOTO)[0])
    COMPILED.clear()
    assert all(np.array_equal(a, b) for a, b in zip(first(PHOTO), again(PHOTO), strict=True))  # it holds its file
    kept.write_bytes(blob + b"!")  # by whoever has no key
    assert np.array_equal(onnx_network.load(file, "openvino")(PHOTO)[0], first(PHOTO)[0])


def test_what_was_compiled_needs_its_graph_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr("anycost_models.core.signed_cache.cache_dir", lambda: tmp_path)
    asked: list[str] = []

    def read() -> bytes:
        asked.append("face_landmarks")
        return path_of("face_landmarks").read_bytes()

    for _ in range(2):
        onnx_network.load_named("0" * 32, read, Path("landmarks"), "openvino")
    assert asked == ["face_landmarks"]
    onnx_network.load_named("0" * 32, read, Path("landmarks"), "onnxruntime")  # keeps nothing
    assert len(asked) == 2


@pytest.mark.parametrize("runtime", onnx_network.RUNTIMES)
def test_the_runtime_tells_nobody_that_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str):
    """Both keep an id in the home folder before they send anything."""
    pytest.importorskip(runtime)
    model = path_of("selfie_matte")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path / "ours"))  # where the compiled network goes
    for name in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    imports = "from pathlib import Path; from anycost_models.inference.onnx_network import load"
    code = f"{imports}; load(Path({str(model)!r}), {runtime!r})"
    subprocess.run([sys.executable, "-c", f"{code}; import sys; assert {runtime!r} in sys.modules"], check=True)
    assert list(home.iterdir()) == []


def test_a_signal_harms_nobody_after_networks_came_and_went():
    """OpenVINO changes the stack on which a thread takes its signals, here while another network is alive."""
    pytest.importorskip("openvino")
    code = f"""
import os, signal
from pathlib import Path
from anycost_models.inference.onnx_network import load
first = load(Path({str(path_of("selfie_matte"))!r}), "openvino")
second = load(Path({str(path_of("age"))!r}), "openvino")
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("taken"))
os.kill(os.getpid(), signal.SIGTERM)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "taken\n"), ended.stderr


def test_a_free_batch_equals_one_by_one():
    network = onnx_network.load(path_of("age"))
    batch = chips(3, 64)
    (together,) = network(batch)
    alone = np.concatenate([network(one[None])[0] for one in batch])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_results_are_the_callers_own():
    network = onnx_network.load(path_of("selfie_matte"))
    (first,) = network(PHOTO)
    before = first.copy()
    network(np.zeros_like(PHOTO))
    np.testing.assert_array_equal(first, before)


def test_the_environment_chooses_unless_told(monkeypatch):
    monkeypatch.setenv("ANYCOST_RUNTIME", "onnxruntime")
    assert onnx_network.load(path_of("gender")).runtime == "onnxruntime"
    assert onnx_network.choose("onnxruntime") == "onnxruntime"
    monkeypatch.setenv("ANYCOST_RUNTIME", "abacus")
    with pytest.raises(AnycostError, match="unknown runtime 'abacus'"):
        onnx_network.load(path_of("gender"))


def test_without_openvino_onnx_runtime_is_taken(monkeypatch):
    monkeypatch.delenv("ANYCOST_RUNTIME", raising=False)
    find = onnx_network.importlib.util.find_spec
    monkeypatch.setattr(
        onnx_network.importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name)
    )
    assert onnx_network.choose() == "onnxruntime"
    with pytest.raises(AnycostError, match="'openvino' is not installed"):
        onnx_network.choose("openvino")


@pytest.mark.parametrize("kind", onnx_network.RUNTIMES)
def test_missing_and_damaged_files_name_the_remedy(tmp_path, kind):
    pytest.importorskip(kind)
    path = tmp_path / "network.onnx"
    with pytest.raises(AnycostError, match="missing: run 'anycost models fetch'"):
        onnx_network.load(path, kind)
    path.write_bytes(path_of("gender").read_bytes()[:1000])
    with pytest.raises(AnycostError, match=r"damaged .*[:;] run 'anycost models fetch'") as caught:
        onnx_network.load(path, kind)
    assert "\n" not in str(caught.value)


def test_wrong_inputs_are_refused():
    network = onnx_network.load(path_of("selfie_matte"))
    with pytest.raises(ValueError, match=r"takes \[1, 256, 256, 3\], got \[1, 255, 256, 3\]"):
        network(PHOTO[:, 1:])
    with pytest.raises(ValueError, match="takes 1 inputs, got 2"):
        network(PHOTO, PHOTO)
