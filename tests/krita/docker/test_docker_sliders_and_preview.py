"""Sliders, previews, faces, locks, history: what an artist does while the face follows."""

from dataclasses import replace

from anycost_client.protocol import messages as m
from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets
from docker_parts import Docker, face, grey, settle
from test_docker_bars import QTest, type_number


def test_a_moved_slider_asks_for_one_preview_and_the_newest_strength_wins(editing: Docker) -> None:
    row = editing.panel.attributes.rows["smile"]
    for strength in (0.2, 0.4, 0.6):
        row.slider.moved.emit(strength)
    assert editing.worker.count(m.Edit) == 1  # while that one is under way, the sliders may move as they like
    first = editing.worker.last(m.Edit)
    assert first.faces == (m.FaceEdit(0, {"smile": 0.2}),)
    editing.draw()
    assert editing.worker.count(m.Edit) == 2
    assert editing.worker.last(m.Edit).faces == (m.FaceEdit(0, {"smile": 0.6}),)
    assert editing.controller.editor.sliders.can_undo is False  # the mouse is still down
    row.slider.released.emit()
    assert editing.controller.editor.sliders.can_undo


def test_an_answer_to_an_older_edit_is_not_shown(editing: Docker) -> None:
    editing.panel.more.figures.trigger()
    editing.slide("smile", 0.2)
    old = editing.worker.last(m.Edit)
    editing.draw(old)
    editing.slide("smile", 0.9)
    newest = editing.draw(resolution=512)
    editing.draw(old, resolution=64)
    assert editing.controller.editor.preview == newest
    assert editing.panel.compare.quality.text() == "512 px · ½ channels · 24 ms"


