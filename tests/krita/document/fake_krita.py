"""As much of Krita's Python as the host adapter touches: documents, layers, undo, and pixels of 4 bytes (B, G, R, A)
or 8 (the same with 16 bits). What Krita answers was seen in Krita 5.1.5; tests/hosts/krita asks the real one."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SRGB = "sRGB-elle-V2-srgbtrc.icc"
MARGIN = 64  # pixels around the canvas that layers may have


class QByteArray(bytes):
    def data(self) -> bytes:
        return bytes(self)


class QUuid:
    def __init__(self) -> None:
        self.text = "{" + str(uuid.uuid4()) + "}"

    def toString(self) -> str:
        return self.text


@dataclass(frozen=True)
class QRect:
    left: int
    top: int
    right: int  # beyond
    bottom: int

    def x(self) -> int:
        return self.left

    def y(self) -> int:
        return self.top

    def width(self) -> int:
        return self.right - self.left

    def height(self) -> int:
        return self.bottom - self.top


class Node:
    def __init__(self, document: "Document", name: str, kind: str) -> None:
        self._document, self._name, self._kind = document, name, kind
        self._id = QUuid()
        self._parent: Node | None = None
        self._children: list[Node] = []
        self._space = document._space
        self._visible, self._locked, self._opacity, self._label = True, False, 255, 0
        self._inherit, self._mode = False, "normal"
        self._frames: dict[int, np.ndarray] = {}
        self._plane = self._empty()
        self.written = 0  # times that pixels were set

    def _empty(self) -> np.ndarray:
        size = 8 if self._space[1] == "U16" else 4
        return np.zeros((self._document._height + 2 * MARGIN, self._document._width + 2 * MARGIN, size), np.uint8)

    # what Krita calls them

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def type(self) -> str:
        return self._kind

    def layerStyleToAsl(self) -> str:
        return ""

    def duplicate(self) -> "Node":
        """With its masks, in nobody's stack; another layer to undo and to annotations."""
        copy = Node(self._document, self._name, self._kind)
        copied = ("_space", "_visible", "_locked", "_opacity", "_label", "_inherit", "_mode")
        vars(copy).update({name: getattr(self, name) for name in copied}, _plane=self._plane.copy())
        for child in self._children:
            copy._insert(child.duplicate(), len(copy._children))
        return copy

    def uniqueId(self) -> QUuid:
        return self._id

    def parentNode(self) -> "Node | None":
        return self._parent

    def childNodes(self) -> list["Node"]:
        return list(self._children)

    def visible(self) -> bool:
        return self._visible

    def setVisible(self, visible: bool) -> None:
        self._visible = visible

    def locked(self) -> bool:
        return self._locked

    def setLocked(self, locked: bool) -> None:
        self._locked = locked

    def opacity(self) -> int:
        return self._opacity

    def setOpacity(self, opacity: int) -> None:
        self._opacity = opacity

    def colorLabel(self) -> int:
        return self._label

    def setColorLabel(self, label: int) -> None:
        self._label = label

    def inheritAlpha(self) -> bool:
        return self._inherit

    def setInheritAlpha(self, inherit: bool) -> None:
        self._inherit = inherit

    def blendingMode(self) -> str:
        return self._mode

    def setBlendingMode(self, mode: str) -> None:
        self._mode = mode

    def colorModel(self) -> str:
        return self._space[0]

    def colorDepth(self) -> str:
        return self._space[1]

    def colorProfile(self) -> str:
        return self._space[2]

    def setColorSpace(self, model: str, depth: str, profile: str) -> bool:
        before, self._space = self._space[1], (model, depth, profile)
        if before == "U8" and depth == "U16":
            self._plane = (self._plane.astype("<u2") * 257).view(np.uint8)
        elif before == "U16" and depth == "U8":
            self._plane = np.rint(self._plane.view("<u2") / 257).astype(np.uint8)
        return True

    def bounds(self) -> QRect:
        shown = np.argwhere(self._plane.any(axis=2))
        if not len(shown):
            return QRect(0, 0, 0, 0)
        (top, left), (bottom, right) = shown.min(axis=0) - MARGIN, shown.max(axis=0) - MARGIN + 1
        return QRect(int(left), int(top), int(right), int(bottom))

    def pixelData(self, x: int, y: int, width: int, height: int) -> QByteArray:
        if self._kind == "grouplayer":
            return QByteArray()
        return QByteArray(self._plane[self._place(x, y, width, height)].tobytes())

    def projectionPixelData(self, x: int, y: int, width: int, height: int) -> QByteArray:
        shown = self._plane[self._place(x, y, width, height)].copy()
        for child in self._children:
            over = child._plane[self._place(x, y, width, height)]
            shown = np.where(over[:, :, 3:4] > 0, over, shown)
        return QByteArray(shown.tobytes())

    def setPixelData(self, data: bytes, x: int, y: int, width: int, height: int) -> None:
        place = self._place(x, y, width, height)
        shape = (height, width, self._plane.shape[2])
        self._plane[place] = np.frombuffer(data, np.uint8).reshape(shape)
        self.written += 1

    def addChildNode(self, node: "Node", above: "Node | None") -> bool:
        at = self._children.index(above) + 1 if above is not None else 0
        self._document._do("Add Layer", lambda: self._insert(node, at), lambda: self._take(node))
        return True

    def remove(self) -> bool:
        parent = self._parent
        assert parent is not None
        at = parent._children.index(self)
        self._document._do("Remove Layer", lambda: parent._take(self), lambda: parent._insert(self, at))
        return True

    def animated(self) -> bool:
        return bool(self._frames)

    def _insert(self, node: "Node", at: int) -> None:
        self._children.insert(at, node)
        node._parent = self

    def _take(self, node: "Node") -> None:
        self._children.remove(node)
        node._parent = None

    def _place(self, x: int, y: int, width: int, height: int) -> Any:
        return np.s_[y + MARGIN : y + MARGIN + height, x + MARGIN : x + MARGIN + width]


