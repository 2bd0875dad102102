"""State of the sliders: strengths and selection of faces, intensity, locks, undo history, presets. No backend."""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from anycost_client.core.errors import ClientError
from anycost_client.edit.intensity import ScaledStrengths, checked_intensity
from anycost_client.edit.presets import Preset, checked
from anycost_client.edit.undo_history import NOTHING, History, Values, face_edits, with_strengths
from anycost_client.protocol.messages import Attribute, FaceEdit, Offset, Picture
from anycost_client.protocol.values import LITTLE

TAKEN_OVER = " taken over "  # between what it is and a number, in the names of `Sliders.taken`
_DRAWN_BY = {"lens_tint": "glasses"}  # what a face has not got, above 0 that slider draws
NO_OFFSETS: Mapping[int, tuple[Offset, ...]] = MappingProxyType({})


class Sliders:
    """`on_change` is told what changed: "attributes", "selected", "values", "history" or "locks"."""

    def __init__(self, on_change: Callable[[str], None]) -> None:
        self.attributes: tuple[Attribute, ...] = ()
        self.selected: tuple[int, ...] = ()  # faces that the sliders move
        self.locked: frozenset[str] = frozenset()  # attributes that only undo changes, and that others don't drag along
        self.hidden: Mapping[int, Collection[str]] = {}  # face → attributes that show nothing on it
        self.reached: Mapping[int, Mapping[str, float]] = {}  # face → attribute → 0…1 of what was asked that it shows
        self.taken: dict[
            str, Picture
        ] = {}  # what was taken over from other faces; `values` has its amount under its name
        self._scaled = ScaledStrengths(NOTHING, NOTHING)
        self._history = History(self._scaled)
        self._on_change = on_change

    @property
    def values(self) -> Values:
        """As they are seen."""
        return self._scaled.seen

    @property
    def state(self) -> object:
        """The same object while nothing moves, and again when undo or redo leads back here."""
        return self._scaled

    @property
    def names(self) -> frozenset[str]:
        """Of the attributes; empty before the backend has listed them."""
        return frozenset(attribute.name for attribute in self.attributes)

    @property
    def intensity(self) -> float:
        """Of the whole edit, −1…1.5: `values` are this times what was set."""
        return self._scaled.intensity

    def begin(
        self, selected: Iterable[int], values: Values = NOTHING, offsets: Mapping[int, tuple[Offset, ...]] = NO_OFFSETS
    ) -> None:
        """Starts with another image: empties the history, keeps the locks. offsets: taken over before, by face."""
        self.taken = {}
        for face, added in offsets.items():
            named = {self._name_taken(offset.values): offset.amount for offset in added}
            values = with_strengths(values, face, {**values.get(face, {}), **named})
        self.selected, self._scaled = tuple(selected), ScaledStrengths(values, values)
        self._history = History(self._scaled)
        for what in ("selected", "values", "history"):
            self._on_change(what)

    def set_attributes(self, attributes: tuple[Attribute, ...]) -> None:
        self.attributes = attributes
        self._on_change("attributes")

    def select(self, faces: Iterable[int]) -> None:
        self.selected = tuple(faces)
        self._on_change("selected")

    def click_face(self, face: int, several: bool) -> None:
        """Chooses this one alone. several: adds it to the chosen ones, or takes it from them; one stays chosen. The
        chosen ones are in the order found, whichever was clicked first: the sliders show the first one's strengths."""
        without = tuple(one for one in self.selected if one != face)
        if not several:
            self.select((face,))
        elif face not in self.selected:
            self.select(sorted((*self.selected, face)))
        elif without:
            self.select(without)

    def value(self, attribute: str) -> float:
        """Of the first selected face; 0 when none is."""
        return self.values.get(self.selected[0], {}).get(attribute, 0.0) if self.selected else 0.0

    def mixed(self, attribute: str) -> bool:
        """Whether the selected faces differ in it."""
        return len({self.values.get(face, {}).get(attribute, 0.0) for face in self.selected}) > 1

    def shows(self, attribute: str) -> bool:
        """Whether it can be seen on one of the selected faces."""
        return not self.selected or any(self._shows_on(face, attribute) for face in self.selected)

    def _shows_on(self, face: int, attribute: str) -> bool:
        drawn_by = _DRAWN_BY.get(attribute)
        drawn = drawn_by is not None and self.values.get(face, {}).get(drawn_by, 0.0) > 0
        return drawn or attribute not in self.hidden.get(face, ())

    def reach(self, attribute: str) -> float | None:
        """How much of what is asked the first selected face shows, 0…1, where that is little; otherwise None."""
        known = self.reached.get(self.selected[0], {}) if self.selected and self.value(attribute) else {}
        share = known.get(attribute, 1.0)
        return share if share < LITTLE else None

    def set(self, attribute: str, strength: float, done: bool = True) -> None:
        """For all selected faces. `done` is False while a slider is dragged; the drag ends with True, and
        is one step to undo. Raises ClientError for unknown or locked attributes and strengths beyond ±2."""
        self.set_several({attribute: strength}, done)

    def set_several(self, strengths: Mapping[str, float], done: bool = True) -> None:
        """As `set`, of several attributes at once."""
        for attribute, strength in strengths.items():
            checked(strength)
            if attribute in self.locked:
                raise ClientError(f"'{attribute}' is locked", "unlock it to change it")
            if self.attributes and attribute not in self.names and attribute not in self.taken:
                raise ClientError(f"there is no attribute '{attribute:.50}'", "choose one of the list")
        values = self.values
        for face in self.selected:
            values = with_strengths(values, face, {**values.get(face, {}), **strengths})
        self._change(self._scaled.changed(values), done)

    def copy_to(self, faces: Iterable[int]) -> None:
        """Gives these faces the strengths of the first selected one; what is locked stays. One step to undo."""
        values, own = self.values, self.preset("").strengths
        for face in faces:
            now = values.get(face, {})
            kept = {name: value for name, value in now.items() if name in self.locked or name in self.taken}
            values = with_strengths(
                values, face, {name: s for name, s in own.items() if name not in self.locked} | kept
            )
        self._change(self._scaled.changed(values), done=True)

    def set_intensity(self, intensity: float, done: bool = True) -> None:
        """Of all faces; what is locked stays. `done` as in `set`. Raises ClientError for what is not in −1…1.5."""
        intensity = checked_intensity(intensity)
        self._change(self._scaled.at(intensity, self.locked.__contains__, self.taken.__contains__), done)

    def take_over(self, face: int, what: str, strengths: Mapping[str, float], offset: Picture | None) -> None:
        """Takes over from another face: strengths, and an offset, which replaces one of that kind. One step to
        undo. Locked attributes stay."""
        now = dict(self.values.get(face, {}))
        now |= {name: checked(value) for name, value in strengths.items() if name not in self.locked}
        if offset is not None:
            now = {name: value for name, value in now.items() if not name.startswith(what) or name not in self.taken}
            now[self._name_taken(offset, what)] = 1.0
        self._change(self._scaled.changed(with_strengths(self.values, face, now)), done=True)

    def reset(self, attribute: str) -> None:
        """To 0, for the selected faces."""
        self.set(attribute, 0.0)

    def reset_all(self) -> None:
        """Sets all unlocked attributes of the selected faces to 0."""
        self._replace({})

    def apply_preset(self, preset: Preset) -> tuple[str, ...]:
        """Sets all unlocked attributes of the selected faces. Returns the names that this model lacks."""
        known = {name: value for name, value in preset.strengths.items() if not self.attributes or name in self.names}
        self._replace(known)
        return tuple(name for name in preset.strengths if name not in known)

    def preset(self, name: str) -> Preset:
        """Of the first selected face."""
        now = self.values.get(self.selected[0], {}) if self.selected else {}
        return Preset(name, {name: value for name, value in now.items() if name not in self.taken})

    def edits(self) -> tuple[FaceEdit, ...]:
        """The edits to request: locked attributes are held."""
        known = self.names or self.locked
        return face_edits(self.values, tuple(sorted(self.locked & known)), self.taken)

    def lock(self, attribute: str, locked: bool = True) -> None:
        self.locked = self.locked | {attribute} if locked else self.locked - {attribute}
        self._on_change("locks")

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    def undo(self) -> None:
        """A drag under way ends with it."""
        self._history.push(self._scaled)
        self._show(self._history.undo())

    def redo(self) -> None:
        self._show(self._history.redo())

    @property
    def states(self) -> tuple[Values, ...]:
        """Of the history, the oldest first: as they are seen."""
        return tuple(scaled.seen for scaled in self._history.states)

    @property
    def at(self) -> int:
        """Number of the present one in `states`."""
        return self._history.at

    def go_to(self, number: int) -> None:
        """Back, or forth, to a state of the history."""
        self._show(self._history.go_to(number))

    def title(self) -> str:
        """Such as "smile +0.8, age −0.3", for the name of a layer."""
        strengths = {name: strength for face in self.values.values() for name, strength in face.items()}
        parts = [f"{name} {'+' if s > 0 else '−'}{abs(s):.2g}" for name, s in strengths.items()]
        return ", ".join(parts[:4]) + (" …" if len(parts) > 4 else "")

    # ------------------------------------------------------------------ inside

    def _name_taken(self, offset: Picture, what: str = "colours") -> str:
        name = f"{what}{TAKEN_OVER}{len(self.taken) + 1}"
        self.taken[name] = offset
        return name

    def _replace(self, strengths: Mapping[str, float]) -> None:
        values = self.values
        for face in self.selected:
            kept = {name: value for name, value in values.get(face, {}).items() if name in self.locked}
            new = {name: value for name, value in strengths.items() if name not in self.locked}
            values = with_strengths(values, face, new | kept)
        self._change(ScaledStrengths(values, values), done=True)

    def _change(self, scaled: ScaledStrengths, done: bool) -> None:
        if scaled != self._scaled:
            self._scaled = scaled
            self._on_change("values")
        if done and scaled != self._history.now:
            self._history.push(self._scaled)
            self._on_change("history")

    def _show(self, scaled: ScaledStrengths) -> None:
        self._scaled = scaled
        self._on_change("values")
        self._on_change("history")
