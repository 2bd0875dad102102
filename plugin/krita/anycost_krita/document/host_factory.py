"""Makes the host adapter with Krita's objects and Qt's timers; keeps previews out of saved files."""

import functools
from pathlib import Path

from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import Qt, QtCore, QtGui
from anycost_krita.document.history import STEPS, Step
from anycost_krita.document.krita_host import KritaHost
from anycost_krita.document.qimages import as_image
from anycost_krita.document.save_guard import SaveGuard

_MENUS_MADE = 500  # milliseconds after a window
_SMOOTH = 3_000_000  # pixels up to which a preview is scaled smoothly: more would take too long


@functools.cache
def krita_host() -> KritaHost:
    """Returns the only instance: each of two would remove the other's preview as a crash's left-over.

    Krita's notifier tells it of documents that come and go, and of the end."""
    from krita import Krita

    krita = Krita.instance()
    host = KritaHost(
        krita,
        lambda milliseconds, call: QtCore.QTimer.singleShot(milliseconds, call),
        scaled=scaled,
        folder=Path(Krita.getAppDataLocation()),
    )
    notifier = krita.notifier()
    notifier.setActive(True)
    for told in (notifier.imageClosed, notifier.viewCreated, notifier.viewClosed):
        told.connect(lambda *_: QtCore.QTimer.singleShot(0, host.look))
    notifier.applicationClosing.connect(lambda *_: host.closing())
    guards: list[SaveGuard] = []  # kept alive
    guarded: list[QtCore.QObject] = []
    followed: list[QtCore.QObject] = []

    def guard_windows() -> None:
        for window in (one.qwindow() for one in krita.windows()):
            if window not in guarded:
                guarded.append(window)
                guards.append(SaveGuard(krita, window, host.leave_no_trace, host.remove_preview))
        for step in STEPS:
            action = krita.action(step)
            if action is not None and action not in followed:
                followed.append(action)
                action.triggered.connect(functools.partial(_stepped, host, step))

    notifier.windowCreated.connect(lambda *_: QtCore.QTimer.singleShot(_MENUS_MADE, guard_windows))
    QtCore.QTimer.singleShot(_MENUS_MADE, guard_windows)
    return host


def _stepped(host: KritaHost, step: Step, *_: object) -> None:
    host.stepped(step)


def scaled(picture: Picture, width: int, height: int) -> bytes:
    """RGBA 8 to B G R A 8."""
    image = as_image(picture)
    if (image.width(), image.height()) != (width, height):
        smooth = Qt.TransformationMode.SmoothTransformation
        how = smooth if width * height <= _SMOOTH else Qt.TransformationMode.FastTransformation
        image = image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, how)
    image = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    bits = image.constBits()
    bits.setsize(width * height * 4)
    return bytes(bits)
