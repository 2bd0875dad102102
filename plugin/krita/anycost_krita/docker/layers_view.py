"""Connects the two dialogs for tasks on other layers with the controller."""

from anycost_client.protocol.messages import What

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.document.host_interface import Layer
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.learn_dialog import LearnDialog
from anycost_krita.widgets.match_dialog import MatchDialog


class LayersView(QtCore.QObject):
    """Makes each dialog when it is first opened, then reuses it."""

    def __init__(self, controller: Controller, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.match: MatchDialog | None = None
        self.learn: LearnDialog | None = None
        self._controller, self._over = controller, parent
        controller.watch(self._changed)

    @reports_errors
    def open_match(self) -> None:
        if self.match is None:
            self.match = MatchDialog(self._over)
            self.match.start_wanted.connect(self._match)
            self.match.cancel_wanted.connect(self._cancel)
        source = self._controller.source
        self._open(self.match, [layer for layer in self._layers() if source is None or layer.id != source.layer.id])

    @reports_errors
    def open_learn(self) -> None:
        if self.learn is None:
            self.learn = LearnDialog(self._over)
            self.learn.start_wanted.connect(self._learn)
            self.learn.cancel_wanted.connect(self._cancel)
        self._open(self.learn, list(self._layers()))

    @reports_errors
    def close(self) -> None:
        for dialog in (self.match, self.learn):
            if dialog is not None:
                dialog.close()

    # ------------------------------------------------------------------ inside

    def _layers(self) -> tuple[Layer, ...]:
        return self._controller.host.layers()

    def _open(self, dialog: MatchDialog | LearnDialog, layers: list[Layer]) -> None:
        if not self._controller.multi_layer.running:
            self._controller.multi_layer.forget()
            dialog.offer(layers)
        dialog.show()
        dialog.raise_()

    @reports_errors
    def _match(self, layer: Layer, what: What) -> None:
        self._controller.multi_layer.match(layer, what)

    @reports_errors
    def _learn(self, name: str, positive: tuple[Layer, ...], negative: tuple[Layer, ...]) -> None:
        self._controller.multi_layer.learn(name, positive, negative)

    @reports_errors
    def _cancel(self) -> None:
        self._controller.multi_layer.cancel()

    @reports_errors
    def _changed(self, what: str) -> None:
        if what == "multi layer":
            for dialog in (self.match, self.learn):
                if dialog is not None and dialog.isVisible():
                    dialog.show_work(self._controller.multi_layer.work)
