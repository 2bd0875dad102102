"""The attributes to learn: what each moves, how strong ±1 is, which labels may move along, and what editors show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    name: str  # also of its label in `face.labels.LABELS`
    group: str  # of sliders
    about: str  # what −1 and +1 do
    region: str  # a `Region`: what of the photo may change
    free: tuple[str, ...] = ()  # labels that may move along: they measure part of the same thing
    rows: tuple[int, int] = (0, 16)  # of W+ that may move: first, end
    effect: float = 1.7  # mean change of the label at strength 1, in its standard deviations
    max_length: float = 8.0  # of the step, standard deviations of w over all groups of rows: beyond, faces fall apart
    hold_cost: float = 1.0  # of moving other labels, relative to the usual
    identity_cost: float = 1.0  # of changing the identity, relative to the usual
    limits: tuple[float, float] = (-1.4, 1.4)  # multiples of the step between which faces stay intact
    learned: bool = True  # whether a direction is learned: otherwise the slider only warps or recolours the photo


_TILT = ("eyes_open", "brows_up", "squint", "light_above", "roll", "surprise", "eye_makeup")
_HAIR_COLOURS = ("hair_lightness", "hair_blond", "hair_red", "hair_grey")

ATTRIBUTES = (
    Attribute(
        "smile",
        "Expression",
        "serious … smiling",
        "face",
        ("mouth_open", "squint", "surprise", "pucker", "lip_fullness"),
        max_length=11,
        hold_cost=0.5,
        limits=(-1.7, 2),
    ),
    Attribute("mouth_open", "Expression", "mouth closed … open", "jaw", ("surprise",), effect=2.6, limits=(-1.6, 1.3)),
    Attribute(
        "surprise",
        "Expression",
        "calm … surprised",
        "jaw",
        ("mouth_open", "brows_up", "eyes_open", "brow_furrow"),
        effect=2.4,
    ),
    Attribute(
        "eyes_open",
        "Expression",
        "eyes narrowed … wide open",
        "eyes",
        ("surprise", "squint"),
        effect=1.9,
        limits=(-1.6, 1.7),
    ),
    Attribute(
        "squint",
        "Expression",
        "eyes relaxed … squinting",
        "eyes",
        ("eyes_open", "surprise"),
        rows=(2, 16),
        identity_cost=5,
    ),
    Attribute(
        "brows_up",
        "Expression",
        "brows lowered … raised",
        "face",
        ("surprise", "brow_furrow"),
        effect=1.9,
        rows=(2, 5),
        hold_cost=0.6,
        identity_cost=10,
        limits=(-1.12, 1.12),
    ),
    Attribute(
        "brow_furrow",
        "Expression",
        "brows apart … drawn together",
        "eyes",
        ("brows_up", "surprise"),
        rows=(2, 5),
        hold_cost=0.6,
        identity_cost=10,
        limits=(-1.2, 1.2),
    ),
    Attribute(
        "gaze_side",
        "Expression",
        "looking to the picture's left … right",
        "face",
        rows=(0, 9),
        effect=2.2,
        max_length=7,
        limits=(-1.3, 1.3),
    ),
    Attribute("gaze_up", "Expression", "eyes looking down … up", "face", limits=(-1.3, 1.3), learned=False),
    Attribute(
        "age",
        "Identity",
        "younger … older",
        "lipless",
        ("skin_smoothness", "hair_grey", "chin_length", "lip_fullness", "eye_makeup"),
        effect=1.8,
        max_length=9,
        hold_cost=0.5,
        rows=(2, 16),
        identity_cost=0,
    ),
    Attribute(
        "gender",
        "Identity",
        "presents as a woman … as a man",
        "lipless",
        ("lip_colour", "eye_makeup", "jaw_width", "chin_length", "brow_boldness"),
        effect=1.3,
        max_length=9,
        identity_cost=0,
        limits=(-1.15, 1.1),
    ),
    Attribute("face_width", "Shape", "narrower … wider face", "head", limits=(-1.3, 1.3)),
    Attribute("jaw_width", "Shape", "narrower … wider jaw", "head"),
    Attribute("chin_length", "Shape", "shorter … longer chin", "head", limits=(-1.5, 1.4)),
    Attribute("nose_width", "Shape", "narrower … wider nose", "face", limits=(-1.05, 1.1)),
    Attribute("nose_length", "Shape", "shorter … longer nose", "face", limits=(-1.4, 1.4), learned=False),
    Attribute("mouth_width", "Shape", "narrower … wider mouth", "face", limits=(-1.4, 1.4), learned=False),
    Attribute("lip_fullness", "Shape", "thinner … fuller lips", "face", ("pucker",), limits=(-1.8, 1.4)),
    Attribute("eye_spacing", "Shape", "eyes closer … further apart", "face", ("brow_furrow",), limits=(-1.5, 1.3)),
    Attribute("eye_size", "Shape", "smaller … larger eyes", "face", limits=(-1.4, 1.4), learned=False),
    Attribute("yaw", "Pose", "turned to the picture's left … right", "head", ("light_side",), limits=(-1.5, 1.5)),
    Attribute("pitch", "Pose", "looking down … up", "head", _TILT, limits=(-2, 2)),
    Attribute("light_side", "Light", "lit from the picture's left … right", "head", limits=(-2, 2)),
    Attribute("light_above", "Light", "lit from below … above", "head", rows=(0, 13)),
    Attribute("skin_warmth", "Colour", "cooler … warmer skin", "face", rows=(5, 13), effect=1.65, limits=(-2, 1.6)),
    Attribute(
        "skin_smoothness",
        "Colour",
        "rougher … smoother skin",
        "skin",
        ("age",),
        rows=(6, 13),
        hold_cost=0.3,
        limits=(-1.1, 1.1),
    ),
    Attribute("blush", "Colour", "paler … rosier cheeks", "face", rows=(0, 11), limits=(-1.5, 1.6)),
    Attribute("lip_colour", "Colour", "paler … redder lips", "face", rows=(3, 11), limits=(-1.7, 2)),
    Attribute(
        "eye_makeup", "Colour", "lighter … darker lids", "face", ("dark_lenses",), rows=(3, 13), limits=(-0.5, 1.3)
    ),
    Attribute("brow_boldness", "Colour", "fainter … bolder brows", "face", limits=(-1.5, 1.6)),
    Attribute(
        "glasses",
        "Accessories",
        "without … with glasses",
        "eyes",
        ("dark_lenses", "eye_makeup"),
        effect=3.8,
        max_length=6.5,
        limits=(-1.2, 1.3),
    ),
    Attribute(
        "lens_tint", "Accessories", "clear … dark lenses, as of sunglasses", "eyes", limits=(0, 1.3), learned=False
    ),
    Attribute(
        "beard",
        "Hair",
        "shaven … bearded",
        "beard",
        ("moustache", "skin_smoothness", "light_above"),
        limits=(-1.6, 1.5),
    ),
    Attribute("moustache", "Hair", "without … with a moustache", "beard", ("beard",), limits=(-1.6, 1.3)),
    Attribute(
        "hair_length",
        "Hair",
        "shorter … longer hair",
        "hair",
        ("hair_volume",),
        identity_cost=5,
        max_length=7.5,
        limits=(-1.1, 1.05),
    ),
    Attribute("hair_volume", "Hair", "flatter … fuller hair", "hair", ("hair_length", "baldness"), limits=(-1.25, 1.5)),
    Attribute("hair_curl", "Hair", "straighter … curlier hair", "hair", ("hair_volume",), limits=(-2, 1.25)),
    Attribute(
        "fringe",
        "Hair",
        "forehead free … covered by a fringe",
        "hair",
        ("light_above", "baldness"),
        limits=(-1.8, 1.3),
    ),
    Attribute("hair_lightness", "Hair", "darker … lighter hair", "hair", _HAIR_COLOURS, limits=(-2, 2)),
    Attribute("hair_blond", "Hair", "ashen … blond hair", "hair", _HAIR_COLOURS, rows=(0, 11), limits=(-1.2, 1.7)),
    Attribute(
        "hair_red",
        "Hair",
        "less … more red hair",
        "hair",
        ("hair_blond", "hair_grey"),
        rows=(0, 11),
        limits=(-1.2, 1.7),
    ),
    Attribute(
        "hair_grey",
        "Hair",
        "coloured … grey hair",
        "hair",
        _HAIR_COLOURS,
        rows=(0, 13),
        hold_cost=2,
        limits=(-1.5, 1.4),
    ),
)
LEARNED = tuple(attribute for attribute in ATTRIBUTES if attribute.learned)
