"""Where the dialog stands: where it stood the last time, else at the side of the screen that is away from the face."""

from dataclasses import replace

from gi.repository import Gdk, GimpUi, Gtk

from anycost_gimp.dialog.remembered import Remembered

_WIDTH, _HEIGHT = 520, 940  # pixels, where the screen has them
_GAP = 12  # pixels to the edge of the screen
_TITLE = 48  # pixels of a window that must be seen, so that it can be taken and moved


def put_in_place(window: Gtk.Window, remembered: Remembered, face: float) -> None:
    """Before the window is shown. face: where it is in the image, 0 (left) to 1."""
    GimpUi.window_set_transient(window)  # else a click on the image hides the dialog behind it
    area = _work_area(window.get_display())
    width, height = remembered.size or (_WIDTH, _HEIGHT)
    least, _ = window.get_preferred_width()
    width, height = min(max(width, least), area.width), min(height, area.height - _TITLE)
    window.set_default_size(width, height)
    if remembered.place and _can_be_seen(window.get_display(), *remembered.place, width):
        window.move(*remembered.place)
    else:
        left = area.x + _GAP if face > 0.6 else area.x + area.width - width - _GAP
        window.move(left, area.y + max(area.height - height - _TITLE, 0) // 2)


def remember(window: Gtk.Window, remembered: Remembered) -> Remembered:
    """With the present place and size. A window system that tells no place (Wayland) says 0, 0."""
    place = tuple(window.get_position())
    kept = remembered.place if window.is_maximized() or place == (0, 0) else place
    size = remembered.size if window.is_maximized() else tuple(window.get_size())
    return replace(remembered, place=kept, size=size)


def _work_area(display: Gdk.Display) -> Gdk.Rectangle:
    """Of the monitor with the mouse, which has just chosen the menu's entry."""
    _, x, y = display.get_default_seat().get_pointer().get_position()
    return display.get_monitor_at_point(x, y).get_workarea()


def _can_be_seen(display: Gdk.Display, x: int, y: int, width: int) -> bool:
    """Whether enough of the title is on a monitor that is still there."""
    for number in range(display.get_n_monitors()):
        area = display.get_monitor(number).get_workarea()
        across = min(x + width, area.x + area.width) - max(x, area.x)
        if across >= _TITLE and area.y <= y <= area.y + area.height - _TITLE:
            return True
    return False
