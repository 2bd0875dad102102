"""Learns attributes from the faces of open sessions, matches one face to another, and measures what can be dragged."""

from collections.abc import Callable, Sequence

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.editing.user_attributes import check_free, remove, store

from anycost_backend.editing.attribute_learning import learn_attribute
from anycost_backend.editing.face_matching import match_faces, text_of
from anycost_backend.editing.handles import handles_of
from anycost_backend.photo.layer import as_picture
from anycost_backend.server.edit_service import EditService
from anycost_backend.server.error_replies import RequestError
from anycost_backend.server.job_queue import Job, JobQueue
from anycost_backend.server.open_session import Answer, OpenSession


class AttributeService:
    """For the compute thread. Every public method answers one request or raises RequestError or AnycostError."""

    def __init__(self, edit_service: EditService, job_queue: JobQueue) -> None:
        self._edit_service, self._job_queue = edit_service, job_queue

    def learn(self, job: Job, request: m.LearnAttribute, answer: Answer) -> None:
        models = self._edit_service.models
        try:
            check_free(request.name, models.shipped_directions)
        except AnycostError as error:
            raise RequestError("bad_message", error.cause, error.remedy) from error
        faces = self._faces(job, (*request.positive, *request.negative))
        if not self._edit_service.all_projected(job, faces):
            return
        latents = np.array([session.region.latent(face) for session, face in faces])
        positive, negative = np.split(latents.reshape(-1, *models.latent_shape), [len(request.positive)])
        on_progress = self._on_progress(job, "learning an attribute")
        try:
            attribute, learned = learn_attribute(
                models, request.name, request.about, request.region, positive, negative, on_progress
            )
        except AnycostError as error:
            raise RequestError("bad_message", error.cause, error.remedy) from error
        store(attribute)
        direction = attribute.direction
        slider = m.Attribute(direction.name, direction.group, direction.about)
        scores = {name: float(value) for name, value in learned.report().items()}
        answer(m.Learned(id=request.id, attribute=slider, holds=learned.holds, scores=scores, text=learned.text()))

    def remove(self, job: Job, request: m.RemoveAttribute, answer: Answer) -> None:
        try:
            remove(request.name)
        except AnycostError as error:
            raise RequestError("unknown_attribute", error.cause, error.remedy) from error
        answer(m.Done(id=request.id))

    def match(self, job: Job, request: m.MatchFace, answer: Answer) -> None:
        faces = self._faces(job, (m.SessionFace(request.session, request.face), request.source))
        if not self._edit_service.all_projected(job, faces):
            return
        target, source = ((session.region.session, session.region.numbers[face]) for session, face in faces)
        on_progress = self._on_progress(job, "matching the face")
        found = match_faces(request.what, self._edit_service.models, target, source, on_progress)
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

    def read_handles(self, job: Job, request: m.ReadHandles, answer: Answer) -> None:
        [(session, face)] = faces = self._faces(job, (m.SessionFace(request.session, request.face),))
        if not self._edit_service.all_projected(job, faces):
            return
        on_progress = self._on_progress(job, "looking how the face moves")
        found = handles_of(session.region.session, session.region.numbers[face], on_progress)
        handles = tuple(m.Handle(handle.name, handle.point, handle.moves) for handle in found)
        answer(m.HandleList(id=request.id, face=face, handles=handles))

    def _faces(self, job: Job, faces: Sequence[m.SessionFace]) -> list[tuple[OpenSession, int]]:
        """Raises RequestError when one of them does not exist."""
        found = []
        for face in faces:
            session = self._edit_service.session_of(face.session, job.client)
            self._edit_service.check_face(session, face.face)
            found.append((session, face.face))
        return found

    def _on_progress(self, job: Job, what: str) -> Callable[[float], None]:
        """What a preemptible job calls with its progress, 0…1: reports it, runs urgent jobs, and raises Stopped when
        the job was stopped."""

        def on_progress(fraction: float) -> None:
            job.on_progress(what, min(max(fraction, 0.0), 1.0), "")
            self._job_queue.run_urgent_jobs()
            job.check()

        return on_progress
