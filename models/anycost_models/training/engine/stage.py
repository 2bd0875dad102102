"""The settings of a training stage, read strictly from one TOML file: an unknown key is an error."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from anycost_models.core.errors import AnycostError

STAGES = Path(__file__).parents[1] / "stages"

Count = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class DataSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[data]: generated faces, or the images of a folder."""

    folder: str = ""  # of images, cropped to their central square; empty: generated faces
    flip: bool = False  # flips half of the images horizontally (not those of a distillation)
    generator: str = "embedded"  # that renders the faces: "embedded", "own" (the full network in training) or a file
    pool: Count = 10_000  # number of generated faces; each is rendered once and cached on disk
    truncation: tuple[float, float] = (0.5, 1.0)  # ψ, sampled uniformly between
    mixing: Share = 0.5  # share of latents that mix the styles of two faces
    row_mixing: Share = 0.0  # share of latents that mix the style of another face into every row, as projections do
    exit: int = 0  # pixels: the resolution of rendering, before area downsampling; 0: the full network
    kept_by: str = ""  # folder of another stage (relative as `after`), whose cached images are shared


class SubGeneratorSampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[sub_generators]: which sub-generators a step trains."""

    # Pixels → relative frequency.
    resolutions: Annotated[dict[int, Annotated[float, msgspec.Meta(gt=0)]], msgspec.Meta(min_length=1)]
    # Uniform and flexible: a random one; sandwich: the widest, the narrowest and a random one.
    channels: Literal["full", "uniform", "flexible", "sandwich"] = "full"
    widest_at: int = 1 << 20  # pixels: above it, a sandwich leaves out the widest, which costs most


class DistillationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[distillation]: weights of the distances between the images of student and teacher."""

    squared: float = 10.0  # mean squared error of pixels in −1…1
    logarithm: float = 0.0  # natural logarithm of each image's mean squared error: what PSNR averages
    absolute: float = 0.3  # mean absolute error of pixels in −1…1
    perceptual: float = 0.2  # ENL0, of at most 256 px; larger images are cropped at random
    lower_exits: float = 0.5  # factor of the pixel terms of all lower exits together


class Scratch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[scratch]: a new StyleGAN2 generator; the fields of StyleGAN2Config."""

    resolution: int
    style_dim: int = 512
    mapping_layers: int = 8
    channel_multiplier: float = 2.0
    channel_max: int = 512
    channels: tuple[int, ...] = ()
    exits: tuple[int, ...] = ()


class DiscriminatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[discriminator]: its widths, and whether it is conditioned on the architecture where sub-generators are
    trained."""

    channel_multiplier: float = 2.0
    channel_max: Count = 512
    conditioned: bool = True


class AdversarialSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[adversarial]: losses and regularisation of a StyleGAN2 generator and its discriminator."""

    outputs: Count = 1  # number of resolutions that a step trains
    # R1's γ at the highest resolution, scaled by the number of pixels at lower ones. The loss is γ/2 · ‖∇score‖².
    r1: Weight = 10.0
    r1_every: Count = 16  # steps (lazy regularisation: weighted by as much)
    path_length: Weight = 2.0  # only where no sub-generators are trained
    path_every: Count = 4  # steps (lazy regularisation: weighted by as much)
    mixing: Share = 0.9  # share of images that mix the styles of two z
    sort: bool = False  # sorts the channels by importance at the start
    # Faces whose distance to the training images (FD-ENL0) is recorded with each sample sheet; 0: it is not measured.
    measured: Annotated[int, msgspec.Meta(ge=0)] = 0


class EncoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[encoder]: initialisation, loss weights and photographic augmentation of an encoder."""

    start: str = ""  # "embedded" or an encoder's file; empty: ImageNet's trunk and the mean style
    passes: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1  # of a new encoder
    solved: Count = 4000  # faces for the ridge regression of a new encoder's linear layer
    latent: Weight = 1.0  # mean squared error of W+, in standard deviations of w
    thumbnail: Weight = 10.0  # mean squared error of the images of the cheapest sub-generator
    identity: Weight = 0.5  # distance of face embeddings
    deviation: Weight = 0.002  # mean squared distance from the mean style, in standard deviations of w
    spread: Weight = 0.01  # variance between the rows of W+, in standard deviations of w
    drawn: Count = 2  # faces of a batch that are rendered and compared with the photograph
    sub_generators: Count = 2  # that render each of them
    # Misalignment of photographs (face.degradation.DegradationStrength): as large as that of alignment by landmarks.
    shift: Share = 0.01
    turn: Weight = 1.5
    zoom: Share = 0.025


class ParserSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[parser]: initialisation of a parser of photographs, and how many of what it sees are changed."""

    start: str = ""  # "embedded" or a parser's file; empty: the encoder's trunk and a new way up
    background: Share = 0.6  # chance of another background behind the head
    covering: Share = 0.22  # chance of something drawn onto it
    held_out: Count = 64  # faces of the sample sheet's table, not trained on


class OptimizerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[optimizer]: Adam, with Muon for weight matrices where `muon` is above 0."""

    learning_rate: float = 2e-3
    relative: bool = False  # the learning rate is relative to each tensor's rms (at least .02)
    rates: dict[str, Weight] = {}  # prefix of parameter names → factor of the learning rate; 0: frozen; longest wins
    betas: tuple[float, float] = (0.9, 0.99)
    muon: float = 0.0  # Muon's learning rate, relative to each matrix's rms; 0: Adam for all
    muon_for: tuple[str, ...] = ("pointwise",)  # parts of the names of those matrices
    warm_up: int = 100  # steps
    decay_from: float = 1.0  # share of the stage after which the learning rate decays to 0 along half a cosine


class TrainingStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stage of training. The tables' docstrings name their TOML keys.

    Without [adversarial], [encoder] and [parser] the stage distils; with the last two the generator is frozen."""

    name: str
    images: Count  # samples that the whole stage sees
    batch: Count  # samples of one backward pass of one process
    # The network to train: "embedded", a weights file, a new generator, or the result of another stage (its folder,
    # relative to the folder that holds this stage's; with its discriminator).
    generator: str = "embedded"
    scratch: Scratch | None = None
    after: str = ""
    trainable: str = ""  # prefix of the names of the parameters to train
    accumulate: Count = 1  # backward passes per step
    seed: int = 0
    bfloat16: bool = True  # features in bfloat16 where the hardware multiplies it
    ema_half_life: float = 1000.0  # images
    data: DataSettings = DataSettings()
    sub_generators: SubGeneratorSampling
    distillation: DistillationSettings = DistillationSettings()
    adversarial: AdversarialSettings | None = None
    encoder: EncoderSettings | None = None
    parser: ParserSettings | None = None
    discriminator: DiscriminatorSettings = DiscriminatorSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    save_minutes: float = 4.0  # between checkpoints
    sheet_steps: Count = 500  # between sample sheets

    def __post_init__(self) -> None:
        if self.parser and (self.encoder or self.adversarial):
            raise ValueError("a stage with a table [parser] has neither [encoder] nor [adversarial]")
        if self.adversarial is None:
            unused = [key for key in ("scratch", "after") if getattr(self, key)]
            unused += ["discriminator"] if self.discriminator != DiscriminatorSettings() else []
            if unused:
                raise ValueError(f"`{unused[0]}` needs a table [adversarial]")
        elif self.encoder:
            raise ValueError("a stage has a table [adversarial] or [encoder], not both")
        elif bool(self.scratch) + bool(self.after) + (self.generator != "embedded") != 1:
            raise ValueError("an adversarial stage needs exactly one of `scratch`, `after` and `generator`")


def read_stage(path: Path) -> TrainingStage:
    """Raises AnycostError with the file, the key and the reason when the file is not a valid stage."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=TrainingStage)
    except OSError as error:
        raise AnycostError(
            f"the stage {path} cannot be read ({error.strerror})", "check its name and permissions"
        ) from error
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        raise AnycostError(f"the stage {path} is not valid", f"correct it: {error}") from error


def find_stage(name: str) -> TrainingStage:
    """Reads a stage by its file or by the name of a shipped one. Raises AnycostError with the names of those."""
    shipped = {path.stem: path for path in sorted(STAGES.glob("*.toml"))}
    path = Path(name)
    if path.suffix != ".toml" and name not in shipped:
        raise AnycostError(f"there is no stage '{name}'", f"name a .toml file or one of {', '.join(shipped)}")
    return read_stage(shipped.get(name, path))
