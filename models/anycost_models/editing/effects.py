"""What strength 1 of each shipped attribute promises, and from where and how far a photographed face is drawn for it.

Measured over generated faces and portraits by `benchmarks/effects.py`; docs/attributes.md has
the figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.json_tables import read_table
from anycost_models.editing.directions import EASE, eased
from anycost_models.weights import EMBEDDED_DIRECTIONS, intact

EMBEDDED_EFFECTS = EMBEDDED_DIRECTIONS.with_name("effects.json")
LEAST_TARGET = 0.35  # of what is promised: a face at the label's end is still asked for so much

Gain = Annotated[float, Meta(gt=0, le=4)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The latent from which an attribute is drawn. The further it is from the projection, the better a direction works,
    and the less what is drawn fits the photo."""

    ease: Share = EASE  # see `eased`
    toward_mean: Share = 0.0  # then so far on to the mean style: glasses are whole there

    def of(self, latent: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """latent, mean: W+ [styles, D], of a projection and of the mean style → W+ [styles, D]."""
        start = eased(latent, self.ease)
        return start + np.float32(self.toward_mean) * (mean - start) if self.toward_mean else start


USUAL_BASE = Base()


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One sense of an attribute: below 0, or above."""

    gain: Gain = 1.0  # on the step, with which the median portrait shows what is promised
    most: Gain = 2.0  # gain beyond which faces fall apart, or become other people
    base: Base = USUAL_BASE
    pull: Share = 0.0  # how far its step also leads to the mean style: there, hair grows that this face has not


class AttributeEffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    promise: Annotated[float, Meta(gt=0)]  # by which strength 1 moves the attribute's label, in the label's unit
    drawn: bool = True  # whether the generator draws it; otherwise the photo is only warped or recoloured
    measured: bool = True  # whether it is found on each face how far it goes; otherwise it does the same on all
    warp: Annotated[float, Meta(ge=0, le=4)] = 0.0  # share of its displacement by which the photo is warped, at gain 1
    less: Side = Side()
    more: Side = Side()

    def side(self, strength: float) -> Side:
        return self.more if strength > 0 else self.less


class LabelRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a label over generated faces, in its own unit."""

    deviation: Annotated[float, Meta(gt=0)]
    low: float  # the 2.5th percentile
    high: float  # the 97.5th


class EffectTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raises ValueError when the table is not one."""

    labels: dict[str, LabelRange]
    attributes: dict[str, AttributeEffect]  # each with a label of its name

    def __post_init__(self) -> None:
        if not self.attributes.keys() <= self.labels.keys():
            raise ValueError("an attribute without a label")

    def base(self, name: str, strength: float) -> Base:
        """From which this attribute is drawn; others than those of the table from the usual one."""
        effect = self.attributes.get(name)
        return effect.side(strength).base if effect else USUAL_BASE

    def pull(self, name: str, strength: float) -> float:
        """As `Side.pull`."""
        effect = self.attributes.get(name)
        return effect.side(strength).pull if effect else 0.0

    def drawn(self, name: str) -> bool:
        """As `AttributeEffect.drawn`."""
        effect = self.attributes.get(name)
        return effect is None or effect.drawn

    def measured(self, name: str) -> bool:
        """As `AttributeEffect.measured`."""
        effect = self.attributes.get(name)
        return effect is not None and effect.measured

    def warp(self, name: str) -> float:
        """As `AttributeEffect.warp`."""
        effect = self.attributes.get(name)
        return effect.warp if effect else 0.0

    def target(self, name: str, sense: int, label: float) -> float:
        """By how much strength 1 in this sense (−1 or 1) can be asked to move the label, in its unit, above 0.

        label: of the face as photographed. A broad smile cannot get much broader."""
        promise, natural = self.attributes[name].promise, self.labels[name]
        room = natural.high - label if sense > 0 else label - natural.low
        return min(promise, max(room, LEAST_TARGET * promise))

    def at_end(self, name: str, sense: int, label: float) -> bool:
        """Whether the face already is where this sense leads, so that less than half the promise is left."""
        natural = self.labels[name]
        room = natural.high - label if sense > 0 else label - natural.low
        return room < 0.5 * self.attributes[name].promise


NO_EFFECTS = EffectTable({}, {})  # of a model whose attributes were not measured


def save_effects(table: EffectTable, path: Path) -> None:
    """As JSON with one entry a line. Raises AnycostError when it cannot be written; an older file stays then."""

    def lines(entries: Mapping[str, object]) -> str:
        return ",\n".join(f'  "{name}": {msgspec.json.encode(entry).decode()}' for name, entry in entries.items())

    text = f'{{"labels": {{\n{lines(table.labels)}\n}}, "attributes": {{\n{lines(table.attributes)}\n}}}}\n'
    write_aside(path, text.encode())


def load_effects(path: Path = EMBEDDED_EFFECTS) -> EffectTable:
    """Raises AnycostError when the file is missing, or is anything but a table as `save_effects` writes it."""
    return read_table(intact(path), EffectTable, "table of effects")
