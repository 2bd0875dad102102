"""Stored edits and presets that anybody may have made: they open as something the backend takes, or are refused."""

import base64
import json
import os
from typing import Any

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.presets import Preset
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.codec import decode, encode
from anycost_client.protocol.messages import Edit, FaceEdit, Offset, OpenRegion, Picture
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("ANYCOST_FUZZ", "150"))  # more by this variable

numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 2, 1 << 53, 1e308, 1 << 2000])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8) | st.sampled_from(["\ud800", "AAAA", "x" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
strengths = st.dictionaries(st.text(min_size=1, max_size=30), st.floats(-2, 2), max_size=4)
latents = st.builds(
    lambda height, width, byte: Picture.packed(width, height, 1, bytes([byte]) * (4 * height * width), "32f"),
    st.integers(1, 16),
    st.integers(1, 16),
    st.integers(0, 255),
)
points = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
faces = st.builds(
    RecordedFace,
    corners=st.tuples(points, points, points, points),
    strengths=strengths,
    latent=st.none() | latents,
    held=st.lists(st.text(max_size=30), max_size=3).map(tuple),
    offsets=st.lists(st.builds(Offset, latents, st.floats(-2, 2)), max_size=2).map(tuple),
)
records = st.builds(EditRecord, model=st.text(max_size=64), faces=st.lists(faces, max_size=3).map(tuple))
areas = st.builds(Area, st.integers(-9999, 9999), st.integers(-9999, 9999), st.integers(1, 9), st.integers(1, 9))
edits = areas.flatmap(
    lambda area: st.builds(
        StoredEdit,
        source=st.text(max_size=40),
        area=st.just(area),
        selection=st.none() | st.binary(min_size=area.pixels, max_size=area.pixels),
        record=records,
        time=st.none() | st.integers(0, 9999),
        written=st.none() | st.text(max_size=64),
    )
)
presets = st.builds(Preset, st.text(max_size=100), strengths)


@given(edits)
@settings(max_examples=min(EXAMPLES, 50), deadline=None)
def test_every_stored_edit_is_read_as_it_was_kept(edit: StoredEdit) -> None:
    assert StoredEdit.from_bytes(edit.to_bytes()) == edit


@given(presets)
@settings(max_examples=min(EXAMPLES, 50), deadline=None)
def test_every_preset_is_read_as_it_was_kept(preset: Preset) -> None:
    assert Preset.from_json(preset.to_json()) == preset


def changed(content: Any, data: st.DataObject) -> Any:
    """The JSON value with one part of it, however deep, replaced, left out or added."""
    if isinstance(content, str) and content.startswith("{"):  # a record in its edit
        return json.dumps(changed(json.loads(content), data))
    if not isinstance(content, dict | list) or not content or data.draw(st.integers(0, 3)) == 0:
        return data.draw(values)
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = data.draw(st.sampled_from(keys))
    copy = dict(content) if isinstance(content, dict) else list(content)
    if data.draw(st.integers(0, 5)) == 0:
        del copy[key]
    elif data.draw(st.integers(0, 9)) == 0 and isinstance(copy, dict):
        copy[data.draw(st.text(max_size=300))] = copy[key]
    else:
        copy[key] = changed(copy[key], data)
    return copy


def mutated(text: str | bytes, data: st.DataObject) -> bytes:
    """With a few parts or bytes that are not what they were."""
    content = json.loads(text)
    for _ in range(data.draw(st.integers(0, 2))):
        content = changed(content, data)
    raw = bytearray(json.dumps(content).encode())
    for _ in range(data.draw(st.sampled_from([0, 0, 0, 1, 3]))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.integers(0, 9)) == 0:
        del raw[data.draw(st.integers(0, len(raw))) :]
    return bytes(raw)


@given(edits, st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_mutated_stored_edit_is_refused_or_can_be_sent(edit: StoredEdit, data: st.DataObject) -> None:
    try:
        opened = StoredEdit.from_bytes(mutated(edit.to_bytes(), data))
    except ClientError as error:
        str(error).encode()
        return
    assert StoredEdit.from_bytes(opened.to_bytes()) == opened
    image = Picture.packed(1, 1, 3, bytes(3))
    known = tuple(filter(None, (face.known(opened.record.model, 0, 0) for face in opened.record.faces)))
    named = tuple(
        FaceEdit(number, face.strengths, face.held, face.offsets) for number, face in enumerate(opened.record.faces)
    )
    for request in (OpenRegion(image=image, known=known), Edit(session="s", faces=named)):
        assert decode([bytes(frame) for frame in encode(request)]) == request


@given(presets, st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_mutated_preset_is_refused_or_can_be_sent(preset: Preset, data: st.DataObject) -> None:
    try:
        opened = Preset.from_json(mutated(preset.to_json(), data))
    except ClientError as error:
        str(error).encode()
        return
    assert Preset.from_json(opened.to_json()) == opened
    request = Edit(session="s", faces=(FaceEdit(0, opened.strengths),))
    assert decode([bytes(frame) for frame in encode(request)]) == request


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_anything_is_refused(data: bytes) -> None:
    for read in (StoredEdit.from_bytes, EditRecord.from_json, Preset.from_json):
        with pytest.raises(ClientError):
            read(data)


def test_a_latent_that_unpacks_to_more_than_it_has_is_refused() -> None:
    face = {"corners": [[0, 0]] * 4, "strengths": {}, "latent": base64.b64encode(bytes(16)).decode()}
    for shape in ([1 << 30, 1 << 30], [0, 4], [-2, -2], [2, 2.5], ["2", "2"], [4]):
        content = {"anycost_edit": 1, "model": "m", "faces": [{**face, "latent_shape": shape}]}
        with pytest.raises(ClientError):
            EditRecord.from_json(json.dumps(content))


def test_a_name_that_is_half_a_character_is_refused() -> None:
    face = {"corners": [[0, 0]] * 4, "strengths": {"\ud800": 1}}
    record = {"anycost_edit": 1, "model": "m", "faces": [face]}
    preset = {"anycost_preset": 1, "name": "n", "strengths": {"\ud800": 1}}
    with pytest.raises(ClientError):
        EditRecord.from_json(json.dumps(record))
    for change in ({}, {"strengths": {}, "name": "\udfff"}):
        with pytest.raises(ClientError):
            Preset.from_json(json.dumps({**preset, **change}))
