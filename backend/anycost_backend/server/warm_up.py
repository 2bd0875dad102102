"""What is loaded, so that a picture need not wait, and what this machine can draw in time. For the compute thread."""

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from anycost_models.core.errors import AnycostError
from anycost_models.core.malloc_settings import give_back_freed_memory
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import Latency, LatencyTable, measure, remembered

from anycost_backend.editing.models import Models
from anycost_backend.editing.renderer import Renderer
from anycost_backend.previews.frame_budget import FrameBudget
from anycost_backend.previews.preview_ladder import preview_steps
from anycost_backend.server.job_queue import Job, JobQueue

_FIRST = 256  # pixels: side of the faces that the first region is expected to show


class WarmUp:
    """Of one set of models."""

    def __init__(self, parts: Callable[[], Models], work: JobQueue) -> None:
        self._parts, self._work = parts, work
        self.frames: FrameBudget | None = None  # once it is known what pictures take
        self._measuring = False
        self._warmer = _Warmer()
        self._drawn: list[tuple[SubGenerator, float]] = []  # since the last preview began, milliseconds

    @property
    def table(self) -> LatencyTable | None:
        """What each sub-generator takes here, when it is known."""
        return self.frames.table if self.frames else None

    def load(self) -> None:
        """What every region needs, so that the first one need not wait for it; whoever asks meanwhile is answered."""
        parts = self._parts()
        table = remembered(parts.renderer.graphs)
        if table is not None:
            self.frames = FrameBudget(table)
            self.warm(_FIRST)  # in another thread
        for load in (lambda: parts.finder, lambda: parts.matte, self._warm_encoder, lambda: parts.directions):
            load()
            self._work.between_steps()
        if table is None:
            self._look_at_machine()

    def warm(self, side: int) -> None:
        """What the first movement of a slider will need, what follows it, and what a busier machine will draw with."""
        renderer = self._parts().renderer
        likely = self.frames.likely(side) if self.frames else ()
        subs = dict.fromkeys([*(rung.sub for rung in preview_steps(renderer, self.frames, side)), *likely])
        renderer.graphs.keep_only([*subs, renderer.full])  # those for other sizes come back when they are needed
        self._warmer.load(renderer, [sub for sub in subs if not renderer.graphs.has(sub)])

    def warm_later(self, side: int | None = None) -> None:
        """`warm`, or without a side what a projection has made room of, when there is nothing else to do."""
        run = self._warm_encoder if side is None else lambda: self.warm(side)
        self._work.put(Job("", "", "warming up", lambda job: run(), lambda job, why: None, resting=True))

    def make_room(self) -> None:
        """Before and while torch works, which needs as much memory as all else."""
        if encoder := self._parts().encoder:
            encoder.forget()
        give_back_freed_memory()

    def on_drawn(self, sub: SubGenerator, ms: float) -> None:
        """A picture was drawn by `sub`."""
        self._drawn.append((sub, ms))
        if self.frames:
            self.frames.pace.observe(sub, ms)

    @contextmanager
    def drawing_frame(self, sub: SubGenerator, faces: int) -> Iterator[None]:
        """Around a picture of a drag."""
        self._drawn.clear()
        started = time.perf_counter()
        yield
        if self.frames:
            drawing = [ms for drawn, ms in self._drawn if drawn == sub][:faces]  # not the first one's projection
            self.frames.shown(sub, 1000 * (time.perf_counter() - started), sum(drawing))

    def at_rest(self) -> None:
        """When the best picture has been shown: a table from a busy time is made anew."""
        if self.frames and self.frames.pace.outdated:
            self._look_at_machine()

    def _warm_encoder(self) -> None:
        if encoder := self._parts().encoder:
            encoder.warm()

    def _look_at_machine(self) -> None:
        """A second or two, once per machine and model; what is quick goes on between the sub-generators."""
        if self._measuring:
            return
        self._measuring = True

        def run(job: Job) -> None:
            def on_row(row: Latency) -> None:
                self._work.between_steps()
                job.check()

            try:
                self.frames = FrameBudget(measure(self._parts().renderer.graphs, on_row=on_row))
            finally:
                self._measuring = False
            self.warm(_FIRST)

        self._work.put(Job("", "", "measuring this machine", run, lambda job, why: None, long=True))


class _Warmer:
    """Loads graphs in a thread of its own: each takes half a second, for which no slider should wait."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[int, Renderer, SubGenerator]] = queue.SimpleQueue()
        self._orders = itertools.count(1)
        self._newest = 0
        self._thread: threading.Thread | None = None

    def load(self, renderer: Renderer, subs: Iterable[SubGenerator]) -> None:
        """In this order, instead of what was asked for before and is not begun."""
        self._newest = next(self._orders)
        for sub in subs:
            self._waiting.put((self._newest, renderer, sub))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="warming up", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            order, renderer, sub = self._waiting.get()
            if order == self._newest:
                with contextlib.suppress(AnycostError):  # whoever draws with it is told
                    renderer.warm(sub)
