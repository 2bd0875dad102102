"""Finds how far an attribute must go on one face until it shows what was promised, by drawing and measuring it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

MEASUREMENTS = 4  # at most
ENOUGH, TOO_MUCH = 0.92, 1.4  # shares of what is promised, between which the search ends
LEAST_GAIN = 0.6
_EFFORT = 0.15  # of the share, for each unit of gain
_LEAST_SLOPE = 0.4  # of the share by the gain: what hardly answers must not make a leap


@dataclass(frozen=True)
class FoundGain:
    gain: float  # on the attribute's step
    share: float  # of what is promised that it shows; below 0: the opposite


def find_gain(share_at: Callable[[float], float], usual: float, most: float) -> FoundGain:
    """The gain, `LEAST_GAIN`…`most`, of those tried whose share is nearest to 1, unless a smaller one does nearly as
    well; `usual` is tried first.

    share_at: gain → share of what is promised that the drawn face shows; NaN: not measurable, then `usual` stays"""
    tried = [FoundGain(0.0, 0.0)]
    gain = min(usual, most)
    for _ in range(MEASUREMENTS):
        share = share_at(gain)
        if not math.isfinite(share):
            break
        tried.append(FoundGain(gain, share))
        if ENOUGH <= share <= TOO_MUCH:
            break
        following = min(max(_next(tried), LEAST_GAIN), most)
        if abs(following - gain) < 0.05:
            break
        gain = following
    return min(tried[1:], key=_loss, default=FoundGain(usual, math.nan))


def _next(tried: list[FoundGain]) -> float:
    """On the line through the two tries around what is promised, or beyond the last."""
    below = max((each for each in tried if each.share < ENOUGH), key=lambda each: each.gain)
    above = min((each for each in tried if each.share > TOO_MUCH), key=lambda each: each.gain, default=None)
    if above is not None and above.gain > below.gain:
        return below.gain + (above.gain - below.gain) * (1 - below.share) / (above.share - below.share)
    before = max((each for each in tried if each.gain < below.gain), key=lambda each: each.gain, default=below)
    rise = (below.share - before.share) / (below.gain - before.gain) if before is not below else 0.0
    return below.gain + (1 - below.share) / max(rise, _LEAST_SLOPE)


def _loss(found: FoundGain) -> float:
    """Too much counts half: it may be taken back by the slider. What goes further must be worth it."""
    short = 1 - found.share if found.share < 1 else (found.share - 1) / 2
    return short + _EFFORT * found.gain
