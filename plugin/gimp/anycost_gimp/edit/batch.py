"""The same edit on several layers, one after the other; one that fails does not stop the rest. One step to undo."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from anycost_client.core.cooperative import at_once
from anycost_client.core.errors import ClientError
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.events import Connected

from anycost_gimp.edit.backend_link import BackendLink
from anycost_gimp.edit.headless import Headless, Progress
from anycost_gimp.image.read_layers import reading
from anycost_gimp.image.source import Source
from anycost_gimp.image.text import tr
from anycost_gimp.image.write_results import add, one_step


@dataclass(frozen=True)
class Edited:
    source: Source
    result: EditResult


@dataclass(frozen=True)
class Refused:
    layer: str  # its name
    error: ClientError


def draw(
    link: BackendLink,
    image: Any,
    layers: list[Any],
    strengths: Mapping[str, float],
    faces: str,
    progress: Progress,
    welcome: Connected | None = None,
) -> list[Edited | Refused]:
    """One for each layer; nothing is written yet. faces: as `arguments.chosen` reads it."""
    if not strengths:
        raise ClientError(tr("no strengths are given"), tr("write which, such as smile=0.8, age=-0.4"))
    outcomes: list[Edited | Refused] = []

    def share(text: str, fraction: float) -> None:
        """Of all layers."""
        number, count = len(outcomes), len(layers)
        if count > 1:
            text = tr("{number} of {count}: {doing}", number=number + 1, count=count, doing=text)
        progress(text, fraction if fraction < 0 else (number + fraction) / count)

    headless = Headless(link, share, welcome)
    for layer in layers:
        name = str(layer.get_name())
        try:
            source = at_once(reading(image, layer))
            outcomes.append(Edited(source.light(), headless.edit(source, strengths, faces)))
        except ClientError as error:
            outcomes.append(Refused(name, error))
    return outcomes


def write(image: Any, outcomes: list[Edited | Refused]) -> None:
    """Raises ClientError that names what was not edited; the rest is, all the same."""
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    edited = [outcome for outcome in outcomes if isinstance(outcome, Edited)]
    with one_step(image) if edited else nullcontext():  # an empty step would count as a change
        for outcome in edited:
            try:
                add(image, outcome.source, outcome.result)
            except ClientError as error:
                refused.append(Refused(outcome.source.name, error))
    if not refused:
        return
    if len(outcomes) == 1:
        raise refused[0].error
    edited_count = tr("{done} of {count} layers edited", done=len(outcomes) - len(refused), count=len(outcomes))
    why = "; ".join(f"“{one.layer}”: {tr(one.error.cause)}" for one in refused)
    remedies = dict.fromkeys(tr(one.error.remedy) for one in refused)
    raise ClientError(f"{edited_count}. {why}", "; ".join(remedies))
