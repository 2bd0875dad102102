"""Connects the batch's dialog with the controller."""

from anycost_client.core.problem import Problem
from anycost_client.edit.batch import BatchItem

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Scope
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.batch_dialog import BatchDialog


class BatchView(QtCore.QObject):
    def __init__(self, controller: Controller, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.dialog: BatchDialog | None = None
        self._controller, self._over = controller, parent
        controller.watch(self._changed)

    @reports_errors
    def open(self) -> None:
        if self.dialog is None:
            self.dialog = BatchDialog(self._over)
            self.dialog.scope_changed.connect(self._list)
            self.dialog.start_wanted.connect(self._start)
            self.dialog.cancel_wanted.connect(self._controller.cancel_batch)
        if not (self._controller.batch and self._controller.batch.running):
            self._list()
        self.dialog.show()
        self.dialog.raise_()

    @reports_errors
    def close(self) -> None:
        if self.dialog is not None:
            self.dialog.close()

    @reports_errors
    def _list(self) -> None:
        """What the chosen scope would edit."""
        if self.dialog is None:
            return
        layers = self._controller.host.batch(self.dialog.chosen_scope)
        problem = layers.text(tr) if isinstance(layers, Problem) else ""
        items = () if isinstance(layers, Problem) else tuple(BatchItem(layer) for layer in layers)
        self.dialog.show_edit(self._controller.edit_title())
        self.dialog.show_items(items, False, problem)

    @reports_errors
    def _start(self, scope: Scope, all_faces: bool) -> None:
        self._controller.start_batch(scope, all_faces)

    @reports_errors
    def _changed(self, what: str) -> None:
        batch = self._controller.batch
        if what == "batch" and self.dialog is not None and batch is not None:
            self.dialog.show_items(batch.items, batch.running)
