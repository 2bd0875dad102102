"""Runs inside kritarunner: reads and writes layers of every kind with the plug-in's own adapter, and notes what came.

`kritarunner -s layers_in_krita FOLDER` writes FOLDER/seen.json as its last act: where it is, all went through."""

import json
import struct
import sys
import traceback
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 64, 48
SPACES = (
    ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc"),
    ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"),
    ("RGBA", "F16", "sRGB-elle-V2-g10.icc"),
    ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    ("RGBA", "F32", "sRGB-elle-V2-srgbtrc.icc"),
    ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"),
    ("RGBA", "U16", "LargeRGB-elle-V2-g22.icc"),
    ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
    ("GRAYA", "U16", "Gray-D50-elle-V2-g10.icc"),
    ("GRAYA", "F32", "Gray-D50-elle-V2-g10.icc"),
    ("CMYKA", "U8", "Chemical proof"),
    ("CMYKA", "U16", "Chemical proof"),
    ("LABA", "U16", "Lab identity built-in"),
    ("LABA", "F32", "Lab identity built-in"),
)


def __main__(arguments: Any) -> None:
    folder = Path(arguments[0])
    try:
        seen = Look(folder).all()
    except BaseException:
        seen = {"error": traceback.format_exc()}
    aside = folder / "seen.part"
    aside.write_text(json.dumps(seen), encoding="utf-8")
    aside.replace(folder / "seen.json")
    sys.stdout.flush()


class Shown:
    """Krita's instance, with a document that counts as active: kritarunner has no windows."""

    def __init__(self, krita: Any) -> None:
        self._krita = krita
        self.document: Any = None
        self.node: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._krita, name)

    def activeDocument(self) -> Any:
        return ActiveNode(self.document, self.node) if self.document else None

    def action(self, name: str) -> None:
        return None


class ActiveNode:
    def __init__(self, document: Any, node: Any) -> None:
        self._document, self._node = document, node

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document, name)

    def activeNode(self) -> Any:
        return self._node


