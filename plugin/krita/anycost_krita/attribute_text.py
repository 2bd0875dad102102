"""How attributes, their groups and what they do are called on the screen; the backend names them in English."""

from collections.abc import Mapping
from dataclasses import replace

from anycost_client.applying import Result
from anycost_client.messages import Attribute

from .text import mark, tr

_LABELS = {
    "smile": mark("Smile"),
    "mouth_open": mark("Mouth open"),
    "eyes_open": mark("Eyes open"),
    "brows_up": mark("Brows up"),
    "age": mark("Age"),
    "gender": mark("Gender"),
    "yaw": mark("Turn"),
    "pitch": mark("Nod"),
    "glasses": mark("Glasses"),
    "beard": mark("Beard"),
    "hair_lightness": mark("Hair lightness"),
    "skin_warmth": mark("Skin warmth"),
    "skin_lightness": mark("Skin lightness"),
    "lip_colour": mark("Lip colour"),
    "lip_fullness": mark("Lip fullness"),
    "face_width": mark("Face width"),
}
_GROUPS = (
    mark("Expression"),
    mark("Identity"),
    mark("Pose"),
    mark("Accessories"),
    mark("Hair"),
    mark("Colour"),
    mark("Shape"),
)
_ABOUT = (
    mark("serious … smiling"),
    mark("mouth closed … open"),
    mark("eyes narrowed … wide open"),
    mark("brows lowered … raised"),
    mark("younger … older"),
    mark("presents as a woman … as a man"),
    mark("turned to the picture's left … right"),
    mark("looking down … up"),
    mark("without … with glasses"),
    mark("darker … lighter hair"),
    mark("cooler … warmer skin"),
    mark("paler … redder lips"),
)
_BACKEND = (  # sentences that the backend and the client send
    mark("finding faces"),
    mark("finding how the model draws this face"),
    mark("small: an edit will show little"),
    mark("seen from the side"),
    mark("partly outside the picture"),
    mark("try again"),
    mark("it was cancelled"),
    mark("the disk is full"),
    mark("free some space"),
    mark("there is not enough memory"),
    mark("select a smaller part"),
    mark("there is no backend"),
    mark(
        "the backend of the Anycost Face Editor is not installed:"
        " run 'python3 installer install' in its folder, then try again"
    ),
    mark("it is started again"),
    mark("the backend has ended unexpectedly"),
)


def label(attribute: Attribute) -> str:
    """ "mouth_open" → "Mouth open", in the language of the screen."""
    known = _LABELS.get(attribute.name)
    return tr(known) if known else attribute.name.replace("_", " ").capitalize()


def label_of(name: str) -> str:
    return label(Attribute(name, "", ""))


def title(strengths: Mapping[str, float]) -> str:
    """Such as "Smile +0.8, Age −0.3", for the name of a layer: the first four."""
    parts = [f"{label_of(name)} {'+' if s > 0 else '−'}{abs(s):.2g}" for name, s in strengths.items()]
    return ", ".join(parts[:4]) + (" …" if len(parts) > 4 else "")


def named(result: Result) -> Result:
    """With a title in the language of the screen."""
    return replace(result, title=title({name: s for face in result.record.faces for name, s in face.strengths.items()}))


def group(attribute: Attribute) -> str:
    return tr(attribute.group)


def about(attribute: Attribute) -> str:
    return tr(attribute.about)
