"""The states of an edit: of the Editor, and of the window that shows it."""

from enum import Enum


class State(Enum):
    """Of an Editor."""

    EMPTY = "empty"  # nothing is being edited
    WAITING = "waiting"  # for the backend, which starts or starts again
    OPENING = "opening"  # faces are looked for
    READY = "ready"
    NO_FACE = "no face"
    FAILED = "failed"  # `problem` says why; `reopen` tries again


class Page(Enum):
    """Of an EditController: what its window shows."""

    NO_DOCUMENT = "no document"  # or no layer: `layer` says why
    START = "start"  # a layer is there, and nobody has asked to edit it
    READING = "reading"  # the layer
    STARTING = "starting"  # the backend
    FINDING = "finding"  # faces
    NO_FACE = "no face"
    EDITING = "editing"
    FAILED = "failed"  # `failure`, else the editor's `problem`, says why
