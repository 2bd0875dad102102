"""The shape of the embedded generator's family and of its sub-generators, without torch. `mobile.py` says what they
are."""

from dataclasses import dataclass, replace

from anycost_models.generators.sub_generator import RATIOS


def level(resolution: int) -> int:
    """Which features the head of `resolution` reads: 0 for 8 px (features of 4 px), 1 for 16 px …"""
    return resolution.bit_length() - 4


@dataclass(frozen=True)
class MobileConfig:
    style_dim: int = 512
    mapping_layers: int = 8
    # Outputs of the constant, the root and both convolutions of each block: features of 4, 8, 16 … 512 px.
    channels: tuple[int, ...] = (*[512] * 10, 256, 256, 128, 128, 64, 64)
    exits: tuple[int, ...] = (64, 128, 256, 512, 1024)  # resolutions that can be rendered, pixels, ascending
    elastic_from: int | None = 8  # the first of `channels` that sub-generators narrow; None: this is a plain network
    styles: int = 16  # rows of a W+ latent: one for the root, two for each block, one for the last head
    tinted: bool = False  # heads also take the latent's last row, where the full generator keeps colours

    @property
    def resolution(self) -> int:
        """Of the full image, pixels."""
        return self.exits[-1]

    @property
    def heads(self) -> tuple[int, ...]:
        """The exits on the network's own features; an elastic generator renders the others with its nested weights."""
        return self.exits if self.elastic_from is None else self.exits[-1:]

    # As GeneratorConfig

    def layers_at(self, resolution: int) -> int:
        return 2 * level(resolution) + 2

    def allowed_widths(self, layer: int) -> tuple[int, ...]:
        full, first = self.channels[layer], self.elastic_from
        return (full,) if first is None or layer < first else tuple(int(full * ratio) for ratio in RATIOS)

    def uniform_widths(self, ratio: float) -> tuple[int, ...]:
        allowed = map(self.allowed_widths, range(len(self.channels)))
        return tuple(widths[RATIOS.index(ratio) if len(widths) > 1 else -1] for widths in allowed)

    def sub_config(self, resolution: int, widths: tuple[int, ...], exits: tuple[int, ...]) -> "MobileConfig":
        if widths == self.channels:  # the full network has no lower heads
            return replace(self, exits=(resolution,), elastic_from=None)
        tinted = self.tinted or self.elastic_from is not None
        return replace(self, channels=widths, exits=exits, elastic_from=None, tinted=tinted)


FULL = MobileConfig()
TINY = MobileConfig(32, 2, (32, 32, 32, 32, 16, 16, 8, 8), exits=(16, 32, 64), elastic_from=4, styles=8)  # for tests
