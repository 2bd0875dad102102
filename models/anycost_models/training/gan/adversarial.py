"""Trains a StyleGAN2 generator, whole or with its sub-generators, against the paper's discriminator.

Plain stage: pictures of several resolutions at full width, R1 and path length. Adaptive stage: each step draws with a
sub-generator, which the discriminator is told, and which is also held to what the frozen full generator draws.
"""

import copy
from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import StyledConv, StyleGAN2Generator
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual
from anycost_models.training.data.image_dataset import Shuffled, pictures_of
from anycost_models.training.engine import losses, sub_generator_sampling
from anycost_models.training.engine.device import features_in, is_fast, training_device
from anycost_models.training.engine.stage import Adversarial, Optimizer, TrainingStage
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, optimizers
from anycost_models.training.gan import initial_networks
from anycost_models.training.gan.channel_importance import sort_channels
from anycost_models.training.gan.discriminator import GROUP, Discriminator, encode_architecture
from anycost_models.training.gan.generator_inputs import Inputs, draw_inputs

PATH_MEMORY = 0.01  # what a step's mean path length adds to the running mean


class DiscriminatorState(nn.Module):
    """What the generator is trained against, all of which a continued training needs."""

    path_length: Tensor

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.register_buffer("path_length", torch.zeros(()))  # running mean


