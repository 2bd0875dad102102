"""What can be bound to keys: the .action file, the actions, and what they do."""

import re
from pathlib import Path

import pytest
from anycost_client.protocol import messages as m
from anycost_krita.docker.panel import Panel
from docker_parts import Docker, face
from test_docker_apply_and_refine import finish

PLUGIN = Path(__file__).parents[3] / "plugin" / "krita"


def test_the_action_file_lists_what_the_docker_offers() -> None:
    listed = re.findall(r'<Action name="(\w+)">', (PLUGIN / "anycost_krita.action").read_text(encoding="utf-8"))
    source = (PLUGIN / "anycost_krita" / "docker" / "actions.py").read_text(encoding="utf-8")
    assert set(listed) - {"anycost_edit_face", "anycost_edit_face_scripts"} == set(
        re.findall(r'"(anycost_\w+)"', source)
    )


def test_apply_by_key_does_what_its_button_does(editing: Docker) -> None:
    editing.panel.press_apply()  # nothing is changed: nothing happens
    editing.slide("smile", 0.5)
    editing.draw()
    editing.panel.press_apply()
    finish(editing)
    editing.panel.apply_as_new()
    finish(editing)
    assert [source.replaces for source, _ in editing.host.applied] == [None, None]


def test_before_hides_the_edit_also_on_the_canvas(editing: Docker) -> None:
    editing.slide("smile", 0.5)
    drawn = editing.draw()
    editing.panel.turn_before()
    assert (editing.controller.editor.compare, editing.host.preview) == (0.0, None)
    editing.panel.turn_before()
    assert (editing.controller.editor.compare, editing.host.preview) == (None, drawn)


def test_the_preview_on_the_canvas_is_turned_by_a_key(editing: Docker) -> None:
    editing.panel.turn_canvas()
    assert not editing.controller.wants_canvas
    assert not editing.panel.compare._canvas.isChecked()


def test_the_next_face_is_chosen_round_and_round(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0), face(1, 60))
    for chosen in (1, 0, 1):
        docker.panel.choose_next_face()
        assert docker.controller.editor.sliders.selected == (chosen,)


def test_a_little_change_by_chance_is_small_and_one_step(editing: Docker) -> None:
    editing.slide("smile", 0.9)
    editing.panel.attributes.rows["smile"].lock.click()
    editing.panel.randomise()
    values = dict(editing.controller.editor.sliders.values[0])
    assert values.pop("smile") == 0.9  # it is locked
    assert 1 <= len(values) <= 5
    assert all(abs(strength) <= 0.3 for strength in values.values())
    assert not {"glasses", "gender", "hair_lightness"} & set(values)
    editing.panel.undo.click()
    assert dict(editing.controller.editor.sliders.values[0]) == {"smile": 0.9}


@pytest.mark.parametrize("name", ["reset_all", "choose_next_face", "randomise", "apply_as_new", "turn_before"])
def test_without_an_edit_nothing_breaks(docker: Docker, name: str) -> None:
    getattr(Panel, name)(docker.panel)
    assert docker.controller.failure is None
    assert not any(isinstance(request, m.Edit) for worker in docker.workers for request in worker.sent)
