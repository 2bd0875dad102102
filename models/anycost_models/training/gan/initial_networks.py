"""Initial networks of an adversarial stage: new ones, or those of an earlier stage."""

from pathlib import Path

import msgspec
import torch
from torch import nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import seed_of
from anycost_models.training.gan.discriminator import Discriminator, DiscriminatorConfig

RESULT = "trained.safetensors"  # the exported network in a stage's folder


def initial_generator(stage: TrainingStage, folder: Path) -> StyleGAN2Generator:
    """folder: the stage's own. Raises AnycostError when the generator is missing, of another family, or lacks the
    stage's resolutions, and when its channels do not allow uniform ratios."""
    if stage.scratch:
        config = StyleGAN2Config(**msgspec.structs.asdict(stage.scratch))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("generator", stage.seed))
            model = StyleGAN2Generator(config)
    else:
        path = _previous(stage, folder) / RESULT if stage.after else Path(stage.generator)
        if stage.after and not path.is_file():
            raise AnycostError(
                f"the stage '{stage.name}' begins with {path}, which is missing",
                f"run the stage before it with --output {path.parent}",
            )
        loaded = load_generator(path)
        if not isinstance(loaded, StyleGAN2Generator):
            raise AnycostError(f"{path} is not a StyleGAN2 generator", "name one: only those are trained adversarially")
        model = loaded.train().requires_grad_(True)
    unknown = set(stage.sub_generators.resolutions) - set(model.config.exits)
    if unknown or max(stage.sub_generators.resolutions) != model.config.resolution:
        known = ", ".join(map(str, model.config.exits))
        raise AnycostError(
            f"the generator renders {known} px",
            (
                "take `resolutions` of those, the last one among them, not "
                f"{', '.join(map(str, stage.sub_generators.resolutions))}"
            ),
        )
    whole = model.widths(SubGenerator(model.config.resolution))
    if whole != model.config.channels:
        raise AnycostError(
            f"of the generator's channels {model.config.channels} the ratio 1 leaves {whole}",
            "list so many that none is more than twice the next octave's",
        )
    return model


def initial_discriminator(stage: TrainingStage, folder: Path, generator: StyleGAN2Generator) -> Discriminator:
    """A new one, or the earlier stage's; conditioned on the architecture where sub-generators are trained. A new
    condition has no effect at first. Raises AnycostError when the earlier stage's is missing or of other sizes."""
    settings = stage.discriminator
    conditioned = settings.conditioned and stage.sub_generators.channels != "full"
    layers = len(generator.config.channels) if conditioned else 0
    resolutions = tuple(sorted(stage.sub_generators.resolutions))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("discriminator", stage.seed))
        model = Discriminator(
            DiscriminatorConfig(resolutions, settings.channel_multiplier, settings.channel_max, layers)
        )
    for name, module in model.named_modules():
        if name.endswith(".condition") and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    if stage.after:
        _load_previous(model, _previous(stage, folder))
    return model


def _previous(stage: TrainingStage, folder: Path) -> Path:
    return folder.resolve().parent / stage.after


def _load_previous(model: Discriminator, folder: Path) -> None:
    """Copies the discriminator from the newest checkpoint in `folder`. Its condition may be missing there."""
    found = checkpoints.find(folder)
    if not found:
        raise AnycostError(f"{folder} has no checkpoint, so no discriminator", "run the stage that it belongs to again")
    state = checkpoints.load(found[-1]).get("opponent", {})  # DiscriminatorState's
    prefix = "discriminator."
    tensors = {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
    own = model.state_dict()
    unmatched = [name for name in own.keys() ^ tensors.keys() if not (".condition." in name and name in own)]
    unmatched += [name for name in own.keys() & tensors.keys() if own[name].shape != tensors[name].shape]
    if unmatched:
        raise AnycostError(
            f"the discriminator in {found[-1]} has other sizes ({', '.join(sorted(unmatched)[:3])})",
            "give this stage the same `resolutions` and [discriminator]",
        )
    model.load_state_dict(tensors, strict=False)
