"""Takes requests, whoever brings them, and makes each into a job for the compute thread. Loads nothing heavy itself."""

import logging
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from anycost_client.protocol import messages as m
from anycost_models.hub.imported_models import EMBEDDED

from anycost_backend.server.error_replies import dropped, failure
from anycost_backend.server.job_queue import Job, JobQueue

if TYPE_CHECKING:
    from anycost_models.export.graph_cache import GeneratorFile

    from anycost_backend.server.attribute_service import AttributeService
    from anycost_backend.server.edit_service import EditService

log = logging.getLogger(__name__)

Answer = Callable[[m.Reply], None]


class Desk:
    """For any thread; what the jobs do is the studio's."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.work = JobQueue()
        self._loading = False

    @cached_property
    def generator(self) -> "GeneratorFile":
        """What the model's file says. Raises AnycostError when it is missing or damaged."""
        from anycost_models.export.graph_cache import GeneratorFile
        from anycost_models.hub.imported_models import model_path

        return GeneratorFile.read(model_path(self.model))

    @cached_property
    def studio(self) -> "EditService":
        """For the compute thread: with it come the libraries."""
        from anycost_backend.server.edit_service import EditService

        return EditService(self.model, self.work)

    @cached_property
    def workshop(self) -> "AttributeService":
        """As the studio."""
        from anycost_backend.server.attribute_service import AttributeService

        return AttributeService(self.studio, self.work)

    def take(self, request: m.Request, client: str, answer: Answer) -> None:
        """One of the work socket's requests. It is answered now or later, in any case."""
        since = time.monotonic()

        def job(what: str, run: Callable[[Job], None], session: str = "") -> Job:
            return Job(
                client=client,
                id=request.id,
                what=what,
                run=run,
                dropped=lambda job, why: answer(dropped(request.id, why)),
                failed=lambda job, error: answer(failure(request.id, error)),
                tell=lambda what, fraction, text: answer(
                    m.Progress(id=request.id, what=what, fraction=fraction, text=text)
                ),
                session=session,
            )

        match request:
            case m.OpenRegion():
                answer(m.Progress(id=request.id, what="finding faces"))
                self.work.put(job("finding faces", lambda job: self.studio.open(job, request, answer)))
            case m.Edit():
                final = request.quality == "final"
                what = "drawing the final picture" if final else "drawing a preview"
                drawing = job(what, lambda job: self.studio.edit(job, request, answer, since), request.session)
                drawing.key = "edit", client, request.session
                drawing.lasting = final
                drawing.dropped = lambda job, why: answer(
                    m.Superseded(id=request.id, sequence=request.sequence)
                    if why == "superseded"
                    else dropped(request.id, why)
                )
                self.work.put(drawing)
            case m.Refine():
                refining = job("refining a face", lambda job: self.studio.refine(job, request, answer), request.session)
                refining.long = True
                self.work.put(refining)
            case m.ReadLatent():
                self.work.put(
                    job("reading a latent", lambda job: self.studio.latent(job, request, answer), request.session)
                )
            case m.Attributes() if self.model == EMBEDDED:  # at once: editors show nothing without sliders
                from anycost_backend.server.attribute_list import embedded_attributes

                answer(embedded_attributes(request.id, self.generator))
            case m.Attributes():
                self.work.put(job("listing attributes", lambda job: self.studio.attributes(job, request, answer)))
            case m.LearnAttribute():
                learning = job("learning an attribute", lambda job: self.workshop.learn(job, request, answer))
                learning.long = True
                self.work.put(learning)
            case m.RemoveAttribute():
                self.work.put(job("removing an attribute", lambda job: self.workshop.remove(job, request, answer)))
            case m.MatchFace():
                matching = job(
                    "matching a face", lambda job: self.workshop.match(job, request, answer), request.session
                )
                matching.long = True
                self.work.put(matching)
            case m.RenderSample():
                self.work.put(job("drawing a sample", lambda job: self.studio.sample(job, request, answer)))
            case m.Close():
                self.close(client, request.session)
                answer(m.Done(id=request.id))
            case _:
                answer(
                    m.Failed(
                        id=request.id,
                        cause="this request belongs on the control socket",
                        remedy="see docs/protocol.md",
                        reason="bad_message",
                    )
                )

    def load(self) -> None:
        """What every client will need, once, as soon as nothing else is to be done."""
        if self._loading:
            return
        self._loading = True
        self.work.put(self._silent("loading the models", lambda job: self.studio.load(), resting=True))

    def cancel(self, client: str, id: str) -> None:
        """That request of the client; "": all of them."""
        self.work.stop("cancelled", lambda job: job.client == client and job.id != "" and id in ("", job.id))

    def close(self, client: str, session: str) -> None:
        self.work.stop("closed", lambda job: job.client == client and job.session == session)
        self.work.put(self._silent("closing", lambda job: self.studio.close(session, client)))

    def leave(self, client: str) -> None:
        """Its jobs and sessions go with it."""
        self.work.stop("cancelled", lambda job: job.client == client)
        self.work.put(self._silent("closing", lambda job: self.studio.close_all(client)))

    def sessions(self) -> int:
        """How many are open."""
        return self.studio.count if "studio" in self.__dict__ else 0

    def times(self) -> tuple[m.SubGeneratorTime, ...]:
        """What each sub-generator takes on this machine, as far as it is known."""
        table = self.studio.table if "studio" in self.__dict__ else None
        if table is None:
            return ()
        from anycost_backend.previews.preview_ladder import channels_text

        return tuple(m.SubGeneratorTime(row.resolution, channels_text(row.sub), row.ms) for row in table.rows)

    def _silent(self, what: str, run: Callable[[Job], None], *, resting: bool = False) -> Job:
        """A job that nobody waits for."""
        return Job("", "", what, run, lambda job, why: None, resting=resting)
