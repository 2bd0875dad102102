"""One edit of one layer without a window: pages, messages, failures and what is written."""

from pathlib import Path

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import Problem
from anycost_client.core.translation import Translator
from anycost_client.edit.controller import EditController
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.page_texts import message, notice, under_way
from anycost_client.edit.presets import Preset
from anycost_client.edit.state import Page
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Lost, Unavailable
from fake_host import GREY, FakeHost, FakeLink, Layer
from recording_editor import ATTRIBUTES, PICTURE, PLACE, face

LATENT = m.Picture.packed(4, 2, 1, bytes(32), "32f")


class Setup:
    def __init__(self, folder: Path) -> None:
        self.host, self.link, self.told = FakeHost(), FakeLink(), []
        tr = Translator(folder, lambda: "en")
        self.controller: EditController[Layer] = EditController(
            self.host, self.link, tr, lambda editor: f"state: {editor.state.value}\n"
        )
        self.controller.watch(self.told.append)

    def connect(self) -> None:
        self.controller.handle(Connected(m.Welcome(id="w", model_hash="abc")))
        self.controller.handle(m.AttributeList(id=self.link.last(m.Attributes).id, attributes=ATTRIBUTES))

    def found(self, faces: int = 1) -> None:
        opening = self.link.last(m.OpenRegion)
        those = tuple(face(id, 20.0 * id) for id in range(faces))
        self.controller.handle(m.RegionOpened(id=opening.id, session="s", faces=those, thumbnail=GREY))
        self.host.run_calls()

    def rendered(self, picture: m.Picture | None = PICTURE) -> None:
        """The newest edit, and all latents."""
        edit = self.link.last(m.Edit)
        fields = {"picture": picture, "rectangle": PLACE, "quality": edit.quality}
        self.controller.handle(m.Edited(id=edit.id, sequence=edit.sequence, **fields))
        for read in [request for request in self.link.sent if isinstance(request, m.ReadLatent)]:
            self.controller.handle(m.Latent(id=read.id, face=read.face, model="abc", values=LATENT))

    def edit(self) -> None:
        self.controller.edit_active()
        self.connect()
        self.found()
        self.controller.editor.sliders.set("smile", 0.8)
        self.rendered()


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_pages_from_the_start_to_the_sliders(setup):
    controller = setup.controller
    assert (controller.page, notice(controller).button) == (Page.START, "Find faces")
    controller.edit_active()
    assert (controller.page, setup.link.started) == (Page.STARTING, True)
    setup.connect()
    assert controller.page is Page.FINDING
    setup.found(0)
    assert (controller.page, notice(controller).button) == (Page.NO_FACE, "Look again")
    controller.press_page_button()
    setup.found()
    assert controller.page is Page.EDITING
    controller.stop_edit()
    assert controller.page is Page.START


def test_what_is_applied_goes_above_the_layer_and_then_updates_it(setup):
    setup.edit()
    controller = setup.controller
    for strength in (0.8, 0.4):
        controller.editor.sliders.set("smile", strength)
        assert controller.can_apply
        controller.apply()
        assert message(controller).text == "Drawing the new layer in full quality…"
        setup.rendered()
    assert [source.replaces for source, _ in setup.host.applied] == [None, Layer(101, "Smile +0.8")]
    assert controller.message == "Updated “Smile +0.4”."
    controller.apply(as_new=True)
    setup.rendered()
    assert setup.host.applied[-1][0].replaces is None


def test_a_layer_that_was_painted_on_is_replaced_only_when_the_user_says_so(setup):
    setup.edit()
    controller, host = setup.controller, setup.host
    controller.apply()
    setup.rendered()
    host.painted = True
    controller.apply()
    shown = message(controller)
    assert (shown.text, shown.button, shown.other_button) == (
        "“Smile +0.8” was painted on since.",
        "Replace it",
        "Add a layer",
    )
    assert (len(host.applied), controller.applying) == (1, False)
    controller.answer(replace=False)
    setup.rendered()
    assert host.applied[-1][0].replaces is None
    controller.apply()
    controller.answer(replace=True)
    setup.rendered()
    assert host.applied[-1][0].replaces == Layer(102, "Smile +0.8")
    host.painted = Problem("the layer is gone", "choose another", "gone")
    controller.apply()
    assert (message(controller).text, len(host.applied)) == ("The layer is gone: choose another.", 3)


