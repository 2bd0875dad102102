"""Sessions of clients: opens regions, projects their faces in the background, and renders edits of them."""

import gc
import logging
import math
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.core.images import to_uint8
from anycost_models.core.malloc_settings import give_back_freed_memory
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionSettings

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.face_edit import FaceEdit, face_edit_of
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region
from anycost_backend.photo.layer import as_array, as_picture, layer_of
from anycost_backend.previews.preview_ladder import PreviewStep, channels_text, preview_steps
from anycost_backend.previews.preview_renderer import PreviewRenderer
from anycost_backend.previews.sketches import sketch
from anycost_backend.server.attribute_list import attribute_list
from anycost_backend.server.error_replies import RequestError, failed_reply
from anycost_backend.server.job_queue import Job, JobQueue
from anycost_backend.server.open_session import Answer, OpenSession, PreviewRequest, SessionFaces
from anycost_backend.server.replies import edited_reply, face_reply, reached_of, selection_of, unchanged_reply
from anycost_backend.server.warm_up import WarmUp

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep

log = logging.getLogger(__name__)

MAX_OPEN_BYTES = 2 << 30  # pixels of all regions
MAX_REFINING = 600.0  # seconds
_CACHE_BYTES = 128 << 20  # views of faces, of all sessions
_IDLE_DELAY = 0.12  # seconds without a newer edit after which better previews follow
_PROGRESS_INTERVAL = 0.2  # seconds
MAX_SKETCHES, MAX_SKETCH_SIDE = 64, 256  # of one request; pixels
_DRAG_PAUSE = 0.5  # seconds between two movements of a slider during which a projection stays preempted