class Selection:
    """A mask on the canvas."""

    def __init__(self) -> None:
        self._mask: np.ndarray | None = None
        self._rectangle = (0, 0, 0, 0)

    @classmethod
    def of(cls, x: int, y: int, mask: np.ndarray) -> "Selection":
        selection = cls()
        selection._mask, selection._rectangle = mask, (x, y, mask.shape[1], mask.shape[0])
        return selection

    def x(self) -> int:
        return self._rectangle[0]

    def y(self) -> int:
        return self._rectangle[1]

    def width(self) -> int:
        return self._rectangle[2]

    def height(self) -> int:
        return self._rectangle[3]

    def pixelData(self, x: int, y: int, width: int, height: int) -> QByteArray:
        assert self._mask is not None
        whole = np.zeros((4000, 4000), np.uint8)
        left, top = self._rectangle[0] + 1000, self._rectangle[1] + 1000
        whole[top : top + self._mask.shape[0], left : left + self._mask.shape[1]] = self._mask
        return QByteArray(whole[y + 1000 : y + 1000 + height, x + 1000 : x + 1000 + width].tobytes())


class Document:
    def __init__(self, krita: "FakeKrita", width: int, height: int, space: tuple[str, str, str]) -> None:
        self._krita, self._width, self._height, self._space = krita, width, height, space
        self._root = Node(self, "root", "grouplayer")
        self._active: Node | None = None
        self._selection: Selection | None = None
        self._annotations: dict[str, bytes] = {}
        self.undone: list[Any] = []
        self.done: list[Any] = []  # (name, do, undo)

    def _do(self, name: str, do: Callable[[], None], undo: Callable[[], None]) -> None:
        do()
        self.done.append((name, do, undo))
        self.undone.clear()

    @property
    def steps(self) -> list[str]:
        """Names of what can be undone."""
        return [name for name, _, _ in self.done]

    def layer(
        self, name: str, pixels: np.ndarray | None = None, x: int = 0, y: int = 0, kind: str = "paintlayer"
    ) -> Node:
        """On top, without a step to undo. pixels: [H, W, 4] uint8, or uint16 in a document of 16 bits."""
        node = Node(self, name, kind)
        self._root._insert(node, len(self._root._children))
        if pixels is not None:
            node.setPixelData(pixels.tobytes(), x, y, pixels.shape[1], pixels.shape[0])
        self._active = node
        return node

    def width(self) -> int:
        return self._width

    def height(self) -> int:
        return self._height

    def colorModel(self) -> str:
        return self._space[0]

    def colorDepth(self) -> str:
        return self._space[1]

    def colorProfile(self) -> str:
        return self._space[2]

    def rootNode(self) -> Node:
        return self._root

    def topLevelNodes(self) -> list[Node]:
        return self._root.childNodes()

    def activeNode(self) -> Node | None:
        return self._active

    def setActiveNode(self, node: Node) -> None:
        self._active = node

    def selection(self) -> Selection | None:
        return self._selection

    def setSelection(self, selection: Selection | None) -> None:
        self._selection = selection

    def createNode(self, name: str, kind: str) -> Node:
        return Node(self, name, kind)

    def createGroupLayer(self, name: str) -> Node:
        return Node(self, name, "grouplayer")

    def annotationTypes(self) -> list[str]:
        return list(self._annotations)

    def annotation(self, type: str) -> QByteArray:
        return QByteArray(self._annotations.get(type, b""))

    def setAnnotation(self, type: str, description: str, data: bytes) -> None:
        self._annotations[type] = data

    def removeAnnotation(self, type: str) -> None:
        self._annotations.pop(type, None)

    def currentTime(self) -> int:
        return 0

    def waitForDone(self) -> None:
        pass

    def refreshProjection(self) -> None:
        pass

    def setModified(self, modified: bool) -> None:
        pass

    def setBatchmode(self, on: bool) -> None:
        pass

    def close(self) -> None:
        self._krita._documents.remove(self)
        if self._krita._active is self:
            self._krita._active = None


