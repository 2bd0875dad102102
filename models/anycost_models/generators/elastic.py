"""What every elastic generator has in common: sub-generators, as plain values, and what each of them costs.

Lin, Zhang, Ganz, Han, Zhu, "Anycost GANs for Interactive Image Synthesis and Editing", 2021, arXiv:2103.03243, section
3: outputs at several resolutions, and channels of which a sub-generator takes the first part. A sub-generator is the
same network with smaller tensors: `extract` makes it a generator of its own, calling the full one with a SubGenerator
runs it in place, differentiably.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic_config import GeneratorConfig, widths_of
from anycost_models.generators.sub_generator import RATIOS, SubGenerator

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Cost:
    """Of rendering one image from a W+ latent."""

    macs: int  # multiply-accumulates
    parameters: int  # that are used, the mapping network's not counted


class ElasticGenerator(nn.Module, ABC):
    """z [N, D] → w [N, D] by `mapping`, W+ [N, styles, D] → image by calling it.

    mean_style: [D], the mean of w over many z"""

    config: GeneratorConfig
    mapping: nn.Module
    mean_style: Tensor

    # What a family says

    @abstractmethod
    def __init__(self, config: Any) -> None:
        super().__init__()

    @abstractmethod
    def sub_tensors(self, config: Any) -> dict[str, Tensor]:
        """The state dict of the sub-generator with that config: slices of this generator's tensors, differentiable."""

    @abstractmethod
    def images(self, latent: Tensor) -> dict[int, Tensor]:
        """W+ [N, styles, D] → the image of every exit by resolution: RGB [N, 3, R, R], about −1…1, not clamped."""

    @abstractmethod
    def half_size(self, latent: Tensor, *, checkpoint_activations: bool = False) -> Tensor:
        """The exact 2×2 mean of the full image, float32 [N, 3, R/2, R/2], as cheaply as it can be had.

        latent: w [N, D] or W+ [N, styles, D]
        checkpoint_activations: in a backward pass, compute again what takes much memory to keep"""

    @abstractmethod
    def with_fast_features(self) -> "Self":
        """A copy that computes in bfloat16 where that costs little quality; its styles stay float32."""

    # What follows from it

    def empty(self, config: GeneratorConfig) -> "Self":
        """A generator of this family and that shape whose tensors are on the meta device."""
        with torch.device("meta"):
            return type(self)(config)

    def styles(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """z [N, D] → w [N, D], moved towards the mean style by the truncation ψ, 0…1 (1: not at all)."""
        return torch.lerp(self.mean_style.expand_as(z), self.mapping(z), truncation)

    def as_wplus(self, latent: Tensor) -> Tensor:
        """w [N, D] or W+ [N, styles, D] → W+. Raises AnycostError when it is neither."""
        config = self.config
        if latent.ndim == 2 and latent.shape[1] == config.style_dim:
            return latent[:, None].expand(-1, config.styles, -1)
        if latent.ndim == 3 and tuple(latent.shape[1:]) == (config.styles, config.style_dim):
            return latent
        raise AnycostError(
            (f"the latent is {tuple(latent.shape)}, this generator needs (N, {config.styles}, {config.style_dim})"),
            "use the model that it was made for",
        )

    def widths(self, sub: SubGenerator) -> tuple[int, ...]:
        """As `widths_of`."""
        return widths_of(self.config, sub)

    def flexible_widths(self, layer: int) -> tuple[int, ...]:
        """What flexible training and search choose from, as published: the ratios of the layer's width that are no
        narrower than in the narrowest uniform sub-generator, ascending."""
        full, least = self.config.channels[layer], self.config.uniform_widths(RATIOS[0])[layer]
        return tuple(sorted({max(1, int(ratio * full)) for ratio in RATIOS if ratio * full >= least}))

    def sub_generators(
        self, resolutions: Sequence[int] = (), channels: Sequence[float | tuple[int, ...]] = ()
    ) -> tuple[SubGenerator, ...]:
        """Those that differ from each other, cheapest first; nothing chosen: every exit, every uniform ratio.

        Of equal ones, that with the largest ratio. Raises AnycostError for one that the generator does not have."""
        found: dict[tuple[int, tuple[int, ...]], SubGenerator] = {}
        for resolution in resolutions or self.config.exits:
            for width in sorted(channels or RATIOS, key=lambda c: 0.0 if isinstance(c, tuple) else -c):
                sub = SubGenerator(resolution, width)
                found.setdefault((resolution, self.widths(sub)), sub)
        return tuple(sorted(found.values(), key=lambda sub: self.cost(sub).macs))

    def is_full(self, sub: SubGenerator) -> bool:
        return sub.resolution == self.config.resolution and self.widths(sub) == self.config.channels

    def extract(self, sub: SubGenerator) -> "Self":
        """`sub` as a generator of its own, which takes the first `config.styles` rows of this one's latents. Shares
        memory with this one where it can. Raises AnycostError as `widths` does."""
        config = self.config.sub_config(sub.resolution, self.widths(sub), (sub.resolution,))
        small = self.empty(config)
        with torch.no_grad():
            small.load_state_dict({name: t.detach() for name, t in self.sub_tensors(config).items()}, assign=True)
        return small.train(self.training).requires_grad_(False)

    def forward(self, latent: Tensor, sub: SubGenerator | None = None) -> Tensor:
        """latent: w [N, D] or W+ [N, styles, D]; sub: how much to run (None: the full generator). Returns RGB
        [N, 3, R, R], about −1…1, not clamped. Raises AnycostError for a `sub` it does not have or a wrong shape."""
        latent = self.as_wplus(latent)
        if sub is None:
            return self.images(latent)[self.config.resolution]
        config = self.config.sub_config(sub.resolution, self.widths(sub), (sub.resolution,))
        return self._run(config, latent)[sub.resolution]

    def all_images(self, latent: Tensor, sub: SubGenerator, **inputs: Any) -> dict[int, Tensor]:
        """As `forward`, but the images of all exits up to `sub`'s resolution, for training: resolution → [N, 3, R, R].

        inputs: what else the family's `pictures` takes (StyleGAN2: noise)"""
        exits = tuple(r for r in self.config.exits if r <= sub.resolution)
        return self._run(
            self.config.sub_config(sub.resolution, self.widths(sub), exits), self.as_wplus(latent), **inputs
        )

    def _run(self, config: GeneratorConfig, latent: Tensor, **inputs: Any) -> dict[int, Tensor]:
        tensors = {f"generator.{name}": tensor for name, tensor in self.sub_tensors(config).items()}
        small = _AllExits(self.empty(config))  # a new one each time: functional_call is not re-entrant
        return cast(dict[int, Tensor], functional_call(small, tensors, (latent[:, : config.styles],), inputs))

    def cost(self, sub: SubGenerator) -> Cost:
        """Counted on the network itself. Raises AnycostError as `widths` does."""
        small = self.empty(self.config.sub_config(sub.resolution, self.widths(sub), (sub.resolution,))).requires_grad_(
            False
        )
        latent = torch.empty(1, small.config.styles, small.config.style_dim, device="meta")
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            small.images(latent)
        parameters = sum(p.numel() for name, p in small.named_parameters() if not name.startswith("mapping."))
        return Cost(counter.get_total_flops() // 2, parameters)


class _AllExits(nn.Module):
    """Calls `pictures` where torch wants a module's own call."""

    def __init__(self, generator: ElasticGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor, **inputs: Any) -> dict[int, Tensor]:
        """As `pictures`."""
        return self.generator.images(latent, **inputs)
