"""Match and own sliders: what is made of other layers, from the menu to the sliders."""

from anycost_client.core.problem import Problem
from anycost_client.protocol import messages as m
from anycost_krita.base.qt import Qt
from anycost_krita.document.host_interface import Layer
from docker_parts import ATTRIBUTES, Docker, face, settle

OFFSET = m.Picture.packed(4, 2, 1, bytes(32), "32f")


def match(docker: Docker):
    docker.panel.more.match.trigger()
    settle()
    return docker.panel.layers_view.match


def learn(docker: Docker):
    docker.host.layers_ = [Layer(str(number), f"Layer {number}") for number in range(9)]
    docker.panel.more.learn.trigger()
    settle()
    return docker.panel.layers_view.learn


def found(docker: Docker, session: str) -> None:
    opening = docker.worker.last(m.OpenRegion)
    docker.worker.answer(m.RegionOpened(id=opening.id, session=session, faces=(face(0),), thumbnail=opening.image))


def mark(dialog, column: int, rows: range) -> None:
    for row in rows:
        dialog.list.topLevelItem(row).setCheckState(column, Qt.CheckState.Checked)


def test_a_match_sets_the_sliders_and_says_how_it_went(editing: Docker) -> None:
    dialog = match(editing)
    names = [dialog.layer.itemText(row) for row in range(dialog.layer.count())]
    assert names == ["Group photo", "Sky"]  # not the one that is edited
    assert dialog.what.currentText() == "Expression"
    dialog.work.start.click()
    settle()
    assert dialog.work.text.text() == "1 of 1: “Group photo”"
    assert not dialog.layer.isEnabled()
    found(editing, "other")
    request = editing.worker.last(m.MatchFace)
    assert (request.what, request.source.session) == ("expression", "other")
    editing.worker.answer(m.Progress(id=request.id, what="comparing", fraction=0.5, text="10 of 20"))
    assert dialog.work.bar.value() == 500
    editing.worker.answer(
        m.Matched(id=request.id, face=0, what="expression", strengths={"smile": 0.7}, text="nine tenths of it")
    )
    assert editing.panel.attributes.rows["smile"].slider.strength == 0.7
    assert dialog.work.text.text() == "Done.\nSmile +0.7."
    assert dialog.work.cancel.text() == "Close"
    editing.panel.undo.click()
    assert editing.panel.attributes.rows["smile"].slider.strength == 0


def test_what_was_taken_over_gets_a_slider_for_its_amount(editing: Docker) -> None:
    dialog = match(editing)
    dialog.what.setCurrentIndex(2)
    dialog.work.start.click()
    found(editing, "other")
    request = editing.worker.last(m.MatchFace)
    editing.worker.answer(m.Matched(id=request.id, face=0, what="hair", strengths={}, offset=OFFSET))
    settle()
    row = next(row for row in editing.panel.attributes.rows.values() if row.slider.name == "Hair taken over")
    assert row.slider.strength == 1
    editing.draw()
    row.slider.moved.emit(0.4)
    row.slider.released.emit()
    editing.draw()
    assert editing.worker.last(m.Edit).faces[0].offsets == (m.Offset(OFFSET, 0.4),)


def test_a_match_is_cancelled_and_the_dialog_can_be_closed(editing: Docker) -> None:
    dialog = match(editing)
    dialog.work.start.click()
    found(editing, "other")
    dialog.work.cancel.click()
    assert editing.worker.last(m.Cancel).what == editing.worker.last(m.MatchFace).id
    assert dialog.work.text.text() == "Cancelled."
    dialog.work.cancel.click()
    assert not dialog.isVisible()


def test_without_another_layer_nothing_can_be_matched(editing: Docker) -> None:
    del editing.host.layers_[1:]
    dialog = match(editing)
    assert not dialog.work.start.isEnabled()
    assert "no other layer" in dialog.work.text.text()


def test_a_layer_that_cannot_be_read_is_named(editing: Docker) -> None:
    editing.host.broken["Group photo"] = Problem("the layer is empty", "choose a layer with a picture", "empty")
    dialog = match(editing)
    dialog.work.start.click()
    settle()
    assert dialog.work.text.text() == "“Group photo”: The layer is empty: choose a layer with a picture."


def test_a_slider_is_made_from_two_groups_of_layers(editing: Docker) -> None:
    dialog = learn(editing)
    assert not dialog.work.start.isEnabled()
    dialog.name.setText("Große Augen")
    mark(dialog, 1, range(0, 5))
    mark(dialog, 2, range(4, 8))  # the fifth has changed sides
    assert dialog.work.start.isEnabled()
    dialog.work.start.click()
    settle()
    for number in range(8):
        assert dialog.work.text.text().startswith(f"{number + 1} of 8: “Layer {number}”")
        found(editing, f"s{number}")
    request = editing.worker.last(m.LearnAttribute)
    assert request.name == "grosse_augen"
    assert [one.session for one in request.positive] == ["s0", "s1", "s2", "s3"]
    assert [one.session for one in request.negative] == ["s4", "s5", "s6", "s7"]
    own = m.Attribute("grosse_augen", "Own", "less or more grosse_augen")
    editing.worker.answer(m.Learned(id=request.id, attribute=own, holds=False, scores={"right": 0.6}))
    editing.worker.answer(m.AttributeList(id=editing.worker.last(m.Attributes).id, attributes=(*ATTRIBUTES, own)))
    settle()
    assert "It cannot be trusted: of faces that it had not seen, 60 %" in dialog.work.text.text()
    assert editing.panel.attributes.rows["grosse_augen"].slider.name == "Grosse augen"
    learn(editing)  # marks stay, to add some and try again
    assert [dialog.list.topLevelItem(row).checkState(1) for row in (0, 4)] == [
        Qt.CheckState.Checked,
        Qt.CheckState.Unchecked,
    ]


def test_leaving_the_layer_ends_what_is_being_made(editing: Docker) -> None:
    dialog = match(editing)
    dialog.work.start.click()
    found(editing, "other")
    editing.panel.leave.click()
    assert not editing.controller.multi_layer.running
    assert editing.worker.count(m.Close, session="other") == 1