class Action:
    def __init__(self, trigger: Callable[[], None], text: str, steps: list[Any]) -> None:
        self.trigger = trigger
        self._text, self._steps = text, steps

    def isEnabled(self) -> bool:
        return True  # also where there is nothing to do, as in Krita; only the text tells

    def text(self) -> str:
        return f"{self._text} {self._steps[-1][0] if self._steps else ''}"


class FakeKrita:
    """The instance. A new document is the active one."""

    def __init__(self) -> None:
        self._documents: list[Document] = []
        self._active: Document | None = None
        self._settings: dict[tuple[str, str], str] = {}

    def open(self, width: int, height: int, depth: str = "U8", profile: str = SRGB) -> Document:
        self._active = Document(self, width, height, ("RGBA", depth, profile))
        self._documents.append(self._active)
        return self._active

    def version(self) -> str:
        return "5.2.9"

    def documents(self) -> list[Document]:
        return list(self._documents)

    def activeDocument(self) -> Document | None:
        return self._active

    def activeWindow(self) -> None:
        return None

    def createDocument(
        self, width: int, height: int, name: str, model: str, depth: str, profile: str, resolution: float
    ) -> Document:
        document = Document(self, 4000, 400, (model, depth, profile))  # as large as pieces of tests are
        self._documents.append(document)
        return document

    def action(self, name: str) -> Action | None:
        done, undone = (self._active.done, self._active.undone) if self._active else ([], [])
        actions = {"edit_undo": Action(self._undo, "Undo", done), "edit_redo": Action(self._redo, "Redo", undone)}
        return actions.get(name)

    def readSetting(self, group: str, name: str, default: str) -> str:
        return self._settings.get((group, name), default)

    def writeSetting(self, group: str, name: str, value: str) -> None:
        self._settings[group, name] = value

    def _undo(self) -> None:
        assert self._active is not None
        if self._active.done:
            step = self._active.done.pop()
            step[2]()
            self._active.undone.append(step)

    def _redo(self) -> None:
        assert self._active is not None
        if self._active.undone:
            step = self._active.undone.pop()
            step[1]()
            self._active.done.append(step)
