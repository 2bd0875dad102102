"""What can be bound to keys in Krita's settings: the docker's actions. The .action file lists the same names."""

from collections.abc import Callable
from dataclasses import dataclass

from anycost_client.core.translation import mark

from anycost_krita.docker.panel import Panel


@dataclass(frozen=True)
class DockerAction:
    name: str  # in Krita's settings
    text: str  # to be translated
    do: Callable[[Panel], None]


ACTIONS = (
    DockerAction("anycost_apply", mark("Edit Face: apply"), lambda panel: panel.press_apply()),
    DockerAction("anycost_apply_new", mark("Edit Face: apply as another layer"), lambda panel: panel.apply_as_new()),
    DockerAction("anycost_canvas_preview", mark("Edit Face: preview on the canvas"), lambda panel: panel.turn_canvas()),
    DockerAction("anycost_before_after", mark("Edit Face: before or after"), lambda panel: panel.turn_before()),
    DockerAction("anycost_reset", mark("Edit Face: reset"), lambda panel: panel.reset_all()),
    DockerAction("anycost_next_face", mark("Edit Face: next face"), lambda panel: panel.choose_next_face()),
    DockerAction("anycost_randomise", mark("Edit Face: change a little by chance"), lambda panel: panel.randomise()),
)
