"""Where an adversarial stage begins: with new networks, or with those that an earlier stage left in its folder."""

from pathlib import Path

import msgspec
import torch
from torch import nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from anycost_models.training.engine import checkpoints as state
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import seed_of
from anycost_models.training.gan.discriminator import Discriminator, DiscriminatorConfig

RESULT = "trained.safetensors"  # of every stage, in its folder


def generator(stage: TrainingStage, folder: Path) -> StyleGAN2Generator:
    """folder: the stage's own. Raises AnycostError when the stage doesn't say which one, or it isn't there or doesn't
    draw the stage's resolutions."""
    if stage.scratch:
        config = StyleGAN2Config(**msgspec.structs.asdict(stage.scratch))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("generator", stage.seed))
            model = StyleGAN2Generator(config)
    else:
        path = _before(stage, folder) / RESULT if stage.after else Path(stage.generator)
        if stage.after and not path.is_file():
            raise AnycostError(
                f"the stage '{stage.name}' begins with {path}, which is missing",
                f"run the stage before it with --output {path.parent}",
            )
        loaded = load_generator(path)
        if not isinstance(loaded, StyleGAN2Generator):
            raise AnycostError(f"{path} is not a StyleGAN2 generator", "name one: only those are trained adversarially")
        model = loaded.train().requires_grad_(True)
    missing = set(stage.sub_generators.resolutions) - set(model.config.exits)
    if missing or max(stage.sub_generators.resolutions) != model.config.resolution:
        known = ", ".join(map(str, model.config.exits))
        raise AnycostError(
            f"the generator draws {known} px",
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


def discriminator(stage: TrainingStage, folder: Path, judged: StyleGAN2Generator) -> Discriminator:
    """A new one, or the earlier stage's. It is told which sub-generator drew a picture where those are trained, and
    begins as if it had not heard. Raises AnycostError when the earlier stage's is missing or of other sizes."""
    layers = 0 if stage.sub_generators.channels == "full" else len(judged.config.channels)
    sizes = stage.discriminator
    resolutions = tuple(sorted(stage.sub_generators.resolutions))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("discriminator", stage.seed))
        model = Discriminator(DiscriminatorConfig(resolutions, sizes.channel_multiplier, sizes.channel_max, layers))
    for name, module in model.named_modules():
        if name.endswith(".condition") and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    if stage.after:
        _take_over(model, _before(stage, folder))
    return model


def _before(stage: TrainingStage, folder: Path) -> Path:
    return folder.resolve().parent / stage.after


def _take_over(model: Discriminator, folder: Path) -> None:
    checkpoints = state.checkpoints(folder)
    if not checkpoints:
        raise AnycostError(f"{folder} has no checkpoint, so no discriminator", "run the stage that it belongs to again")
    kept = state.load(checkpoints[-1]).get("opponent", {})
    start = "discriminator."
    tensors = {name[len(start) :]: tensor for name, tensor in kept.items() if name.startswith(start)}
    own = model.state_dict()
    odd = [name for name in own.keys() | tensors.keys() if name not in tensors or name not in own]
    odd = [name for name in odd if not (".condition." in name and name in own)]
    odd += [name for name in own.keys() & tensors.keys() if own[name].shape != tensors[name].shape]
    if odd:
        raise AnycostError(
            f"the discriminator in {checkpoints[-1]} has other sizes ({', '.join(sorted(odd)[:3])})",
            "give this stage the same `resolutions` and [discriminator]",
        )
    model.load_state_dict(tensors, strict=False)
