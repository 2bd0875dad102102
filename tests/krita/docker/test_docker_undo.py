"""Nothing is thrown away by accident, and undo in the docker goes back in the order of what was done."""

from anycost_client.core.problem import Problem
from anycost_client.edit.state import Page
from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets
from anycost_krita.document.host_interface import Layer
from docker_parts import Docker, settle
from test_docker_apply_and_refine import finish

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def press(widget: QtWidgets.QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    """As Qt does: is the key kept from shortcuts? Then it comes as a key. Returns whether it was."""
    kinds = QtCore.QEvent.Type
    override = QtGui.QKeyEvent(kinds.ShortcutOverride, key, modifiers)
    override.ignore()
    QtWidgets.QApplication.sendEvent(widget, override)
    if override.isAccepted():
        QtWidgets.QApplication.sendEvent(widget, QtGui.QKeyEvent(kinds.KeyPress, key, modifiers))
    settle()
    return override.isAccepted()


def apply(docker: Docker, strength: float) -> None:
    docker.slide("smile", strength)
    docker.draw()
    docker.panel.apply.click()
    finish(docker)


def test_edit_face_chosen_again_keeps_unsaved_sliders(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.controller.come_back()
    assert editing.controller.editor.sliders.value("smile") == 0.5
    editing.host.at = editing.host.layers_[1]
    editing.controller.come_back()
    assert editing.controller.editor.sliders.value("smile") == 0.5
    assert "“Group photo” is active. What you changed on “Portrait” is not applied yet." in editing.shown()
    editing.panel.reread.click()  # the explicit way
    assert editing.controller.source.layer.name == "Group photo"


def test_edit_face_begins_with_the_active_layer_where_nothing_is_lost(editing: Docker) -> None:
    editing.host.at = editing.host.layers_[1]
    editing.controller.come_back()
    assert editing.controller.source.layer.name == "Group photo"


def test_the_keyboard_goes_to_the_first_slider(editing: Docker) -> None:
    editing.panel.activateWindow()
    settle()
    editing.panel.take_focus()
    assert editing.panel.attributes.rows["smile"].slider.hasFocus()


def test_the_keys_of_undo_are_the_sliders_in_all_of_the_docker(editing: Docker) -> None:
    panel, sliders = editing.panel, editing.controller.editor.sliders
    for widget in (panel.attributes.rows["age"].slider, panel.canvas, panel.apply, panel.attributes.search, panel):
        editing.slide("smile", 0.5)
        assert press(widget, Qt.Key.Key_Z, CONTROL)
        assert sliders.value("smile") == 0, widget
        assert press(widget, Qt.Key.Key_Z, CONTROL | SHIFT)
        assert sliders.value("smile") == 0.5
        assert press(widget, Qt.Key.Key_Z, CONTROL)
        assert press(widget, Qt.Key.Key_Y, CONTROL)
        assert sliders.value("smile") == 0.5
        panel.reset.click()
    panel.leave.click()
    assert not press(panel, Qt.Key.Key_Z, CONTROL)  # nothing is edited: the key is the document's


def test_the_search_undoes_its_own_text_first(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    search = editing.panel.attributes.search
    search.insert("age")
    press(search, Qt.Key.Key_Z, CONTROL)
    assert (search.text(), editing.controller.editor.sliders.value("smile")) == ("", 0.5)
    press(search, Qt.Key.Key_Z, CONTROL)
    assert editing.controller.editor.sliders.value("smile") == 0


def test_undo_goes_back_in_the_order_of_what_was_done(editing: Docker) -> None:
    panel, sliders, there = editing.panel, editing.controller.editor.sliders, editing.host.there
    apply(editing, 0.8)
    apply(editing, 0.4)
    editing.slide("smile", 0.1)
    panel.undo.click()
    assert (sliders.value("smile"), there) == (0.4, {"new 1": False, "new 2": True})
    panel.undo.click()
    assert (sliders.value("smile"), there) == (0.4, {"new 1": True, "new 2": False})
    assert panel.apply.text() == "Update layer"
    panel.undo.click()
    assert sliders.value("smile") == 0.8
    panel.undo.click()
    assert there == {"new 1": False, "new 2": False}
    assert panel.apply.text() == "Apply"
    assert "“Smile +0.8” is not there any more. Apply adds it anew." in editing.shown()
    for _ in range(4):
        panel.redo.click()
    assert (sliders.value("smile"), there) == (0.1, {"new 1": False, "new 2": True})
    assert panel.apply.text() == "Update layer"


def test_where_the_document_has_changed_since_undo_is_only_the_sliders(editing: Docker) -> None:
    apply(editing, 0.8)
    editing.host.apply_undo.blocked = True
    editing.panel.undo.click()
    assert editing.host.there == {"new 1": True}
    assert editing.controller.editor.sliders.value("smile") == 0


def test_a_layer_that_was_undone_or_deleted_is_added_anew(editing: Docker) -> None:
    apply(editing, 0.8)
    assert "Added “Smile +0.8”." in editing.shown()
    editing.host.there["new 1"] = False
    editing.host.tell("active")
    assert editing.panel.apply.text() == "Apply"
    assert "Added" not in editing.shown()
    editing.panel.apply.click()
    finish(editing)
    assert editing.host.applied[-1][0].replaces is None


def test_after_an_undo_no_preview_takes_the_way_back(editing: Docker) -> None:
    apply(editing, 0.8)
    editing.panel.undo.click()
    assert editing.host.preview is None  # Krita would forget what can be redone
    editing.slide("smile", 0.7)
    editing.draw()
    assert editing.host.preview is not None


def test_another_document_is_named_and_a_closed_one_is_no_failure(editing: Docker) -> None:
    editing.host.at = Layer("d", "Portrait")
    editing.host.documents["d"] = "other.kra"
    editing.host.tell("active")
    assert "“Portrait (other.kra)” is active" in editing.shown()
    editing.slide("smile", 0.5)
    assert "“Portrait (photo.kra)” is not applied yet" in editing.shown()
    editing.host.there["a"], editing.host.documents["a"] = False, ""
    editing.host.tell("gone")
    assert editing.controller.failure is None
    assert "The faces of “Portrait” are looked for" in editing.shown()


def test_a_document_that_is_closed_while_it_is_read_leaves_no_failure(docker: Docker) -> None:
    docker.host.broken["Portrait"] = Problem("the layer is gone", "bring it back with undo, or choose another", "gone")
    docker.host.at = Problem("no document is open", "open a picture", "no_document")
    docker.controller._reading = 7
    docker.controller._read(7, docker.host.broken["Portrait"])
    assert docker.controller.page is Page.NO_DOCUMENT
    assert "No picture is open" in docker.shown()


def test_a_picture_of_another_size_is_not_called_a_layer_that_is_gone(editing: Docker) -> None:
    editing.host.tell("gone")
    assert "The picture has another size now" in editing.shown()


def test_without_a_face_another_layer_is_offered_at_once_by_its_own_name(docker: Docker) -> None:
    docker.connect()
    docker.find()
    docker.host.at = docker.host.layers_[1]
    docker.host.tell("active")
    assert "Look again" not in docker.shown()
    assert "The faces of “Group photo” are looked for" in docker.shown()


def test_a_layer_that_gets_another_name_is_called_by_it(editing: Docker) -> None:
    editing.host.at = Layer("a", "Grandmother")
    editing.host.tell("active")
    assert editing.panel.name.text() == "Grandmother"
    assert editing.panel.name.toolTip() == "Grandmother (photo.kra)"
