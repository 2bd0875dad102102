"""What a stage of training is: one TOML file, read strictly, so that a misspelt key is an error and not a default."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from anycost_models.core.errors import AnycostError

STAGES = Path(__file__).parents[1] / "stages"

Count = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Faces drawn on the fly from a generator, or pictures from a folder."""

    folder: str = ""  # of square-croppable pictures; empty: generated faces
    flip: bool = False  # half of the pictures from left to right (not what a generator is distilled from)
    generator: str = "embedded"  # who draws them: "embedded", "own" (the student's full network) or a weights file
    pool: Count = 10_000  # different generated faces; each is drawn once and kept on disk
    truncation: tuple[float, float] = (0.5, 1.0)  # ψ, uniform between
    mixing: Share = 0.5  # how many of the latents are mixtures of two faces
    strangers: Share = 0.0  # how many of them have a little of another face in every row, as photographs' may
    exit: int = 0  # pixels: where they are drawn, then area-downsampled; 0: the full network
    kept_by: str = ""  # another stage's folder, as `after` says it, whose prepared pictures are used again


class SubGenerators(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which sub-generators a step trains."""

    # Pixels → how often, relative.
    resolutions: Annotated[dict[int, Annotated[float, msgspec.Meta(gt=0)]], msgspec.Meta(min_length=1)]
    # Uniform and flexible: a random one; sandwich: the widest, the narrowest and a random one.
    channels: Literal["full", "uniform", "flexible", "sandwich"] = "full"
    widest_at: int = 1 << 20  # pixels; above it the sandwich leaves the widest out, which costs most


class Distillation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a sub-generator's pictures are from the teacher's: a weighted sum."""

    squared: float = 10.0  # of the mean squared error of pixels in −1…1
    logarithm: float = 0.0  # of its natural logarithm, of each picture by itself: what PSNR averages
    absolute: float = 0.3
    perceptual: float = 0.2  # ENL0, at most 256 px at once: of larger pictures, a random crop
    lower_exits: float = 0.5  # what the pixel terms of the exits below the drawn one count


class Scratch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new StyleGAN2 generator: StyleGAN2Config's fields."""

    resolution: int
    style_dim: int = 512
    mapping_layers: int = 8
    channel_multiplier: float = 2.0
    channel_max: int = 512
    channels: tuple[int, ...] = ()
    exits: tuple[int, ...] = ()


class Discriminator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Its sizes; where sub-generators are trained, it is told which one drew a picture."""

    channel_multiplier: float = 2.0
    channel_max: Count = 512


class Adversarial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a StyleGAN2 generator and its discriminator are played against each other."""

    outputs: Count = 1  # how many of the resolutions a step trains
    # γ at the highest resolution; lower ones get their share of its pixels. Of the squared slope of the score in real
    # pictures: half of it counts.
    r1: Weight = 10.0
    r1_every: Count = 16  # steps, with as much more weight
    path_length: Weight = 2.0  # only where no sub-generators are trained
    path_every: Count = 4  # steps, with as much more weight
    mixing: Share = 0.9  # how many pictures take the styles of two z
    sort: bool = False  # the channels by importance, at the start


class Encoding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an encoder of the generator's faces is trained: weights of the terms of its loss, and what it costs."""

    start: str = ""  # "embedded" or an encoder's file; empty: ImageNet's trunk and the mean style
    passes: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1  # of a new one
    solved: Count = 4000  # faces from which a new one's linear reading is solved
    latent: Weight = 1.0  # of the mean squared error in standard deviations of w
    thumbnail: Weight = 10.0  # of the mean squared error of what the cheapest sub-generator draws
    identity: Weight = 0.5  # of the distance between face embeddings
    deviation: Weight = 0.002  # of the mean squared distance from the mean style, in standard deviations
    spread: Weight = 0.01  # of the variance between a latent's rows, in standard deviations
    drawn: Count = 2  # how many of a batch's faces are drawn and compared with the photograph
    sub_generators: Count = 2  # by how many sub-generators each
    # What the photographs suffer (degrade.Strength): crops as far off as alignment by landmarks is.
    shift: Share = 0.01
    turn: Weight = 1.5
    zoom: Share = 0.025


class Optimizer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    learning_rate: float = 2e-3
    relative: bool = False  # the rate is in units of each tensor's own rms (at least .02)
    rates: dict[str, Weight] = {}  # how a name begins → what its rate is multiplied with; 0: frozen; the longest wins
    betas: tuple[float, float] = (0.9, 0.99)
    muon: float = 0.0  # relative rate of weight matrices (2-D) with Muon instead of Adam; 0: Adam for all
    muon_for: tuple[str, ...] = ("pointwise",)  # what the names of those matrices contain
    warm_up: int = 100  # steps
    decay_from: float = 1.0  # share of the stage after which the rate falls to nothing along half a cosine


class TrainingStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One stage; units are named where they are not obvious."""

    name: str
    images: Count  # how many samples the stage sees in all
    batch: Count  # of one process and one backward pass
    # What is trained: "embedded", a weights file, a new generator, or what another stage left in its folder, which is
    # named relative to the folder that holds this stage's (discriminator included).
    generator: str = "embedded"
    scratch: Scratch | None = None
    after: str = ""
    trainable: str = ""  # only parameters whose names begin so
    accumulate: Count = 1  # backward passes per step
    seed: int = 0
    bfloat16: bool = True  # features in bf16 where the processor has it
    ema_half_life: float = 1000.0  # images
    data: Data = Data()
    sub_generators: SubGenerators
    distillation: Distillation = Distillation()
    adversarial: Adversarial | None = None  # without this and the next the stage distils and nothing else
    encoder: Encoding | None = None  # the stage trains an encoder; the generator stays as it is
    discriminator: Discriminator = Discriminator()
    optimizer: Optimizer = Optimizer()
    save_minutes: float = 4.0  # between checkpoints
    sheet_steps: Count = 500  # between sample sheets

    def __post_init__(self) -> None:
        if self.adversarial is None:
            odd = [key for key in ("scratch", "after") if getattr(self, key)]
            odd += ["discriminator"] if self.discriminator != Discriminator() else []
            if odd:
                raise ValueError(f"`{odd[0]}` needs a table [adversarial]")
        elif self.encoder:
            raise ValueError("a stage has a table [adversarial] or [encoder], not both")
        elif bool(self.scratch) + bool(self.after) + (self.generator != "embedded") != 1:
            raise ValueError("an adversarial stage needs exactly one of `scratch`, `after` and `generator`")


def read_stage(path: Path) -> TrainingStage:
    """Raises AnycostError naming the file, the key and what is wrong with it."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=TrainingStage)
    except OSError as error:
        raise AnycostError(
            f"the stage {path} cannot be read ({error.strerror})", "check its name and permissions"
        ) from error
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        raise AnycostError(f"the stage {path} is not valid", f"correct it: {error}") from error


def find_stage(name: str) -> TrainingStage:
    """A stage by its file, or by the name of one that is shipped. Raises AnycostError listing those."""
    shipped = {path.stem: path for path in sorted(STAGES.glob("*.toml"))}
    path = Path(name)
    if path.suffix != ".toml" and name not in shipped:
        raise AnycostError(f"there is no stage '{name}'", f"name a .toml file or one of {', '.join(shipped)}")
    return read_stage(shipped.get(name, path))
