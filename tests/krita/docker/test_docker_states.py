"""What the docker says when there is nothing to edit, when it waits and when something fails; what it leaves behind."""

from anycost_client.core.problem import Problem
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.state import Page
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Lost, Unavailable
from anycost_krita.base.qt import Qt, QtWidgets
from anycost_krita.docker.status_line import StatusLine
from anycost_krita.document.host_interface import Layer
from docker_parts import WELCOME, Docker, face, settle


def test_without_a_document_it_says_so_and_starts_nothing(docker: Docker) -> None:
    docker.host.at = Problem("no document is open", "open a picture", "no_document")
    docker.host.tell("active")
    assert docker.controller.page is Page.NO_DOCUMENT
    assert "No picture is open" in docker.shown()
    assert not docker.workers


def test_from_the_first_click_to_the_sliders(docker: Docker) -> None:
    assert "Find faces" in docker.shown()
    docker.panel.state_page.button.click()
    settle()
    assert docker.controller.page is Page.STARTING
    assert docker.worker.started
    docker.worker.answer(Connected(WELCOME))
    opening = docker.worker.last(m.OpenRegion)
    assert docker.controller.page is Page.FINDING
    progress = m.Progress(id=opening.id, what="downloading the face model", fraction=0.4, text="8 of 21 MB")
    docker.worker.answer(progress)
    assert "Downloading…" in docker.shown()
    assert "8 of 21 MB" in docker.shown()
    docker.find(face(0))
    assert docker.controller.page is Page.EDITING


def test_without_a_face_it_says_what_to_select_and_looks_again(docker: Docker) -> None:
    docker.connect()
    docker.find()
    assert docker.controller.page is Page.NO_FACE
    assert "both eyes" in docker.shown()
    docker.panel.state_page.button.click()
    settle()
    assert docker.worker.count(m.OpenRegion) == 2


def test_a_backend_that_cannot_start_shows_the_remedy_a_button_and_a_report(docker: Docker) -> None:
    docker.panel.state_page.button.click()
    docker.worker.answer(Unavailable("the backend is not installed", "run 'python3 installer install', then try again"))
    assert docker.controller.page is Page.FAILED
    assert "run 'python3 installer install', then try again" in docker.shown()
    docker.panel.state_page.report.click()
    assert "state: failed" in docker.copied[0]
    docker.panel.state_page.button.click()
    assert docker.worker.retries == 1
    assert docker.controller.page is Page.STARTING
    docker.worker.answer(Connected(WELCOME))
    docker.find(face(0))
    assert docker.controller.page is Page.EDITING


