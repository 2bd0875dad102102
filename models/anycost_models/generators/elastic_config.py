"""The shape of an elastic generator and of its sub-generators, as plain values: without torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from anycost_models.core.errors import AnycostError
from anycost_models.generators.sub_generator import RATIOS, SubGenerator

if TYPE_CHECKING:
    from typing_extensions import Self


class GeneratorConfig(Protocol):
    """What each family says of itself."""

    @property
    def resolution(self) -> int: ...  # of the full image, pixels
    @property
    def exits(self) -> tuple[int, ...]: ...  # resolutions that can be rendered, ascending
    @property
    def styles(self) -> int: ...  # rows of a W+ latent
    @property
    def style_dim(self) -> int: ...  # of w
    @property
    def channels(self) -> tuple[int, ...]: ...  # output channels of the constant and every styled convolution

    def layers_at(self, resolution: int) -> int:
        """How many of `channels` an image of that resolution needs."""

    def uniform_widths(self, ratio: float) -> tuple[int, ...]:
        """`channels` at a uniform ratio."""

    def allowed_widths(self, layer: int) -> Sequence[int]:
        """The output channels that layer may be narrowed to, ascending, its full width last."""

    def sub_config(self, resolution: int, widths: tuple[int, ...], exits: tuple[int, ...]) -> "Self":
        """That of a generator that stops at `resolution`, with those output channels and those exits."""


def widths_of(config: GeneratorConfig, sub: SubGenerator) -> tuple[int, ...]:
    """Output channels of the constant and of the styled convolutions that `sub` runs.

    Raises AnycostError for a resolution, ratio or list of channels that this generator does not have."""
    exits, full = config.exits, config.channels
    if sub.resolution not in exits:
        known = ", ".join(map(str, exits))
        raise AnycostError(f"this generator draws {known} px, not {sub.resolution}", "choose one of them")
    count = config.layers_at(sub.resolution)
    if not isinstance(sub.channels, tuple):
        if sub.channels not in RATIOS:
            known = ", ".join(f"{r:g}" for r in RATIOS)
            raise AnycostError(f"there is no channel ratio {sub.channels:g}", f"choose one of {known}")
        return config.uniform_widths(sub.channels)[:count]
    if not count <= len(sub.channels) <= len(full):
        raise AnycostError(
            f"{sub.resolution} px take {count} numbers of channels, {len(sub.channels)} are given",
            "give one for the constant and one for each styled convolution",
        )
    for layer, width in enumerate(sub.channels[:count]):
        allowed = config.allowed_widths(layer)
        if width not in allowed:
            known = ", ".join(map(str, allowed)) if len(allowed) <= 4 else f"{allowed[0]} to {allowed[-1]}"
            raise AnycostError(f"layer {layer} cannot have {width} channels", f"choose {known}")
    return sub.channels[:count]