class Look:
    def __init__(self, folder: Path) -> None:
        from anycost_krita.document.host_factory import scaled
        from anycost_krita.document.krita_host import KritaHost
        from krita import Krita, Selection

        self.folder, self.selection = folder, Selection
        self.krita = Shown(Krita.instance())
        self.waiting: list[Any] = []
        self.host = KritaHost(
            self.krita,
            lambda milliseconds, call: self.waiting.append(call) if milliseconds == 0 else None,
            scaled=scaled,
            folder=folder,
        )

    def all(self) -> dict[str, Any]:
        return {
            "version": self.krita.version(),
            "spaces": {" ".join(space): self.space(*space) for space in SPACES},
            "offset": self.offset(),
            "group": self.group(),
            "saved": self.saved(),
            "preview": self.preview(),
            "small": self.small(),
            "open": len(self.krita.documents()),
        }

    # ---------------------------------------------------------------- what is looked at

    def space(self, model: str, depth: str, profile: str) -> dict[str, Any]:
        """The picture read, and a result of the same colours written back with a soft mask."""
        document = self.document()
        document.setColorSpace(model, depth, profile)
        document.waitForDone()
        node = self.activate(document, document.topLevelNodes()[0])
        before, looked = self.raw(document, 0, 0, WIDTH, HEIGHT), self.looked_at(document)
        source = self.read()
        read = samples(source.region.image)
        linear = source.region.colours == "linear"
        shown = [encoded(value) for value in read] if linear else read
        blue_first = source.region.order == "bgr"
        layer = self.apply(source, x=10, y=8, width=20, height=16)
        new = document.topLevelNodes()[1]
        document.refreshProjection()
        document.waitForDone()
        after = self.raw(document, 0, 0, WIDTH, HEIGHT)
        size = len(before) // (WIDTH * HEIGHT)
        outside = 0
        for y in range(HEIGHT):
            for x in range(WIDTH):
                at = (y * WIDTH + x) * size
                beyond = not (10 <= x < 30 and 8 <= y < 24)
                outside += beyond and before[at : at + size] != after[at : at + size]
        pairs = zip(looked, self.looked_at(document), strict=True)
        result = {
            "sent": [source.region.image.bit_depth, source.region.order, source.region.colours],
            "read_off": max(abs(a - b) for a, b in zip(shown, expected(blue_first), strict=True)),
            "colour": model != "GRAYA",
            "inside": max(abs(a - b) for a, b in pairs) / 255,  # as it is seen
            "outside": outside,  # pixels that have changed at all
            "layers": [node.name() for node in document.topLevelNodes()],
            "new": [new.colorModel(), new.colorDepth(), new.colorProfile()],
            "bounds": [new.bounds().x(), new.bounds().y(), new.bounds().width(), new.bounds().height()],
            "source_untouched": bytes(node.pixelData(0, 0, WIDTH, HEIGHT).data()) == before,
            "edited": layer.edited,
        }
        self.close(document)
        return result

    def offset(self) -> dict[str, Any]:
        """A layer that was moved partly off the canvas."""
        document = self.document()
        node = document.createNode("moved", "paintlayer")
        node.setPixelData(picture(), 0, 0, WIDTH, HEIGHT)
        document.rootNode().addChildNode(node, None)
        self.activate(document, node)
        node.move(-20, 30)
        document.waitForDone()
        source = self.read()
        where = source.region.rectangle
        self.apply(source, x=2, y=3, width=20, height=10)
        bounds = document.topLevelNodes()[2].bounds()
        self.close(document)
        pixels = samples(source.region.image)
        return {
            "read": [where.x, where.y, where.width, where.height],
            "off": max(abs(a - b) for a, b in zip(pixels, expected(True), strict=True)) if where.width == WIDTH else 1,
            "written": [bounds.x(), bounds.y()],
        }

    def group(self) -> dict[str, Any]:
        document = self.document()
        group = document.createGroupLayer("group")
        document.rootNode().addChildNode(group, None)
        inner = document.createNode("inner", "paintlayer")
        inner.setPixelData(bytes((1, 2, 3, 255)) * 100, 5, 6, 10, 10)
        group.addChildNode(inner, None)
        document.waitForDone()
        self.activate(document, group)
        source = self.read()
        names = [layer.name for layer in self.host.batch("group")]
        self.close(document)
        area, data = source.region.rectangle, bytes(source.region.image.data)
        return {"read": [area.x, area.y, area.width, area.height], "pixel": list(data[:4]), "batch": names}

    def saved(self) -> dict[str, Any]:
        """An edit is opened again from a saved file, and updated."""
        document = self.document()
        self.activate(document, document.topLevelNodes()[0])
        mask = self.selection()
        mask.select(20, 10, 30, 20, 200)
        document.setSelection(mask)
        document.waitForDone()
        self.apply(self.read(), x=4, y=4, width=8, height=8)
        path = str(self.folder / "edited.kra")
        document.setBatchmode(True)
        document.saveAs(path)
        self.close(document)
        document = self.krita.openDocument(path)
        edited = next(node for node in document.topLevelNodes() if node.name().startswith("Face"))
        self.activate(document, edited)
        again = self.read()
        self.apply(again, x=4, y=4, width=8, height=8)
        names = [node.name() for node in document.topLevelNodes() if node.type() == "paintlayer"]
        self.close(document)
        return {
            "record": again.record is not None and dict(again.record.faces[0].strengths),
            "latent": again.record is not None and len(again.record.faces[0].latent.data),
            "source": again.layer.name,
            "selected": bytes(again.region.selection.data).count(200),
            "names": names,
        }

    def preview(self) -> dict[str, Any]:
        from anycost_client.protocol.messages import Edited, Picture, Rectangle

        document = self.document()
        self.activate(document, document.topLevelNodes()[0])
        source = self.read()
        red = Picture.packed(4, 4, 4, bytes((255, 0, 0, 255)) * 16)
        edited = Edited(id="e", sequence=1, picture=red, rectangle=Rectangle(8, 8, 16, 16))
        self.host.show_preview(source, edited)
        self.run()
        node = document.topLevelNodes()[1]
        shown = list(bytes(node.pixelData(12, 12, 1, 1).data()))
        locked = node.locked()
        self.host.remove_preview()
        document.waitForDone()
        left = len(document.topLevelNodes())
        self.close(document)
        return {"shown": shown, "locked": locked, "left": left}

    def small(self) -> dict[str, Any]:
        """One pixel; nothing at all."""
        document = self.krita.createDocument(1, 1, "", "RGBA", "U8", "", 72.0)
        self.activate(document, document.topLevelNodes()[0])
        one = self.read().region.image
        empty = document.createNode("empty", "paintlayer")
        document.rootNode().addChildNode(empty, None)
        self.activate(document, empty)
        problem = self.outcome(lambda then: self.host.read(None, then))
        self.close(document)
        return {"one": [one.width, one.height], "empty": problem.reason}

    # ------------------------------------------------------------------ inside

    def document(self) -> Any:
        """8-bit sRGB with a picture whose colours are all different."""
        document = self.krita.createDocument(WIDTH, HEIGHT, "", "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 72.0)
        document.topLevelNodes()[0].setPixelData(
            bytes(round(255 * value) for value in expected(True)), 0, 0, WIDTH, HEIGHT
        )
        document.refreshProjection()
        document.waitForDone()
        return document

    def activate(self, document: Any, node: Any) -> Any:
        self.krita.document, self.krita.node = document, node
        return node

    def close(self, document: Any) -> None:
        self.krita.document = None
        document.setModified(False)
        document.close()

    def raw(self, document: Any, *area: int) -> bytes:
        return bytes(document.pixelData(*area).data())

    def looked_at(self, document: Any) -> bytes:
        """What is seen of it, as 8-bit sRGB: CMYK has many ways to print one colour."""
        clone = document.clone()
        clone.setColorSpace("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
        clone.waitForDone()
        clone.refreshProjection()
        pixels = self.raw(clone, 0, 0, WIDTH, HEIGHT)
        clone.setModified(False)
        clone.close()
        return pixels

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    def outcome(self, ask: Any) -> Any:
        got: list[Any] = []
        ask(got.append)
        self.run()
        return got[0]

    def read(self) -> Any:
        source = self.outcome(lambda then: self.host.read(None, then))
        if not hasattr(source, "region"):
            raise RuntimeError(f"{source.cause} {source.remedy}")
        return source

    def apply(self, source: Any, x: int, y: int, width: int, height: int) -> Any:
        """The region's own pixels, with an alpha that grows from left to right."""
        from anycost_client.edit.edit_record import EditRecord, RecordedFace
        from anycost_client.edit.pending_apply import EditResult
        from anycost_client.protocol.messages import Edited, Picture, Rectangle

        image = source.region.image
        size = image.row_bytes // image.width
        rows = bytearray()
        for row in range(y, y + height):
            for column in range(x, x + width):
                at = row * image.stride + column * size
                alpha = (column - x + 1) / width
                packed = struct.pack(*packing(image.bit_depth, alpha))
                rows += bytes(image.data[at : at + size // 4 * 3]) + packed
        drawn = Picture.packed(width, height, 4, bytes(rows), image.bit_depth)
        edited = Edited(id="e", sequence=1, picture=drawn, rectangle=Rectangle(x, y, width, height), quality="final")
        latent = Picture.packed(8, 2, 1, bytes(64), "32f")
        face = RecordedFace(((0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)), {"smile": 0.8}, latent)
        layer = self.outcome(
            lambda then: self.host.apply(source, EditResult(edited, "smile +0.8", EditRecord("hash", (face,))), then)
        )
        if not hasattr(layer, "id"):
            raise RuntimeError(f"{layer.cause} {layer.remedy}")
        return layer


def expected(blue_first: bool) -> list[float]:
    """The picture, as 8 bits hold it: 0…1, opaque; saturated colours are left out, which CMYK cannot hold."""
    values: list[float] = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            red, green, blue = 70 + x * 2, 80 + y * 2, 90 + (x + y)
            pixel = (blue, green, red, 255) if blue_first else (red, green, blue, 255)
            values += [value / 255 for value in pixel]
    return values


def picture() -> bytes:
    """The same as bytes, blue first."""
    return bytes(round(255 * value) for value in expected(True))


def samples(picture: Any) -> list[float]:
    code, most = {"8": ("B", 255), "16": ("H", 65535), "16f": ("e", 1), "32f": ("f", 1)}[picture.bit_depth]
    count = len(picture.data) // struct.calcsize(code)
    return [value / most for value in struct.unpack(f"<{count}{code}", bytes(picture.data))]


def encoded(light: float) -> float:
    """sRGB's curve."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * max(light, 0.0) ** (1 / 2.4) - 0.055


def packing(bit_depth: str, alpha: float) -> tuple[str, float]:
    return {
        "8": ("<B", round(255 * alpha)),
        "16": ("<H", round(65535 * alpha)),
        "16f": ("<e", alpha),
        "32f": ("<f", alpha),
    }[bit_depth]
