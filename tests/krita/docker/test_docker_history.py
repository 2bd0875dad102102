"""The last states of the sliders as pictures of the face, to go back to."""

from anycost_client.protocol import messages as m
from docker_parts import Docker, grey, settle


def opened(docker: Docker) -> list[str]:
    docker.panel.more.history.aboutToShow.emit()
    settle()
    return list(docker.panel.more.history.grid.buttons)


def test_each_step_is_named_after_what_it_changed_and_drawn_on_the_face(editing: Docker) -> None:
    assert not editing.panel.more.history.isEnabled()
    editing.slide("smile", 0.5)
    editing.slide("age", -0.25)
    editing.slide("smile", 0.0)
    assert opened(editing) == ["0  Begin", "1  Smile +0.5", "2  Age −0.25", "3  Smile 0"]
    asked = editing.worker.last(m.Sketch)
    assert [dict(edit.strengths) for edit in asked.edits] == [
        {"smile": 0.5},
        {"smile": 0.5, "age": -0.25},
        {"age": -0.25},
    ]
    editing.worker.answer(m.Sketches(id=asked.id, pictures=(grey(8, 8, 3),) * 3))
    assert [button.isChecked() for button in editing.panel.more.history.grid.buttons.values()] == [False] * 3 + [True]


def test_a_click_goes_back_to_a_state_and_redo_leads_forth_again(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    editing.slide("age", -0.25)
    opened(editing)
    editing.panel.more.history.grid.buttons["1  Smile +0.5"].click()
    settle()
    sliders = editing.controller.editor.sliders
    assert sliders.preset("").strengths == {"smile": 0.5}
    editing.panel.redo.click()
    assert sliders.preset("").strengths == {"smile": 0.5, "age": -0.25}


def test_what_moves_several_sliders_or_all_of_them_is_one_step(editing: Docker) -> None:
    sliders = editing.controller.editor.sliders
    sliders.set_several({"smile": 0.5, "age": 0.2})
    sliders.set_intensity(0.5)
    sliders.reset_all()
    assert opened(editing)[1:] == ["1  Smile +0.5 …", "2  Smile +0.25 …", "3  Smile 0 …"]
