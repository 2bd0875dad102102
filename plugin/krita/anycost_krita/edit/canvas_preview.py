"""Whether, and how large, the preview is shown on Krita's canvas: only while somebody looks at the docker."""

from anycost_client.protocol.messages import Edited

from anycost_krita.document.host_interface import Host, Source

_SETTING = "preview_on_canvas"


class CanvasPreview:
    """What the user wants is kept between runs of Krita."""

    def __init__(self, host: Host) -> None:
        self.wanted = host.setting(_SETTING, "0") == "1"
        self.hidden = True  # the docker is, until it is shown
        self._host = host

    def want(self, wanted: bool) -> None:
        self.wanted = wanted
        self._host.keep_setting(_SETTING, "1" if wanted else "0")

    @property
    def shown(self) -> bool:
        return self.wanted and not self.hidden

    @property
    def scale(self) -> float:
        """Pixels of the canvas that a pixel of the layer takes; 0: nothing is shown there."""
        return self._host.canvas_scale() if self.shown else 0.0

    def show(self, source: Source, preview: Edited | None) -> None:
        if self.shown and preview is not None and preview.picture is not None:
            self._host.show_preview(source, preview)
        else:
            self._host.remove_preview()
