"""Opened regions and what is done with them: everything that touches models or pixels, in the compute thread."""

import logging
import math
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import LatencyTable
from anycost_models.projection.settings import ProjectionSettings

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.face_edit import FaceEdit, face_edit_of
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region, RegionOverlay, Strengths
from anycost_backend.photo.layer import as_array, as_picture, layer_of
from anycost_backend.previews.preview_ladder import PreviewStep, channels_text, preview_steps
from anycost_backend.server.attribute_list import attribute_list
from anycost_backend.server.error_replies import RequestError, failure
from anycost_backend.server.job_queue import Job, JobQueue
from anycost_backend.server.replies import edited_reply, face_reply, selection_of
from anycost_backend.server.warm_up import WarmUp

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep

log = logging.getLogger(__name__)

REST = 0.12  # seconds without a newer edit after which a better picture follows
KEPT = 256 << 20  # bytes: views of faces, of all sessions
MOST_REFINING = 600.0  # seconds
MOST_OPEN = 2 << 30  # bytes: pixels of all regions
_PROGRESS_EVERY = 0.2  # seconds
_DRAG = 0.5  # seconds between two movements of a slider during which a long job does not go on

Answer = Callable[[m.Reply], None]


@dataclass(eq=False)
class OpenSession:
    """One session of one client."""

    id: str
    client: str
    region: Region
    max_side: int
    swapped: bool  # the editor's channels are blue, green, red
    bytes: int
    projecting: set[int] = field(default_factory=set)  # faces
    failed: dict[int, Exception] = field(default_factory=dict)  # faces that could not be projected
    newest: "Job | None" = None  # the best picture of the newest preview, to be drawn again when a face is refined

    def settled(self, face: int, *, final: bool = False) -> bool:
        """Whether an edit of the face can be answered: a preview as soon as the encoder has."""
        known = self.region.refined(face) if final else self.region.projected(face)
        return known or face in self.failed

    def answerable(self, face: int, *, final: bool = False) -> bool:
        """Whether waiting for the face is over: also when another job has reported its failure, to try again."""
        return self.settled(face, final=final) or face not in self.projecting


@dataclass(frozen=True, eq=False)
class PreviewRequest:
    """An edit that can be drawn."""

    request: m.Edit
    answer: Answer
    since: float  # monotonic seconds when it came
    opened: OpenSession
    strengths: Strengths
    max_side: int  # pixels


