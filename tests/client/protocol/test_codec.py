"""Messages survive the way through frames; anything else is refused with the one documented error."""

import json
import math
import os
import tracemalloc
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from anycost_client.core.errors import UnknownKind, WireError, WrongVersion
from anycost_client.protocol.codec import decode, decode_reply, decode_request, encode, kind_of
from anycost_client.protocol.messages import (
    BYTES_PER_SAMPLE,
    REPLIES,
    REQUESTS,
    Edit,
    FaceEdit,
    OpenRegion,
    Picture,
    Pong,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("ANYCOST_FUZZ", "60"))  # more by this variable


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    width, height, channels = (draw(st.integers(1, 4)) for _ in range(3))
    depth = draw(st.sampled_from(list(BYTES_PER_SAMPLE)))
    stride = width * channels * BYTES_PER_SAMPLE[depth] + draw(st.integers(0, 3))
    data = draw(st.binary(min_size=stride * height, max_size=stride * height))
    return Picture(width, height, channels, depth, stride, data)  # type: ignore[arg-type]


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field of this type may hold."""
    inner = get_args(hint)
    simple = {
        int: st.integers(-(1 << 53), 1 << 53),
        float: st.floats(-1e300, 1e300),
        str: st.text(max_size=20),
        bool: st.booleans(),
        Picture: pictures(),
    }
    if hint in simple:
        return simple[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(inner)
    if get_origin(hint) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple) if inner[-1] is ... else st.tuples(*map(values, inner))
    if get_origin(hint) is Mapping:
        return st.dictionaries(values(str), values(inner[1]), max_size=3)
    if type(None) in inner:
        return st.none() | values(inner[0])
    return st.builds(hint, **{name: values(type_) for name, type_ in get_type_hints(hint).items()})


def messages() -> st.SearchStrategy[Any]:
    ids = st.text("0123456789abcdef", min_size=1, max_size=64)
    kinds = [
        st.builds(cls, **{**{name: values(type_) for name, type_ in get_type_hints(cls).items()}, "id": ids})
        for cls in (*REQUESTS, *REPLIES)
    ]
    return st.one_of(kinds)


def header(**fields: Any) -> bytes:
    return json.dumps({"version": 1, "kind": "edit", "id": "1", "session": "s", "faces": [], **fields}).encode()


@given(messages())
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_sent_arrives(message: Any) -> None:
    assert decode([bytes(frame) for frame in encode(message)]) == message


@given(st.lists(st.binary(max_size=200) | st.text(max_size=100).map(str.encode), max_size=4))
@settings(max_examples=EXAMPLES, deadline=None)
def test_random_frames_are_refused(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode(frames)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(messages(), st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_mutated_messages_raise_nothing_else(message: Any, data: st.DataObject) -> None:
    first, *blobs = (bytes(frame) for frame in encode(message))
    content = json.loads(first)
    content[data.draw(st.sampled_from(sorted(content)))] = data.draw(json_values)
    mutated = bytearray(json.dumps(content).encode())
    for _ in range(data.draw(st.integers(0, 2))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    blobs = data.draw(st.permutations([*blobs, b"", b"1234"]))[: data.draw(st.integers(0, len(blobs) + 2))]
    try:
        again = decode([bytes(mutated), *blobs])
    except WireError as error:
        str(error).encode()  # it can be shown and sent, whatever the frames held
    else:
        assert decode([bytes(frame) for frame in encode(again)]) == again


@pytest.mark.parametrize(
    ("wrong", "about"),
    [
        ({"id": ""}, "id"),
        ({"id": "ü"}, "id"),
        ({"id": "1" * 65}, "id"),
        ({"session": 5}, "session"),
        ({"session": None}, "session"),
        ({"faces": {}}, "faces"),
        ({"faces": [{"face": True, "strengths": {}}]}, "face"),
        ({"faces": [{"face": 0, "strengths": {"smile": "1"}}]}, "strengths"),
        ({"faces": [{"face": 0, "strengths": {"smile": math.nan}}]}, "strengths"),
        ({"faces": [{"face": 0, "strengths": {"smile": math.inf}}]}, "strengths"),
        ({"faces": [{"face": 0}]}, "strengths"),
        ({"quality": "finest"}, "quality"),
        ({"sequence": 1 << 60}, "sequence"),
        ({"sequence": 1.5}, "sequence"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, Any], about: str) -> None:
    with pytest.raises(WireError, match=about):
        decode([header(**wrong)])


def test_ten_gigabytes_are_refused_without_allocating() -> None:
    picture = {"width": 60_000, "height": 60_000, "channels": 3, "bit_depth": "8", "stride": 180_000, "frame": 1}
    claims = json.dumps({"version": 1, "kind": "open_region", "id": "1", "image": picture}).encode()
    tracemalloc.start()
    with pytest.raises(WireError, match="60000×60000"):
        decode([claims, b"few bytes"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("size", [0, 11, 13])
def test_a_picture_must_have_come_as_a_whole(size: int) -> None:
    first = encode(OpenRegion(image=Picture.packed(2, 2, 3, bytes(12))))[0]
    with pytest.raises(WireError, match=r"announces 12 bytes"):
        decode([first, bytes(size)])
    with pytest.raises(WireError, match="did not come"):
        decode([first])


def test_deep_nesting_and_endless_numbers_are_refused() -> None:
    for text in (b"[" * 100_000, b'{"a":' * 50_000, b'{"version":' + b"9" * 10_000 + b"}"):
        with pytest.raises(WireError):
            decode([text])


def test_pictures_are_not_copied() -> None:
    blob = bytearray(12)
    sent = encode(OpenRegion(image=Picture.packed(2, 2, 3, blob)))
    received = decode(sent)
    assert sent[1] is blob
    assert isinstance(received, OpenRegion)
    assert received.image.data is blob


def test_newer_fields_are_ignored() -> None:
    edit = decode([header(faces=[{"face": 0, "strengths": {"smile": 1}, "mood": 3}], flavour="sweet")])
    assert isinstance(edit, Edit)
    assert edit.faces == (FaceEdit(0, {"smile": 1.0}),)


def test_newer_kinds_can_be_answered() -> None:
    with pytest.raises(UnknownKind) as caught:
        decode([header(kind="sing")])
    assert (caught.value.kind, caught.value.id) == ("sing", "1")


def test_another_version_can_be_answered() -> None:
    with pytest.raises(WrongVersion) as caught:
        decode([header(version=2)])
    assert (caught.value.version, caught.value.id) == (2, "1")


@pytest.mark.parametrize(
    ("decoder", "version", "older"),
    [
        (decode_reply, 2, "plug-in"),
        (decode_reply, 0, "backend"),
        (decode_request, 2, "backend"),
        (decode_request, 0, "plug-in"),
    ],
)
def test_of_two_versions_the_older_one_is_to_be_updated(decoder, version: int, older: str) -> None:
    with pytest.raises(WrongVersion, match=f"^the {older} is older .*: update the {older} with 'python3 installer"):
        decoder([header(version=version)])


def test_malformed_requests_can_be_answered() -> None:
    with pytest.raises(WireError) as caught:
        decode([header(quality=3)])
    assert caught.value.id == "1"


def test_each_side_takes_only_what_is_for_it() -> None:
    edit, pong = encode(Edit(session="s", faces=())), encode(Pong(id="1"))
    assert isinstance(decode_request(edit), Edit)
    assert isinstance(decode_reply(pong), Pong)
    with pytest.raises(UnknownKind):
        decode_reply(edit)
    with pytest.raises(UnknownKind):
        decode_request(pong)


def test_not_a_number_is_not_sent() -> None:
    with pytest.raises(WireError, match="cannot be sent"):
        encode(Edit(session="s", faces=(FaceEdit(0, {"smile": math.nan}),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"width": 70_000},
        {"channels": 5},
        {"bit_depth": "12"},
        {"stride": 5},
        {"stride": 1 << 40},
        {"data": b""},
    ],
)
def test_a_picture_is_consistent_or_not_made(wrong: dict[str, Any]) -> None:
    right = {"width": 2, "height": 2, "channels": 3, "bit_depth": "8", "stride": 6, "data": bytes(12)}
    with pytest.raises(WireError):
        Picture(**{**right, **wrong})


def test_kinds_are_the_names_of_the_messages() -> None:
    assert kind_of(OpenRegion) == "open_region"
