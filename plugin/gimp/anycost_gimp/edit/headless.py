"""An edit without a window: one source in, the picture of a new layer out. For scripts, last values and batches."""

from collections.abc import Callable, Mapping

from anycost_client.core.errors import ClientError
from anycost_client.edit.editor import Editor, State
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from anycost_client.protocol.events import Connected, Event
from anycost_client.protocol.messages import Attributes

from anycost_gimp.edit import arguments
from anycost_gimp.edit.backend_link import BackendLink
from anycost_gimp.image.source import Source
from anycost_gimp.image.text import tr

PATIENCE = 1800.0  # seconds for one layer, the start of the backend and the projection of all its faces included
_SIDE = 64  # pixels: of previews, which nobody sees

Progress = Callable[[str, float], None]  # what is done, for people; 0…1, below 0: nobody knows


class Headless:
    """One after the other, over one way to the backend."""

    def __init__(self, link: BackendLink, progress: Progress, welcome: Connected | None = None) -> None:
        """`welcome`: what said that the backend is there, where that was handled already."""
        self._link, self._progress = link, progress
        self._editor = Editor(link.send)
        self._editor.watch(self._tell)
        if welcome:
            self._editor.handle(welcome)
        else:
            link.start()

    def edit(self, source: Source, strengths: Mapping[str, float], faces: str) -> EditResult:
        """faces: as `arguments.chosen` reads it. Raises ClientError with a line for people."""
        editor = self._editor
        try:
            editor.open(source.region, source.record)
            if not editor.sliders.attributes:
                self._link.send(Attributes())  # also wakes a backend that sleeps
            self._until(lambda: editor.state is State.READY and bool(editor.sliders.attributes))
            editor.max_side = _SIDE
            # What is asked for is what comes: the strengths of an earlier edit give way.
            for ids, wanted in (
                (tuple(face.id for face in editor.faces), {}),
                (arguments.chosen(faces, editor.faces), strengths),
            ):
                editor.sliders.select(ids)
                unknown = editor.sliders.apply_preset(Preset("", dict(wanted)))
                if unknown:
                    there = ", ".join(attribute.name for attribute in editor.sliders.attributes)
                    raise ClientError(
                        tr("there is no attribute '{name}'", name=unknown[0]), tr("there are {there}", there=there)
                    )
            if not editor.sliders.values:
                raise ClientError(tr("all strengths are 0"), tr("name one that is not, such as smile=0.8"))
            self._until(lambda: editor.preview is not None)  # then the face is projected, and nothing is under way
            editor.apply()
            self._until(lambda: not editor.applying)
            if editor.result is None:
                raise self._error()
            if editor.result.edited.picture is None:
                raise ClientError(
                    tr("the edit changes nothing within the selection"), tr("select the face, or nothing")
                )
            return editor.result
        finally:
            editor.close()

    # ------------------------------------------------------------------ inside

    def _until(self, done: Callable[[], bool]) -> None:
        """Raises ClientError when that will not come."""
        if done():
            return
        for event in self._link.waited(PATIENCE):
            self._handle(event)
            if done():
                return
        raise ClientError(tr("the backend took too long"), tr("try again"))

    def _handle(self, event: Event) -> None:
        editor = self._editor
        editor.handle(event)
        if editor.state is State.NO_FACE:
            raise ClientError(tr("no face was found"), tr("select a part that shows both eyes and the mouth"))
        if editor.state is State.FAILED:
            raise self._error()

    def _error(self) -> ClientError:
        problem = self._editor.problem
        if problem is None:
            return ClientError(tr("the edit was cancelled"), tr("try again"))
        return ClientError(tr(problem.cause), tr(problem.remedy))

    def _tell(self, what: str) -> None:
        progress = self._editor.progress
        if what == "progress" and progress:
            text = " ".join(part for part in (tr(progress.what), progress.text) if part)
            self._progress(text, progress.fraction if progress.fraction > 0 else -1.0)
        elif what == "state" and self._editor.state is State.WAITING:
            self._progress(tr("starting the face model"), -1.0)
