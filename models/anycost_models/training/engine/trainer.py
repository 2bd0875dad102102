"""The one training loop: phases with their optimizers, EMA, checkpoints, records; on one process or several.

Everything random follows from the stage's seed and the step, so nothing but tensors needs to be kept to resume.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models.core.errors import AnycostError
from anycost_models.training.engine import checkpoints as state
from anycost_models.training.engine.interrupt import stop_requests
from anycost_models.training.engine.records import Records
from anycost_models.training.engine.stage import Optimizer, TrainingStage


@dataclass(frozen=True)
class TrainingBatch:
    """One backward pass of one process."""

    step: int
    samples: range  # indices of the samples this pass sees, counted from the beginning of the stage


@dataclass(frozen=True)
class Phase:
    """Something that is minimised every so many steps, with optimizers of its own."""

    name: str
    every: int
    optimizers: Sequence[torch.optim.Optimizer]
    # Each is summed and sent backward before the next; terms without a gradient are only reported.
    losses: Callable[[TrainingBatch], Iterable[dict[str, Tensor]]]
    after: Callable[[dict[str, float]], None] = lambda _: None  # is given the terms' means over the whole step


def optimizers(module: nn.Module, settings: Optimizer, trainable: str = "") -> list[torch.optim.Optimizer]:
    """Over the parameters whose names begin with `trainable`; the others are frozen. AnycostError: there are none.

    Weight matrices take Muon where the settings say so: it evens out directions that hardly move under Adam, because
    the features they mix are alike."""
    adam: list[dict[str, Any]] = []
    muon: list[dict[str, Any]] = []
    for name, parameter in module.named_parameters():
        prefix = max((key for key in settings.rates if name.startswith(key)), key=len, default="")
        share = settings.rates.get(prefix, 1.0)
        parameter.requires_grad_(name.startswith(trainable) and share > 0)
        if not parameter.requires_grad:
            continue
        size = max(parameter.detach().square().mean().sqrt().item(), 0.02)  # rms
        if settings.muon > 0 and any(part in name for part in settings.muon_for):
            # Muon's step has singular values of 1: times this, its rms is the rate's share of the matrix's own.
            muon.append({"params": [parameter], "lr": share * settings.muon * size * max(parameter.shape) ** 0.5})
        else:
            unit = size if settings.relative else 1.0
            adam.append({"params": [parameter], "lr": share * settings.learning_rate * unit})
    if not adam + muon:
        raise AnycostError(
            f"no parameter's name begins with '{trainable}'", "name a part of the network in `trainable`"
        )
    for group in adam + muon:
        group["initial_lr"] = group["lr"]
    made: list[torch.optim.Optimizer] = []
    if adam:
        made.append(torch.optim.Adam(adam, betas=settings.betas))
    if muon:
        made.append(torch.optim.Muon(muon, momentum=0.9, weight_decay=0.0))
    return made


def rate(settings: Optimizer, step: int, steps: int) -> float:
    """What the learning rate is multiplied with at a step."""
    warm = min(1.0, (step + 1) / max(settings.warm_up, 1))
    begin = settings.decay_from * steps
    if step < begin:
        return warm
    return warm * 0.5 * (1 + math.cos(math.pi * (step - begin) / max(steps - begin, 1)))


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


class Trainer:
    """Runs a stage. `student` holds what is trained, `phases` say how; `folder` receives checkpoints and records;
    `opponent`: what else the phases change (a discriminator), kept in checkpoints but not averaged."""

    def __init__(
        self,
        stage: TrainingStage,
        student: nn.Module,
        phases: Sequence[Phase],
        folder: Path,
        opponent: nn.Module | None = None,
    ) -> None:
        self.stage, self.student, self.phases, self.folder = stage, student, phases, folder
        self.opponent = opponent or nn.Module()
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.world = dist.get_world_size() if dist.is_initialized() else 1
        self.step = 0
        self.trained = {name: p for name, p in student.named_parameters() if p.requires_grad}
        self.ema = {name: p.detach().clone() for name, p in self.trained.items()}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def images_per_step(self) -> int:
        return self.stage.batch * self.stage.accumulate * self.world

    @property
    def steps(self) -> int:
        return math.ceil(self.stage.images / self.images_per_step)

    # Checkpoints

    def state(self) -> dict[str, Any]:
        return {
            "stage": self.stage.name,
            "step": self.step,
            "trained": {name: p.detach() for name, p in self.trained.items()},
            "ema": self.ema,
            "opponent": self.opponent.state_dict(),
            "optimizers": {phase.name: [o.state_dict() for o in phase.optimizers] for phase in self.phases},
        }

    def save(self) -> None:
        if self.rank == 0:
            state.save(self.folder, self.step, self.state())

    @torch.no_grad()
    def resume(self, path: Path) -> None:
        """Goes on where that checkpoint was written. Raises AnycostError when it is damaged or another stage's."""
        saved = state.load(path)
        if saved.get("stage") != self.stage.name:
            raise AnycostError(
                f"{path} is a checkpoint of '{saved.get('stage')}', not of '{self.stage.name}'", "choose that stage"
            )
        opponent = saved.get("opponent", {})
        if shapes(saved["trained"]) != shapes(self.trained) or shapes(opponent) != shapes(self.opponent.state_dict()):
            raise AnycostError(f"{path} has networks of other sizes", "continue with the stage file that began it")
        for name, parameter in self.trained.items():
            parameter.copy_(saved["trained"][name])
            self.ema[name].copy_(saved["ema"][name])
        self.opponent.load_state_dict(opponent)
        for phase in self.phases:
            for optimizer, kept in zip(phase.optimizers, saved["optimizers"][phase.name], strict=True):
                optimizer.load_state_dict(kept)
        self.step = saved["step"]

    # One step

    def batches(self, step: int) -> list[TrainingBatch]:
        """What this process sees of a step; the processes together see what one with all would."""
        size = self.stage.batch
        first = step * self.images_per_step + self.rank * size * self.stage.accumulate
        starts = range(first, first + size * self.stage.accumulate, size)
        return [TrainingBatch(step, range(start, start + size)) for start in starts]

    def run_phase(self, phase: Phase) -> dict[str, float]:
        groups = [group for optimizer in phase.optimizers for group in optimizer.param_groups]
        parameters = [p for group in groups for p in group["params"]]
        for parameter in parameters:
            parameter.grad = None
        seen: dict[str, float] = {}
        for batch in self.batches(self.step):
            for terms in phase.losses(batch):
                stacked = torch.stack([term.float() for term in terms.values()])
                values = dict(zip(terms, stacked.tolist(), strict=True))  # a GPU is waited for once
                if not all(map(math.isfinite, values.values())):
                    found = ", ".join(f"{name} {value:g}" for name, value in values.items())
                    raise self._not_a_number(f"the loss ({phase.name}: {found})")
                (stacked.sum() / self.stage.accumulate).backward()
                for name, value in values.items():
                    key = f"{phase.name}/{name}"
                    seen[key] = seen.get(key, 0.0) + value / self.stage.accumulate
        self._average(parameters)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
            raise self._not_a_number(f"a gradient ({phase.name})")
        for group in groups:
            group["lr"] = group["initial_lr"] * rate(self.stage.optimizer, self.step, self.steps)
        for optimizer in phase.optimizers:
            optimizer.step()
        seen = self._averaged_scalars(seen)
        phase.after(seen)
        return seen

    def _not_a_number(self, what: str) -> AnycostError:
        kept = state.checkpoints(self.folder)
        return AnycostError(
            (
                f"{what} is no longer a number at step {self.step}. The last good checkpoint is "
                f"{(kept[-1] if kept else 'none yet')}"
            ),
            "resume from it with a smaller learning rate",
        )

    def _average(self, parameters: Sequence[Tensor]) -> None:
        """Gradients over all processes, in one message."""
        if self.world == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]  # of the same ones everywhere
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _averaged_scalars(self, seen: dict[str, float]) -> dict[str, float]:
        """Over all processes."""
        if self.world == 1:
            return seen
        values = torch.tensor(list(seen.values()), dtype=torch.float64)
        dist.all_reduce(values)
        return dict(zip(seen, (values / self.world).tolist(), strict=True))

    def _anywhere(self, asked: bool) -> bool:
        """Whether any of the processes was asked, so that all stop at the same step."""
        if self.world == 1:
            return asked
        any_of_them = torch.tensor(float(asked))
        dist.all_reduce(any_of_them, dist.ReduceOp.MAX)
        return bool(any_of_them)

    def run_step(self) -> dict[str, float]:
        """Every phase that is due, then EMA."""
        seen: dict[str, float] = {}
        for phase in self.phases:
            if self.step % phase.every == 0:
                seen |= self.run_phase(phase)
        decay = 0.5 ** (self.images_per_step / self.stage.ema_half_life)
        decay = min(decay, (1 + self.step) / (10 + self.step))  # forgets the start sooner
        with torch.no_grad():
            for name, parameter in self.trained.items():
                self.ema[name].lerp_(parameter, 1 - decay)
        self.step += 1
        return seen

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """The student with its averaged weights, within the block."""
        now = {name: p.detach().clone() for name, p in self.trained.items()}
        self._put(self.ema)
        try:
            yield self.student
        finally:
            self._put(now)

    @torch.no_grad()
    def _put(self, tensors: Mapping[str, Tensor]) -> None:
        for name, parameter in self.trained.items():
            parameter.copy_(tensors[name])

    def run(self, sheet: Callable[[], np.ndarray] | None = None) -> None:
        """To the stage's end. Ctrl-C stops after the running step, saved. sheet: draws the pictures to look at,
        uint8 [H, W, 3]; asked now and then, on the first process."""
        records = Records(self.folder, self.step, self.images_per_step) if self.rank == 0 else None
        saved = time.monotonic()
        bar = tqdm(total=self.steps, initial=self.step, desc=self.stage.name, unit="step", disable=self.rank > 0)
        try:
            with stop_requests() as asked:
                while self.step < self.steps and not self._anywhere(asked()):
                    seen = self.run_step()
                    bar.update()
                    shown = {name.split("/")[-1]: f"{value:.4f}" for name, value in seen.items()}
                    bar.set_postfix(shown, refresh=False)
                    if records:
                        records.scalars(self.step, seen)
                        if sheet and (self.step % self.stage.sheet_steps == 0 or self.step == self.steps):
                            records.sheet(self.step, sheet())
                    if time.monotonic() - saved > 60 * self.stage.save_minutes:
                        self.save()
                        saved = time.monotonic()
                self.save()
        finally:
            bar.close()
            if records:
                records.close()
