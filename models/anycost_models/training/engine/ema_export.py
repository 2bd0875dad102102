"""Exports the EMA weights of a training run as the file that is shipped."""

from pathlib import Path

from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Generator
from anycost_models.parsing.network import FaceParser, save_parser
from anycost_models.projection.encoder import Encoder, save_encoder
from anycost_models.training.engine.trainer import Trainer


def export_ema(trainer: Trainer, path: Path) -> None:
    """Writes a generator, an encoder or a parser. Raises AnycostError when the file cannot be written."""
    with trainer.ema_weights() as model:
        if isinstance(model, Encoder):
            save_encoder(model, path)
        elif isinstance(model, FaceParser):
            save_parser(model, path)
        elif isinstance(model, ElasticGenerator):
            if isinstance(model, StyleGAN2Generator):  # the mobile generator's mapping network is frozen
                model.measure_mean_style()
            save_generator(model, path)
        else:
            raise TypeError(f"no file format for {type(model).__name__}")
