"""The rounds of `train_on_gpu.py`: the embedded sub-generators, or the encoder, trained for the time that is left.

A round begins with the weights of the round before (the first one with the shipped ones), and its learning rate decays
to 0 at its end, as in the rounds that made the shipped weights (docs/training.md).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.evaluation.sub_generators import SubGeneratorRenders, nearness
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_images, to_signed_float
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.image_metrics import enl0, psnr
from anycost_models.training.data.photo_augmentation import SIDE, degrade_faces
from anycost_models.training.engine.device import training_device
from anycost_models.training.engine.stage import EncoderSettings, TrainingStage, find_stage
from anycost_models.training.inversion.encoder import EncoderTraining
from anycost_models.training.run import train
from anycost_models.weights import EMBEDDED_GENERATOR
from gpu_run import MARGIN, Run, join_parts, measure, save_parts, steps_done

SAMPLES = 64  # held-out faces
AT_ONCE = 16  # of them that the encoder reads
BUILDING = 15.0  # seconds until a stage's networks are there, and files are written
Scores = dict[str, dict[str, float]]  # of what → measure → value


def train_round(run: Run, what: str) -> dict[str, Any]:
    """what: "nested" or "encoder". Returns speed, steps, and scores before and after.

    Raises AnycostError when too little time is left, and when a model's file is missing."""
    folder = run.work / what
    start = join_parts(run.folder, what, run.work / f"{what}-start.safetensors")
    stage = (_nested if what == "nested" else _encoder)(start, run.tiny)
    score: Callable[[TrainingStage, Run], Scores] = _nested_scores if what == "nested" else _encoder_scores
    begun = time.time()
    before = score(stage, run)
    reserve = 1.2 * (time.time() - begun) + BUILDING * (0.2 if run.tiny else 1)
    speed = measure(stage, folder, run.tiny)
    seconds = MARGIN * run.left(reserve)
    steps = steps_done(folder) + int(seconds * speed / stage.batch)
    print(f"plan: {what}, {speed:.1f} pictures/s, {steps} steps of {stage.batch} in {seconds:.0f} s", flush=True)
    if seconds <= 0 or steps <= steps_done(folder):
        raise AnycostError(f"{run.left():.0f} seconds are too short for {what}", "give it more --minutes")
    trained = train(msgspec.structs.replace(stage, images=steps * stage.batch), folder, until=run.until - reserve)
    if trained is None or trained.result is None:
        raise AnycostError(f"no step of {what} was finished", "give it more --minutes")
    after = score(_beginning_with(stage, trained.result), run)
    for name, values in after.items():
        changes = (f"{key} {before[name][key]:.4f} → {value:.4f}" for key, value in values.items())
        print(f"{what}, {name}: {', '.join(changes)}", flush=True)
    parts = [path.name for path in save_parts(trained.result, run.folder, what)]
    return {
        "pictures_per_second": round(speed, 1),
        "batch": stage.batch,
        "steps": trained.step,
        "of": trained.steps,
        "begins_with": "an earlier round" if start else "the shipped weights",
        "before": before,
        "after": after,
        "weights": parts,
    }


def _nested(start: Path | None, tiny: bool) -> TrainingStage:
    """With the largest learning rate that was tried, in batches that fill a GPU."""
    stage = find_stage("embedded_nested")
    optimizer = msgspec.structs.replace(stage.optimizer, learning_rate=1.5e-3, muon=1.5e-3, decay_from=0.05)
    stage = msgspec.structs.replace(stage, batch=24, optimizer=optimizer, generator=str(start or "embedded"))
    return _small(stage) if tiny else stage


def _encoder(start: Path | None, tiny: bool) -> TrainingStage:
    stage = find_stage("embedded_encoder")
    settings = msgspec.structs.replace(_settings(stage), drawn=12, start=str(start or "embedded"))
    stage = msgspec.structs.replace(stage, batch=48, encoder=settings)
    return _small(stage) if tiny else stage


def _small(stage: TrainingStage) -> TrainingStage:
    sampling = msgspec.structs.replace(stage.sub_generators, resolutions={64 if stage.encoder is None else 256: 1.0})
    data = msgspec.structs.replace(stage.data, pool=2)
    return msgspec.structs.replace(stage, batch=2, data=data, sub_generators=sampling)


def _settings(stage: TrainingStage) -> EncoderSettings:
    if stage.encoder is None:
        raise AnycostError(f"the stage '{stage.name}' has no table [encoder]", "add it")
    return stage.encoder


def _beginning_with(stage: TrainingStage, weights: Path) -> TrainingStage:
    if stage.encoder:
        return msgspec.structs.replace(stage, encoder=msgspec.structs.replace(stage.encoder, start=str(weights)))
    return msgspec.structs.replace(stage, generator=str(weights))


def _samples(run: Run) -> int:
    return 2 if run.tiny else SAMPLES


def _nested_scores(stage: TrainingStage, run: Run) -> Scores:
    """What `anycost evaluate consistency` measures of every exit and uniform ratio, but the times."""
    device = training_device()
    model = load_generator(EMBEDDED_GENERATOR if stage.generator == "embedded" else Path(stage.generator))
    subs = model.sub_generators([64] if run.tiny else [], [])
    styles = held_out_styles(model, _samples(run)).to(device)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # as exact as on a CPU
        found = nearness(SubGeneratorRenders(model.to(device), subs), load_perceptual().to(device), styles)
    return {str(sub): {"psnr": near[0], "enl0": near[1]} for sub, near in found.items()}


@torch.no_grad()
def _encoder_scores(stage: TrainingStage, run: Run) -> Scores:
    """Of photographs of faces that are not trained on: the error of W+, in standard deviations of w, and how near the
    256 px image of the latent comes to the face."""
    training = EncoderTraining(stage, _settings(stage), run.work / "encoder")
    pool, count = stage.data.pool, _samples(run)
    values: dict[str, list[float]] = {"latent": [], "psnr": [], "enl0": []}
    for first in range(pool, pool + count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, pool + count))
        latents = training.faces.latents(numbers)
        clean = tensor_to_images(training.render(latents, SubGenerator(SIDE)))
        photos, faces = degrade_faces(list(clean), numbers, training.settings, stage.seed)
        found = training.encode(to_signed_float(photos.to(training.device)))[-1]
        target = to_signed_float(faces.to(training.device))
        image = training.render(found, SubGenerator(SIDE)).clamp(-1, 1)
        errors = ((found - latents) / training.sigma).square().mean((1, 2))
        for key, each in zip(
            values, (errors, psnr(image, target), enl0(training.perceptual, image, target)), strict=True
        ):
            values[key] += each.tolist()
    return {f"{count} faces": {key: sum(each) / count for key, each in values.items()}}