def test_what_drew_the_preview_is_said_on_demand(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.draw()
    assert editing.panel.compare.quality.text() == ""
    assert "256 px · ½ channels · 24 ms" in editing.panel.canvas.toolTip()
    editing.panel.more.figures.trigger()
    assert editing.host.settings["technical_figures"] == "1"  # also the next time
    assert editing.panel.compare.quality.text() == "256 px · ½ channels · 24 ms"
    editing.draw(resolution=1024, channels="full", milliseconds=180.0)
    assert editing.panel.compare.quality.text() == "1024 px · all channels · 180 ms"


def test_typed_values_may_go_beyond_the_sliders_ends(editing: Docker) -> None:
    row = editing.panel.attributes.rows["age"]
    type_number(row.slider, "-1,5")  # a comma is a point
    assert editing.worker.last(m.Edit).faces == (m.FaceEdit(0, {"age": -1.5}),)
    assert row.slider.value() == row.slider.minimum()
    assert editing.controller.editor.sliders.can_undo


def test_delete_brings_one_slider_back_to_0(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.slide("age", 0.5)
    row = editing.panel.attributes.rows["smile"]
    QTest.keyClick(row.slider, Qt.Key.Key_Delete)
    assert dict(editing.controller.editor.sliders.values[0]) == {"age": 0.5}
    assert row.slider.strength == 0


def test_a_locked_attribute_keeps_its_strength_through_reset(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.slide("age", 0.5)
    editing.panel.attributes.rows["smile"].lock.click()
    assert not editing.panel.attributes.rows["smile"].slider.isEnabled()
    editing.panel.reset.click()
    assert dict(editing.controller.editor.sliders.values[0]) == {"smile": 0.5}


def test_undo_and_redo_move_the_sliders(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.slide("smile", 0.8)
    row = editing.panel.attributes.rows["smile"]
    editing.panel.undo.click()
    assert row.slider.strength == 0.5
    editing.panel.undo.click()
    assert row.slider.strength == 0
    assert not editing.panel.undo.isEnabled()
    editing.panel.redo.click()
    editing.panel.redo.click()
    assert row.slider.strength == 0.8
    assert row.slider.value() == 80


def test_keys_move_a_slider(editing: Docker) -> None:
    row = editing.panel.attributes.rows["smile"]
    for _ in range(2):
        press = QtGui.QKeyEvent(QtGui.QKeyEvent.Type.KeyPress, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier)
        QtWidgets.QApplication.sendEvent(row.slider, press)
    assert row.slider.strength == 0.1
    shortcut = QtGui.QKeyEvent(QtGui.QKeyEvent.Type.ShortcutOverride, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier)
    shortcut.ignore()
    QtWidgets.QApplication.sendEvent(row.slider, shortcut)
    assert shortcut.isAccepted()  # else the host would take the key, for the next frame
    assert editing.controller.editor.sliders.can_undo


def test_several_faces_are_chosen_and_edited_together(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0), face(1, 60), face(2, 60, 45, 20))
    assert docker.panel.faces.list.count() == 3
    assert docker.controller.editor.sliders.selected == (0,)
    docker.panel.faces.all.click()
    docker.slide("smile", 0.5)
    assert [edit.face for edit in docker.worker.last(m.Edit).faces] == [0, 1, 2]
    docker.panel.faces.list.clearSelection()
    docker.panel.faces.list.item(1).setSelected(True)
    docker.slide("smile", -0.2)
    docker.panel.faces.all.click()
    row = docker.panel.attributes.rows["smile"]
    assert row.slider.shown_text == "~+0.50"  # the chosen faces differ
    assert "differ" in row.slider.toolTip()


def test_a_click_on_a_face_in_the_picture_chooses_it(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0, 10, 10), face(1, 60, 40))
    canvas, sliders = docker.panel.canvas, docker.controller.editor.sliders
    docker.panel.compare._close_up.click()  # all of the picture

    def click(x: int, y: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        spot = canvas._on_screen(QtCore.QRectF(x, y, 0, 0)).topLeft().toPoint()
        QTest.mouseMove(canvas, spot)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, modifier, spot)
        settle()

    click(80, 60)
    assert sliders.selected == (1,)
    click(30, 30, Qt.KeyboardModifier.ControlModifier)
    assert sliders.selected == (0, 1)
    click(80, 60, Qt.KeyboardModifier.ControlModifier)
    click(30, 30, Qt.KeyboardModifier.ControlModifier)
    assert sliders.selected == (0,)  # one stays chosen
    click(110, 80)
    click(30, 30)  # on the chosen one: before, as long as the button is held
    assert sliders.selected == (0,)


def test_a_single_face_needs_no_choice_unless_something_is_to_be_said_about_it(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0))
    assert not docker.panel.faces.isVisible()
    docker.panel.reread.click()
    docker.find(replace(face(0), warning="seen from the side"))
    assert docker.panel.faces.isVisible()
    assert "seen from the side" in docker.panel.faces.list.item(0).toolTip()


def test_what_a_cover_hides_cannot_be_moved_and_says_why(docker: Docker) -> None:
    docker.connect()
    docker.find(replace(face(0), warning="covered at the mouth, which stays as it is", hidden=("smile",)), face(1))
    rows = docker.panel.attributes.rows
    smile = rows["smile"].slider
    assert not smile.isEnabled()
    assert "Nothing would be seen" in smile.toolTip()
    assert all(row.slider.isEnabled() for name, row in rows.items() if name != "smile")
    docker.panel.faces.all.click()  # on the other face it is seen
    assert smile.isEnabled()
    assert "Something covers" not in smile.toolTip()


def test_a_row_says_quietly_what_a_face_does_not_show(editing: Docker) -> None:
    sliders, row = editing.panel.controller.editor.sliders, editing.panel.attributes.rows["smile"]
    sliders.set("smile", 0.8)
    sliders.reached = {0: {"smile": 0.58}}
    editing.panel.attributes.show_values(sliders)
    assert "As far as this face allows: 58 %" in row.slider.toolTip()
    assert row.slider.shown_name == "Smile (58 %)"
    sliders.reached = {0: {"smile": 0.93}}
    editing.panel.attributes.show_values(sliders)
    assert row.slider.shown_name == "Smile"


def test_without_a_chosen_face_no_slider_can_be_moved(editing: Docker) -> None:
    editing.panel.faces.list.clearSelection()
    assert not editing.panel.attributes.rows["smile"].isEnabled()


def test_the_search_finds_attributes_by_name_and_by_what_they_do(editing: Docker) -> None:
    attributes = editing.panel.attributes

    def visible() -> list[str]:
        settle()
        return [name for name, row in attributes.rows.items() if row.isVisibleTo(attributes)]

    assert len(visible()) == 12
    attributes.search.setText("young")
    assert visible() == ["age"]
    attributes.search.setText("colour lip")
    assert visible() == ["lip_colour"]
    attributes.search.setText("xyz")
    assert visible() == []
    assert attributes.none_found.isVisible()


def test_before_and_after_and_the_split_line(editing: Docker) -> None:
    red = m.Picture.packed(40, 40, 4, bytes([255, 0, 0, 255]) * 1600)
    editing.slide("smile", 0.5)
    editing.draw(picture=red, rectangle=m.Rectangle(0, 0, 120, 90))
    canvas = editing.panel.canvas

    def colour(share: float) -> tuple[int, int, int]:
        image = canvas.grab().toImage()
        target = canvas._target()
        x, y = target.x() + share * target.width(), target.y() + target.height() * 0.8
        pixel = image.pixelColor(round(x * canvas.devicePixelRatioF()), round(y * canvas.devicePixelRatioF()))
        return pixel.red(), pixel.green(), pixel.blue()

    assert colour(0.2) == (255, 0, 0)
    canvas.hold(True)
    assert colour(0.2) == (128, 128, 128)
    canvas.hold(False)
    editing.panel.compare.split.emit(True)
    assert colour(0.2) == (128, 128, 128)
    assert colour(0.8) == (255, 0, 0)
    canvas.split_moved.emit(0.1)
    assert colour(0.2) == (255, 0, 0)


def test_previews_are_asked_for_in_the_size_that_the_screen_shows(application, docker: Docker) -> None:
    docker.host.picture = grey(3000, 2000)
    docker.connect()
    assert docker.worker.last(m.OpenRegion).max_side == 2048
    docker.find(face(0, 100, 100, 400), before=grey(2048, 1365, 3))
    near = docker.controller.editor.max_side
    docker.panel.compare._close_up.click()
    far = docker.controller.editor.max_side
    assert 64 <= far < near <= 2048


def test_a_larger_view_sharpens_what_is_seen_without_a_slider_movement(docker: Docker) -> None:
    docker.host.picture = grey(1600, 1200)
    docker.panel.compare._canvas.click()  # not on the canvas for now
    docker.connect()
    docker.find(face(0, 500, 300, 600))
    view = docker.panel.picture
    view._rest.setInterval(0)
    docker.slide("smile", 0.5)
    docker.draw()
    asked = docker.worker.last(m.Edit)
    view.compare._close_up.click()  # all of the image: fewer of its pixels are seen
    settle()
    assert docker.worker.last(m.Edit) == asked
    view.compare._canvas.click()
    docker.host.scale = 1.0
    docker.host.tell("zoomed")
    sharper = docker.worker.last(m.Edit)
    assert (sharper.faces, sharper.quality, sharper.max_side) == (asked.faces, "best", 1600)
    assert asked.max_side < 1600
    docker.draw(sharper)
    docker.host.scale = 0.2
    docker.host.tell("zoomed")
    assert docker.worker.last(m.Edit) == sharper


def test_all_that_can_be_done_can_be_reached_by_the_tab_key(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0), face(1, 60))
    docker.slide("smile", 0.5)
    panel = docker.panel
    first = panel.canvas
    reached, widget = [first], first.nextInFocusChain()
    while widget is not first:
        reached.append(widget)
        widget = widget.nextInFocusChain()
    able = [w for w in reached if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisibleTo(panel) and w.isEnabled()]
    row = panel.attributes.rows["smile"]
    for wanted in (
        row.slider,
        row.lock,
        panel.intensity,
        panel.undo,
        panel.reset,
        panel.apply,
        panel.batch,
        panel.faces.list,
    ):
        assert wanted in able, wanted


