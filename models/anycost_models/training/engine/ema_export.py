"""What a training leaves behind: the network with its averaged weights, as a file to ship."""

from pathlib import Path

from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Generator
from anycost_models.projection.encoder import Encoder, save_encoder
from anycost_models.training.engine.trainer import Trainer


def export_ema(trainer: Trainer, path: Path) -> None:
    """A generator or an encoder. Raises AnycostError when it cannot be written."""
    with trainer.averaged() as model:
        if isinstance(model, Encoder):
            save_encoder(model, path)
        elif isinstance(model, ElasticGenerator):
            if isinstance(model, StyleGAN2Generator):  # a mobile one's mapping is not trained
                model.measure_mean_style()
            save_generator(model, path)
        else:
            raise TypeError(f"nobody knows how to keep a {type(model).__name__}")
