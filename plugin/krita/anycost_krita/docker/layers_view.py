"""What can be made of other layers: the two dialogs for it and the controller, brought together."""

from anycost_client.protocol.messages import What

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import guarded
from anycost_krita.document.host_interface import Layer
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.learn_dialog import LearnDialog
from anycost_krita.widgets.match_dialog import MatchDialog


class LayersView(QtCore.QObject):
    """Each dialog is made when it is first opened, and shown again afterwards."""

    def __init__(self, controller: Controller, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.match: MatchDialog | None = None
        self.learn: LearnDialog | None = None
        self._controller, self._over = controller, parent
        controller.changed.connect(self._changed)

    @guarded
    def open_match(self) -> None:
        if self.match is None:
            self.match = MatchDialog(self._over)
            self.match.start_wanted.connect(self._match)
            self.match.cancel_wanted.connect(self._cancel)
        source = self._controller.source
        self._open(self.match, [layer for layer in self._layers() if source is None or layer.id != source.layer.id])

    @guarded
    def open_learn(self) -> None:
        if self.learn is None:
            self.learn = LearnDialog(self._over)
            self.learn.start_wanted.connect(self._learn)
            self.learn.cancel_wanted.connect(self._cancel)
        self._open(self.learn, list(self._layers()))

    @guarded
    def close(self) -> None:
        for dialog in (self.match, self.learn):
            if dialog is not None:
                dialog.close()

    # ------------------------------------------------------------------ inside

    def _layers(self) -> tuple[Layer, ...]:
        return self._controller.host.layers()

    def _open(self, dialog: MatchDialog | LearnDialog, layers: list[Layer]) -> None:
        if not self._controller.from_layers.running:
            self._controller.from_layers.forget()
            dialog.offer(layers)
        dialog.show()
        dialog.raise_()

    @guarded
    def _match(self, layer: Layer, what: What) -> None:
        self._controller.from_layers.match(layer, what)

    @guarded
    def _learn(self, name: str, positive: tuple[Layer, ...], negative: tuple[Layer, ...]) -> None:
        self._controller.from_layers.learn(name, positive, negative)

    @guarded
    def _cancel(self) -> None:
        self._controller.from_layers.cancel()

    @guarded
    def _changed(self, what: str) -> None:
        work = self._controller.from_layers
        if what == "from layers":
            for dialog in (self.match, self.learn):
                if dialog is not None and dialog.isVisible():
                    dialog.show_work(work.running, work.text, work.fraction)
