"""The sub-generators that render an edit: a quick one while the slider moves, better ones when it rests."""

import statistics
from dataclasses import dataclass
from fractions import Fraction

from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import progression

from anycost_backend.editing.renderer import Renderer
from anycost_backend.previews.frame_budget import FrameBudget

_SIGNS = {Fraction(1, 4): "¼", Fraction(1, 2): "½", Fraction(3, 4): "¾", Fraction(1): "full"}


@dataclass(frozen=True)
class PreviewStep:
    sub: SubGenerator
    quick: bool  # whether landmarks are interpolated and the composite is coarse


def preview_steps(renderer: Renderer, frame_budget: FrameBudget | None, side: int, faces: int = 1) -> list[PreviewStep]:
    """The first step is for a moving slider, the last is the best for so many faces shown with `side` pixels.

    frame_budget: None while this machine was not measured"""
    if frame_budget is None:
        exits = renderer.file.exits
        first = SubGenerator(min(exits, key=lambda exit: abs(exit - 256)), 0.25)
        better: tuple[SubGenerator, ...] = (SubGenerator(next((exit for exit in exits if exit >= side), exits[-1])),)
    else:
        first = frame_budget.choose(side, faces)
        better = progression(frame_budget.table, first, side) or (first,)
    return [PreviewStep(first, True), *(PreviewStep(sub, False) for sub in better)]


def channels_text(sub: SubGenerator) -> str:
    """The channels as "½" or "full"; of a list the average over its layers, "~312"."""
    if isinstance(sub.channels, tuple):
        return f"~{statistics.fmean(sub.channels):.0f}"
    return _SIGNS.get(Fraction(sub.channels).limit_denominator(100), f"{sub.channels:g}")
