"""docs/protocol.md says what the code does: its examples are read and written byte by byte, and nothing is missing."""

import dataclasses
import io
import json
import re
from pathlib import Path

import pytest
from anycost_client.protocol.codec import decode, encode, kind_of
from anycost_client.protocol.messages import (
    REPLIES,
    REQUESTS,
    Attribute,
    Face,
    FaceEdit,
    KnownFace,
    Message,
    Picture,
    Ping,
)
from anycost_client.transport.connection_file import Connection
from anycost_client.transport.pipe_framing import read_message, write_message

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[list[str]]:
    return [
        block.strip().splitlines() for block in re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    ]


@pytest.mark.parametrize("lines", blocks("frames"), ids=lambda lines: json.loads(lines[0])["kind"])
def test_an_example_is_read_and_written_byte_by_byte(lines: list[str]) -> None:
    frames = [lines[0].encode(), *(bytes.fromhex(line) for line in lines[1:])]
    assert [bytes(frame) for frame in encode(decode(frames))] == frames


def test_the_examples_cover_a_whole_edit() -> None:
    kinds = [json.loads(lines[0])["kind"] for lines in blocks("frames")]
    assert kinds == ["hello", "welcome", "open_region", "region_opened", "edit", "edited", "failed"]


def test_the_pipe_is_as_shown() -> None:
    (lines,) = blocks("pipe")
    shown = bytes.fromhex("".join(lines))
    pipe = io.BytesIO()
    write_message(pipe, 1, encode(Ping(id="p1")))
    assert pipe.getvalue() == shown
    assert read_message(io.BytesIO(shown)) == (1, encode(Ping(id="p1")))


def test_the_connection_file_is_as_shown() -> None:
    (lines,) = blocks("json")
    shown = json.loads("".join(lines))
    assert list(shown) == [field.name for field in dataclasses.fields(Connection)]
    Connection(**shown)


@pytest.mark.parametrize("message", [*REQUESTS, *REPLIES], ids=kind_of)
def test_no_message_and_no_field_is_missing(message: type[Message]) -> None:
    row = next(
        (line for line in PAGE.splitlines() if line.startswith("| ") and f"`{kind_of(message)}`" in line[:20]), ""
    )
    assert row
    for field in dataclasses.fields(message):
        assert field.name == "id" or f"`{field.name}`" in row


@pytest.mark.parametrize("part", [Picture, Face, FaceEdit, KnownFace, Attribute])
def test_no_part_of_a_message_is_missing(part: type) -> None:
    for field in dataclasses.fields(part):
        assert field.name == "data" or re.search(rf'[`"]{field.name}[`"]', PAGE)