class EditService:
    """For the compute thread. Every public method with a Job answers one request, or raises RequestError for a request
    that cannot be done, and AnycostError when a model is missing or damaged."""

    def __init__(self, model: str, job_queue: JobQueue) -> None:
        self._model = model
        self._job_queue = job_queue
        self._cache = ByteLRUCache(_CACHE_BYTES)
        self._sessions: dict[str, OpenSession] = {}
        self.warm_up = WarmUp(lambda: self.models, job_queue)

    @cached_property
    def models(self) -> Models:
        return Models(self._model, on_render=self.warm_up.on_render)

    @property
    def session_count(self) -> int:
        return len(self._sessions)

    def latencies(self) -> tuple[m.SubGeneratorTime, ...]:
        """What each sub-generator takes on this machine; empty until it was measured. For any thread."""
        table = self.warm_up.table
        rows = table.rows if table else ()
        return tuple(m.SubGeneratorTime(row.resolution, channels_text(row.sub), row.ms) for row in rows)

    # ------------------------------------------------------------------ requests

    def open(self, job: Job, request: m.OpenRegion, answer: Answer) -> None:
        size = sum(len(p.data) for p in (request.image, request.selection) if p)
        if size + sum(session.size for session in self._sessions.values()) > MAX_OPEN_BYTES:
            raise RequestError("too_large", "too many large regions are open", "close one, or select a smaller part")
        layer = layer_of(request.image, request.colours, request.order)
        self.models.load_beside(with_encoder=not request.known)
        region = Region(layer, selection_of(request), self.models, self._cache)
        job.check()
        bgr = request.order == "bgr" and request.image.channels >= 3
        session = OpenSession(
            uuid.uuid4().hex, job.client, region, PreviewRenderer(region, self._cache), request.max_side, bgr, size
        )
        for known in request.known:
            if known.model == self.models.renderer.file.sha256:
                region.adopt(np.array(known.corners, np.float64), as_array(known.latent)[:, :, 0].astype(np.float32))
        faces = tuple(face_reply(region, face) for face in range(len(region.numbers)))
        before = as_picture(region.before(request.max_side))
        job.check()
        self._sessions[session.id] = session
        warning = "" if faces else "no face was found here: select one that shows both eyes and the mouth"
        answer(m.RegionOpened(id=request.id, session=session.id, faces=faces, thumbnail=before, warning=warning))
        for face in range(len(faces)) if self.models.encoder else range(min(1, len(faces))):
            self.project(session, face)
        if faces:
            self.warm_up.settle_later(region.working_side(0, request.max_side))

    def edit(self, job: Job, request: m.Edit, answer: Answer) -> None:
        session = self.session_of(request.session, job.client)
        edits = self._checked_edits(session, request)
        if not edits:
            answer(unchanged_reply(request, session.region))
            return
        final = request.quality == "final"
        for face in edits:
            self.project(session, face)  # also refines what only the encoder has projected
        if not self.all_projected(job, session.drawn(edits), final=final):
            return
        if final:
            overlay = session.region.final(edits, job.check)
            if not session.region.shows(overlay):
                answer(unchanged_reply(request, session.region))
                return
            if session.bgr:
                for row in overlay.pixels:  # at once it would be another copy
                    row[:] = row[:, [2, 1, 0, 3]]
            full, reached = self.models.renderer.full, reached_of(session.region, edits)
            answer(edited_reply(request, overlay, full, "final", job.created, reached))
            return
        max_side = request.max_side or session.max_side
        side = max(session.region.working_side(face, max_side) for face in edits)
        steps = preview_steps(self.models.renderer, self.warm_up.frame_budget, side, len(edits))
        preview = PreviewRequest(request, answer, session, edits, max_side)
        session.newest = self._following(job, preview, steps[-1:])
        self._render_preview(job, preview, steps[-1:] if request.quality == "best" else steps)

    def refine(self, job: Job, request: m.Refine, answer: Answer) -> None:
        session = self.session_of(request.session, job.client)
        self.check_face(session, request.face)
        if not self.all_projected(job, [(session, request.face)]):  # nothing to compare with
            return
        settings = ProjectionSettings(
            budget=min(max(request.budget, 1.0), MAX_REFINING), editable=1 - min(max(request.faithful, 0.0), 1.0)
        )
        on_step = self._on_step(job, lambda: [job], "making the face more alike")
        self.warm_up.make_room()
        try:
            found = session.region.session.refine(session.region.numbers[request.face], settings, on_step)
        finally:
            self.warm_up.settle_later()
        measured = {"psnr": found.psnr, "enl0": found.enl0, "deviation": found.deviation}
        scores = {name: value for name, value in measured.items() if value is not None and math.isfinite(value)}
        text = f"{found.psnr:.1f} dB" if "psnr" in scores else ""
        answer(m.Refined(id=request.id, face=request.face, scores=scores, text=text))

    def sketch(self, job: Job, request: m.Sketch, answer: Answer) -> None:
        session = self.session_of(request.session, job.client)
        if not (0 < len(request.edits) <= MAX_SKETCHES and 0 < request.side <= MAX_SKETCH_SIDE):
            raise RequestError("bad_message", "too many sketches, or of a wrong size", "see docs/protocol.md")
        edits = [self._checked_edit(session, requested) for requested in request.edits]
        if not self.all_projected(job, [(session, requested.face) for requested in request.edits]):
            return
        pictures = []
        for requested, edit in zip(request.edits, edits, strict=True):
            pictures.append(as_picture(sketch(session.region, requested.face, edit, request.side, job.check)))
            job.on_progress("sketching", len(pictures) / len(edits), "")
            self._job_queue.run_urgent_jobs()
            job.check()
        answer(m.Sketches(id=request.id, pictures=tuple(pictures)))

    def read_latent(self, job: Job, request: m.ReadLatent, answer: Answer) -> None:
        session = self.session_of(request.session, job.client)
        self.check_face(session, request.face)
        if not self.all_projected(job, [(session, request.face)]):
            return
        values = as_picture(session.region.latent(request.face)[:, :, None])
        answer(m.Latent(id=request.id, face=request.face, model=self.models.renderer.file.sha256, values=values))

    def list_attributes(self, job: Job, request: m.Attributes, answer: Answer) -> None:
        answer(attribute_list(request.id, self.models.directions))

    def render_sample(self, job: Job, request: m.RenderSample, answer: Answer) -> None:
        started = time.monotonic()
        renderer = self.models.renderer
        sub = preview_steps(renderer, None, request.resolution)[-1].sub
        if not 0 <= request.seed < 1 << 63 or not 0 <= request.truncation <= 1:
            raise RequestError("bad_message", "the seed or the truncation is out of range", "see docs/protocol.md")
        image = renderer.render(renderer.sample(request.seed, request.truncation), sub)
        answer(
            m.Sample(
                id=request.id,
                picture=as_picture(to_uint8(image)),
                resolution=sub.resolution,
                channels=channels_text(sub),
                milliseconds=1e3 * (time.monotonic() - started),
            )
        )

    def close(self, session: str, client: str) -> None:
        """Does nothing when the session is closed already, or another client's."""
        found = self._sessions.get(session)
        if found and found.client == client:
            del self._sessions[session]
            found.region.close()
            del found  # which refers to itself: its pixels would stay until Python looks for such cycles, regions later
            gc.collect()
            give_back_freed_memory()

    def close_all(self, client: str) -> None:
        for session in [session.id for session in self._sessions.values() if session.client == client]:
            self.close(session, client)

    # ------------------------------------------------------------------ sessions and their faces

    def session_of(self, id: str, client: str) -> OpenSession:
        """Raises RequestError when the client has no such session."""
        session = self._sessions.get(id)
        if session is None or session.client != client:
            raise RequestError("no_session", "this session is not open", "open the region again")
        return session

    def check_face(self, session: OpenSession, face: int) -> None:
        """Raises RequestError when the session has no such face."""
        if not 0 <= face < len(session.region.numbers):
            raise RequestError("no_face", f"the region has no face {face}", "choose one of those that were found")

    def all_projected(self, job: Job, faces: SessionFaces, *, final: bool = False) -> bool:
        """Whether these faces can be edited now. If not, they are projected and the job runs again afterwards: return.

        final: whether an encoder's answer is not enough. Raises the error of a projection that failed; the next request
        projects again."""
        for session, face in faces:
            if face in session.errors:
                raise session.errors.pop(face)
        missing = [(session, face) for session, face in faces if not session.can_edit(face, final=final)]
        for session, face in missing:
            self.project(session, face)
        if missing:
            job.ready = lambda: all(session.stop_waiting(face, final=final) for session, face in missing)
            self._job_queue.requeue(job)
        return not missing

    def project(self, session: OpenSession, face: int) -> None:
        """Projects the face in the background, once: by the encoder first, if the model has one, then refined."""
        if face in session.projecting or session.can_edit(face, final=True):
            return
        session.projecting.add(face)
        number = session.region.numbers[face]

        def run(job: Job) -> None:
            try:
                if job.preemptible:
                    on_step = self._on_projection_step(job, session, number)
                    meanwhile = self._job_queue.run_urgent_jobs
                    session.region.session.project(number, on_step=on_step, meanwhile=meanwhile)
                    if not job.stop_reason and not session.region.refined(face):  # else a final would wait for ever
                        raise RuntimeError(f"the projection of face {face} was not finished")
                else:
                    session.region.session.project(number, ProjectionSettings(budget=0))
            except Exception as error:
                session.errors[face] = error
                failed_reply("", error)  # logs it
            finally:
                session.projecting.discard(face)
                if job.preemptible:
                    self.warm_up.settle_later()
            if not job.preemptible and face == 0:  # the other faces are refined when they are edited
                self.project(session, face)
            elif not job.stop_reason:
                self._render_newest_again(session)

        encodes = self.models.encoder is not None and not session.can_edit(face)
        self._job_queue.put(
            Job(
                session.client,
                "",
                "finding how the model draws a face",
                run,
                on_dropped=lambda job, reason: session.projecting.discard(face),
                session=session.id,
                preemptible=not encodes,
            )
        )

    # ------------------------------------------------------------------ inside

    def _checked_edits(self, session: OpenSession, request: m.Edit) -> dict[int, FaceEdit]:
        """Face → edit, of the faces that change. Raises RequestError."""
        edits = {requested.face: self._checked_edit(session, requested) for requested in request.faces}
        return {face: edit for face, edit in edits.items() if edit.changes}

    def _checked_edit(self, session: OpenSession, requested: m.FaceEdit) -> FaceEdit:
        """Raises RequestError."""
        self.check_face(session, requested.face)
        try:
            return face_edit_of(requested, self.models.directions, self.models.latent_shape)
        except AnycostError as error:
            raise RequestError("unknown_attribute", error.cause, error.remedy) from error

    def _render_preview(self, job: Job, preview: PreviewRequest, steps: list[PreviewStep]) -> None:
        """Renders the first step; the others follow when no newer edit comes."""
        step, following = steps[0], steps[1:]
        request, session, edits = preview.request, preview.session, preview.edits
        received = time.monotonic() if job.idle_only else job.created  # nobody waits for a step that follows
        with self.warm_up.timing_preview(step.sub, len(edits)) if step.quick else nullcontext():
            overlay = session.previews.render(edits, step.sub, preview.max_side, step.quick, job.check)
        quality: m.Quality = "preview" if following else "best"
        more = bool(following) or not all(session.can_edit(face, final=True) for _, face in session.drawn(edits))
        reached = reached_of(session.region, edits)
        preview.answer(edited_reply(request, overlay, step.sub, quality, received, reached, more=more))
        if following:
            self._job_queue.requeue(self._following(job, preview, following))
        else:
            self.warm_up.on_idle()

    def _following(self, job: Job, preview: PreviewRequest, steps: list[PreviewStep]) -> Job:
        """A job for better previews of the same edit, when there is nothing else to do."""
        return Job(
            client=job.client,
            request_id=preview.request.id,
            description="drawing a better preview",
            run=lambda job: self._render_preview(job, preview, steps),
            session=job.session,
            key=job.key,
            idle_only=True,
            not_before=time.monotonic() + (0 if job.idle_only else _IDLE_DELAY),
        )

    def _render_newest_again(self, session: OpenSession) -> None:
        """Renders the newest preview from a better latent."""
        if session.newest:
            self._job_queue.requeue(replace(session.newest, not_before=0.0))

    def _on_step(self, job: Job, watchers: Callable[[], list[Job]], what: str) -> "Callable[[ProjectionStep], bool]":
        """What a projection calls after each step: reports its progress to the `watchers`, runs urgent jobs, and
        returns whether to go on."""
        reported, stage = 0.0, None

        def on_step(step: "ProjectionStep") -> bool:
            nonlocal reported, stage
            if step.sub != stage:
                stage = step.sub
                self.warm_up.make_room()
            if time.monotonic() > reported + _PROGRESS_INTERVAL:
                reported = time.monotonic()
                for watcher in watchers():
                    fraction = min(step.step / max(step.steps, 1), 1.0)
                    watcher.on_progress(what, fraction, f"{step.step} of {step.steps}")
            self._job_queue.run_urgent_jobs(_DRAG_PAUSE, lambda: bool(job.stop_reason))
            return not job.stop_reason

        return on_step

    def _on_projection_step(self, job: Job, session: OpenSession, number: int) -> "Callable[[ProjectionStep], bool]":
        """As `_on_step`; renders the newest preview again whenever the projection goes on to a better sub-generator.

        number: of the face in the region's session"""

        def watchers() -> list[Job]:
            return self._job_queue.waiting(lambda other: other.session == session.id)

        report = self._on_step(job, watchers, "finding how the model draws this face")
        last: SubGenerator | None = None

        def on_step(step: "ProjectionStep") -> bool:
            nonlocal last
            if last is not None and step.sub != last:
                session.region.session.set_interim(number, step.latent, step.psnr)
                self._render_newest_again(session)
            last = step.sub
            return report(step)

        return on_step
