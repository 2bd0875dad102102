"""The shape of an encoder, as plain values: without torch. `encoder.py` says what it is."""

from dataclasses import dataclass

from anycost_models.core.errors import AnycostError

FAMILY = "mobile-encoder"  # what its files say they are
STRIDES = (32, 16, 8)  # pixels: of the features that the coarse, middle and fine rows read
POOLED = 4  # places in a row of the features that are read linearly, at most
_MAX = 1 << 14  # of any number in a config


@dataclass(frozen=True)
class EncoderConfig:
    """Raises AnycostError for numbers that make no encoder."""

    rows: tuple[int, ...] = (4, 4, 8)  # of W+: how many are coarse, middle and fine
    style_dim: int = 512  # of w
    resolution: int = 256  # of the face, pixels
    reduced: tuple[int, ...] = (96, 64, 32)  # channels to which each group's features are reduced
    grid: int = 8  # places in a row of the reduced features
    hidden: int = 512  # width of each group's hidden layer
    passes: int = 1  # 2: a second pass sees the face and what the first pass's latent renders

    def __post_init__(self) -> None:
        numbers = (*self.rows, *self.reduced, self.style_dim, self.resolution, self.grid, self.hidden)
        if any(type(n) is not int or not 0 < n <= _MAX for n in numbers) or self.passes not in (1, 2):
            raise AnycostError(
                f"an encoder's sizes are whole numbers from 1 to {_MAX}, its passes 1 or 2, not {self}",
                "correct the configuration",
            )
        if len(self.rows) != len(STRIDES) or len(self.reduced) != len(STRIDES):
            raise AnycostError(f"an encoder has {len(STRIDES)} groups of rows, not {self}", "correct the configuration")
        if self.resolution % 32 or self.resolution // 32 < self.grid:
            raise AnycostError(
                f"a face is a multiple of 32 px and at least 32 px for each place of the grid, not {self}",
                "correct the configuration",
            )

    @property
    def styles(self) -> int:
        """Rows of W+."""
        return sum(self.rows)
