"""What lies on the disk between two runs may hold anything, even rightly signed: it is used only if it makes sense."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from anycost_backend.editing import projection
from anycost_backend.editing.projection import LATENTS
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import Direction
from anycost_models.editing.user_attributes import LatentSpace, UserAttribute, read, write
from anycost_models.export.graph_cache import GraphCache
from anycost_models.previews import latency_table
from anycost_models.previews.latency_table import TIMES, Latency, LatencyTable, remembered
from anycost_models.weights import EMBEDDED_GENERATOR
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

EXAMPLES = int(os.environ.get("ANYCOST_FUZZ", "60"))  # more by this variable
KEY = "0" * 40
PLACE = LatentSpace("model", 16, 512)
SHAPE = 2, 8

numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 1e308, 1 << 70])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8) | st.sampled_from(["encoder", "refined"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("ANYCOST_HOME", str(folder))
        yield folder


def damaged(content: bytes, data: st.DataObject) -> bytes:
    """With some bytes changed, or cut short."""
    raw = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, min(len(raw), 400) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.integers(0, 4)) == 0:
        del raw[data.draw(st.integers(0, len(raw))) :]
    return bytes(raw)


@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_latent_is_used_only_if_it_can_be_drawn(data: st.DataObject) -> None:
    scores: dict[str, Any] = {
        "psnr": 20.0,
        "enl0": None,
        "deviation": 0.5,
        "steps": 9,
        "seconds": 1.0,
        "complete": True,
        "stage": "refined",
    }
    for _ in range(data.draw(st.integers(0, 2))):
        scores[data.draw(st.sampled_from([*scores, "more"]))] = data.draw(values)
    latent = np.zeros(data.draw(st.sampled_from([SHAPE, SHAPE, (8, 2), (16,)])), np.float32)
    latent.flat[0] = data.draw(st.sampled_from([0, 1, np.nan, np.inf, 1e30]))
    dtype = data.draw(st.sampled_from([np.float32, np.float32, np.float16, np.int32]))
    with np.errstate(all="ignore"):
        content = save({"latent": latent.astype(dtype)}, {"scores": json.dumps(scores)})
    LATENTS.write(KEY, damaged(content, data))
    found = projection._read(KEY, SHAPE)
    if found is None:
        assert LATENTS.read(KEY) is None
    else:
        assert (found.latent.shape, found.latent.dtype, found.stage) == (SHAPE, np.float32, "refined")
        assert np.isfinite(found.latent).all()
        json.dumps(found.scores(), allow_nan=False)


@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_latency_table_is_used_only_if_previews_can_choose_from_it(data: st.DataObject) -> None:
    graphs = GraphCache(EMBEDDED_GENERATOR, pytest.fail)
    rows = (Latency(64, 1.0, 5.0), Latency(1024, 1.0, 200.0))
    content: Any = json.loads(msgspec.json.encode(LatencyTable("cpu", "openvino", 0, rows)))
    for _ in range(data.draw(st.integers(0, 2))):
        part = data.draw(st.sampled_from([content, *content["rows"]])) if isinstance(content["rows"], list) else content
        if isinstance(part, dict):
            part[data.draw(st.sampled_from([*part, "more"]))] = data.draw(values)
    TIMES.write(latency_table._key(graphs), damaged(json.dumps(content).encode(), data))
    table = remembered(graphs)
    if table is None:
        assert TIMES.read(latency_table._key(graphs)) is None
    else:
        assert table.full.resolution == 1024
        assert latency_table.choose(table, 33, 256) in [row.sub for row in table.rows]


@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_an_attributes_file_is_refused_or_moves_latents(home: Path, data: st.DataObject) -> None:
    vector = np.linspace(-1, 1, 512, dtype=np.float32)
    path = home / "freckles.safetensors"
    write(UserAttribute(Direction("freckles", "Own", "none … many", "face", (7, 16), vector), "model"), path)
    path.write_bytes(damaged(path.read_bytes(), data))
    try:
        direction = read(path, PLACE).direction
    except AnycostError as error:
        str(error).encode()
    else:
        first, last = direction.layers
        assert 0 <= first < last <= PLACE.styles
        assert np.isfinite(direction.vector).all()
        json.dumps([direction.name, direction.about, direction.region]).encode()
