"""Attributes of the user's own: what they may be called, and of how many faces they are made."""

import re
import unicodedata

MIN_FACES = 4  # faces with it, and as many without it
_MAX_CHARACTERS = 40  # characters


def name_of(text: str) -> str:
    """What people write, as a name: "Große Augen!" → "grosse_augen". "" where no letter is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).lstrip("_0123456789")[:_MAX_CHARACTERS].rstrip("_")
