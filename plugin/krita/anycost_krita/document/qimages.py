"""Converts protocol images to QImages, without numpy: for previews."""

from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Edited, Picture, RegionOpened

from anycost_krita.base.qt import QtCore, QtGui

_FORMATS = {
    (1, "8"): QtGui.QImage.Format.Format_Grayscale8,
    (3, "8"): QtGui.QImage.Format.Format_RGB888,
    (4, "8"): QtGui.QImage.Format.Format_RGBA8888,
}


def as_image(picture: Picture | None) -> QtGui.QImage:
    """A copy; from any thread. A null image for none, and for depths and channels that no preview has.

    What is drawn over and over, with transparency, is converted to the format that is drawn fastest. What is opaque is
    large and only scaled: converting it would hold Python's lock for long."""
    if picture is None:
        return QtGui.QImage()
    format = _FORMATS.get((picture.channels, picture.bit_depth))
    if format is None:
        return QtGui.QImage()
    data = bytes(picture.data)
    image = QtGui.QImage(data, picture.width, picture.height, picture.stride, format)
    if picture.channels == 4:
        return image.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()  # Qt does not keep the bytes


def shrunk(image: QtGui.QImage, size: QtCore.QSize) -> QtGui.QImage:
    """Scaled to this size in some milliseconds, however large it was: smoothly, from at most twice that size."""
    aspect, mode = QtCore.Qt.AspectRatioMode.IgnoreAspectRatio, QtCore.Qt.TransformationMode
    if image.width() > 2 * size.width():
        image = image.scaled(size * 2, aspect, mode.FastTransformation)
    return image.scaled(size, aspect, mode.SmoothTransformation)


def cut(image: QtGui.QImage, part: QtCore.QRectF, side: int) -> QtGui.QImage:
    """A square of `side` pixels with the middle of `part` (in pixels of the image), whole pixels."""
    rectangle = part.toAlignedRect().intersected(image.rect())
    if rectangle.isEmpty():
        return QtGui.QImage()
    edge = min(rectangle.width(), rectangle.height())
    square = QtCore.QRect(0, 0, edge, edge)
    square.moveCenter(rectangle.center())
    return shrunk(image.copy(square), QtCore.QSize(side, side))


class ImageCache:
    """QImages of what is shown, converted in the worker's thread to relieve the GUI's thread."""

    def __init__(self) -> None:
        self._kept: list[tuple[Picture, QtGui.QImage]] = []

    @staticmethod
    def of_event(event: Event) -> tuple[Picture, QtGui.QImage] | None:
        """In the worker's thread."""
        picture = None
        if isinstance(event, RegionOpened):
            picture = event.thumbnail
        elif isinstance(event, Edited) and event.quality != "final":
            picture = event.picture
        return (picture, as_image(picture)) if picture else None

    def keep(self, made: tuple[Picture, QtGui.QImage] | None, *shown: Picture | None) -> None:
        """`made` as well as what is shown still."""
        self._kept = [pair for pair in self._kept if any(pair[0] is picture for picture in shown)]
        if made:
            self._kept.append(made)

    def of(self, picture: Picture | None) -> QtGui.QImage:
        for kept, image in self._kept:
            if kept is picture:
                return image
        return as_image(picture)