class AdversarialLosses:
    """The phases of an adversarial stage: what each of them minimises."""

    def __init__(
        self,
        stage: TrainingStage,
        rules: Adversarial,
        generator: StyleGAN2Generator,
        opponent: DiscriminatorState,
        real: Shuffled,
        teacher: StyleGAN2Generator | None = None,  # None: no distillation
        perceptual: PerceptualDistance | None = None,
        fast: bool = False,  # features in bf16
    ) -> None:
        self.stage, self.rules, self.wanted, self.fast = stage, rules, stage.sub_generators, fast
        self.generator, self.opponent, self.teacher, self.perceptual = generator, opponent, teacher, perceptual
        self.shuffled, self.discriminator = real, opponent.discriminator
        self.highest = max(self.wanted.resolutions)  # pixels
        self.device = generator.constant.device

    def phases(self) -> list[Phase]:
        rules, settings = self.rules, self.stage.optimizer
        plain = self.wanted.channels == "full" and rules.path_length > 0
        judge = optimizers(self.discriminator, lazy(settings, rules.r1_every if rules.r1 else 0))
        artist = optimizers(self.generator, lazy(settings, rules.path_every if plain else 0), self.stage.trainable)
        found = [Phase("discriminator", 1, judge, self.discriminator_losses)]
        if rules.r1:
            found.append(Phase("r1", rules.r1_every, judge, self.r1_losses))
        found.append(Phase("generator", 1, artist, self.generator_losses))
        if plain:
            found.append(Phase("path_length", rules.path_every, artist, self.path_length_losses, self.remember))
        return found

    # What a step trains

    def outputs(self, step: int) -> list[int]:
        """The resolutions whose pictures are judged, ascending."""
        return sub_generator_sampling.outputs(self.wanted, self.rules.outputs, self.stage.seed, step)

    def sub_generator(self, step: int) -> SubGenerator:
        """That draws them: with all exits up to the highest."""
        seed = sub_generator_sampling.seed_of("fake", self.stage.seed)
        return sub_generator_sampling.draw(self.generator, self.wanted, self.outputs(step)[-1], seed, step)

    def code(self, sub: SubGenerator, resolution: int) -> Tensor:
        """What the discriminator is told of the sub-generator whose exit drew a picture. [layers · 4]"""
        widths = self.generator.widths(sub)[: self.generator.layers_at(resolution)]
        return encode_architecture(self.generator.config.channels, widths).to(self.device)

    def real(self, samples: range, resolution: int) -> tuple[Tensor, Tensor]:
        """Pictures, and for each a random architecture [N, layers · 4], drawn as those that are told of fakes: what it
        is told must not say by itself who drew the picture. So those whose deviation is taken together are of one, as
        fakes are: the deviation of what several architectures modulate would tell."""
        seed = sub_generator_sampling.seed_of("real", self.stage.seed)
        groups = (sample // GROUP for sample in samples)
        subs = (sub_generator_sampling.draw(self.generator, self.wanted, resolution, seed, group) for group in groups)
        codes = torch.stack([self.code(sub, resolution) for sub in subs])
        return self.shuffled(samples, resolution).to(self.device), codes

    def inputs(self, phase: str, samples: range, resolution: int) -> Inputs:
        seed = sub_generator_sampling.seed_of(phase, self.stage.seed)
        return draw_inputs(self.generator, samples, resolution, seed, self.rules.mixing)

    def score(self, pictures: Tensor, code: Tensor, *, exact: bool = False) -> Tensor:
        """[N], the higher the more real."""
        told = code if self.discriminator.config.layers else None
        with features_in(self.fast and not exact, self.device):
            return self.discriminator(pictures, told).float()

    # The phases

    def discriminator_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Scores real pictures high and drawn ones low, by the logistic loss."""
        self.discriminator.requires_grad_(True)
        sub, outputs = self.sub_generator(batch.step), self.outputs(batch.step)
        with torch.no_grad():
            drawn = draw(self.generator, self.inputs("discriminator", batch.samples, outputs[-1]), sub, self.fast)
        for resolution in outputs:
            yield {"fake": F.softplus(self.score(drawn[resolution], self.code(sub, resolution))).mean() / len(outputs)}
            yield {"real": F.softplus(-self.score(*self.real(batch.samples, resolution))).mean() / len(outputs)}

    def r1_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """R1: the score's slope in real pictures, in float32."""
        self.discriminator.requires_grad_(True)
        outputs = self.outputs(batch.step)
        for resolution in outputs:
            pictures, codes = self.real(batch.samples, resolution)
            pictures.requires_grad_(True)
            score = self.score(pictures, codes, exact=True).sum()
            (slope,) = torch.autograd.grad(score, pictures, create_graph=True)
            gamma = self.rules.r1 * (resolution / self.highest) ** 2
            weight = 0.5 * gamma * self.rules.r1_every / len(outputs)
            yield {"penalty": weight * slope.square().sum(dim=(1, 2, 3)).mean()}

    def generator_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Draws what is scored high (non-saturating), and like the teacher if there is one."""
        self.discriminator.requires_grad_(False)
        sub, outputs = self.sub_generator(batch.step), self.outputs(batch.step)
        inputs = self.inputs("generator", batch.samples, self.highest if self.teacher else outputs[-1])
        drawn = draw(self.generator, inputs, sub, self.fast)
        scores = [self.score(drawn[resolution], self.code(sub, resolution)) for resolution in outputs]
        terms = {"adversarial": torch.stack([F.softplus(-score).mean() for score in scores]).mean()}
        if self.teacher and self.perceptual:
            with torch.no_grad():
                taught = draw(self.teacher, inputs, SubGenerator(self.highest), self.fast)[self.highest]
            goal = F.avg_pool2d(taught, self.highest // outputs[-1])
            distance = losses.Distance(goal, self.perceptual, self.stage.distillation)
            terms |= distance({resolution: drawn[resolution] for resolution in outputs})
        yield terms

    def path_length_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Path length: a step in W moves the picture equally far everywhere. Every second sample, since it takes a
        gradient of a gradient; in float32."""
        samples = batch.samples[::2]
        inputs = self.inputs("path length", samples, self.highest)
        latent = inputs.wplus(self.generator)
        pictures = self.generator.all_pictures(latent, SubGenerator(self.highest), noise=inputs.noise)[self.highest]
        rngs = (
            torch.Generator().manual_seed(sub_generator_sampling.seed_of("direction", self.stage.seed, sample))
            for sample in samples
        )
        direction = torch.stack([torch.randn(pictures.shape[1:], generator=rng) for rng in rngs]).to(self.device)
        (slope,) = torch.autograd.grad((pictures * direction).sum() / self.highest, latent, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        penalty = (lengths - self.opponent.path_length).square().mean()
        yield {
            "penalty": self.rules.path_length * self.rules.path_every * penalty,
            "length": lengths.mean().detach(),
        }

    def remember(self, seen: dict[str, float]) -> None:
        """seen: the terms' means over all processes."""
        length = self.opponent.path_length
        length.lerp_(torch.full_like(length, seen["path_length/length"]), PATH_MEMORY)


class _Synthesis(nn.Module):
    """Draws where torch wants a module's own call."""

    def __init__(self, generator: StyleGAN2Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, inputs: Inputs, sub: SubGenerator) -> dict[int, Tensor]:
        return self.generator.all_pictures(inputs.wplus(self.generator), sub, noise=inputs.noise)


def draw(generator: StyleGAN2Generator, inputs: Inputs, sub: SubGenerator, fast: bool) -> dict[int, Tensor]:
    """What every exit up to the sub-generator's resolution draws, differentiably. fast: with features in bfloat16;
    styles, demodulation and the pictures stay float32."""
    rounded = {}
    if fast:
        convs = {name for name, module in generator.named_modules() if isinstance(module, StyledConv)}
        features = {"constant", *(f"{name}.weight" for name in convs)}
        rounded = {f"generator.{name}": p.bfloat16() for name, p in generator.named_parameters() if name in features}
    drawn: dict[int, Tensor] = functional_call(_Synthesis(generator), rounded, (inputs, sub))
    return drawn


def lazy(settings: Optimizer, every: int) -> Optimizer:
    """For an optimizer that also takes a penalty's steps every so often (0: it does not), as published: so that it
    goes as far in the same number of steps."""
    if not every:
        return settings
    share = every / (every + 1)
    betas = (settings.betas[0] ** share, settings.betas[1] ** share)
    return msgspec.structs.replace(settings, learning_rate=settings.learning_rate * share, betas=betas)


def adversarial_trainer(stage: TrainingStage, folder: Path) -> Trainer:
    """Raises AnycostError for a stage that cannot be: a wrong generator, batch, resolution or picture."""
    rules = stage.adversarial
    if rules is None:
        raise AnycostError(f"the stage '{stage.name}' has no table [adversarial]", "add it")
    if stage.batch % GROUP:
        raise AnycostError(
            f"the batch is {stage.batch}",
            (f"choose a multiple of {GROUP}, because the discriminator compares pictures in groups of so many"),
        )
    device = training_device()
    fast = is_fast(stage, device)
    generator = initial_networks.generator(stage, folder)
    discriminator = initial_networks.discriminator(stage, folder, generator)
    real = Shuffled(
        pictures_of(stage, max(stage.sub_generators.resolutions), folder, fast), stage.seed, stage.data.flip
    )
    teacher = perceptual = None
    if stage.sub_generators.channels != "full" and stage.scratch is None:
        teacher = copy.deepcopy(generator).requires_grad_(False).to(device)
        perceptual = load_perceptual().requires_grad_(False).to(device)
    if rules.sort:
        z = torch.randn(4096, generator.config.style_dim, generator=torch.Generator().manual_seed(stage.seed))
        sort_channels(generator, generator.mapping(z))
    generator, opponent = generator.to(device), DiscriminatorState(discriminator).to(device)
    for module in (generator, opponent):  # a fifth quicker on CPUs
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    game = AdversarialLosses(stage, rules, generator, opponent, real, teacher, perceptual, fast)
    return Trainer(stage, generator, game.phases(), folder, opponent)
