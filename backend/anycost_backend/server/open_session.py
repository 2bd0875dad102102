"""A client's session, and what it asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from anycost_client.protocol import messages as m

from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.region import Region
from anycost_backend.previews.preview_renderer import PreviewRenderer
from anycost_backend.server.job_queue import Job

Answer = Callable[[m.Reply], None]


@dataclass(eq=False)
class OpenSession:
    """One session of one client. Faces are numbered as the client knows them: 0 is the largest."""

    id: str
    client: str
    region: Region
    previews: PreviewRenderer
    max_side: int  # pixels: longest side of previews
    bgr: bool  # the order of the editor's channels
    size: int  # bytes of pixels
    projecting: set[int] = field(default_factory=set)  # faces
    errors: dict[int, Exception] = field(default_factory=dict)  # of faces that could not be projected
    newest: Job | None = None  # renders the best step of the newest preview; runs again after a refinement

    def can_edit(self, face: int, *, final: bool = False) -> bool:
        """Whether an edit of the face can be answered: by a preview after the encoder, finally after a refinement."""
        projected = self.region.refined(face) if final else self.region.projected(face)
        return projected or face in self.errors

    def stop_waiting(self, face: int, *, final: bool = False) -> bool:
        """Whether `can_edit`, or nothing projects the face any more: its error was reported to another request."""
        return self.can_edit(face, final=final) or face not in self.projecting

    def drawn(self, edits: Mapping[int, FaceEdit]) -> "SessionFaces":
        """Those faces of which something is drawn: they must be projected first."""
        return [(self, face) for face, edit in edits.items() if self.region.draws(edit)]


SessionFaces = Sequence[tuple[OpenSession, int]]


@dataclass(frozen=True, eq=False)
class PreviewRequest:
    """A checked request for a preview."""

    request: m.Edit
    answer: Answer
    session: OpenSession
    edits: Mapping[int, FaceEdit]  # face → edit
    max_side: int  # pixels
