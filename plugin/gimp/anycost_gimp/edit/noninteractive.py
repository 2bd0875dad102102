"""Edits several layers without a dialog: shows progress in GIMP and writes all results together."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import problem_of
from anycost_client.edit.editor import Editor
from gi.repository import Gimp

from anycost_gimp.edit.backend_link import QueueLink
from anycost_gimp.edit.batch import QueueHost, Rendered, render
from anycost_gimp.image.layer import Layer, Source
from anycost_gimp.image.painted import painted_on
from anycost_gimp.image.read_layers import reading
from anycost_gimp.image.text import tr
from anycost_gimp.image.write_results import add, one_step


def render_layers(
    link: QueueLink,
    image: Any,
    layers: Sequence[Layer],
    strengths: Mapping[str, float],
    faces: str,
    like: Editor | None = None,
) -> Rendered:
    """As `render`, with GIMP's progress bar. Raises ClientError."""
    return render(link, QueueHost(partial(_reading, image)), layers, strengths, faces, _show_progress, like)


def write(image: Any, rendered: Rendered) -> None:
    """One step to undo. What was not edited is named: beside layers that were, as a message of GIMP's; where none was,
    as a ClientError."""
    refused = list(rendered.refused)
    count = len(rendered.edited) + len(refused)
    with one_step(image) if rendered.edited else nullcontext():  # an empty step would count as a change
        for source, result in rendered.edited:
            try:
                add(image, source, result)
            except ClientError as error:
                refused.append((source.layer.name, problem_of(error, tr)))
    _say_warnings(rendered)
    if not refused:
        return
    if count == 1:
        raise ClientError(refused[0][1].cause, refused[0][1].remedy)
    edited = tr("{done} of {count} layers edited", done=count - len(refused), count=count)
    why = "; ".join(f"“{name}”: {tr(problem.cause)}" for name, problem in refused)
    remedies = dict.fromkeys(tr(problem.remedy) for _, problem in refused)
    said = ClientError(f"{edited}. {why}", "; ".join(remedies))
    if count == len(refused):
        raise said
    Gimp.message(str(said))


def _say_warnings(rendered: Rendered) -> None:
    warnings = [f"“{source.layer.name}”: {source.warning}" for source, _ in rendered.edited if source.warning]
    if warnings:
        Gimp.message("\n".join(warnings))


def _reading(image: Any, layer: Layer) -> Steps[Source]:
    """Without a window nobody can be asked: a layer that was painted on stays, and another is added above it."""
    source = yield from reading(image, layer)
    if source.replaces is not None and (yield from painted_on(source.replaces.item)):
        said = tr("It was painted on since: the new edit is a layer above it.")
        return replace(source, replaces=None, warning=said)
    return source


def _show_progress(text: str, fraction: float) -> None:
    """0…1; below 0: nobody knows how far it is."""
    Gimp.progress_set_text(text)
    if fraction < 0:
        Gimp.progress_pulse()
    else:
        Gimp.progress_update(fraction)