HANDLES = (
    m.Handle("mouth_left", (22.0, 42.0), {"smile": (-4.0, -3.0)}),
    m.Handle("mouth_right", (38.0, 42.0), {"smile": (4.0, -3.0)}),
)


def mouse(canvas: QtWidgets.QWidget, kind: QtCore.QEvent.Type, x: float, y: float) -> None:
    """As a person moves it, with the left button where one is needed."""
    moves = kind == QtCore.QEvent.Type.MouseMove
    buttons = Qt.MouseButton.NoButton if kind == QtCore.QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if moves else Qt.MouseButton.LeftButton
    at = QtCore.QPointF(x, y)
    where = canvas.mapToGlobal(at.toPoint())
    event = QtGui.QMouseEvent(kind, at, QtCore.QPointF(where), button, buttons, Qt.KeyboardModifier.NoModifier)
    QtWidgets.QApplication.sendEvent(canvas, event)


def test_a_point_of_the_face_is_dragged_in_the_preview(editing: Docker) -> None:
    canvas, sliders = editing.panel.canvas, editing.controller.editor.sliders
    canvas.resize(360, 270)
    canvas.handles_wanted.emit()  # the mouse comes over the picture
    asked = editing.worker.last(m.ReadHandles)
    editing.worker.answer(m.HandleList(id=asked.id, face=0, handles=HANDLES))
    spot = canvas._on_screen(QtCore.QRectF(22, 42, 0, 0)).topLeft()
    scale = canvas._target().width() / canvas._part().width()
    kinds = QtCore.QEvent.Type
    mouse(canvas, kinds.MouseMove, spot.x() + 2, spot.y() + 1)
    assert canvas.toolTip() == "Corner of the mouth"
    mouse(canvas, kinds.MouseButtonPress, spot.x(), spot.y())
    mouse(canvas, kinds.MouseMove, spot.x() - 2 * scale, spot.y() - 1.5 * scale)
    assert 0.4 < sliders.value("smile") < 0.52
    assert editing.worker.last(m.Edit).faces[0].strengths.keys() == {"smile"}
    assert not sliders.can_undo  # the mouse is still down
    mouse(canvas, kinds.MouseButtonRelease, spot.x() - 2 * scale, spot.y() - 1.5 * scale)
    sliders.undo()
    assert (sliders.value("smile"), sliders.can_undo) == (0, False)


def test_beside_the_points_the_mouse_shows_before(editing: Docker) -> None:
    canvas = editing.panel.canvas
    canvas.resize(360, 270)
    canvas.handles_wanted.emit()
    editing.worker.answer(m.HandleList(id=editing.worker.last(m.ReadHandles).id, face=0, handles=HANDLES))
    held: list[bool] = []
    canvas.held.connect(held.append)
    middle = canvas._target().center()
    mouse(canvas, QtCore.QEvent.Type.MouseButtonPress, middle.x(), middle.y() - 40)
    mouse(canvas, QtCore.QEvent.Type.MouseButtonRelease, middle.x(), middle.y() - 40)
    assert held == [True, False]
    assert editing.controller.editor.sliders.values == {}
