"""Parses the procedure's arguments: strengths such as "smile=0.8, age=-0.4", and faces."""

from collections.abc import Mapping

from anycost_client.core.errors import ClientError
from anycost_client.edit.presets import checked
from anycost_client.protocol.messages import Face

_MAX_CHARACTERS = 10_000  # characters


def strengths(text: str) -> dict[str, float]:
    """Raises ClientError for what is no list of NAME=STRENGTH, with strengths from −2 to 2."""
    if len(text) > _MAX_CHARACTERS:
        raise ClientError("the list of strengths is too long", "write NAME=STRENGTH, … once for each attribute")
    found: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        try:
            value = float(number.replace("−", "-"))
        except ValueError:
            sign, value = "", 0.0
        if not sign or not name:
            raise ClientError(f"'{part:.60}' is no strength", "write NAME=STRENGTH, such as smile=0.8, age=-0.4")
        if name in found:
            raise ClientError(f"'{name:.60}' is named twice", "name each attribute once")
        found[name] = checked(value)
    return found


def written(values: Mapping[str, float]) -> str:
    """As `strengths` reads it."""
    return ", ".join(f"{name}={value:.4g}" for name, value in values.items())


def chosen(text: str, faces: tuple[Face, ...]) -> tuple[int, ...]:
    """Ids of the faces that "all", "1" or "1, 3" names; 1 is the largest. Raises ClientError."""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if words in ([], ["all"]):
        return tuple(face.id for face in faces)
    ids = []
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) < 5) or int(word) < 1:
            raise ClientError(f"'{word:.20}' names no face", "write all, or numbers such as 1, 3; 1 is the largest")
        if int(word) > len(faces):
            there = "only one face" if len(faces) == 1 else f"only {len(faces)} faces"
            raise ClientError(
                f"there is no face {word}: {there} can be seen", "name one that is there; the largest is 1"
            )
        ids.append(faces[int(word) - 1].id)
    return tuple(dict.fromkeys(ids))


def numbers(ids: tuple[int, ...], faces: tuple[Face, ...]) -> str:
    """As `chosen` reads it: "all" where these are all."""
    there = [face.id for face in faces]
    if set(ids) >= set(there):
        return "all"
    return ", ".join(str(there.index(id) + 1) for id in ids if id in there)
