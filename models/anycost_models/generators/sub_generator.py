"""How much of a generator to run, as a plain value that needs no torch.

Its resolution and channels are those of Anycost GAN (2021, arXiv:2103.03243, section 3).
"""

import itertools
from dataclasses import dataclass

RATIOS = (0.25, 0.5, 0.75, 1.0)  # uniform channel ratios, as published


@dataclass(frozen=True)
class SubGenerator:
    """A cheaper generator inside the full one. It is never state on a module: two calls may use two of them at once.

    resolution: side of the rendered image, pixels (one of the generator's exits)
    channels: a uniform ratio (one of RATIOS; layers that cost little keep their width at every ratio), or the
        output channels of the constant and of every styled convolution, in forward order (those past the
        resolution may be left out and don't count)
    """

    resolution: int
    channels: float | tuple[int, ...] = 1.0

    def __str__(self) -> str:
        """Such as "256 px × 0.5"; of a list "256 px × (10·512 2·192)", layers of equal width together."""
        if isinstance(self.channels, tuple):
            runs = ((width, len(list(layers))) for width, layers in itertools.groupby(self.channels))
            return f"{self.resolution} px × ({' '.join(f'{n}·{width}' if n > 1 else f'{width}' for width, n in runs)})"
        return f"{self.resolution} px" if self.channels == 1 else f"{self.resolution} px × {self.channels:g}"
