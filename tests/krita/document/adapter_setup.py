"""The host adapter over a fake Krita, with a clock that runs what was put off; and images to put into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from anycost_client.core.problem import Problem
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.host import EditSource
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, Picture, Rectangle
from anycost_krita.document.krita_host import KritaHost
from fake_krita import Document, FakeKrita, Node


class Setup:
    """One open document of 300×200 pixels with one layer, and the adapter."""

    def __init__(self, folder: Path) -> None:
        self.krita = FakeKrita()
        self.later: list[Callable[[], None]] = []
        self.host = KritaHost(
            self.krita,
            lambda milliseconds, call: self.later.append(call) if milliseconds == 0 else None,
            scaled=lambda picture, width, height: bytes(width * height * 4),
            folder=folder,
        )
        self.document: Document = self.krita.open(300, 200)
        self.photo: Node = self.document.layer("photo", noise(200, 300))
        self.document._active = self.photo

    def run(self) -> None:
        """All that is to be done between events."""
        while self.later:
            self.later.pop(0)()

    def read(self, layer: Any = None) -> EditSource:
        source = self.outcome(lambda then: self.host.read(layer, then))
        assert isinstance(source, EditSource), source
        return source

    def outcome(self, ask: Callable[[Callable[[Any], None]], None]) -> Any:
        """What `then` got, once."""
        got: list[Any] = []
        ask(got.append)
        self.run()
        assert len(got) == 1
        return got[0]

    def apply(self, source: EditSource, result: EditResult) -> Any:
        return self.outcome(lambda then: self.host.apply(source, result, then))

    def step(self, step: str) -> None:
        """The artist undoes or redoes."""
        self.host.remove_preview()
        self.krita._undo() if step == "edit_undo" else self.krita._redo()
        self.host.stepped(step)
        self.run()

    def refused(self, layer: Any = None) -> Problem:
        problem = self.outcome(lambda then: self.host.read(layer, then))
        assert isinstance(problem, Problem), problem
        return problem

    def names(self) -> list[str]:
        """Of the layers, the lowest first."""
        return [node.name() for node in self.document.topLevelNodes()]


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Opaque B G R A."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[:, :, 3] = 255
    return pixels


def drawn(x: int, y: int, pixels: np.ndarray, title: str = "smile +0.8") -> EditResult:
    """A final image at x, y of the region. pixels: [H, W, 4]."""
    height, width = pixels.shape[:2]
    depth: Any = {1: "8", 2: "16"}[pixels.dtype.itemsize]
    picture = Picture.packed(width, height, 4, pixels.tobytes(), depth)
    edited = Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, y, width, height), quality="final")
    latent = Picture.packed(4, 2, 1, np.arange(8, dtype="<f4").tobytes(), "32f")
    face = RecordedFace(((1.0, 2.0), (9.0, 2.0), (9.0, 10.0), (1.0, 10.0)), {"smile": 0.8}, latent)
    return EditResult(edited, title, EditRecord("hash", (face,)))