def test_an_edit_that_changes_nothing_is_not_written(setup):
    setup.edit()
    setup.controller.apply()
    setup.rendered(picture=None)
    assert setup.host.applied == []
    assert message(setup.controller).text.startswith("This edit changes nothing within the selection")


def test_the_preview_in_the_image_shows_only_what_the_layer_does_not_hold(setup):
    controller = setup.controller
    setup.host.record = EditRecord("abc", (RecordedFace(face(0, 0.0).corners, {"smile": 0.8}, LATENT),))
    controller.show_in_image(True)
    controller.edit_active()
    setup.connect()
    setup.found()
    setup.rendered()
    assert setup.host.preview is None
    controller.editor.sliders.set("smile", 0.2)
    setup.rendered()
    assert setup.host.preview is not None
    controller.close()
    assert setup.host.preview is None


def test_a_layer_that_cannot_be_read_says_why_and_is_read_again(setup):
    controller = setup.controller
    setup.host.broken[1] = Problem("the layer is empty", "choose another")
    controller.edit_active()
    shown = notice(controller)
    assert (shown.title, shown.text, shown.button) == ("The layer is empty", "Choose another.", "Find faces")
    setup.host.broken.clear()
    controller.press_page_button()
    assert controller.page is Page.STARTING


def test_without_a_layer_it_says_what_to_open(setup):
    setup.host.layer = Problem("no document is open", "open a picture", "no_document")
    setup.controller.edit_active()
    assert notice(setup.controller).title == "No picture is open"
    setup.host.layer = Problem("no layer is active", "choose one", "no_layer")
    setup.controller.edit_active()
    assert notice(setup.controller).text == "No layer is active: choose one."


def test_a_missing_backend_is_a_failure_with_a_report_until_a_retry(setup):
    controller = setup.controller
    controller.edit_active()
    controller.handle(Unavailable("the backend is not installed", "install it"))
    shown = notice(controller)
    assert (shown.title, shown.text, shown.report) == (
        "The face model does not run",
        "The backend is not installed: install it.",
        True,
    )
    assert controller.report().startswith("state: failed\npage: failed, unavailable: the backend is not installed")
    controller.press_page_button()
    assert (controller.page, setup.link.retries) == (Page.STARTING, 1)


def test_a_lost_backend_keeps_the_sliders(setup):
    setup.edit()
    setup.controller.handle(Lost("the backend has ended unexpectedly", 1))
    assert setup.controller.page is Page.EDITING
    assert message(setup.controller).text == "The face model is started again…"


def test_errors_of_people_are_messages_and_bugs_are_failures_with_a_trace(setup):
    setup.edit()
    controller = setup.controller
    controller.report_error(ClientError("'smile' is locked", "unlock it to change it"))
    assert (controller.page, controller.message) == (Page.EDITING, "'smile' is locked: unlock it to change it.")
    controller.report_error(RuntimeError("never seen"))
    assert (controller.page, notice(controller).title) == (Page.FAILED, "Something went wrong")
    assert "never seen" in controller.report()
    controller.retry()
    assert controller.page is Page.EDITING


def test_a_preset_names_what_this_model_does_not_have(setup):
    setup.edit()
    setup.controller.use_preset(Preset("p", {"age": 0.5, "third_eye": 1.0}))
    assert dict(setup.controller.editor.sliders.values[0]) == {"age": 0.5}
    assert setup.controller.message == "This model has no: Third eye"


def test_previews_are_as_large_as_the_screen_shows_them_in_steps(setup):
    setup.host.images[1] = m.Picture.packed(3000, 10, 1, bytes(30_000))
    setup.edit()
    for side, expected in ((700.0, 704), (9000.0, 2048), (1.0, 64)):
        setup.controller.fit_previews(side)
        assert setup.controller.editor.max_side == expected


def test_after_the_end_nobody_is_told(setup):
    setup.edit()
    setup.controller.close()
    setup.told.clear()
    setup.controller.handle(Lost("gone", 1))
    assert setup.told == []


def test_what_takes_long_is_told_for_the_programs_own_status_bar(setup: Setup) -> None:
    setup.controller.edit_active()
    assert under_way(setup.controller) == ("Starting the face model…", -1.0)
    setup.connect()
    setup.found()
    assert under_way(setup.controller) == ("", None)
    setup.controller.editor.sliders.set("smile", 0.5)
    setup.rendered()
    setup.controller.apply()
    assert under_way(setup.controller)[0] == "Drawing the new layer in full quality…"
