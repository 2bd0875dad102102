"""Which sliders there are, as editors are told: from the attributes' files alone, before any model has loaded."""

from anycost_client.messages import Attribute, AttributeList
from anycost_models.directions import Directions, load_directions
from anycost_models.graphs import GeneratorFile
from anycost_models.own_attributes import Place, with_own


def embedded_attributes(id: str, generator: GeneratorFile) -> AttributeList:
    """Of the embedded model, with the user's own. id: of the request. Raises AnycostError as `load_directions`."""
    place = Place(generator.sha256, generator.styles, generator.style_dim)
    return attribute_list(id, with_own(load_directions(), place))


def attribute_list(id: str, directions: Directions) -> AttributeList:
    shown = directions.by_name.values()
    return AttributeList(id=id, attributes=tuple(Attribute(entry.name, entry.group, entry.about) for entry in shown))
