"""Edits without a window, over real sockets: layers are read and collected, nothing is written yet."""

import time
from collections.abc import Iterator

import pytest
from anycost_client.backend.backend_process import Backend
from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import ClientError
from anycost_client.edit.controller import EditController
from anycost_client.edit.state import Page
from anycost_client.protocol.messages import OpenRegion, Picture, Rectangle
from anycost_gimp.edit.backend_link import QueueLink
from anycost_gimp.edit.batch import QueueHost, Rendered, render
from anycost_gimp.image.layer import Layer, Source, area_of
from anycost_gimp.image.text import tr

GREY = Picture.packed(12, 12, 3, bytes([128] * 432))
LAYERS = [Layer(None, 1, "portrait"), Layer(None, 2, "group")]


def reading(layer: Layer) -> Steps[Source]:
    yield
    if layer.name == "gone":
        raise ClientError("the layer is gone", "bring it back with undo, or choose another")
    return Source(layer, OpenRegion(image=GREY, rectangle=Rectangle(30, 40, 12, 12)))


@pytest.fixture
def link(backend: Backend) -> Iterator[QueueLink]:
    link = QueueLink(backend)
    yield link
    link.close()


def rendered(link: QueueLink, layers: list[Layer], strengths: dict[str, float], faces: str = "all", **more) -> Rendered:
    more = {"progress": lambda text, fraction: None} | more
    return render(link, QueueHost(reading), layers, strengths, faces, **more)


def test_layers_are_edited_one_after_the_other_and_what_fails_is_named(link: QueueLink) -> None:
    said: list[tuple[str, float]] = []
    made = rendered(
        link,
        [LAYERS[0], Layer(None, 3, "gone"), LAYERS[1]],
        {"smile": 0.5},
        progress=lambda text, fraction: said.append((text, fraction)),
    )
    assert [source.layer.name for source, _ in made.edited] == ["portrait", "group"]
    source, result = made.edited[0]
    assert (area_of(source).x, source.region.image.width) == (30, 1)  # its pixels are not kept
    assert (result.title, result.edited.quality) == ("Smile +0.5", "final")
    assert result.record.faces[0].strengths == {"smile": 0.5}
    assert result.record.faces[0].corners[0] == (32, 42)  # in pixels of the layer
    assert [(name, problem.cause) for name, problem in made.refused] == [("gone", "the layer is gone")]
    assert ("1 of 3: finding faces", pytest.approx(0.5 / 3)) in said


@pytest.mark.parametrize(
    ("strengths", "faces", "said"),
    [({"wings": 1.0}, "all", "no attribute 'wings'"), ({"smile": 1.0}, "2", "no face 2")],
)
def test_what_cannot_be_done_is_said(link: QueueLink, strengths, faces, said) -> None:
    made = rendered(link, LAYERS[:1], strengths, faces)
    [(name, problem)] = made.refused
    assert name == "portrait"
    assert said in problem.cause


@pytest.mark.parametrize(("strengths", "said"), [({"smile": 0.0}, "strengths are 0"), ({}, "no strengths are given")])
def test_strengths_that_change_nothing_are_refused_at_once(link: QueueLink, strengths, said) -> None:
    with pytest.raises(ClientError, match=said):
        rendered(link, LAYERS, strengths)


def test_a_backend_that_does_not_start_is_said_for_all(link: QueueLink, monkeypatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "fails")
    made = rendered(link, LAYERS, {"smile": 1.0})
    assert [name for name, _ in made.refused] == ["portrait", "group"]
    assert "the model file is damaged" in made.refused[0][1].cause
    assert "models fetch" in f"{made.refused[0][1].cause} {made.refused[0][1].remedy}"


def test_an_edit_in_a_dialog_over_real_sockets(link: QueueLink, backend: Backend) -> None:
    class DialogHost(QueueHost):
        def active(self) -> Layer:
            return LAYERS[0]

        def look_at(self, layer, then) -> None:
            then(OpenRegion(image=GREY))

        def stop_looking(self) -> None: ...
        def show_preview(self, source, edited) -> None: ...
        def remove_preview(self) -> None: ...
        def setting(self, name: str, default: str) -> str:
            return default

        def keep_setting(self, name: str, value: str) -> None: ...

    host = DialogHost(reading)
    controller: EditController[Layer] = EditController(host, link, tr, lambda editor: "")

    def until(done) -> None:
        deadline = time.monotonic() + 30
        while not done():
            assert time.monotonic() < deadline, (controller.page, controller.failure)
            host.run_calls()
            if (event := link.wait(0.05)) is not None:
                controller.handle(event)

    controller.edit_active()
    assert controller.page is Page.READING
    until(lambda: controller.page is Page.EDITING and controller.editor.sliders.attributes)
    controller.editor.sliders.set("smile", 0.8)
    until(lambda: controller.editor.preview)
    controller.apply()
    until(lambda: host.edited)
    assert host.edited[0][1].title == "Smile +0.8"
    controller.multi_layer.match(Layer(None, 2, "other"), "expression")
    until(lambda: not controller.multi_layer.running)
    assert controller.multi_layer.text == "Done.\nSmile +0.5."
    layers = [Layer(None, number, f"layer {number}") for number in range(8)]
    controller.multi_layer.learn("wink", layers[:4], layers[4:])
    until(lambda: not controller.multi_layer.running)
    assert controller.multi_layer.text == "Done.\nIt holds."
    controller.close()
