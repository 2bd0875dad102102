"""Lists the sliders from the attributes' files alone, before any model has loaded."""

from anycost_client.protocol.messages import Attribute, AttributeList
from anycost_models.editing.directions import Direction, Directions, load_directions
from anycost_models.editing.user_attributes import LatentSpace, with_user_attributes
from anycost_models.export.graph_cache import GeneratorFile


def embedded_attributes(id: str, generator: GeneratorFile) -> AttributeList:
    """The embedded model's attributes and the user's own. id: of the request. Raises AnycostError as
    `load_directions`."""
    space = LatentSpace(generator.sha256, generator.styles, generator.style_dim)
    return attribute_list(id, with_user_attributes(load_directions(), space))


def attribute_list(id: str, directions: Directions) -> AttributeList:
    """id: of the request."""
    return AttributeList(id=id, attributes=tuple(_slider(direction) for direction in directions.by_name.values()))


def _slider(direction: Direction) -> Attribute:
    """It ends at ±1, or where stronger edits change nothing any more."""
    least, most = max(direction.min_strength, -1.0), min(direction.max_strength, 1.0)
    return Attribute(direction.name, direction.group, direction.about, least, most)
