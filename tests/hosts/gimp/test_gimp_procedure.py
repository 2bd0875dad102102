"""The procedure in the real GIMP, with the real backend: what scripts, last values and batches get."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from gimp_host import QUICK, Gimp
from PIL import Image

PHOTO = skimage.data.astronaut()[0:300, 60:360]  # a face and some ground
CAT = skimage.data.chelsea()[:200, :300]

# One GIMP for all of them: it takes long to start.
SCRIPT = """
def result(name, image, called, format="R'G'B'A u8"):
    layers = image.get_layers()
    answer[name] = {"called": called, "layers": [layer.get_name() for layer in layers]}
    answer[name]["kinds"] = [layer.type().value_nick for layer in layers]
    answer[name]["new"] = keep(layers[0], name + ".new", format)
    seen = Gimp.Layer.new_from_visible(image, image, "all")
    answer[name]["seen"] = keep(seen, name + ".seen", format)

def plain():
    image = load("photo.png")
    source = image.get_layers()[0]
    result("plain", image, call(image, [source], "smile=0.8"))
    answer["plain"]["source"] = keep(source, "plain.source", "R'G'B' u8")
    parasite = image.get_layers()[0].get_parasite("anycost-edit")
    answer["plain"]["record"] = json.loads(bytes(parasite.get_data()).decode())
    answer["plain"]["selected"] = [layer.get_name() for layer in image.get_selected_layers()]

def again():
    "The new layer, edited anew, also after it was saved."
    from gi.repository import Gio
    image = load("photo.png")
    call(image, image.get_layers(), "smile=0.8")
    file = Gio.File.new_for_path(work + "/saved.xcf")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    edited = image.get_layers()[0]
    edited.set_opacity(60.0)
    result("again", image, call(image, [edited], "brows_up=-0.5"))
    answer["again"]["opacity"] = image.get_layers()[0].get_opacity()
    image.remove_layer(image.get_layers()[1])
    answer["origin gone"] = call(image, image.get_layers(), "smile=0.5")

def deep(name, precision=None, grey=False, profile=None, format="R'G'B'A u8"):
    image = load("photo.png")
    if precision is not None:
        image.convert_precision(precision)
    if profile is not None:
        image.convert_color_profile(profile, Gimp.ColorRenderingIntent.PERCEPTUAL, True)
    if grey:
        image.convert_grayscale()
    source = image.get_layers()[0]
    result(name, image, call(image, [source], "smile=0.8"), format)
    answer[name]["source"] = keep(source, name + ".source", format)

def selection():
    image = load("photo.png")
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 90, 90, 45)
    Gimp.Selection.feather(image, 10)
    result("selection", image, call(image, image.get_layers(), "smile=0.8, brows_up=0.8"))
    mask = image.get_selection()
    keep(mask, "selection.mask", "Y u8")
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 250, 30, 30)
    answer["selection beside"] = call(image, image.get_layers()[-1:], "smile=0.8")

def several():
    "Two photos in layers with offsets, and one without a face."
    image = load("photo.png")
    first = image.get_layers()[0]
    second, cat = first.copy(), Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio_file("cat.png"))
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.insert_layer(second, group, 0)
    image.insert_layer(cat, None, 0)
    image.resize(700, 400, 0, 0)
    second.set_offsets(350, 70)
    second.set_name("second")
    cat.set_name("cat")
    answer["several"] = {"called": call(image, [first, second, cat], "smile=0.8")}
    answer["several"]["layers"] = [layer.get_name() for layer in image.get_layers()]
    answer["several"]["group"] = [layer.get_name() for layer in group.get_children()]
    answer["several"]["in group"] = keep(group.get_children()[0], "several.group", "R'G'B'A u8")
    answer["several"]["first"] = keep(image.get_layers()[-2], "several.first", "R'G'B'A u8")

def Gio_file(name):
    from gi.repository import Gio
    return Gio.File.new_for_path(work + "/" + name)

def refusals():
    image = load("photo.png")
    layers = image.get_layers()
    image.clean_all()
    for name, arguments in {
        "unknown": ["wings=1"], "no number": ["smile=much"], "too much": ["smile=9"], "nothing": [""],
        "zero": ["smile=0"], "face 2": ["smile=1", "2"],
    }.items():
        answer[name] = call(image, layers, *arguments)
    answer["untouched"] = [len(image.get_layers()), image.is_dirty()]
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, "")
    answer["indexed"] = call(image, image.get_layers(), "smile=0.8")
    image = load("cat.png")
    answer["no face"] = call(image, image.get_layers(), "smile=0.8")

