"""What the presets button offers, independent of the window's toolkit."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anycost_client.core.translation import Translator, mark
from anycost_client.edit.attribute_labels import AttributeLabels
from anycost_client.edit.presets import MAX_NAME, Preset, PresetFiles


@dataclass(frozen=True)
class MenuItem:
    text: str  # "": a line between groups
    act: Callable[[], object] | None = None  # None: it cannot be chosen
    items: "tuple[MenuItem, ...]" = ()  # of the menu below it


@dataclass(frozen=True)
class PresetDialogs:
    """The window's dialogs; "" or None where the user cancels."""

    ask_name: Callable[[str], str]  # with a name that is suggested
    ask_file: Callable[[bool], Path | None]  # True: to save, False: to open


class PresetMenu:
    """The entries of the presets button: apply, save, load, share, delete."""

    def __init__(
        self,
        files: PresetFiles,
        tr: Translator,
        choose: Callable[[Preset], object],
        dialogs: PresetDialogs,
        last: Preset | None = None,  # strengths of the edit before this one
        recent: Callable[[], tuple[Preset, ...]] = tuple,  # used lately
    ) -> None:
        self.current = Preset("", {})  # what the sliders show
        self._files, self._tr, self._choose, self._dialogs, self._last = files, tr, choose, dialogs, last
        self._recent = recent

    def items(self) -> list[MenuItem]:
        tr, presets, can_save = self._tr, self._files.all(), bool(self.current.strengths)
        recent = self._recent()
        offered = [self._last] if self._last and self._last.strengths else []
        items = self._chosen((*offered, *presets))
        if not presets:
            items.append(MenuItem(tr(mark("No presets yet"))))
        items += [
            MenuItem(""),
            *([MenuItem(tr(mark("Recently used")), None, tuple(self._chosen(recent)))] if recent else []),
            MenuItem(tr(mark("Save these sliders…")), self.save if can_save else None),
            MenuItem(tr(mark("Load from file…")), self.load),
            MenuItem(tr(mark("Share as file…")), self.share if can_save else None),
        ]
        if presets:
            deletes = (MenuItem(preset.name, partial(self._files.delete, preset.name)) for preset in presets)
            items.append(MenuItem(tr(mark("Delete")), None, tuple(deletes)))
        return items

    def _chosen(self, presets: tuple[Preset, ...]) -> list[MenuItem]:
        return [MenuItem(preset.name, partial(self._choose, preset)) for preset in presets]

    def save(self) -> None:
        suggested = AttributeLabels(self._tr).title(self.current.strengths)
        if name := self._dialogs.ask_name(suggested).strip()[:MAX_NAME]:
            self._files.save(Preset(name, self.current.strengths))

    def load(self) -> None:
        """Copies it to the user's presets, and applies it."""
        if path := self._dialogs.ask_file(False):
            preset = self._files.load(path)
            self._files.save(preset)
            self._choose(preset)

    def share(self) -> None:
        if path := self._dialogs.ask_file(True):
            self._files.write(path, Preset(path.stem, self.current.strengths))
