"""The training loop: phases and their optimizers, EMA, checkpoints and records, on one process or several.

All randomness follows from the stage's seed and the step, so a checkpoint needs no state of random generators.
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
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.interrupt import stop_requests
from anycost_models.training.engine.records import Records
from anycost_models.training.engine.stage import OptimizerSettings, TrainingStage


@dataclass(frozen=True)
class TrainingBatch:
    """The samples of one backward pass of one process."""

    step: int
    samples: range  # indices, counted from the beginning of the stage


@dataclass(frozen=True)
class Phase:
    """A loss that is minimised every `every` steps, by its own optimizers."""

    name: str
    every: int
    optimizers: Sequence[torch.optim.Optimizer]
    # Yields dictionaries of terms. The sum of each is sent backward before the next; terms may lack a gradient.
    losses: Callable[[TrainingBatch], Iterable[dict[str, Tensor]]]
    after: Callable[[dict[str, float]], None] = lambda _: None  # receives the terms' means over the step


def make_optimizers(module: nn.Module, settings: OptimizerSettings, trainable: str = "") -> list[torch.optim.Optimizer]:
    """Optimizers of the parameters whose names begin with `trainable`; freezes the others.

    Weight matrices that `muon_for` names take Muon: their input features resemble each other, and Adam moves along few
    directions of such matrices. Raises AnycostError if no parameter is left."""
    adam: list[dict[str, Any]] = []
    muon: list[dict[str, Any]] = []
    for name, parameter in module.named_parameters():
        prefix = max((key for key in settings.rates if name.startswith(key)), key=len, default="")
        factor = settings.rates.get(prefix, 1.0)
        parameter.requires_grad_(name.startswith(trainable) and factor > 0)
        if not parameter.requires_grad:
            continue
        rms = max(parameter.detach().square().mean().sqrt().item(), 0.02)
        if settings.muon > 0 and any(part in name for part in settings.muon_for):
            # Muon's updates have singular values of 1: scaled to an rms that is `muon` times the matrix's.
            muon.append({"params": [parameter], "lr": factor * settings.muon * rms * max(parameter.shape) ** 0.5})
        else:
            unit = rms if settings.relative else 1.0
            adam.append({"params": [parameter], "lr": factor * settings.learning_rate * unit})
    if not adam + muon:
        raise AnycostError(
            f"no parameter's name begins with '{trainable}'", "name a part of the network in `trainable`"
        )
    for group in adam + muon:
        group["initial_lr"] = group["lr"]
    optimizers: list[torch.optim.Optimizer] = []
    if adam:
        optimizers.append(torch.optim.Adam(adam, betas=settings.betas))
    if muon:
        optimizers.append(torch.optim.Muon(muon, momentum=0.9, weight_decay=0.0))
    return optimizers


def learning_rate_factor(settings: OptimizerSettings, step: int, steps: int) -> float:
    """Linear warm-up, then cosine decay: 0…1, of `steps` in all."""
    warm_up = min(1.0, (step + 1) / max(settings.warm_up, 1))
    decay_start = settings.decay_from * steps
    if step < decay_start:
        return warm_up
    return warm_up * 0.5 * (1 + math.cos(math.pi * (step - decay_start) / max(steps - decay_start, 1)))


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


class Trainer:
    """Runs a stage.

    model: the network that is trained, averaged (EMA) and exported
    folder: receives checkpoints and records
    auxiliary: what else the phases change, such as a discriminator: saved in checkpoints, but not averaged
    measure: what is recorded of the averaged model with each sample sheet, on the first process"""

    def __init__(
        self,
        stage: TrainingStage,
        model: nn.Module,
        phases: Sequence[Phase],
        folder: Path,
        auxiliary: nn.Module | None = None,
        measure: Callable[[nn.Module], Mapping[str, float]] | None = None,
    ) -> None:
        self.stage, self.model, self.phases, self.folder = stage, model, phases, folder
        self.auxiliary, self.measure = auxiliary or nn.Module(), measure
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.world = dist.get_world_size() if dist.is_initialized() else 1
        self.step = 0
        self.trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.ema = {name: p.detach().clone() for name, p in self.trained.items()}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def images_per_step(self) -> int:
        """Of all processes together."""
        return self.stage.batch * self.stage.accumulate * self.world

    @property
    def steps(self) -> int:
        """Of the whole stage."""
        return math.ceil(self.stage.images / self.images_per_step)

    # Checkpoints

    def state(self) -> dict[str, Any]:
        return {
            "stage": self.stage.name,
            "step": self.step,
            "trained": {name: p.detach() for name, p in self.trained.items()},
            "ema": self.ema,
            "opponent": self.auxiliary.state_dict(),  # the key of existing checkpoints
            "optimizers": {phase.name: [o.state_dict() for o in phase.optimizers] for phase in self.phases},
        }

    def save(self) -> None:
        """Writes a checkpoint, on the first process."""
        if self.rank == 0:
            checkpoints.save(self.folder, self.step, self.state())

    @torch.no_grad()
    def resume(self, path: Path) -> None:
        """Continues from that checkpoint. Raises AnycostError when it is damaged or from another stage."""
        state = checkpoints.load(path)
        if state.get("stage") != self.stage.name:
            raise AnycostError(
                f"{path} is a checkpoint of '{state.get('stage')}', not of '{self.stage.name}'", "choose that stage"
            )
        trained, auxiliary = state.get("trained", {}), state.get("opponent", {})
        if shapes(trained) != shapes(self.trained) or shapes(auxiliary) != shapes(self.auxiliary.state_dict()):
            raise AnycostError(f"{path} has networks of other sizes", "continue with the stage file that began it")
        for name, parameter in self.trained.items():
            parameter.copy_(trained[name])
            self.ema[name].copy_(state["ema"][name])
        self.auxiliary.load_state_dict(auxiliary)
        for phase in self.phases:
            for optimizer, saved in zip(phase.optimizers, state["optimizers"][phase.name], strict=True):
                optimizer.load_state_dict(saved)
        self.step = state["step"]

    # One step

    def batches(self, step: int) -> list[TrainingBatch]:
        """The batches of this process in a step. All processes together see what one process would with their sum."""
        size = self.stage.batch
        first = step * self.images_per_step + self.rank * size * self.stage.accumulate
        starts = range(first, first + size * self.stage.accumulate, size)
        return [TrainingBatch(step, range(start, start + size)) for start in starts]

    def run_phase(self, phase: Phase) -> dict[str, float]:
        """One optimizer step of a phase. Returns the means of its terms, named "phase/term".

        Raises AnycostError, before the step, when the loss or a gradient is not finite."""
        groups = [group for optimizer in phase.optimizers for group in optimizer.param_groups]
        parameters = [p for group in groups for p in group["params"]]
        for parameter in parameters:
            parameter.grad = None
        means: dict[str, float] = {}
        for batch in self.batches(self.step):
            for terms in phase.losses(batch):
                stacked = torch.stack([term.float() for term in terms.values()])
                values = dict(zip(terms, stacked.tolist(), strict=True))  # one synchronisation with the GPU
                if not all(map(math.isfinite, values.values())):
                    found = ", ".join(f"{name} {value:g}" for name, value in values.items())
                    raise self._not_finite(f"the loss ({phase.name}: {found})")
                (stacked.sum() / self.stage.accumulate).backward()
                for name, value in values.items():
                    key = f"{phase.name}/{name}"
                    means[key] = means.get(key, 0.0) + value / self.stage.accumulate
        self._average_gradients(parameters)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
            raise self._not_finite(f"a gradient ({phase.name})")
        for group in groups:
            group["lr"] = group["initial_lr"] * learning_rate_factor(self.stage.optimizer, self.step, self.steps)
        for optimizer in phase.optimizers:
            optimizer.step()
        means = self._average_scalars(means)
        phase.after(means)
        return means

    def _not_finite(self, what: str) -> AnycostError:
        found = checkpoints.find(self.folder)
        return AnycostError(
            (
                f"{what} is no longer a number at step {self.step}. The last good checkpoint is "
                f"{(found[-1] if found else 'none yet')}"
            ),
            "resume from it with a smaller learning rate",
        )

    def _average_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Over all processes, in one all-reduce."""
        if self.world == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]  # the same parameters on all processes
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _average_scalars(self, scalars: dict[str, float]) -> dict[str, float]:
        """Over all processes."""
        if self.world == 1:
            return scalars
        values = torch.tensor(list(scalars.values()), dtype=torch.float64)
        dist.all_reduce(values)
        return dict(zip(scalars, (values / self.world).tolist(), strict=True))

    def _any_process(self, flag: bool) -> bool:
        """Whether the flag is set on any process, so that all stop at the same step."""
        if self.world == 1:
            return flag
        flags = torch.tensor(float(flag))
        dist.all_reduce(flags, dist.ReduceOp.MAX)
        return bool(flags)

    def run_step(self) -> dict[str, float]:
        """Runs every phase that is due, then updates the EMA. Returns the means of all terms."""
        means: dict[str, float] = {}
        for phase in self.phases:
            if self.step % phase.every == 0:
                means |= self.run_phase(phase)
        decay = 0.5 ** (self.images_per_step / self.stage.ema_half_life)
        decay = min(decay, (1 + self.step) / (10 + self.step))  # EMA warm-up: forgets the initial weights sooner
        with torch.no_grad():
            for name, parameter in self.trained.items():
                self.ema[name].lerp_(parameter, 1 - decay)
        self.step += 1
        return means

    @contextmanager
    def ema_weights(self) -> Iterator[nn.Module]:
        """Yields the model with its EMA weights; the current ones come back at the end of the block."""
        current = {name: p.detach().clone() for name, p in self.trained.items()}
        self._copy_weights(self.ema)
        try:
            yield self.model
        finally:
            self._copy_weights(current)

    def _measured(self) -> dict[str, float]:
        if self.measure is None:
            return {}
        with self.ema_weights() as model:
            return dict(self.measure(model))

    @torch.no_grad()
    def _copy_weights(self, tensors: Mapping[str, Tensor]) -> None:
        for name, parameter in self.trained.items():
            parameter.copy_(tensors[name])

    def run(self, sheet: Callable[[], np.ndarray] | None = None, until: float = math.inf) -> None:
        """Runs to the end of the stage; a stop request or the time `until`, in seconds since the epoch, ends it after
        the current step, with a checkpoint.

        sheet: renders a sample sheet, uint8 RGB [H, W, 3]; called every `sheet_steps`, on the first process.
        Raises AnycostError when the loss or a gradient is not finite; the last checkpoint is kept."""
        records = Records(self.folder, self.step, self.images_per_step) if self.rank == 0 else None
        saved_at = time.monotonic()
        bar = tqdm(total=self.steps, initial=self.step, desc=self.stage.name, unit="step", disable=self.rank > 0)
        try:
            with stop_requests(until) as stop_requested:
                while self.step < self.steps and not self._any_process(stop_requested()):
                    means = self.run_step()
                    bar.update()
                    shown = {name.split("/")[-1]: f"{value:.4f}" for name, value in means.items()}
                    bar.set_postfix(shown, refresh=False)
                    if records:
                        due = self.step % self.stage.sheet_steps == 0 or self.step == self.steps
                        records.scalars(self.step, means | (self._measured() if due else {}))
                        if sheet and due:
                            records.sheet(self.step, sheet())
                    if time.monotonic() - saved_at > 60 * self.stage.save_minutes:
                        self.save()
                        saved_at = time.monotonic()
                self.save()
        finally:
            bar.close()
            if records:
                records.close()