class EditService:
    """For the compute thread, apart from the counts. Every method answers one request, or raises."""

    def __init__(self, model: str, work: JobQueue) -> None:
        self._model = model
        self._work = work
        self._kept = ByteLRUCache(KEPT)
        self._regions: dict[str, OpenSession] = {}
        self._ready = WarmUp(lambda: self.parts, work)

    @cached_property
    def parts(self) -> Models:
        return Models(self._model, on_drawn=self._ready.on_drawn)

    @property
    def table(self) -> LatencyTable | None:
        """What each sub-generator takes here, when it is known."""
        return self._ready.table

    @property
    def count(self) -> int:
        """Of sessions."""
        return len(self._regions)

    def load(self) -> None:
        """The models that every region needs, so that the first one need not wait for them."""
        self._ready.load()

    # --------------------------------------------------------------- requests

    def open(self, job: Job, request: m.OpenRegion, answer: Answer) -> None:
        size = sum(len(p.data) for p in (request.image, request.selection) if p)
        if size + sum(opened.bytes for opened in self._regions.values()) > MOST_OPEN:
            raise RequestError("too_large", "too many large regions are open", "close one, or select a smaller part")
        region = Region(
            layer_of(request.image, request.colours, request.order), selection_of(request), self.parts, self._kept
        )
        job.check()
        swapped = request.order == "bgr" and request.image.channels >= 3
        opened = OpenSession(uuid.uuid4().hex, job.client, region, request.max_side, swapped, size)
        for known in request.known:
            if known.model == self.parts.renderer.file.sha256:
                region.adopt(np.array(known.corners, np.float64), as_array(known.latent)[:, :, 0].astype(np.float32))
        faces = tuple(face_reply(region, number) for number in range(len(region.numbers)))
        before = as_picture(region.before(request.max_side))
        job.check()
        self._regions[opened.id] = opened
        warning = "" if faces else "no face was found here: select one that shows both eyes and the mouth"
        answer(m.RegionOpened(id=request.id, session=opened.id, faces=faces, thumbnail=before, warning=warning))
        for face in range(len(faces)) if self.parts.encoder else range(min(1, len(faces))):
            self.project(opened, face)
        if faces:
            self._ready.warm_later(region.side_shown(0, request.max_side))

    def edit(self, job: Job, request: m.Edit, answer: Answer, since: float) -> None:
        """since: monotonic seconds when the request came."""
        opened = self.opened_of(request.session, job.client)
        directions = self.parts.directions
        strengths: dict[int, FaceEdit] = {}
        for edit in request.faces:
            self.check_face(opened, edit.face)
            try:
                adjusted = face_edit_of(edit, directions, self.parts.latent_shape)
            except AnycostError as error:
                raise RequestError("unknown_attribute", error.cause, error.remedy) from error
            if adjusted.changes:
                strengths[edit.face] = adjusted
        if not strengths:
            whole = m.Rectangle(0, 0, opened.region.layer.width, opened.region.layer.height)
            answer(
                m.Edited(
                    id=request.id, sequence=request.sequence, picture=None, rectangle=whole, quality=request.quality
                )
            )
            return
        final = request.quality == "final"
        for face in strengths:
            self.project(opened, face)
        if not all(opened.settled(face, final=final) for face in strengths):
            job.ready = lambda: all(opened.answerable(face, final=final) for face in strengths)
            self._work.put_behind(job)
            return
        for face in strengths:
            if face in opened.failed:
                raise opened.failed.pop(face)  # the next edit tries again
        max_side = request.max_side or opened.max_side
        if final:
            shown = opened.region.final(strengths, job.check)
            pixels = shown.pixels[:, :, [2, 1, 0, 3]] if opened.swapped else shown.pixels
            answer(edited_reply(request, RegionOverlay(pixels, shown.bounds), self.parts.renderer.full, "final", since))
            return
        side = max(opened.region.side_shown(face, max_side) for face in strengths)
        rungs = preview_steps(self.parts.renderer, self._ready.frames, side, len(strengths))
        wanted = PreviewRequest(request, answer, since, opened, strengths, max_side)
        opened.newest = self._behind(job, wanted, rungs[-1:])
        self._preview(job, wanted, rungs[-1:] if request.quality == "best" else rungs)

    def refine(self, job: Job, request: m.Refine, answer: Answer) -> None:
        opened = self.opened_of(request.session, job.client)
        self.check_face(opened, request.face)
        if not opened.settled(request.face):  # better than what?
            self.project(opened, request.face)
            job.ready = lambda: opened.answerable(request.face)
            self._work.put_behind(job)
            return
        settings = ProjectionSettings(
            budget=min(max(request.budget, 1.0), MOST_REFINING), editable=1 - min(max(request.faithful, 0.0), 1.0)
        )
        on_step = self._watcher(job, lambda: [job], "making the face more alike")
        try:
            found = opened.region.session.refine(opened.region.numbers[request.face], settings, on_step)
        finally:
            self._ready.warm_later()
        measured = {"psnr": found.psnr, "enl0": found.enl0, "deviation": found.deviation}
        scores = {name: value for name, value in measured.items() if value is not None and math.isfinite(value)}
        text = f"{found.psnr:.1f} dB" if "psnr" in scores else ""
        answer(m.Refined(id=request.id, face=request.face, scores=scores, text=text))

    def latent(self, job: Job, request: m.ReadLatent, answer: Answer) -> None:
        opened = self.opened_of(request.session, job.client)
        self.check_face(opened, request.face)
        if not opened.settled(request.face):
            self.project(opened, request.face)
            job.ready = lambda: opened.answerable(request.face)
            self._work.put_behind(job)
            return
        if request.face in opened.failed:
            raise opened.failed.pop(request.face)
        values = as_picture(opened.region.latent(request.face)[:, :, None])
        answer(m.Latent(id=request.id, face=request.face, model=self.parts.renderer.file.sha256, values=values))

    def attributes(self, job: Job, request: m.Attributes, answer: Answer) -> None:
        answer(attribute_list(request.id, self.parts.directions))

    def sample(self, job: Job, request: m.RenderSample, answer: Answer) -> None:
        started = time.monotonic()
        renderer = self.parts.renderer
        sub = preview_steps(renderer, None, request.resolution)[-1].sub
        if not 0 <= request.seed < 1 << 63 or not 0 <= request.truncation <= 1:
            raise RequestError("bad_message", "the seed or the truncation is out of range", "see docs/protocol.md")
        picture = renderer.render(renderer.sample(request.seed, request.truncation), sub)
        answer(
            m.Sample(
                id=request.id,
                picture=as_picture((picture * 255).round().astype(np.uint8)),
                resolution=sub.resolution,
                channels=channels_text(sub),
                milliseconds=1e3 * (time.monotonic() - started),
            )
        )

    def close(self, session: str, client: str) -> None:
        """Nothing when it is gone already, or another client's."""
        opened = self._regions.get(session)
        if opened and opened.client == client:
            del self._regions[session]
            opened.region.close()

    def close_all(self, client: str) -> None:
        for session in [opened.id for opened in self._regions.values() if opened.client == client]:
            self.close(session, client)

    # ----------------------------------------------------------------- inside

    def opened_of(self, session: str, client: str) -> OpenSession:
        opened = self._regions.get(session)
        if opened is None or opened.client != client:
            raise RequestError("no_session", "this session is not open", "open the region again")
        return opened

    def check_face(self, opened: OpenSession, face: int) -> None:
        if not 0 <= face < len(opened.region.numbers):
            raise RequestError("no_face", f"the region has no face {face}", "choose one of those that were found")

    def _preview(self, job: Job, wanted: "PreviewRequest", rungs: list[PreviewStep]) -> None:
        """Draws by the first rung; the others follow when nothing newer comes."""
        rung, rest = rungs[0], rungs[1:]
        request, region = wanted.request, wanted.opened.region
        since = time.monotonic() if job.resting else wanted.since  # nobody waits for a better one that follows
        with self._ready.drawing_frame(rung.sub, len(wanted.strengths)) if rung.quick else nullcontext():
            shown = region.preview(wanted.strengths, rung.sub, wanted.max_side, rung.quick, job.check)
        quality: m.Quality = "preview" if rest else "best"
        more = bool(rest) or not all(wanted.opened.settled(face, final=True) for face in wanted.strengths)
        wanted.answer(edited_reply(request, shown, rung.sub, quality, since, more=more))
        if rest:
            self._work.put_behind(self._behind(job, wanted, rest))
        else:
            self._ready.at_rest()

    def _behind(self, job: Job, wanted: "PreviewRequest", rungs: list[PreviewStep]) -> Job:
        """A better picture of what was wanted, when there is nothing else to do."""
        return Job(
            client=job.client,
            id=wanted.request.id,
            what="drawing a better preview",
            run=lambda job: self._preview(job, wanted, rungs),
            dropped=lambda job, why: None,  # what was asked has been answered
            session=job.session,
            key=job.key,
            resting=True,
            not_before=time.monotonic() + (0 if job.resting else REST),
        )

    def _watcher(self, job: Job, told: Callable[[], list[Job]], what: str) -> "Callable[[ProjectionStep], bool]":
        """For a long job: tells others how far it is, lets quick jobs do their work, and says when to stop."""
        last, stage = 0.0, None

        def on_step(step: "ProjectionStep") -> bool:
            nonlocal last, stage
            if step.sub != stage:
                stage = step.sub
                self._ready.make_room()
            if time.monotonic() > last + _PROGRESS_EVERY:
                last = time.monotonic()
                for one in told():
                    one.tell(what, min(step.step / max(step.steps, 1), 1.0), f"{step.step} of {step.steps}")
            self._work.between_steps(_DRAG, lambda: bool(job.why))
            return not job.why

        return on_step

    def project(self, opened: OpenSession, face: int) -> None:
        """In the background, once; edits that need it wait for it. By the encoder first, where there is one."""
        if face in opened.projecting or opened.settled(face, final=True):
            return
        opened.projecting.add(face)
        number = opened.region.numbers[face]

        def run(job: Job) -> None:
            try:
                if job.long:
                    on_step = self._approacher(job, opened, number)
                    opened.region.session.project(number, on_step=on_step, meanwhile=self._work.between_steps)
                else:
                    opened.region.session.project(number, ProjectionSettings(budget=0))
            except Exception as error:
                opened.failed[face] = error
                failure("", error)
            finally:
                opened.projecting.discard(face)
                if job.long:
                    self._ready.warm_later()
            if not job.long and face == 0:  # the others when they are edited
                self.project(opened, face)
            elif not job.why:
                self._draw_again(opened)

        def dropped(job: Job, why: str) -> None:
            opened.projecting.discard(face)

        at_once = self.parts.encoder is not None and not opened.settled(face)
        what = "finding how the model draws a face"
        self._work.put(Job(opened.client, "", what, run, dropped, session=opened.id, long=not at_once))

    def _approacher(self, job: Job, opened: OpenSession, number: int) -> "Callable[[ProjectionStep], bool]":
        """Watches a projection, and has the newest preview follow whenever it goes on to a better sub-generator."""
        watched = self._watcher(
            job,
            lambda: self._work.waiting(lambda other: other.session == opened.id),
            "finding how the model draws this face",
        )
        last: SubGenerator | None = None

        def on_step(step: "ProjectionStep") -> bool:
            nonlocal last
            if last is not None and step.sub != last:
                opened.region.session.approach(number, step.latent, step.psnr)
                self._draw_again(opened)
            last = step.sub
            return watched(step)

        return on_step

    def _draw_again(self, opened: OpenSession) -> None:
        """The newest preview, from a better latent."""
        if opened.newest:
            self._work.put_behind(replace(opened.newest, not_before=0.0))
