"""The presets button: use one, save the sliders as one, load and share files, delete."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from anycost_client.edit.preset_files import PresetFiles
from anycost_client.edit.presets import Preset
from gi.repository import Gtk

from anycost_gimp.image.text import tr


class PresetMenu(Gtk.MenuButton):
    def __init__(self, store: PresetFiles, last: Preset, on_choice: Callable[[Preset], None]) -> None:
        """last: the strengths of the edit before this one."""
        super().__init__()
        self.add(Gtk.Label(label=tr("Presets")))
        self.current = Preset("", {})  # what the sliders show
        self._store, self._last, self._on_choice = store, last, on_choice
        self._menu = Gtk.Menu()
        self.set_popup(self._menu)
        self.connect("button-press-event", self._fill)
        self.connect("key-press-event", self._fill)
        self._fill()

    def _fill(self, *_: object) -> bool:
        menu = self._menu
        for child in menu.get_children():
            child.destroy()
        presets = self._store.all()
        if self._last.strengths:
            self._item(menu, self._last.name, lambda: self._on_choice(self._last))
        for preset in presets:
            self._item(menu, preset.name, partial(self._on_choice, preset))
        if not presets:
            self._item(menu, tr("No presets yet"), None)
        menu.append(Gtk.SeparatorMenuItem())
        can_save = bool(self.current.strengths)
        self._item(menu, tr("Save these sliders…"), self._save if can_save else None)
        self._item(menu, tr("Load from file…"), self._load)
        self._item(menu, tr("Share as file…"), self._share if can_save else None)
        if presets:
            delete = Gtk.MenuItem(label=tr("Delete"))
            submenu = Gtk.Menu()
            for preset in presets:
                self._item(submenu, preset.name, partial(self._store.delete, preset.name))
            delete.set_submenu(submenu)
            menu.append(delete)
        menu.show_all()
        return False

    @staticmethod
    def _item(menu: Gtk.Menu, text: str, act: Callable[[], None] | None) -> None:
        item = Gtk.MenuItem(label=text)
        if act is None:
            item.set_sensitive(False)
        else:
            item.connect("activate", lambda _: act())
        menu.append(item)

    # ------------------------------------------------------------------- dialogs

    def _save(self) -> None:
        if name := self._ask_name():
            self._store.save(Preset(name, self.current.strengths))

    def _load(self) -> None:
        if path := self._ask_file(Gtk.FileChooserAction.OPEN, tr("Load preset")):
            preset = self._store.load(path)
            self._store.save(preset)
            self._on_choice(preset)

    def _share(self) -> None:
        if path := self._ask_file(Gtk.FileChooserAction.SAVE, tr("Share preset")):
            self._store.write(path, Preset(path.stem, self.current.strengths))

    def _ask_name(self) -> str:
        """ "" when the user thought better of it."""
        dialog = Gtk.Dialog(title=tr("Save preset"), transient_for=self.get_toplevel(), modal=True)
        dialog.add_buttons(tr("_Cancel"), Gtk.ResponseType.CANCEL, tr("_Save"), Gtk.ResponseType.OK)
        dialog.set_default_response(Gtk.ResponseType.OK)
        entry = Gtk.Entry(activates_default=True, margin=12, max_length=100)
        entry.set_placeholder_text(tr("Name of the preset"))
        dialog.get_content_area().add(entry)
        dialog.show_all()
        agreed = dialog.run() == Gtk.ResponseType.OK
        name = entry.get_text().strip()
        dialog.destroy()
        return name if agreed else ""

    def _ask_file(self, action: Gtk.FileChooserAction, title: str) -> Path | None:
        verb = tr("_Open") if action == Gtk.FileChooserAction.OPEN else tr("_Save")
        dialog = Gtk.FileChooserDialog(title=title, transient_for=self.get_toplevel(), action=action, modal=True)
        dialog.add_buttons(tr("_Cancel"), Gtk.ResponseType.CANCEL, verb, Gtk.ResponseType.ACCEPT)
        dialog.set_do_overwrite_confirmation(True)
        if action == Gtk.FileChooserAction.SAVE:
            dialog.set_current_name("preset.json")
        kinds = Gtk.FileFilter()
        kinds.set_name("JSON")
        kinds.add_pattern("*.json")
        dialog.add_filter(kinds)
        agreed = dialog.run() == Gtk.ResponseType.ACCEPT
        name = dialog.get_filename()
        dialog.destroy()
        return Path(name) if agreed and name else None
