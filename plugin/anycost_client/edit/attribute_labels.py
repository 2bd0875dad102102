"""Labels of attributes in the language of the screen, and names for a user's own attributes."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from anycost_client.core.translation import Translator, mark
from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.sliders import TAKEN_OVER, Sliders
from anycost_client.protocol.messages import Attribute, Edited

MIN_FACES = 4  # with an attribute of one's own, and as many without it
_MAX_CHARACTERS = 40
_OTHERWISE = {  # names that say little to most people, or that read badly
    "yaw": mark("Turn"),
    "pitch": mark("Nod"),
    "roll": mark("Tilt"),
    "gaze_side": mark("Gaze sideways"),
    "gaze_up": mark("Gaze up and down"),
    "brow_furrow": mark("Frown"),
    "light_side": mark("Side light"),
    "light_above": mark("Light from above"),
    "eye_makeup": mark("Eye make-up"),
    "hair_curl": mark("Curls"),
    "hair_blond": mark("Blond hair"),
    "hair_red": mark("Red hair"),
    "hair_grey": mark("Grey hair"),
}


def name_of(text: str) -> str:
    """What people write, as a name: "Große Augen!" → "grosse_augen". "" where no letter is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).lstrip("_0123456789")[:_MAX_CHARACTERS].rstrip("_")


class AttributeLabels:
    """Translates; a text without translation, such as a user's own attribute, stays as it is."""

    def __init__(self, tr: Translator) -> None:
        self._tr = tr

    def shown(self, sliders: Sliders) -> tuple[Attribute, ...]:
        """The attributes, and the offsets taken over from other faces, whose amounts are sliders as well."""
        about = mark("nothing … all of what was taken over")
        taken = (Attribute(name, mark("Taken over"), about, least=0.0) for name in sliders.taken)
        return (*sliders.attributes, *taken)

    def label_of(self, name: str) -> str:
        """ "mouth_open" → "Mouth open"."""
        what, taken_over, number = name.partition(TAKEN_OVER)
        if taken_over:
            label = self._tr(mark("{what} taken over"), what=self.label_of(what))
            return label if number == "1" else f"{label} {number}"
        return self._tr(_OTHERWISE.get(name) or name.replace("_", " ").capitalize())

    def label(self, attribute: Attribute) -> str:
        return self.label_of(attribute.name)

    def group(self, attribute: Attribute) -> str:
        return self._tr(attribute.group)

    def about(self, attribute: Attribute) -> str:
        return self._tr(attribute.about)

    def searched(self, attribute: Attribute) -> str:
        """The text that a search looks through, in lower case."""
        parts = (self.label(attribute), attribute.name, self.about(attribute), self.group(attribute))
        return " ".join(parts).casefold()

    def title(self, strengths: Mapping[str, float]) -> str:
        """Such as "Smile +0.8, Age −0.3": the first four."""
        parts = [f"{self.label_of(name)} {'+' if s > 0 else '−'}{abs(s):.2g}" for name, s in strengths.items()]
        return ", ".join(parts[:4]) + (" …" if len(parts) > 4 else "")

    def named(self, result: EditResult) -> EditResult:
        """Replaces the title by a translated one, over all faces."""
        return replace(result, title=self.title_of(result.record))

    def title_of(self, record: EditRecord) -> str:
        """Over all faces."""
        title = self.title({name: s for face in record.faces for name, s in face.strengths.items()})
        if any(face.offsets for face in record.faces):
            title = ", ".join(part for part in (title, self._tr(mark("colours taken over"))) if part)
        return title

    def reach(self, share: float) -> str:
        """What to say of a face that shows 0…1 of what a slider asks."""
        return self._tr(mark("As far as this face allows: {percent} %"), percent=round(100 * share))

    def quality(self, shown: Edited | None) -> str:
        """What drew a preview, such as "256 px · ½ channels · 24 ms"; empty when nothing was drawn."""
        if shown is None or shown.picture is None:
            return ""
        size, milliseconds = shown.resolution, round(shown.milliseconds)
        if shown.channels == "full":
            return self._tr(mark("{size} px · all channels · {milliseconds} ms"), size=size, milliseconds=milliseconds)
        values = {"size": size, "channels": shown.channels, "milliseconds": milliseconds}
        return self._tr(mark("{size} px · {channels} channels · {milliseconds} ms"), **values)
