"""Apply, refine, presets: what stays after the sliders."""

from pathlib import Path

from anycost_client.core.problem import Problem
from anycost_client.edit.presets import Preset, PresetFiles
from anycost_client.protocol import messages as m
from anycost_krita.base.text import tr
from docker_parts import Docker, face, grey

LATENT = m.Picture.packed(4, 2, 1, b"\0" * 32, "32f")


def finish(docker: Docker, **fields: object) -> None:
    """The backend answers all that Apply has asked for."""
    docker.draw(quality="final", **fields)
    for request in docker.worker.sent:
        if isinstance(request, m.ReadLatent):
            docker.worker.answer(m.Latent(id=request.id, face=request.face, model="abc", values=LATENT))


def test_apply_adds_a_layer_with_all_that_is_needed_to_change_it_again(editing: Docker) -> None:
    assert not editing.panel.apply.isEnabled()  # nothing is changed yet
    editing.slide("smile", 0.8)
    editing.draw()
    editing.panel.apply.click()
    assert editing.panel.apply.text() == "Stop"
    assert "full quality" in editing.shown()
    finish(editing)
    [(source, result)] = editing.host.applied
    assert source.layer.name == "Portrait"
    assert source.replaces is None
    assert result.edited.quality == "final"
    assert dict(result.record.faces[0].strengths) == {"smile": 0.8}
    assert result.record.faces[0].latent == LATENT
    assert "Added “Smile +0.8”." in editing.shown()


def test_the_next_apply_updates_that_layer_or_adds_another(editing: Docker) -> None:
    for strength in (0.8, 0.4):
        editing.slide("smile", strength)
        editing.draw()
        editing.panel.apply.click()
        finish(editing)
    assert [source.replaces and source.replaces.id for source, _ in editing.host.applied] == [None, "new 1"]
    assert editing.panel.apply.text() == "Update layer"
    editing.panel.apply_new.trigger()
    finish(editing)
    assert editing.host.applied[-1][0].replaces is None


def test_the_canvas_preview_makes_room_for_the_layer(editing: Docker) -> None:
    editing.slide("smile", 0.8)
    editing.draw()
    editing.panel.apply.click()
    assert editing.host.preview is None
    finish(editing)
    assert editing.host.preview is None  # the layer shows it now
    editing.slide("smile", 0.9)
    editing.draw()
    assert editing.host.preview is not None


def test_a_stopped_apply_adds_nothing_and_does_not_repeat_the_one_before(editing: Docker) -> None:
    editing.slide("smile", 0.8)
    editing.draw()
    editing.panel.apply.click()
    finish(editing)
    editing.slide("smile", 0.2)
    editing.draw()
    editing.panel.apply.click()
    final = editing.worker.last(m.Edit)
    editing.panel.apply.click()
    assert editing.worker.last(m.Cancel).what == final.id
    editing.worker.answer(m.Failed(id=final.id, cause="it was cancelled", reason="cancelled"))
    assert len(editing.host.applied) == 1
    assert editing.panel.apply.text() == "Update layer"


def test_a_host_that_refuses_the_layer_is_quoted(editing: Docker) -> None:
    editing.host.broken["apply"] = Problem("the group “Faces” is locked", "unlock it, then apply again", "locked")
    editing.slide("smile", 0.8)
    editing.draw()
    editing.panel.apply.click()
    finish(editing)
    assert "The group “Faces” is locked: unlock it, then apply again." in editing.shown()
    assert editing.panel.apply.isEnabled()


def test_an_edit_that_changes_nothing_adds_no_layer(editing: Docker) -> None:
    editing.slide("smile", 0.8)
    editing.draw()
    editing.panel.apply.click()
    finish(editing, picture=None)
    assert not editing.host.applied
    assert "nothing to apply" in editing.shown()


