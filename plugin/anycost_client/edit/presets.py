"""Named strengths to use again and to share, as JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anycost_client.core.errors import ClientError

MAX_STRENGTH = 2.0  # beyond ±2 no picture is natural, and the backend refuses
_MAX_BYTES = 65_536
_FORMAT = 1


@dataclass(frozen=True)
class Preset:
    name: str
    strengths: Mapping[str, float]  # attribute → −2…2

    def to_json(self) -> str:
        return json.dumps({"anycost_preset": _FORMAT, "name": self.name, "strengths": dict(self.strengths)}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Preset":
        """Raises ClientError for anything else than a preset."""
        try:
            if len(text) > _MAX_BYTES:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(text)
            if content["anycost_preset"] != _FORMAT:
                raise ClientError("the preset was made by another version", "update the plug-in")
            name, strengths = content["name"], content["strengths"]
            if not isinstance(name, str):
                raise ValueError(name)
            return cls(name[:100], {attribute[:100]: checked(strength) for attribute, strength in strengths.items()})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ClientError("this is not a preset", "choose a file that was saved as one") from error


def checked(strength: Any) -> float:
    """Raises ClientError for what is no number from −2 to 2."""
    if type(strength) not in (int, float) or not math.isfinite(strength) or abs(strength) > MAX_STRENGTH:
        raise ClientError(f"a strength of {strength!s:.20} is refused", "use −2 to 2; ±1 is strong")
    return float(strength)
