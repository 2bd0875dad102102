"""Converts protocol images to pixbufs and back, without numpy and cairo: for previews."""

from anycost_client.protocol.messages import Picture
from gi.repository import GdkPixbuf, GLib

from anycost_gimp.image.babl_formats import packed


def pixbuf(picture: Picture) -> GdkPixbuf.Pixbuf:
    """Of an RGB or RGBA image with 8 bits: all previews are such."""
    data = GLib.Bytes.new(packed(picture))
    alpha = picture.channels == 4
    size = picture.width, picture.height, picture.row_bytes
    return GdkPixbuf.Pixbuf.new_from_bytes(data, GdkPixbuf.Colorspace.RGB, alpha, 8, *size)


def enlarged(picture: Picture, width: int, height: int) -> Picture:
    """The same RGBA image with more pixels."""
    if (picture.width, picture.height) == (width, height):
        return picture
    large = pixbuf(picture).scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
    data, stride = large.read_pixel_bytes().get_data(), large.get_rowstride()
    data = data + bytes(stride * height - len(data))  # a pixbuf's last row has no padding
    return Picture(width, height, 4, "8", stride, data)
