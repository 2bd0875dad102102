"""What is made from the faces of open sessions: attributes of the user's own, and what one takes over from another."""

from collections.abc import Callable, Sequence

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.editing.user_attributes import check_free, remove, store

from anycost_backend.editing.attribute_learning import learn_attribute
from anycost_backend.editing.face_matching import match_faces, text_of
from anycost_backend.photo.layer import as_picture
from anycost_backend.server.edit_service import Answer, EditService, OpenSession
from anycost_backend.server.error_replies import RequestError
from anycost_backend.server.job_queue import Job, JobQueue


class AttributeService:
    """For the compute thread. Every method answers one request, or raises."""

    def __init__(self, studio: EditService, work: JobQueue) -> None:
        self._studio, self._work = studio, work

    def learn(self, job: Job, request: m.LearnAttribute, answer: Answer) -> None:
        parts = self._studio.parts
        try:
            check_free(request.name, parts.shipped)
        except AnycostError as error:
            raise RequestError("bad_message", error.cause, error.remedy) from error
        faces = self._projected(job, (*request.positive, *request.negative))
        if faces is None:
            return
        latents = np.array([opened.region.latent(face) for opened, face in faces])
        sides = np.split(latents.reshape(-1, *parts.latent_shape), [len(request.positive)])
        report = self._reporter(job, "learning an attribute")
        try:
            made, learned = learn_attribute(
                parts, request.name, request.about, request.region, sides[0], sides[1], report
            )
        except AnycostError as error:
            raise RequestError("bad_message", error.cause, error.remedy) from error
        store(made)
        direction = made.direction
        attribute = m.Attribute(direction.name, direction.group, direction.about)
        scores = {name: float(value) for name, value in learned.report().items()}
        answer(m.Learned(id=request.id, attribute=attribute, holds=learned.holds, scores=scores, text=learned.text()))

    def remove(self, job: Job, request: m.RemoveAttribute, answer: Answer) -> None:
        try:
            remove(request.name)
        except AnycostError as error:
            raise RequestError("unknown_attribute", error.cause, error.remedy) from error
        answer(m.Done(id=request.id))

    def match(self, job: Job, request: m.MatchFace, answer: Answer) -> None:
        faces = self._projected(job, (m.SessionFace(request.session, request.face), request.source))
        if faces is None:
            return
        face, source = ((opened.region.session, opened.region.numbers[number]) for opened, number in faces)
        report = self._reporter(job, "matching the face")
        found = match_faces(request.what, self._studio.parts, face, source, report)
        answer(
            m.Matched(
                id=request.id,
                face=request.face,
                what=request.what,
                strengths=found.strengths,
                offset=None if found.offset is None else as_picture(found.offset[:, :, None]),
                left=found.left,
                text=text_of(found),
            )
        )

    def _projected(self, job: Job, wanted: Sequence[m.SessionFace]) -> list[tuple[OpenSession, int]] | None:
        """The faces in their sessions; None if some are still to be projected: then the job comes again. Raises what a
        projection raised."""
        faces = []
        for one in wanted:
            opened = self._studio.opened_of(one.session, job.client)
            self._studio.check_face(opened, one.face)
            if one.face in opened.failed:
                raise opened.failed.pop(one.face)
            faces.append((opened, one.face))
        waiting = [(opened, face) for opened, face in faces if not opened.settled(face)]
        for opened, face in waiting:
            self._studio.project(opened, face)
        if waiting:
            job.ready = lambda: all(opened.answerable(face) for opened, face in waiting)
            self._work.put_behind(job)
        return None if waiting else faces

    def _reporter(self, job: Job, what: str) -> Callable[[float], None]:
        """For a long job that is told how far it is, 0…1: tells its client, lets quick jobs do their work, and raises
        Stopped when it is not wanted any more."""

        def on_part(fraction: float) -> None:
            job.tell(what, min(max(fraction, 0.0), 1.0), "")
            self._work.between_steps()
            job.check()

        return on_part
