"""How attributes, their groups and what they do are called on the screen; the backend names them in English."""

from anycost_client.messages import Attribute

from anycost_gimp.text import mark, tr

_OTHERWISE = {"yaw": mark("Turn"), "pitch": mark("Nod")}  # names that say little to most people


def label_of(name: str) -> str:
    """ "mouth_open" → "Mouth open", in the language of the screen."""
    return tr(_OTHERWISE.get(name) or name.replace("_", " ").capitalize())


def label(attribute: Attribute) -> str:
    return label_of(attribute.name)


def group(attribute: Attribute) -> str:
    return tr(attribute.group)


def about(attribute: Attribute) -> str:
    return tr(attribute.about)