def test_a_backend_lost_while_dragging_keeps_the_sliders_and_goes_on(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    edit = editing.worker.last(m.Edit)
    lost = m.Failed(id=edit.id, cause="the backend has ended unexpectedly", reason="lost")
    editing.worker.answer(lost, Lost("the backend has ended unexpectedly", 1))
    assert editing.controller.page is Page.EDITING
    assert "started again" in editing.shown()
    assert editing.panel.attributes.rows["smile"].isEnabled()
    editing.slide("smile", 0.7)
    editing.worker.answer(Connected(WELCOME))
    editing.find(face(0))
    assert editing.worker.last(m.Edit).faces == (m.FaceEdit(0, {"smile": 0.7}),)


def test_an_edit_that_fails_says_why_beside_the_sliders(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    edit = editing.worker.last(m.Edit)
    editing.worker.answer(
        m.Failed(id=edit.id, cause="there is not enough memory", remedy="select a smaller part", reason="memory")
    )
    assert editing.controller.page is Page.EDITING
    assert "There is not enough memory: select a smaller part." in editing.shown()
    editing.slide("smile", 0.4)
    editing.draw()
    assert "memory" not in editing.shown()


def test_a_layer_that_cannot_be_read_is_explained(docker: Docker) -> None:
    docker.host.broken["Portrait"] = Problem("the layer is empty", "choose a layer with a picture", "empty")
    docker.panel.state_page.button.click()
    assert docker.controller.page is Page.FAILED
    assert "The layer is empty" in docker.shown()
    assert "Choose a layer with a picture." in docker.shown()
    docker.host.at = docker.host.layers_[1]
    docker.host.tell("active")
    assert docker.controller.page is Page.START


def test_an_exception_in_a_slot_is_a_failure_with_a_report_and_the_edit_goes_on(editing: Docker, monkeypatch) -> None:
    editing.slide("smile", 0.5)

    def broken() -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(editing.controller.editor.sliders, "undo", broken)
        editing.panel.undo.click()
    assert editing.controller.page is Page.FAILED
    assert "RuntimeError" in editing.shown()
    editing.panel.state_page.report.click()
    assert "a bug" in editing.copied[0]
    editing.panel.state_page.button.click()
    assert editing.controller.page is Page.EDITING
    assert editing.panel.attributes.rows["smile"].slider.strength == 0.5


def test_the_preview_on_the_canvas_never_stays(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    drawn = editing.draw()
    assert editing.host.preview == drawn
    editing.panel.hide()  # another docker came before it
    assert editing.host.preview is None
    editing.panel.show()
    assert editing.host.preview == drawn
    editing.panel.leave.click()
    assert editing.host.preview is None
    assert editing.controller.page is Page.START


def test_the_preview_is_on_the_canvas_until_a_person_turns_it_off(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    assert editing.host.preview is None
    drawn = editing.draw()
    assert editing.host.preview == drawn
    editing.panel.compare._canvas.click()
    assert editing.host.preview is None
    assert editing.host.settings == {"preview_on_canvas": "0"}  # also the next time


def test_closing_ends_everything_at_once(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.draw()
    editing.slide("smile", 0.6)  # a render runs
    editing.host.tell("closing")
    assert editing.host.preview is None
    assert editing.worker.closed
    assert editing.worker.count(m.Close, session="s1") == 1
    editing.draw()  # what comes after that is not shown
    assert editing.host.preview is None


def test_a_layer_that_is_deleted_while_it_is_drawn_ends_its_edit(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.host.at = editing.host.layers_[1]
    editing.host.there["a"] = False
    editing.host.tell("gone")
    assert editing.controller.page is Page.FAILED
    assert "The layer that was edited is gone" in editing.shown()
    editing.draw()
    assert editing.controller.page is Page.FAILED
    editing.panel.state_page.button.click()
    assert editing.controller.source.layer == editing.host.layers_[1]


def test_another_active_layer_is_offered_and_only_taken_when_asked(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.host.at = editing.host.layers_[1]
    editing.host.tell("active")
    assert "“Group photo” is active" in editing.shown()
    assert editing.controller.source.layer.name == "Portrait"
    editing.panel.other.button.click()
    assert editing.controller.source.layer.name == "Group photo"


def test_selecting_a_layer_with_an_edit_brings_its_sliders_back(editing: Docker) -> None:
    corners = ((12.0, 10.0), (52.0, 10.0), (52.0, 50.0), (12.0, 50.0))
    editing.host.record = EditRecord("abc", (RecordedFace(corners, {"age": 0.4}),))
    editing.host.at = Layer("z", "Face: age +0.4", edited=True)
    editing.host.tell("active")
    editing.find(face(0), face(1, 60))
    assert editing.panel.attributes.rows["age"].slider.strength == 0.4
    assert editing.panel.apply.text() == "Update layer"


def test_a_layer_with_an_edit_does_not_replace_unsaved_sliders(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.host.at = Layer("z", "Face: age +0.4", edited=True)
    editing.host.tell("active")
    assert editing.controller.source.layer.name == "Portrait"
    assert editing.panel.attributes.rows["smile"].slider.strength == 0.5
    assert "is active" in editing.shown()


def test_what_takes_long_is_in_kritas_status_bar(docker: Docker) -> None:
    window, holder = QtWidgets.QMainWindow(), QtWidgets.QDockWidget()
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, holder)
    StatusLine(docker.controller, holder)
    docker.panel.state_page.button.click()
    settle()
    assert window.statusBar().currentMessage() == "Starting the face model…"
    docker.worker.answer(Connected(WELCOME))
    docker.find(face(0))
    assert window.statusBar().currentMessage() == ""
