"""A slider as a bar: dragged anywhere, finely with Shift, by keys, by the wheel with the focus, typed into."""

import pytest
from anycost_krita.base.qt import QT, Qt, QtCore, QtGui, QtWidgets
from anycost_krita.widgets.bar_painter import contrast
from anycost_krita.widgets.bar_slider import BarSlider
from docker_parts import Docker, settle

if QT == 6:
    from PyQt6.QtTest import QTest
else:
    from PyQt5.QtTest import QTest

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def mouse(slider: BarSlider, kind: str, x: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    left, no = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    type_ = getattr(QtCore.QEvent.Type, kind)
    place = QtCore.QPointF(x, slider.height() / 2)
    held = no if kind == "MouseButtonRelease" else left
    event = QtGui.QMouseEvent(type_, place, place, no if kind == "MouseMove" else left, held, modifiers)
    QtWidgets.QApplication.sendEvent(slider, event)


def wheel(slider: BarSlider, modifiers: Qt.KeyboardModifier = NONE) -> None:
    place, nothing = QtCore.QPointF(5, 5), QtCore.QPoint(0, 0)
    phase = Qt.ScrollPhase.NoScrollPhase
    turned = QtCore.QPoint(0, 120)
    event = QtGui.QWheelEvent(place, place, nothing, turned, Qt.MouseButton.NoButton, modifiers, phase, False)
    QtWidgets.QApplication.sendEvent(slider, event)


def type_number(slider: BarSlider, text: str) -> None:
    QTest.keyClick(slider, text[0])
    field = slider.enter()
    QTest.keyClicks(field, text[1:])
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()


@pytest.fixture
def smile(editing: Docker) -> BarSlider:
    return editing.panel.attributes.rows["smile"].slider


def test_a_drag_begins_anywhere_and_is_one_step(editing: Docker, smile: BarSlider) -> None:
    mouse(smile, "MouseButtonPress", smile.width() * 0.25)
    assert smile.strength == pytest.approx(-0.5, abs=0.01)
    for share in (0.5, 0.8, 0.9):
        mouse(smile, "MouseMove", smile.width() * share)
    mouse(smile, "MouseButtonRelease", smile.width() * 0.9)
    assert smile.strength == pytest.approx(0.8, abs=0.01)
    editing.panel.undo.click()
    assert smile.strength == 0
    assert not editing.panel.undo.isEnabled()


def test_with_shift_it_is_ten_times_finer_from_where_it_was(editing: Docker, smile: BarSlider) -> None:
    editing.slide("smile", 0.3)
    middle = smile.width() / 2
    mouse(smile, "MouseButtonPress", middle, SHIFT)
    assert smile.strength == 0.3
    mouse(smile, "MouseMove", middle + smile.width() / 4, SHIFT)
    assert smile.strength == pytest.approx(0.35, abs=0.01)
    mouse(smile, "MouseMove", middle + smile.width() / 4 + 10, NONE)  # let go: as fast as ever from there
    mouse(smile, "MouseMove", middle + smile.width() / 2, NONE)
    assert smile.strength == pytest.approx(0.85 - 20 / smile.width(), abs=0.02)


def test_a_double_click_opens_a_field_and_changes_nothing(editing: Docker, smile: BarSlider) -> None:
    editing.slide("smile", 0.3)
    mouse(smile, "MouseButtonPress", 3)
    mouse(smile, "MouseButtonRelease", 3)
    mouse(smile, "MouseButtonDblClick", 3)
    assert smile.strength == 0.3
    field = smile.enter()
    assert field.selectedText() == "0.3"
    QTest.keyClicks(field, "0.75")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert smile.strength == 0.3
    type_number(smile, "0.75")
    assert smile.strength == 0.75
    editing.panel.undo.click()
    assert smile.strength == 0.3


@pytest.mark.parametrize(("typed", "strength"), [("1.5", 1.5), ("-9", -2.0), ("0,2", 0.2), ("1e999", 0.3), ("-", 0.3)])
def test_what_is_typed_is_kept_within_2_and_nonsense_is_dropped(
    editing: Docker, smile: BarSlider, typed: str, strength: float
) -> None:
    editing.slide("smile", 0.3)
    type_number(smile, typed)
    assert smile.strength == strength
    assert editing.controller.editor.sliders.value("smile") == strength


def test_keys_move_it_and_none_of_them_reaches_the_host(editing: Docker, smile: BarSlider) -> None:
    QTest.keyClick(smile, Qt.Key.Key_Right)
    QTest.keyClick(smile, Qt.Key.Key_Right, SHIFT)
    assert smile.strength == 0.06
    QTest.keyClick(smile, Qt.Key.Key_End)
    assert smile.strength == 1.0
    QTest.keyClick(smile, Qt.Key.Key_PageDown)
    assert smile.strength == 0.75
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Delete, Qt.Key.Key_5, Qt.Key.Key_Minus, Qt.Key.Key_Return):
        override = QtGui.QKeyEvent(QtCore.QEvent.Type.ShortcutOverride, key, NONE)
        override.ignore()
        QtWidgets.QApplication.sendEvent(smile, override)
        assert override.isAccepted(), key


