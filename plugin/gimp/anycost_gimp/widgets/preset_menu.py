"""The presets button: presets to begin with, as small pictures of the chosen face, and the entries of a PresetMenu."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anycost_client.edit.preset_menu import MenuItem, PresetDialogs, PresetMenu
from anycost_client.edit.presets import Preset, PresetFiles
from anycost_client.protocol.messages import Picture
from gi.repository import Gtk

from anycost_gimp.image.text import tr
from anycost_gimp.widgets.picture_items import PictureItems


@dataclass(frozen=True)
class Starters:
    """Presets to begin with."""

    presets: Callable[[], list[Preset]]
    want: Callable[[list[Preset]], None]  # asks for their pictures
    picture: Callable[[Preset], Picture | None]  # RGB 8; None: it is still to come


@dataclass(frozen=True)
class OfferedPresets:
    files: PresetFiles  # of the user's own
    last: Preset  # the strengths of the edit before this one
    recent: Callable[[], tuple[Preset, ...]]  # used lately


class PresetButton(Gtk.MenuButton):
    def __init__(self, presets: OfferedPresets, on_choice: Callable[[Preset], None], starters: Starters) -> None:
        super().__init__()
        self._starters = starters
        self._pictures = PictureItems(starters.picture, on_choice)
        self.add(Gtk.Label(label=tr("Presets")))
        dialogs = PresetDialogs(self._ask_name, self._ask_file)
        self._offered = PresetMenu(presets.files, tr, on_choice, dialogs, presets.last, presets.recent)
        self._menu = Gtk.Menu()
        self.set_popup(self._menu)
        self.connect("button-press-event", self._fill)
        self.connect("key-press-event", self._fill)
        self._fill()

    def show_current(self, preset: Preset) -> None:
        """What the sliders say."""
        self._offered.current = preset

    def show_starters(self) -> None:
        """Their pictures, as far as they have come."""
        self._pictures.show()

    # ------------------------------------------------------------------ inside

    def _fill(self, *_: object) -> bool:
        for child in self._menu.get_children():
            child.destroy()
        presets = self._starters.presets()
        self._pictures.attach(self._menu, presets)
        self._starters.want(presets)
        self._append(self._menu, self._offered.items())
        self._menu.show_all()
        return False

    def _append(self, menu: Gtk.Menu, items: Iterable[MenuItem]) -> None:
        for item in items:
            shown = Gtk.MenuItem(label=item.text) if item.text else Gtk.SeparatorMenuItem()
            if item.items:
                submenu = Gtk.Menu()
                self._append(submenu, item.items)
                shown.set_submenu(submenu)
            elif item.act:
                shown.connect("activate", partial(_act, item.act))
            else:
                shown.set_sensitive(False)
            menu.append(shown)

    def _ask_name(self, suggested: str) -> str:
        dialog = Gtk.Dialog(title=tr("Save preset"), transient_for=self.get_toplevel(), modal=True)
        dialog.add_buttons(tr("_Cancel"), Gtk.ResponseType.CANCEL, tr("_Save"), Gtk.ResponseType.OK)
        dialog.set_default_response(Gtk.ResponseType.OK)
        entry = Gtk.Entry(activates_default=True, margin=12, max_length=100)
        entry.set_placeholder_text(tr("Name of the preset"))
        entry.set_text(suggested)
        dialog.get_content_area().add(entry)
        dialog.show_all()
        agreed = dialog.run() == Gtk.ResponseType.OK
        name = entry.get_text()
        dialog.destroy()
        return name if agreed else ""

    def _ask_file(self, save: bool) -> Path | None:
        action = Gtk.FileChooserAction.SAVE if save else Gtk.FileChooserAction.OPEN
        title, verb = (tr("Share preset"), tr("_Save")) if save else (tr("Load preset"), tr("_Open"))
        dialog = Gtk.FileChooserDialog(title=title, transient_for=self.get_toplevel(), action=action, modal=True)
        dialog.add_buttons(tr("_Cancel"), Gtk.ResponseType.CANCEL, verb, Gtk.ResponseType.ACCEPT)
        dialog.set_do_overwrite_confirmation(True)
        if save:
            dialog.set_current_name("preset.json")
        kinds = Gtk.FileFilter()
        kinds.set_name("JSON")
        kinds.add_pattern("*.json")
        dialog.add_filter(kinds)
        agreed = dialog.run() == Gtk.ResponseType.ACCEPT
        name = dialog.get_filename()
        dialog.destroy()
        return Path(name) if agreed and name else None


def _act(act: Callable[[], object], _: Gtk.MenuItem) -> None:
    act()