P = Gimp.Precision
for body in (
    plain, again, selection, several, refusals,
    lambda: deep("16", P.U16_NON_LINEAR, format="R'G'B'A u16"),
    lambda: deep("float", P.FLOAT_LINEAR, format="R'G'B'A float"),
    lambda: deep("grey", grey=True),
    lambda: deep("adobe", profile=Gimp.ColorProfile.new_rgb_adobe()),
):
    attempt(body)
"""


class RecordingEditor:
    """What came out of GIMP, and of the command line for the same photo."""

    def __init__(self, answer: dict[str, Any], said: str, files: dict[str, bytes], commanded: np.ndarray) -> None:
        self.answer, self.said, self.files, self.commanded = answer, said, files, commanded

    def pixels(self, name: str, part: str, dtype: str = "u1", channels: int = 4) -> np.ndarray:
        about = self.answer[name][part]
        return np.frombuffer(self.files[f"{name}.{part}"], dtype).reshape(about["height"], about["width"], channels)

    def seen(self, name: str, dtype: str = "u1", part: str = "seen") -> np.ndarray:
        """RGB, 0…255."""
        most = {"u1": 255, "<u2": 65535, "<f4": 1}[dtype]
        return self.pixels(name, part, dtype)[:, :, :3] * (255 / most)


@pytest.fixture(scope="module")
def told(profile_folder: Path, backend: Path) -> RecordingEditor:
    gimp = Gimp(profile_folder)
    Image.fromarray(PHOTO).save(gimp.work / "photo.png")
    Image.fromarray(CAT).save(gimp.work / "cat.png")
    answer = gimp.run(SCRIPT)
    files = {path.name: path.read_bytes() for path in gimp.work.iterdir()}
    command = [
        sys.executable,
        str(QUICK),
        "anycost_backend",
        "edit",
        str(gimp.work / "photo.png"),
        "--set",
        "smile=0.8",
    ]
    output = gimp.work / "commanded.png"
    subprocess.run([*command, "--output", str(output)], check=True, env=os.environ | {"ANYCOST_HOME": str(backend)})
    commanded = np.array(Image.open(io.BytesIO(output.read_bytes())).convert("RGB"))
    assert "error" not in answer, answer["error"]
    return RecordingEditor(answer, gimp.said, files, commanded)


def test_a_new_layer_lies_above_the_source_which_stays_as_it_is(told):
    plain = told.answer["plain"]
    assert plain["called"] == ["success", ""]
    assert plain["layers"] == ["Face: Smile +0.8", "Background"]
    assert plain["selected"] == ["Face: Smile +0.8"]
    assert (told.pixels("plain", "source", channels=3) == PHOTO).all()
    alpha = told.pixels("plain", "new")[:, :, 3]
    assert 0.1 < (alpha == 255).mean() < 1
    assert ((alpha > 0) & (alpha < 255)).any()  # soft edges


def test_the_picture_is_the_one_that_the_command_line_makes(told):
    place = told.answer["plain"]["new"]
    alpha = np.zeros(PHOTO.shape[:2], np.uint8)
    alpha[place["y"] :, place["x"] :][: place["height"], : place["width"]] = told.pixels("plain", "new")[:, :, 3]
    difference = np.abs(told.seen("plain") - told.commanded)
    assert difference.max() <= 1  # GIMP rounds once more where it lays the layer over the photo
    assert (difference[alpha == 0] == 0).all()
    assert (told.commanded != PHOTO).any(axis=2).mean() > 0.05


def test_the_edit_is_stored_with_the_layer(told):
    record = json.loads(told.answer["plain"]["record"]["record"])
    assert record["faces"][0]["strengths"] == {"smile": 0.8}
    assert record["faces"][0]["latent"]


def test_an_edited_layer_is_edited_anew_also_after_saving(told):
    again = told.answer["again"]
    assert again["called"] == ["success", ""]
    assert again["layers"] == ["Face: Brows up −0.5", "Background"]
    assert again["opacity"] == 60
    status, why = told.answer["origin gone"]
    assert status == "execution-error"
    assert "is gone: bring it back" in why


@pytest.mark.parametrize(("name", "dtype"), [("16", "<u2"), ("float", "<f4")])
def test_other_precisions_look_the_same(told, name, dtype):
    """Nearly as near as that image's photo comes to ours."""
    assert told.answer[name]["called"] == ["success", ""]
    difference = np.abs(told.seen(name, dtype) - told.seen("plain"))
    without = np.abs(told.seen(name, dtype, "source") - PHOTO)
    assert difference.mean() < without.mean() + 0.1
    assert np.quantile(difference, 0.99) <= np.quantile(without, 0.99) + 1