def test_the_wheel_turns_it_only_with_the_focus(editing: Docker, smile: BarSlider) -> None:
    editing.panel.activateWindow()
    editing.panel.canvas.setFocus()
    wheel(smile)
    assert smile.strength == 0
    smile.setFocus()
    wheel(smile)
    wheel(smile, SHIFT)
    assert smile.strength == 0.06


def test_the_lock_is_seen_where_the_mouse_is_and_where_it_is_set(editing: Docker) -> None:
    row = editing.panel.attributes.rows["smile"]

    def inked() -> bool:
        image = row.lock.grab().toImage()
        return len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}) > 1

    assert not inked()
    row.enterEvent(None)
    assert inked()
    row.leaveEvent(None)
    assert not inked()
    row.lock.click()
    assert inked()


def test_one_intensity_for_the_whole_edit(editing: Docker, smile: BarSlider) -> None:
    intensity = editing.panel.intensity
    assert not intensity.isEnabled()  # nothing is changed yet
    editing.slide("smile", 0.8)
    assert intensity.shown_text == "100 %"
    type_number(intensity, "50")
    assert smile.strength == 0.4
    assert intensity.shown_text == "50 %"
    QTest.keyClick(intensity, Qt.Key.Key_Delete)
    assert smile.strength == 0.8
    editing.panel.undo.click()
    assert smile.strength == 0.4
    editing.panel.reset.click()
    assert (smile.strength, intensity.strength) == (0.0, 1.0)


def test_buttons_have_labels_where_there_is_room_and_never_keep_the_docker_wide(editing: Docker) -> None:
    def labelled() -> list[bool]:
        settle()
        return [button.width() > 30 for button in (editing.panel.undo, editing.panel.compare._split)]

    editing.panel.resize(600, 760)
    assert labelled() == [True, True]
    editing.panel.resize(258, 760)
    assert labelled() == [False, False]
    assert editing.panel.width() == 258


@pytest.mark.parametrize("theme", ["dark", "light", "high contrast"])
def test_texts_can_be_read_in_every_theme(editing: Docker, smile: BarSlider, theme: str) -> None:
    colours = {  # ground, text, fill, text on it
        "dark": ("#313131", "#dddddd", "#55779c", "#ffffff"),
        "light": ("#eeeeee", "#222222", "#aed2f2", "#ffffff"),
        "high contrast": ("#000000", "#ffffff", "#ffff00", "#000000"),
    }[theme]
    palette, role = QtGui.QPalette(smile.palette()), QtGui.QPalette.ColorRole
    for name, colour in zip((role.Base, role.Text, role.Highlight, role.HighlightedText), colours, strict=True):
        palette.setColor(name, QtGui.QColor(colour))
    smile.setPalette(palette)
    smile.show_strength(1.0)
    image = smile.grab().toImage()
    ground = image.pixelColor(4, 4)
    fill = image.pixelColor(image.width() - 5, 4)
    assert fill != ground
    for left, right, behind in ((0, 0.4, ground), (0.6, 0.98, fill)):  # the name; the value
        across = range(round(image.width() * left) + 6, round(image.width() * right) - 4)
        inked = max(contrast(behind, image.pixelColor(x, y)) for x in across for y in range(6, image.height() - 6))
        assert inked > 4.5
