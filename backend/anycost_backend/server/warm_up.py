"""Preloads graphs and models; measures which sub-generators meet the frame budget. For the compute thread."""

import contextlib
import gc
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
from anycost_backend.previews.preview_ladder import FrameBudget, preview_steps
from anycost_backend.server.job_queue import Job, JobQueue

_POLL = 0.02  # seconds
_FIRST_SIDE = 256  # pixels: expected side of the faces in the first region


class WarmUp:
    """Of one set of models."""

    def __init__(self, models: Callable[[], Models], job_queue: JobQueue) -> None:
        self._models, self._job_queue = models, job_queue
        self.frame_budget: FrameBudget | None = None  # None until this machine was measured
        self._measuring = self._loading = False
        self._side = _FIRST_SIDE  # pixels: of the faces that graphs are loaded for
        self._loader = _GraphLoader()
        self._renders: list[tuple[SubGenerator, float]] = []  # since the last preview began, milliseconds

    @property
    def table(self) -> LatencyTable | None:
        """What each sub-generator takes on this machine; None until it was measured."""
        return self.frame_budget.table if self.frame_budget else None

    @property
    def frames_per_second(self) -> int:
        """Of previews; 0 until this machine was measured. For any thread."""
        budget = self.frame_budget
        return budget.frames_per_second if budget else 0

    def load(self) -> None:
        """Loads what every region needs; urgent jobs run between the models."""
        self._loading = True
        try:
            self._load()
        finally:
            self._loading = False

    def _load(self) -> None:
        models = self._models()
        beside = models.load_beside(with_encoder=True)
        table = remembered(models.renderer.graphs)
        if table is not None:
            self.frame_budget = FrameBudget(table)
            self._loader.load(models.renderer, [self.frame_budget.choose(self._side)])  # others can wait for a face
        for load in (lambda: models.finder, lambda: models.directions):
            load()
            self._job_queue.run_urgent_jobs()
        while beside.is_alive():  # so that nothing is loaded after it was freed
            beside.join(_POLL)
            self._job_queue.run_urgent_jobs()
        if table is None:
            self._measure_later()

    def settle_later(self, side: int | None = None) -> None:
        """Loads, when there is nothing else to do, the graphs for faces of `side` pixels (None: as before), and frees
        what was only needed to open a region and to project its faces."""
        self._side = side or self._side

        def settle(job: Job) -> None:
            self._load_graphs()
            gc.collect()  # regions that were closed while their faces were projected
            self._forget_encoder()

        self._job_queue.put(
            Job("", "", "warming up", settle, key="warming up", idle_only=True, ready=lambda: not self._loading)
        )

    def make_room(self) -> None:
        """Frees memory before and while a projection runs, which needs as much as everything else."""
        self._models().renderer.graphs.release()
        self._forget_encoder()

    def on_render(self, sub: SubGenerator, ms: float) -> None:
        """Called after each render by `sub`, in milliseconds."""
        self._renders.append((sub, ms))
        if self.frame_budget:
            self.frame_budget.load_estimator.observe(sub, ms)

    @contextmanager
    def timing_preview(self, sub: SubGenerator, faces: int) -> Iterator[None]:
        """Measures the preview of a moving slider, which `sub` renders with so many faces."""
        self._renders.clear()
        started = time.perf_counter()
        yield
        if self.frame_budget:
            rendering = [ms for by, ms in self._renders if by == sub][:faces]  # without a first render of a projection
            self.frame_budget.observe(sub, 1000 * (time.perf_counter() - started), sum(rendering))

    def on_idle(self) -> None:
        """Called after the best preview: measures again what was measured on a busy machine."""
        if self.frame_budget and self.frame_budget.load_estimator.outdated:
            self._measure_later()

    def _load_graphs(self) -> None:
        """Loads, in another thread, the graphs of the next previews, also for when this machine gets busier."""
        renderer, side = self._models().renderer, self._side
        likely = self.frame_budget.likely(side) if self.frame_budget else ()
        subs = dict.fromkeys([*(step.sub for step in preview_steps(renderer, self.frame_budget, side)), *likely])
        renderer.graphs.keep_only([*subs, renderer.full])  # others load again when they are needed
        self._loader.load(renderer, [sub for sub in subs if not renderer.graphs.has(sub)])

    def _forget_encoder(self) -> None:
        if encoder := self._models().encoder:
            encoder.forget()
        give_back_freed_memory()

    def _measure_later(self) -> None:
        """Takes a second or two, once per machine and model; urgent jobs run between the sub-generators."""
        if self._measuring:
            return
        self._measuring = True

        def run(job: Job) -> None:
            def on_row(row: Latency) -> None:
                self._job_queue.run_urgent_jobs()
                job.check()

            try:
                self.frame_budget = FrameBudget(measure(self._models().renderer.graphs, on_row=on_row))
            finally:
                self._measuring = False
            self._load_graphs()

        self._job_queue.put(Job("", "", "measuring this machine", run, preemptible=True))


class _GraphLoader:
    """Loads graphs in a thread of its own: each takes half a second, for which no slider should wait."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[int, Renderer, SubGenerator]] = queue.SimpleQueue()
        self._orders = itertools.count(1)
        self._newest = 0
        self._thread: threading.Thread | None = None

    def load(self, renderer: Renderer, subs: Iterable[SubGenerator]) -> None:
        """Loads these in this order, instead of earlier ones that still wait."""
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
                with contextlib.suppress(AnycostError):  # raised again when it renders
                    renderer.warm(sub)
