"""Adversarial training of a StyleGAN2 generator and its sub-generators: both stages of Anycost GANs.

Anycost GANs (Lin et al. 2021, arXiv 2103.03243). First stage: multi-resolution training at full width. Second stage:
adaptive-channel training; each step trains a sub-generator, against a discriminator that is conditioned on its
architecture, and with distillation from the frozen first stage. Losses and regularisation as in StyleGAN2 (Karras et
al. 2019, arXiv 1912.04958): non-saturating logistic loss, R1, path length, both lazily (section 3).
"""

import copy
from collections.abc import Iterator
from functools import partial
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
from anycost_models.training.data.image_dataset import Shuffled, open_dataset
from anycost_models.training.engine.device import autocast, training_device, use_bfloat16
from anycost_models.training.engine.losses import DistillationLoss
from anycost_models.training.engine.stage import AdversarialSettings, OptimizerSettings, TrainingStage
from anycost_models.training.engine.sub_generator_sampling import sample_resolutions, sample_sub_generator, seed_of
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, make_optimizers
from anycost_models.training.gan import initial_networks
from anycost_models.training.gan.channel_importance import sort_channels
from anycost_models.training.gan.discriminator import GROUP, Discriminator, encode_architecture
from anycost_models.training.gan.distance import TrainingDistance
from anycost_models.training.gan.generator_inputs import GeneratorInputs, sample_inputs

PATH_LENGTH_DECAY = 0.01  # weight of a step's mean in the running mean of path lengths


class DiscriminatorState(nn.Module):
    """What checkpoints keep beside the generator: the discriminator and the running mean of path lengths."""

    path_length: Tensor

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.register_buffer("path_length", torch.zeros(()))  # running mean


