"""One edit on many layers: each is read, drawn and applied; one that fails does not stop the rest."""

from anycost_client.core.problem import Problem
from anycost_client.edit.batch import Outcome
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Unavailable
from docker_parts import Docker, face, settle

LATENT = m.Picture.packed(4, 2, 1, b"\0" * 32, "32f")


def open_batch(docker: Docker):
    docker.slide("smile", 0.8)
    docker.draw()
    docker.panel.batch.click()
    settle()
    return docker.panel.batch_view.dialog


def found(docker: Docker, *faces: m.Face) -> None:
    docker.find(*faces)
    settle()


def drawn(docker: Docker) -> None:
    """The final image and the latents of the layer at hand."""
    final = next(r for r in reversed(docker.worker.sent) if isinstance(r, m.Edit) and r.quality == "final")
    docker.draw(final)
    for read in [r for r in docker.worker.sent if isinstance(r, m.ReadLatent)]:
        docker.worker.answer(m.Latent(id=read.id, face=read.face, model="abc", values=LATENT))
    settle()


def outcomes(docker: Docker) -> list[Outcome]:
    return [item.outcome for item in docker.controller.batch.items]


def test_the_rest_goes_on_when_one_layer_has_no_face_and_one_cannot_be_read(editing: Docker) -> None:
    dialog = open_batch(editing)
    assert [dialog.list.item(row).text() for row in range(3)] == ["Portrait", "Group photo", "Sky"]
    assert "Smile +0.8" in dialog.edit.text()
    editing.host.broken["Group photo"] = Problem("the layer is empty", "choose a layer with a picture", "empty")
    dialog.start.click()
    found(editing)  # nothing in the first
    assert outcomes(editing) == [Outcome.NO_FACE, Outcome.FAILED, Outcome.RUNNING]
    found(editing, face(0), face(1, 60))
    drawn(editing)
    assert outcomes(editing) == [Outcome.NO_FACE, Outcome.FAILED, Outcome.DONE]
    [(source, result)] = editing.host.applied
    assert source.layer.name == "Sky"
    assert [dict(recorded.strengths) for recorded in result.record.faces] == [{"smile": 0.8}]
    assert dialog.summary.text() == "1 done · 1 without a face · 1 failed"
    assert "The layer is empty: choose a layer with a picture." in dialog.list.item(1).toolTip()
    assert dialog.bar.value() == dialog.bar.maximum() == 3


def test_all_faces_of_each_layer(editing: Docker) -> None:
    dialog = open_batch(editing)
    dialog.faces.setCurrentIndex(1)
    dialog.start.click()
    found(editing, face(0), face(1, 60))
    drawn(editing)
    assert len(editing.host.applied[0][1].record.faces) == 2
    editing.controller.cancel_batch()


def test_a_cancelled_batch_keeps_what_is_done(editing: Docker) -> None:
    dialog = open_batch(editing)
    dialog.start.click()
    found(editing, face(0))
    drawn(editing)
    dialog.cancel.click()
    settle()
    assert outcomes(editing) == [Outcome.DONE, Outcome.CANCELLED, Outcome.CANCELLED]
    assert len(editing.host.applied) == 1
    found(editing, face(0))  # comes too late
    assert len(editing.host.applied) == 1
    assert dialog.cancel.text() == "Close"


def test_without_a_backend_the_batch_ends_and_says_why(editing: Docker) -> None:
    dialog = open_batch(editing)
    dialog.start.click()
    editing.worker.answer(Unavailable("the backend ended while starting: out of memory", "see the log"))
    settle()
    assert outcomes(editing) == [Outcome.FAILED] * 3
    assert "out of memory" in dialog.list.item(2).toolTip()


def test_a_scope_without_layers_is_explained_and_cannot_be_started(editing: Docker) -> None:
    dialog = open_batch(editing)
    dialog.scope.setCurrentIndex(1)
    assert dialog.problem.text() == "No group is active: choose one."
    assert not dialog.start.isEnabled()


def test_while_a_batch_runs_the_docker_edits_no_other_layer(editing: Docker) -> None:
    dialog = open_batch(editing)
    dialog.start.click()
    reads = editing.worker.count(m.OpenRegion)
    editing.panel.reread.click()
    assert editing.worker.count(m.OpenRegion) == reads
    assert "A batch is running" in editing.shown()
    editing.controller.cancel_batch()