def test_another_profile_has_the_same_colours(told):
    """What 8 bits of a wide space rounded is projected anew, so that single hairs differ and a face's colours don't.

    One conversion left out moves the edited pixels' red by 7.
    """
    assert told.answer["adobe"]["called"] == ["success", ""]
    difference = told.seen("adobe") - told.seen("plain")
    edited = (told.seen("plain") != PHOTO).any(axis=2)
    assert np.abs(difference).mean() < 2
    assert np.abs(difference[edited].mean(axis=0)).max() < 3


def test_a_grey_image_stays_grey(told):
    assert told.answer["grey"]["kinds"][0] == "graya-image"
    assert told.answer["grey"]["called"] == ["success", ""]
    seen = told.seen("grey")
    luminance = told.seen("plain") @ (0.2126, 0.7152, 0.0722)
    assert np.abs(seen[:, :, 0] - luminance).mean() < 4


def test_nothing_changes_outside_the_selection(told):
    selection = told.answer["selection"]
    assert selection["called"] == ["success", ""]
    mask = np.frombuffer(told.files["selection.mask"], "u1").reshape(300, 300)
    place, alpha = selection["new"], told.pixels("selection", "new")[:, :, 3]
    under = mask[place["y"] :, place["x"] :][: place["height"], : place["width"]]
    assert (alpha <= under).all()
    assert (alpha[under == 255] == 255).any()
    outside = mask == 0
    assert (told.seen("selection")[outside] == PHOTO[outside]).all()
    status, why = told.answer["selection beside"]
    assert status == "execution-error"
    assert "no face" in why


def test_all_selected_layers_get_the_edit_and_what_cannot_is_named(told):
    several = told.answer["several"]
    assert several["called"] == ["success", ""]  # there are new layers: the rest is a message
    assert "2 of 3 layers edited. “cat”: no face was found" in told.said
    assert several["layers"] == ["cat", "group", "Face: Smile +0.8", "Background"]
    assert several["group"] == ["Face: Smile +0.8 #1", "second"]
    plain, moved = told.answer["plain"]["new"], several["in group"]
    assert (moved["x"] - plain["x"], moved["y"] - plain["y"]) == (350, 70)
    assert told.files["several.group"] == told.files["several.first"] == told.files["plain.new"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown", "no attribute 'wings'"),
        ("no number", "write NAME=STRENGTH"),
        ("too much", "use −2 to 2"),
        ("nothing", "no strengths are given"),
        ("zero", "all strengths are 0"),
        ("face 2", "there is no face 2: only one face"),
        ("indexed", "Image > Mode > RGB"),
        ("no face", "no face was found"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_remedy(told, name, said):
    status, why = told.answer[name]
    assert status in ("execution-error", "calling-error")
    assert said in why
    assert "\n" not in why
    assert told.answer["untouched"] == [1, False]


def test_without_pyzmq_the_bridge_carries_the_edit(told, gimp):
    """In GIMP's own Python, as on Windows."""
    Image.fromarray(PHOTO).save(gimp.work / "photo.png")
    vendor = gimp.plugin / "vendor"
    (vendor / "cp312").rename(vendor / "not-for-this-python")
    try:
        answer = gimp.run(
            """
image = load("photo.png")
answer["called"] = call(image, image.get_layers(), "smile=0.8")
answer["new"] = keep(image.get_layers()[0], "bridged.new", "R'G'B'A u8")
"""
        )
    finally:
        (vendor / "not-for-this-python").rename(vendor / "cp312")
    assert answer["called"] == ["success", ""]
    assert (gimp.folder / "bridge" / "was-used").exists()
    assert (gimp.work / "bridged.new").read_bytes() == told.files["plain.new"]


def test_without_a_backend_the_error_says_what_helps(gimp, tmp_path):
    Image.fromarray(PHOTO).save(gimp.work / "photo.png")
    gimp.environment["ANYCOST_HOME"] = f"{gimp.inside}/nowhere"
    gimp.environment["ANYCOST_PYTHON"] = ""
    answer = gimp.run('image = load("photo.png")\nanswer["called"] = call(image, image.get_layers(), "smile=0.8")\n')
    status, why = answer["called"]
    assert status == "execution-error"
    assert "is not installed" in why
    assert "python3 installer install" in why