def test_refine_says_how_far_it_is_and_can_be_stopped(editing: Docker) -> None:
    refine = editing.panel.refine
    refine.slider.show_strength(0.8)
    refine.button.click()
    request = editing.worker.last(m.Refine)
    assert (request.face, request.faithful) == (0, 0.8)
    assert refine.button.text() == "Stop"
    editing.worker.answer(m.Progress(id=request.id, what="refining", fraction=0.2, text="12 of 60, 8 s left"))
    assert "Refining: 12 of 60, 8 s left" in editing.shown()
    refine.button.click()
    assert editing.worker.last(m.Cancel).what == request.id
    editing.worker.answer(m.Failed(id=request.id, cause="it was cancelled", reason="cancelled"))
    assert refine.button.text() == "Refine"
    refine.button.click()
    editing.worker.answer(m.Refined(id=editing.worker.last(m.Refine).id, face=0, text="24.1 dB"))
    assert "Refined: 24.1 dB." in editing.shown()


def test_presets_are_saved_applied_shared_loaded_and_deleted(editing: Docker, tmp_path: Path, monkeypatch) -> None:
    presets = editing.panel.presets
    files = PresetFiles(editing.host.presets_folder, tr)
    editing.slide("smile", 0.8)
    suggestions: list[str] = []
    monkeypatch.setattr(presets, "ask_name", lambda suggested: suggestions.append(suggested) or "Happy / friendly")
    presets.offered.save()
    assert suggestions == ["Smile +0.8"]
    shared = tmp_path / "shared" / "happy.json"
    monkeypatch.setattr(presets, "ask_file", lambda save: shared)
    presets.offered.share()
    assert files.load(shared) == Preset("happy", {"smile": 0.8})
    editing.panel.reset.click()
    presets.fill()
    choose = next(action for action in presets.menu_.actions() if action.text() == "Happy / friendly")
    choose.trigger()
    assert editing.panel.attributes.rows["smile"].slider.strength == 0.8
    files.delete("Happy / friendly")
    assert files.all() == []
    presets.offered.load()
    assert [preset.name for preset in files.all()] == ["happy"]


def test_a_preset_leaves_locked_attributes_and_names_those_that_are_unknown(editing: Docker) -> None:
    editing.slide("age", 0.3)
    editing.panel.attributes.rows["age"].lock.click()
    editing.panel.presets.chosen.emit(Preset("p", {"age": 1.0, "smile": 0.5, "third_eye": 1.0}))
    assert dict(editing.controller.editor.sliders.values[0]) == {"age": 0.3, "smile": 0.5}
    assert "This model has no: Third eye" in editing.shown()


def test_a_file_that_is_no_preset_is_refused_in_one_line(editing: Docker, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "no.json"
    path.write_text("[]")
    monkeypatch.setattr(editing.panel.presets, "ask_file", lambda save: path)
    editing.panel.presets.fill()
    next(action for action in editing.panel.presets.menu_.actions() if action.text() == "Load from file…").trigger()
    assert "This is not a preset: choose a file that was saved as one." in editing.shown()


def test_the_preview_of_several_faces_is_refined_face_by_face(docker: Docker) -> None:
    docker.connect()
    docker.find(face(0), face(1, 60))
    docker.panel.faces.list.clearSelection()
    docker.panel.faces.list.item(1).setSelected(True)
    docker.panel.refine.button.click()
    assert docker.worker.last(m.Refine).face == 1


def test_presets_to_begin_with_show_the_face_and_are_applied(editing: Docker) -> None:
    presets = editing.panel.presets
    presets.fill()
    asked = editing.worker.last(m.Sketch)
    names = list(presets.starters.buttons)
    assert "Happy" not in names  # without squint, which this model lacks
    assert "Older" in names
    light = grey(96, 96, 3, value=240)
    editing.worker.answer(m.Sketches(id=asked.id, pictures=(light,) * len(asked.edits)))
    shown = presets.starters.buttons["Older"].icon().pixmap(72, 72).toImage()
    assert shown.pixelColor(36, 36).red() == 240
    presets.starters.buttons["Older"].click()
    assert editing.worker.last(m.Edit).faces == (m.FaceEdit(0, {"age": 0.8}),)
