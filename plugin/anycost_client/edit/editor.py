"""The edit in progress: a state machine that takes events and sends requests. No threads, no GUI, no pixels."""

from collections.abc import Callable
from dataclasses import replace

from anycost_client.core.problem import Problem
from anycost_client.edit.edit_record import EditRecord, Restored, place_of
from anycost_client.edit.pending_apply import EditResult, PendingApply
from anycost_client.edit.sliders import Sliders
from anycost_client.edit.state import State
from anycost_client.edit.undo_history import NOTHING
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Asleep, Connected, Event, Lost, Unavailable

_MAX_REOPENED = 3  # times in a row that a backend may forget a session


class Editor:
    """For one thread. One preview is asked for at a time: while it is under way the sliders may move, then the newest
    strengths are asked for. Better previews of the newest follow by themselves."""

    def __init__(self, send: Callable[[m.Request], None]) -> None:
        self.state = State.EMPTY
        self.problem: Problem | None = None  # of the latest request; cleared by the next success
        self.progress: m.Progress | None = None  # of what runs, if it takes long
        self.welcome: m.Welcome | None = None  # while there is a backend
        self.faces: tuple[m.Face, ...] = ()
        self.before: m.Picture | None = None  # the region as it is, at the size of previews
        self.preview: m.Edited | None = None  # to be laid over `before`; no image: `before` itself
        self.result: EditResult | None = None  # of the latest `apply`
        self.refined: dict[int, m.Refined] = {}  # face → what the latest refinement reached
        self.made: m.Learned | m.Matched | None = None  # what `learn` or `match` came to
        self.compare: float | None = None  # 0: show before, 1: show after (as None), between: split there
        self.max_side = 0  # pixels: longest side of the next previews; 0: as the region said
        self.restored = Restored(NOTHING, {})  # of the stored edit that was opened
        self.sliders = Sliders(self._slider_changed)
        self._send = send
        self._making = ""  # id of what is being learned or matched
        self._watchers: list[Callable[[str], None]] = []
        self._region: m.OpenRegion | None = None
        self._record: EditRecord | None = None  # to be taken over when the faces are known
        self._fresh = False  # the faces of this region have not been seen yet
        self._session = ""
        self._sequence = 0
        self._asked = ""  # id of the preview that is waited for
        self._newest = ""  # id of the preview that was asked for last
        self._stale = False  # the strengths have changed since
        self._drawn_side = 0  # max_side of that preview
        self._applying: PendingApply | None = None
        self._refine: m.Refine | None = None
        self._forgotten = 0
        self._asleep = False  # the backend is, until something is asked for
        self._unavailable: Problem | None = None  # there is no backend until a retry
        self._abandoned: set[str] = set()  # ids of openings that nobody waits for any more

    def watch(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """`callback` is told what changed: "state", "problem", "progress", "faces", "preview", "result" (an Apply is
        done or has failed), "refined", "made", "compare", or as Sliders says. Returns what ends that."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    # ------------------------------------------------------------- what a host asks for

    def open(self, region: m.OpenRegion, record: EditRecord | None = None) -> None:
        """Opens an image with the edit stored with it, if any; keeps it until `close`, for a restarted backend."""
        self.close()
        if record:
            x, y = place_of(region)
            known = (face.known(record.model, x, y) for face in record.faces)
            region = replace(region, known=tuple(face for face in known if face))
        self._region, self._record, self._fresh = region, record, True
        self._reopen()

    def close(self) -> None:
        """Ends the edit."""
        self._cancel(self._applying.edit_id if self._applying else "")
        self.stop_refining()
        if self.state is State.OPENING:
            self._abandoned.add(self._asked)
            self._cancel(self._asked)
        if self._session and self.welcome:
            self._send(m.Close(session=self._session))
        self._session = self._asked = self._newest = ""
        self._region = self._record = self._applying = self._refine = None
        self.faces, self.before, self.preview, self.result, self.refined = (), None, None, None, {}
        self.problem = self.progress = self.compare = None
        self._become(State.EMPTY)
        self.sliders.begin(())
        self._tell("faces", "preview", "problem", "progress", "compare")

    def reopen(self) -> None:
        """Tries again after FAILED; all strengths are kept."""
        self._forgotten = 0
        self._reopen()

    def apply(self) -> None:
        """Renders the final image; `result` has it when "result" is told. The sliders may move meanwhile."""
        if self.state is not State.READY or self._applying:
            return
        self._sequence += 1
        self._applying = PendingApply(self.sliders.edits(), self.sliders.title(), self._sequence)
        if self._awake():
            self._send_applying()

    @property
    def applying(self) -> bool:
        return self._applying is not None

    def cancel_apply(self) -> None:
        if self._applying:
            self._cancel(self._applying.edit_id)

    def refine(self, face: int, budget: float = 30.0, faithful: float = 0.5) -> None:
        """Refines the projection of a face for `budget` seconds; then the preview is rendered again."""
        if self.state is State.READY and not self._refine and self._awake():
            self._refine = m.Refine(session=self._session, face=face, budget=budget, faithful=faithful)
            self._send(self._refine)
            self._tell("refined")

    @property
    def refining(self) -> bool:
        return self._refine is not None

    def stop_refining(self) -> None:
        if self._refine:
            self._cancel(self._refine.id)

    def learn(self, name: str, positive: tuple[m.SessionFace, ...], negative: tuple[m.SessionFace, ...]) -> None:
        """Make a slider from faces that show something and faces that do not. "made" is told at the end: `made` is the
        answer, or None if it failed or was stopped. The faces' sessions may be closed then."""
        if self.welcome and not self._making:
            self._make(m.LearnAttribute(name=name, positive=positive, negative=negative))

    def match(self, face: int, what: m.What, source: m.SessionFace) -> None:
        """Takes over from another face; "made" is told at the end, as by `learn`. One undo step."""
        if self.state is State.READY and not self._making and self._awake():
            self._make(m.MatchFace(session=self._session, face=face, what=what, source=source))

    @property
    def making(self) -> bool:
        """Whether something is being learned or matched."""
        return self._making != ""

    def stop_making(self) -> None:
        self._cancel(self._making)

    def show(self, compare: float | None) -> None:
        """Shows before, after, or both with a line between: see `compare`."""
        self.compare = None if compare is None else min(max(compare, 0.0), 1.0)
        self._tell("compare")

    def sharpen(self) -> None:
        """Renders the preview again if `max_side` has grown since."""
        if self.preview and self._drawn_side < self.max_side:
            self._stale = True
            self._ask("best")

    @property
    def chosen_face(self) -> m.SessionFace | None:
        """The first selected one; None while no session is open."""
        selected = self.sliders.selected
        return m.SessionFace(self._session, selected[0]) if self._session and selected else None

    @property
    def quality(self) -> str:
        """What drew the preview, such as "256 px · ½ channels · 24 ms"; empty when nothing is shown."""
        shown = self.preview
        if shown is None or shown.picture is None:
            return ""
        return f"{shown.resolution} px · {shown.channels} channels · {shown.milliseconds:.0f} ms"

    # ------------------------------------------------------------- what the backend says

    def handle(self, event: Event) -> None:
        """Takes every event of the worker, in order. Answers to unknown requests are ignored."""
        match event:
            case Connected(welcome=welcome):
                self.welcome, self.problem = welcome, None
                self._asleep, self._unavailable, self._refine = False, None, None
                self._send(m.Attributes())
                self._become(State.EMPTY)
                self._reopen()
                self._tell("problem")
            case Lost(cause=cause):
                self._without_backend(State.WAITING, Problem(cause, "it is started again", "lost"))
            case Asleep():
                self._asleep = True
                self._without_backend(self.state, None)
            case Unavailable():
                self._unavailable = Problem(event.cause, event.remedy, "unavailable")
                self._without_backend(State.FAILED, self._unavailable)
            case m.AttributeList(attributes=attributes):
                self.sliders.set_attributes(attributes)
            case m.Failed():
                self._failed(event)
            case m.RegionOpened() if event.id == self._asked:
                self._opened(event)
            case m.RegionOpened() if event.id in self._abandoned:
                self._abandoned.discard(event.id)
                self._send(m.Close(session=event.session))
            case m.Edited() | m.Latent() if self._applying and self._applying.waits_for(event.id):
                self._applying.take(event)
                self._finish_applying()
            case m.Edited() if event.id == self._newest:
                self.preview, self._forgotten = event, 0
                reached = {one.face: one.shares for one in event.reached}
                if reached != self.sliders.reached:
                    self.sliders.reached = reached
                    self._tell("values")
                self._tell("preview")
                self._answered(event)
            case m.Superseded() if event.id == self._asked:
                self._stale = self._stale or self.applying  # else our own final would cost the preview
                self._answered(event)
            case m.Refined() if self._refine and event.id == self._refine.id:
                self.refined = {**self.refined, event.face: event}
                self._end_refining()
            case m.Learned() | m.Matched() if event.id == self._making:
                self._end_making(event)
            case m.Progress() if event.id in self._ours():
                self.progress = event
                self._tell("progress")
            case _:
                pass

    # ------------------------------------------------------------------ inside

    def _make(self, request: m.LearnAttribute | m.MatchFace) -> None:
        self._making, self.made, self.problem = request.id, None, None
        self._send(request)
        self._tell("problem")

    def _end_making(self, made: m.Learned | m.Matched | None) -> None:
        self._making, self.made, self.progress = "", made, None
        if isinstance(made, m.Learned):
            self._send(m.Attributes())
        elif made and any(made.face == face.id for face in self.faces):
            self.sliders.take_over(made.face, made.what, made.strengths, made.offset)
        self._tell("made", "progress")

    def _slider_changed(self, what: str) -> None:
        self._tell(what)
        if what in ("values", "locks"):  # what is locked is held
            self._want_preview()

    def _want_preview(self) -> None:
        if self.sliders.values or self.preview or self._newest:  # else what is to be seen is what is seen: the image
            self._stale = True
            self._ask()

    def _ask(self, quality: m.Quality = "preview") -> None:
        """Requests the newest strengths, unless an answer is pending: then that asks."""
        if self.state is not State.READY or self._asked or not self._stale or not self._awake():
            return
        self._sequence += 1
        faces, side, number = self.sliders.edits(), self.max_side, self._sequence
        edit = m.Edit(session=self._session, faces=faces, quality=quality, sequence=number, max_side=side)
        self._asked = self._newest = edit.id
        self._drawn_side, self._stale = side, False
        self._send(edit)

    def _answered(self, reply: m.Reply) -> None:
        self._clear(reply)
        if reply.id == self._asked:
            self._asked = ""
            self._ask()

    def _reopen(self) -> None:
        self._session = self._newest = ""
        if self._region is None:
            return
        if self._unavailable:
            self.problem = self._unavailable
            self._become(State.FAILED)
            self._tell("problem")
        elif self.welcome is None:
            self._become(State.WAITING)
            self._awake()
        if self.welcome is None:
            return
        request = replace(self._region, id=m.new_id())
        self._asked = request.id
        self._become(State.OPENING)
        self._send(request)

    def _opened(self, reply: m.RegionOpened) -> None:
        self._asked, self._session = "", reply.session
        self.faces, self.before = reply.faces, reply.thumbnail
        self.sliders.hidden = {face.id: face.hidden for face in reply.faces}
        self.sliders.reached = {}
        self._clear(reply)
        self._become(State.READY if reply.faces else State.NO_FACE)
        self._tell("faces")
        if self._fresh:
            self._fresh = False
            record = self._record or EditRecord("", ())
            self.restored = record.restored(reply.faces, *place_of(self._region), self.sliders.names)
            for attribute in self.restored.held:
                self.sliders.lock(attribute)
            first = tuple(self.restored.strengths) or tuple(face.id for face in reply.faces[:1])
            self.sliders.begin(first, self.restored.strengths, self.restored.offsets)
            self._tell("restored")
        self._want_preview()
        self._send_applying()

    def _failed(self, failed: m.Failed) -> None:
        self._abandoned.discard(failed.id)
        if failed.reason == "lost":  # Lost or Unavailable comes next, and all that matters is asked again after it
            return
        if failed.id == self._making != "":
            if failed.reason != "cancelled":
                self.problem = Problem(failed.cause, failed.remedy, failed.reason)
                self._tell("problem")
            self._end_making(None)
            return
        opening, applying = self.state is State.OPENING, self._applying
        forgotten = failed.reason == "no_session" and failed.id in (self._asked, applying.edit_id if applying else "")
        if forgotten and self._forgotten < _MAX_REOPENED:
            self._forgotten += 1
            self._reopen()
            return
        if applying and applying.waits_for(failed.id) and failed.id != applying.edit_id:
            applying.without(failed.id)
            self._finish_applying()
            return
        if self._refine and failed.id == self._refine.id:
            self._end_refining()
        elif applying and failed.id == applying.edit_id:
            self._applying = None
            self._tell("result")
        elif failed.id != self._asked:
            return
        if failed.reason != "cancelled":
            self.problem = Problem(failed.cause, failed.remedy, failed.reason)
            self._tell("problem")
        if opening and failed.id == self._asked:
            self._become(State.FAILED)
        self._clear(failed, keep_problem=True)
        if failed.id == self._asked:
            self._asked = ""
            self._ask()

    def _awake(self) -> bool:
        """Whether a session is open. Wakes a sleeping backend; then everything continues by itself."""
        if self._asleep and self._region is not None:
            self._asleep = False
            self._become(State.WAITING)
            self._send(m.Attributes())
        return bool(self._session)

    def _without_backend(self, state: State, problem: Problem | None) -> None:
        self.welcome = None
        self._abandoned.clear()
        self._session = self._asked = self._newest = ""
        self._refine = None
        self.problem, self.progress = problem, None
        if self._making:
            self._end_making(None)
        if self._region is not None or state is State.FAILED:
            self._become(state)
        self._tell("problem", "progress")

    def _send_applying(self) -> None:
        if self._applying:
            for request in self._applying.requests(self._session):
                self._send(request)

    def _finish_applying(self) -> None:
        if self._applying is None or self._region is None:
            return
        model = self.welcome.model_hash if self.welcome else ""
        faces = {face.id: face for face in self.faces}
        result = self._applying.result(faces, model, *place_of(self._region))
        if result:
            self.result, self._applying = result, None
            self._clear(result.edited)
            self._tell("result")

    def _end_refining(self) -> None:
        self._refine = None
        self.progress = None
        self._tell("refined", "progress")
        self._want_preview()

    def _cancel(self, what: str) -> None:
        if what and self.welcome:
            self._send(m.Cancel(what=what))

    def _ours(self) -> tuple[str, ...]:
        """Ids of requests that may take long."""
        final = self._applying.edit_id if self._applying else ""
        return self._asked, self._newest, final, self._refine.id if self._refine else "", self._making

    def _clear(self, reply: m.Reply, keep_problem: bool = False) -> None:
        """Clears progress and problem of earlier requests."""
        if self.progress is not None and self.progress.id == reply.id:
            self.progress = None
            self._tell("progress")
        if self.problem is not None and not keep_problem:
            self.problem = None
            self._tell("problem")

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._tell("state")

    def _tell(self, *what: str) -> None:
        for item in what:
            for callback in tuple(self._watchers):
                callback(item)
