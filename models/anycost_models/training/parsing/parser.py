"""Trains the parser of photographs on generated faces with known parts that were made to look like photographs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.parsing.network import FaceParser, load_parser
from anycost_models.parsing.parts import PARTS, Parts
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.projection.encoder import load_encoder
from anycost_models.training.data.parsed_faces import HELD_OUT, ParsedFaces
from anycost_models.training.data.parsing_photographs import Chances, ParsedPhotograph, photograph
from anycost_models.training.engine.device import training_device
from anycost_models.training.engine.stage import ParserSettings, TrainingStage
from anycost_models.training.engine.sub_generator_sampling import seed_of
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, make_optimizers
from anycost_models.weights import EMBEDDED_ENCODER

SHEET_FACES = 12
# How much a pixel of each part counts: small parts would be forgotten.
WEIGHTS = dict(zip(PARTS, (1.0, 1.5, 1.0, 2.0, 2.0, 2.5, 2.0, 1.2, 2.0, 3.0), strict=True))
# What the sheets paint them in, RGB.
COLOURS = (
    (40, 40, 40), (170, 60, 220), (255, 200, 160), (0, 90, 255), (255, 0, 60), (255, 160, 0), (255, 255, 60),
    (0, 170, 120), (0, 230, 255), (255, 255, 255),
)  # fmt: skip


def initial_parser(stage: TrainingStage, settings: ParserSettings) -> FaceParser:
    """The parser in `start`, or a new one on the encoder's trunk. Raises AnycostError when a file is missing."""
    if settings.start:
        return load_parser() if settings.start == "embedded" else load_parser(Path(settings.start))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stage.seed)
        parser = FaceParser()
    trunk = load_encoder(EMBEDDED_ENCODER).trunk.state_dict()
    trunk["stem.weight"] = trunk["stem.weight"][:, :3]  # of a second pass's picture: none
    parser.trunk.load_state_dict(trunk)
    return parser


class ParserTraining:
    """The loss of a parser stage. Raises AnycostError when a model file is missing or damaged."""

    def __init__(self, stage: TrainingStage, settings: ParserSettings, folder: Path) -> None:
        self.stage, self.settings = stage, settings
        self.device = training_device()
        self.faces = ParsedFaces(folder / "faces", stage.data.pool)
        self.held_out = ParsedFaces(folder / "faces", settings.held_out, HELD_OUT)
        self.chances = Chances(background=settings.background, covering=settings.covering)
        self.weights = torch.tensor(list(WEIGHTS.values()), device=self.device)
        self.parser = initial_parser(stage, settings).to(self.device)
        optimizers = make_optimizers(self.parser.requires_grad_(True), stage.optimizer)
        self.trainer = Trainer(stage, self.parser, [Phase("parser", 1, optimizers, self.losses)], folder)

    def photographs(self, faces: ParsedFaces, numbers: range) -> list[ParsedPhotograph]:
        """Of the faces with those numbers; a face is changed differently at each visit."""
        made = []
        for number in numbers:
            seed = seed_of("parsed", self.stage.seed, faces.first, number)
            image, parts = faces.face(number)
            made.append(photograph(image, parts, seed, faces.face(seed)[0], self.chances))
        return made

    def losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        made = self.photographs(self.faces, batch.samples)
        logits = self.parser(as_input(made).to(self.device))
        shares = torch.from_numpy(np.stack([photo.parts.shares for photo in made])).to(self.device)
        known = torch.from_numpy(np.stack([photo.known for photo in made])).to(self.device)
        # What weighs more is found more often than it is there: added here, that stays out of the network's answers.
        logits = logits + self.weights.log()[:, None, None]
        yield {"entropy": weighted_entropy(logits, shares, known, self.weights)}

    @torch.no_grad()
    def sheet(self, model: nn.Module) -> np.ndarray:
        """uint8 RGB [H, W, 3]: photographs of held-out faces, their parts, and what the current weights find."""
        made = self.photographs(self.held_out, range(self.settings.held_out))[:SHEET_FACES]
        found = model(as_input(made).to(self.device)).softmax(1).cpu().numpy()
        rows = [
            [photo.image, painted(photo.image, photo.parts), painted(photo.image, Parts(shares))]
            for photo, shares in zip(made, found, strict=True)
        ]
        half = len(rows) // 2
        return contact_sheet(
            [left + right for left, right in zip(rows[:half], rows[half:], strict=True)],
            ["photograph", "drawn", "found"] * 2,
            tile=192,
        )


def as_input(photos: list[ParsedPhotograph]) -> Tensor:
    """[N, 3, 256, 256], −1…1."""
    images = torch.from_numpy(np.stack([photo.image for photo in photos]))
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def weighted_entropy(logits: Tensor, shares: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """The cross-entropy of soft parts, a pixel of each weighing what its part does.

    logits, shares: [N, P, H, W]; known: bool [N, H, W], where it counts; weights: [P]"""
    entropy = -(shares * weights[None, :, None, None] * F.log_softmax(logits, 1)).sum(1)
    return (entropy * known).sum() / known.sum().clamp(min=1)


def painted(image: np.ndarray, parts: Parts) -> np.ndarray:
    """The picture, uint8 RGB [S, S, 3], under the colours of its parts; the background darker."""
    labels = parts.resized(len(image)).labels()
    colours = np.array(COLOURS, np.uint8)[labels]
    mixed = np.where((labels == 0)[..., None], image // 2, image // 5 * 2 + colours // 5 * 3)
    return mixed.astype(np.uint8)
