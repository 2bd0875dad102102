"""Connects the menu for tasks on other layers, their two windows and the controller."""

from collections.abc import Callable

from anycost_client.edit.controller import EditController
from anycost_client.edit.presets import Preset
from anycost_client.edit.steps import Step, steps
from gi.repository import Gtk

from anycost_gimp.image.layer import Layer
from anycost_gimp.image.text import tr
from anycost_gimp.widgets.learn_window import LearnWindow
from anycost_gimp.widgets.match_window import MatchWindow
from anycost_gimp.widgets.picture_items import PictureItems


class LayersView(Gtk.MenuButton):
    """Makes each window when it is first opened, then reuses it."""

    def __init__(self, controller: EditController[Layer], layers: Callable[[], list[Layer]]) -> None:
        """layers: of the image, that have faces to look at."""
        super().__init__()
        self._controller, self._layers = controller, layers
        self._steps: list[Step] = []  # that the history shows
        self._windows: dict[str, MatchWindow | LearnWindow] = {}
        self.add(Gtk.Image.new_from_icon_name("view-more-symbolic", Gtk.IconSize.BUTTON))
        self.set_tooltip_text(tr("More"))
        self.get_accessible().set_name(tr("More"))
        menu = Gtk.Menu()
        self.same = Gtk.MenuItem(label=tr("Same for all faces"))
        self.same.connect("activate", self._copy_to_all)
        self.match = Gtk.MenuItem(label=tr("Match another face…"))
        self.learn = Gtk.MenuItem(label=tr("Make a slider from layers…"))
        self.match.connect("activate", lambda _: self._open("match"))
        self.learn.connect("activate", lambda _: self._open("learn"))
        self.history = Gtk.MenuItem(label=tr("History"))
        self._history_menu = Gtk.Menu()
        self._pictures = PictureItems(controller.sketches.picture, self._go_to)
        self.history.set_submenu(self._history_menu)
        self.connect("button-press-event", self._fill_history)
        self.connect("key-press-event", self._fill_history)
        for item in (self.same, self.match, self.learn, self.history):
            menu.append(item)
        menu.show_all()
        self.set_popup(menu)

    def show_work(self) -> None:
        for window in self._windows.values():
            if window.get_visible():
                window.show_work(self._controller.multi_layer.work)

    def show_pictures(self) -> None:
        """Of the history: some have come."""
        self._pictures.show()

    # ------------------------------------------------------------------ inside

    def _fill_history(self, *_: object) -> bool:
        """As it is now, before the menu shows."""
        for child in self._history_menu.get_children():
            child.destroy()
        self._steps = steps(self._controller.editor.sliders, tr)
        now = next((step.preset.name for step in self._steps if step.now), "")
        presets = [step.preset for step in self._steps]
        self._pictures.attach(self._history_menu, presets, now)
        self._history_menu.show_all()
        self._controller.sketches.want(presets)
        return False

    def _go_to(self, preset: Preset) -> None:
        number = next((step.number for step in self._steps if step.preset is preset), None)
        if number is not None:
            self._controller.editor.sliders.go_to(number)

    def _copy_to_all(self, _: Gtk.MenuItem) -> None:
        editor = self._controller.editor
        editor.sliders.copy_to(face.id for face in editor.faces)

    def _open(self, name: str) -> None:
        work, source = self._controller.multi_layer, self._controller.source
        over = self.get_toplevel()
        if name not in self._windows:
            made = MatchWindow(over, work.match, self._leave) if name == "match" else None
            self._windows[name] = made or LearnWindow(over, work.learn, self._leave)
        window = self._windows[name]
        if not work.running:
            work.forget()
            edited = source.layer.id if source else 0
            window.offer([one for one in self._layers() if name == "learn" or one.id != edited])
        window.present()

    def _leave(self) -> None:
        """Cancel, Close, Escape: what runs is cancelled; where nothing runs the windows go."""
        if self._controller.multi_layer.running:
            self._controller.multi_layer.cancel()
        else:
            for window in self._windows.values():
                window.hide()