class AdversarialLosses:
    """The losses of an adversarial stage, one method per phase."""

    def __init__(
        self,
        stage: TrainingStage,
        config: AdversarialSettings,
        generator: StyleGAN2Generator,
        state: DiscriminatorState,
        real: Shuffled,
        teacher: StyleGAN2Generator | None = None,  # None: no distillation
        perceptual: PerceptualDistance | None = None,
        fast: bool = False,  # features in bfloat16
    ) -> None:
        self.stage, self.config, self.sampling, self.fast = stage, config, stage.sub_generators, fast
        self.generator, self.state, self.teacher, self.perceptual = generator, state, teacher, perceptual
        self.dataset, self.discriminator = real, state.discriminator
        self.highest = max(self.sampling.resolutions)  # pixels
        self.device = generator.constant.device

    def phases(self) -> list[Phase]:
        config, settings = self.config, self.stage.optimizer
        regularize_path = self.sampling.channels == "full" and config.path_length > 0
        d_settings = lazy_regularization(settings, config.r1_every if config.r1 else 0)
        g_settings = lazy_regularization(settings, config.path_every if regularize_path else 0)
        d_optim = make_optimizers(self.discriminator, d_settings)
        g_optim = make_optimizers(self.generator, g_settings, self.stage.trainable)
        phases = [Phase("discriminator", 1, d_optim, self.discriminator_losses)]
        if config.r1:
            phases.append(Phase("r1", config.r1_every, d_optim, self.r1_losses))
        phases.append(Phase("generator", 1, g_optim, self.generator_losses))
        if regularize_path:
            path_every, update = config.path_every, self.update_path_length
            phases.append(Phase("path_length", path_every, g_optim, self.path_length_losses, update))
        return phases

    # Samples of a step

    def outputs(self, step: int) -> list[int]:
        """The resolutions whose images the discriminator sees, pixels, ascending."""
        return sample_resolutions(self.sampling, self.config.outputs, self.stage.seed, step)

    def sub_generator(self, step: int) -> SubGenerator:
        """The sub-generator that renders them, with all exits up to the highest."""
        seed = seed_of("fake", self.stage.seed)
        return sample_sub_generator(self.generator, self.sampling, self.outputs(step)[-1], seed, step)

    def code(self, sub: SubGenerator, resolution: int) -> Tensor:
        """The architecture code of the part of `sub` up to that exit. [layers · 4]"""
        widths = self.generator.widths(sub)[: self.generator.config.layers_at(resolution)]
        return encode_architecture(self.generator.config.channels, widths).to(self.device)

    def real(self, samples: range, resolution: int) -> tuple[Tensor, Tensor]:
        """Real images [N, 3, R, R] and an architecture code for each [N, layers · 4].

        Real images get random architecture codes so that the condition does not reveal real or fake. All images of a
        group of the minibatch standard deviation get the same code, as fakes have: different modulations within a
        group would raise its deviation."""
        seed = seed_of("real", self.stage.seed)
        groups = (sample // GROUP for sample in samples)
        subs = (sample_sub_generator(self.generator, self.sampling, resolution, seed, group) for group in groups)
        codes = torch.stack([self.code(sub, resolution) for sub in subs])
        return self.dataset(samples, resolution).to(self.device), codes

    def inputs(self, phase: str, samples: range, resolution: int) -> GeneratorInputs:
        """z and noise for each sample, different in each phase."""
        seed = seed_of(phase, self.stage.seed)
        return sample_inputs(self.generator, samples, resolution, seed, self.config.mixing)

    def score(self, images: Tensor, code: Tensor, *, exact: bool = False) -> Tensor:
        """The discriminator's logits [N], higher for real. exact: in float32"""
        condition = code if self.discriminator.config.layers else None
        with autocast(self.fast and not exact, self.device):
            return self.discriminator(images, condition).float()

    # The phases

    def discriminator_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Logistic loss of real and fake images."""
        self.discriminator.requires_grad_(True)
        sub, outputs = self.sub_generator(batch.step), self.outputs(batch.step)
        with torch.no_grad():
            fake = render(self.generator, self.inputs("discriminator", batch.samples, outputs[-1]), sub, self.fast)
        for resolution in outputs:
            yield {"fake": F.softplus(self.score(fake[resolution], self.code(sub, resolution))).mean() / len(outputs)}
            yield {"real": F.softplus(-self.score(*self.real(batch.samples, resolution))).mean() / len(outputs)}

    def r1_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """R1 (Mescheder et al. 2018, arXiv 1801.04406): γ/2 · ‖∇score‖² on real images, in float32."""
        self.discriminator.requires_grad_(True)
        outputs = self.outputs(batch.step)
        for resolution in outputs:
            images, codes = self.real(batch.samples, resolution)
            images.requires_grad_(True)
            score = self.score(images, codes, exact=True).sum()
            (gradient,) = torch.autograd.grad(score, images, create_graph=True)
            gamma = self.config.r1 * (resolution / self.highest) ** 2
            weight = 0.5 * gamma * self.config.r1_every / len(outputs)
            yield {"penalty": weight * gradient.square().sum(dim=(1, 2, 3)).mean()}

    def generator_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Non-saturating logistic loss, and distillation if there is a teacher."""
        self.discriminator.requires_grad_(False)
        sub, outputs = self.sub_generator(batch.step), self.outputs(batch.step)
        inputs = self.inputs("generator", batch.samples, self.highest if self.teacher else outputs[-1])
        fake = render(self.generator, inputs, sub, self.fast)
        scores = [self.score(fake[resolution], self.code(sub, resolution)) for resolution in outputs]
        terms = {"adversarial": torch.stack([F.softplus(-score).mean() for score in scores]).mean()}
        if self.teacher and self.perceptual:
            with torch.no_grad():
                full = render(self.teacher, inputs, SubGenerator(self.highest), self.fast)[self.highest]
            target = F.avg_pool2d(full, self.highest // outputs[-1])
            distillation = DistillationLoss(target, self.perceptual, self.stage.distillation)
            terms |= distillation({resolution: fake[resolution] for resolution in outputs})
        yield terms

    def path_length_losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        """Path length regularisation (StyleGAN2, section 3.2), in float32, on every second sample: the second-order
        gradient is expensive."""
        samples = batch.samples[::2]
        inputs = self.inputs("path length", samples, self.highest)
        latent = inputs.wplus(self.generator)
        images = self.generator.all_images(latent, SubGenerator(self.highest), noise=inputs.noise)[self.highest]
        rngs = (torch.Generator().manual_seed(seed_of("direction", self.stage.seed, sample)) for sample in samples)
        direction = torch.stack([torch.randn(images.shape[1:], generator=rng) for rng in rngs]).to(self.device)
        (gradient,) = torch.autograd.grad((images * direction).sum() / self.highest, latent, create_graph=True)
        lengths = gradient.square().sum(2).mean(1).sqrt()
        penalty = (lengths - self.state.path_length).square().mean()
        yield {
            "penalty": self.config.path_length * self.config.path_every * penalty,
            "length": lengths.mean().detach(),
        }

    def update_path_length(self, means: dict[str, float]) -> None:
        """means: of the terms, over all processes"""
        length = self.state.path_length
        length.lerp_(torch.full_like(length, means["path_length/length"]), PATH_LENGTH_DECAY)


class _Synthesis(nn.Module):
    """Wraps synthesis from GeneratorInputs as a module's forward, which functional_call needs."""

    def __init__(self, generator: StyleGAN2Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, inputs: GeneratorInputs, sub: SubGenerator) -> dict[int, Tensor]:
        return self.generator.all_images(inputs.wplus(self.generator), sub, noise=inputs.noise)


def render(generator: StyleGAN2Generator, inputs: GeneratorInputs, sub: SubGenerator, fast: bool) -> dict[int, Tensor]:
    """Resolution → images [N, 3, R, R], about −1…1, of every exit up to the sub-generator's; differentiable.

    fast: features in bfloat16; styles, demodulation and images stay float32"""
    overrides = {}
    if fast:
        convs = {name for name, module in generator.named_modules() if isinstance(module, StyledConv)}
        features = {"constant", *(f"{name}.weight" for name in convs)}
        overrides = {f"generator.{name}": p.bfloat16() for name, p in generator.named_parameters() if name in features}
    images: dict[int, Tensor] = functional_call(_Synthesis(generator), overrides, (inputs, sub))
    return images


def lazy_regularization(settings: OptimizerSettings, every: int) -> OptimizerSettings:
    """Adam's settings for lazy regularisation every so many steps (0: none): StyleGAN2, section 3.1."""
    if not every:
        return settings
    share = every / (every + 1)
    betas = (settings.betas[0] ** share, settings.betas[1] ** share)
    return msgspec.structs.replace(settings, learning_rate=settings.learning_rate * share, betas=betas)


def adversarial_trainer(stage: TrainingStage, folder: Path) -> Trainer:
    """folder: the stage's own. Raises AnycostError when the stage's generator, batch, resolutions or images do not
    fit."""
    config = stage.adversarial
    if config is None:
        raise AnycostError(f"the stage '{stage.name}' has no table [adversarial]", "add it")
    if stage.batch % GROUP:
        raise AnycostError(
            f"the batch is {stage.batch}",
            f"choose a multiple of {GROUP}, because the discriminator compares pictures in groups of so many",
        )
    device = training_device()
    fast = use_bfloat16(stage, device)
    generator = initial_networks.initial_generator(stage, folder)
    discriminator = initial_networks.initial_discriminator(stage, folder, generator)
    dataset = open_dataset(stage, max(stage.sub_generators.resolutions), folder, fast)
    real = Shuffled(dataset, stage.seed, stage.data.flip)
    teacher = perceptual = None
    if stage.sub_generators.channels != "full" and stage.scratch is None:
        teacher = copy.deepcopy(generator).requires_grad_(False).to(device)
        perceptual = load_perceptual().requires_grad_(False).to(device)
    if config.sort:
        z = torch.randn(4096, generator.config.style_dim, generator=torch.Generator().manual_seed(stage.seed))
        sort_channels(generator, generator.mapping(z))
    generator, state = generator.to(device), DiscriminatorState(discriminator).to(device)
    for module in (generator, state):  # a fifth faster on CPUs
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    losses = AdversarialLosses(stage, config, generator, state, real, teacher, perceptual, fast)
    measured = TrainingDistance(dataset, config.measured) if config.measured else None
    measure = partial(measured.of_stage, stage.sub_generators) if measured else None
    return Trainer(stage, generator, losses.phases(), folder, state, measure)
