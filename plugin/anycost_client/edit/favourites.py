"""What an artist uses most: favourite attributes, and the presets that were used last. The host keeps both as texts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from anycost_client.core.errors import ClientError
from anycost_client.core.translation import mark
from anycost_client.edit.presets import MAX_NAME, Preset
from anycost_client.edit.sliders import Sliders

_MOST_FAVOURITES = 200
_MOST_RECENT = 4
_MAX_TEXT = 32_768  # characters

Rows = Literal["all", "favourites", "changed"]  # which attributes are listed
ROWS: dict[Rows, str] = {
    "all": mark("All sliders"),
    "favourites": mark("Favourites"),
    "changed": mark("Changed"),
}
NO_ROWS: dict[Rows, str] = {  # what is said where none is listed
    "all": mark("No attribute is called like that."),
    "favourites": mark("No favourites yet: the star beside a slider makes it one."),
    "changed": mark("No slider is changed."),
}


class Favourites:
    """Names of attributes, also of those that the present model lacks."""

    def __init__(self, text: str, keep: Callable[[str], None]) -> None:
        """text: what `keep` got last; "" at first."""
        names = text[:_MAX_TEXT].split(",")[:_MOST_FAVOURITES]
        self.names = frozenset(name[:MAX_NAME] for name in names if name)
        self._keep = keep

    def set(self, attribute: str, favourite: bool) -> None:
        self.names = self.names | {attribute} if favourite else self.names - {attribute}
        self._keep(",".join(sorted(self.names)))


@dataclass(frozen=True)
class FittingRows:
    names: frozenset[str]  # of the attributes that are listed
    unfolded: bool  # their groups are open: they were looked for
    none_found: str  # what is said where there are none, to be translated; else ""


class ListedRows:
    """Which attributes are listed. What was changed stays so while it goes back to 0, until another choice."""

    def __init__(self) -> None:
        self.chosen: Rows = "all"
        self._changed: frozenset[str] = frozenset()

    def choose(self, rows: Rows) -> None:
        self.chosen, self._changed = rows, frozenset()

    def fitting(
        self, search: str, texts: Mapping[str, str], sliders: Sliders | None, favourites: Favourites
    ) -> "FittingRows":
        """search: what was typed; it goes through all attributes. texts: name → casefolded text, in which each of its
        words is looked for. sliders: None where there are none yet."""
        words = search.casefold().split()
        listed = self._names(sliders, favourites) if sliders and not words else None
        names = [name for name, text in texts.items() if all(word in text for word in words)]
        found = frozenset(names if listed is None else listed.intersection(names))
        said = "" if found or not texts else NO_ROWS["all" if words else self.chosen]
        return FittingRows(found, bool(words) or listed is not None, said)

    def _names(self, sliders: Sliders, favourites: Favourites) -> frozenset[str] | None:
        """None: all."""
        if self.chosen == "all":
            return None
        if self.chosen == "favourites":
            return favourites.names
        changed = {name for face in sliders.selected for name, s in sliders.values.get(face, {}).items() if s}
        self._changed |= changed
        return self._changed


class RecentPresets:
    """The newest first."""

    def __init__(self, text: str, keep: Callable[[str], None]) -> None:
        """text: what `keep` got last; anything else counts as nothing."""
        self.presets: tuple[Preset, ...] = ()
        self._keep = keep
        try:
            texts = json.loads(text[:_MAX_TEXT] or "[]")
            self.presets = tuple(Preset.from_json(one) for one in texts[:_MOST_RECENT])
        except (ValueError, TypeError, KeyError, RecursionError, ClientError):
            pass  # of another version: it fills again

    def use(self, preset: Preset) -> None:
        """Nothing where it has no name, or no strengths."""
        if preset.name and preset.strengths:
            others = (one for one in self.presets if one.name != preset.name)
            self.presets = (preset, *others)[:_MOST_RECENT]
            self._keep(json.dumps([one.to_json() for one in self.presets]))
