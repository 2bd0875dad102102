"""A pending Apply: the final image, and the latents needed to change the edit again later."""

from collections.abc import Mapping
from dataclasses import dataclass

from anycost_client.edit.edit_record import EditRecord, RecordedFace, moved
from anycost_client.protocol.messages import Edit, Edited, Face, FaceEdit, Latent, Picture, ReadLatent, Request


@dataclass(frozen=True)
class EditResult:
    """What a new layer needs. `edited.picture` is None where nothing changes."""

    edited: Edited
    title: str  # "smile +0.8"
    record: EditRecord


class PendingApply:
    """Collects the answers to a final edit and its latents; asks again after the loss of a backend."""

    def __init__(self, edits: tuple[FaceEdit, ...], title: str, sequence: int) -> None:
        self.title = title
        self.sequence = sequence
        self._edits = edits
        self._edited: Edited | None = None
        self._latents: dict[int, Picture] = {}
        self._asked: dict[str, int] = {}  # id → face, of latents that are still to come
        self.edit_id = ""

    def requests(self, session: str) -> list[Request]:
        """The requests that are still unanswered, for the present session."""
        requests: list[Request] = []
        if self._edited is None:
            edit = Edit(session=session, faces=self._edits, quality="final", sequence=self.sequence)
            self.edit_id = edit.id
            requests.append(edit)
        faces = [edit.face for edit in self._edits]
        reads = [ReadLatent(session=session, face=face) for face in faces if face not in self._latents]
        self._asked = {read.id: read.face for read in reads}
        return [*requests, *reads]

    def waits_for(self, id: str) -> bool:
        return id in self._asked or (id == self.edit_id and self._edited is None)

    def take(self, reply: Edited | Latent) -> None:
        if isinstance(reply, Latent):
            self._latents[self._asked.pop(reply.id)] = reply.values
        elif not reply.more:
            self._edited = reply

    def without(self, id: str) -> None:
        """Goes on without a latent that failed; the strengths are kept."""
        self._asked.pop(id, None)

    def result(self, faces: Mapping[int, Face], model: str, x: int, y: int) -> EditResult | None:
        """None while an answer is pending. x, y: of the region in its layer."""
        if self._edited is None or self._asked:
            return None
        recorded = [
            RecordedFace(
                moved(faces[edit.face].corners, x, y),
                edit.strengths,
                self._latents.get(edit.face),
                edit.held,
                edit.offsets,
            )
            for edit in self._edits
            if edit.face in faces
        ]
        return EditResult(self._edited, self.title, EditRecord(model, tuple(recorded)))
