"""Edits among the layers of the real GIMP: what is kept, where they lie, and how they blend."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from gimp_host import Gimp
from PIL import Image

PHOTO = skimage.data.astronaut()[0:300, 60:360]

SCRIPT = """
import json

def names(image, layers=None):
    return [layer.get_name() for layer in (image.get_layers() if layers is None else layers)]

def whole(drawable):
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())

def pixels(drawable, format="R'G'B'A u8"):
    return bytes(drawable.get_buffer().get(whole(drawable), 1.0, format, Gegl.AbyssPolicy.NONE))

def put(drawable, data, format="R'G'B'A u8"):
    buffer = drawable.get_buffer()
    buffer.set(whole(drawable), format, data)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())

def paint(layer):
    data = bytearray(pixels(layer))
    data[:4000] = bytes([255, 0, 0, 255] * 1000)
    put(layer, bytes(data))

def kept():
    "All that an artist gave the layer stays when it is updated."
    image = load("photo.png")
    source = image.get_layers()[0]
    call(image, [source], "smile=0.8")
    edit, group = image.get_layers()[0], Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(edit, group, 0)
    mask = edit.get_mask()
    half = mask.get_width() * (mask.get_height() // 2)
    rest = mask.get_width() * mask.get_height() - half
    put(mask, bytes([255] * half + [0] * rest), "Y u8")
    blur = Gimp.DrawableFilter.new(edit, "gegl:gaussian-blur", "soft")
    edit.append_filter(blur)
    edit.set_mode(Gimp.LayerMode.SCREEN)
    edit.set_blend_space(Gimp.LayerColorSpace.RGB_LINEAR)
    edit.set_opacity(60.0)
    edit.set_color_tag(Gimp.ColorTag.GREEN)
    edit.set_name("Mine")
    edit.set_visible(False)
    edit.set_lock_content(True)
    edit.set_lock_position(True)
    image.set_selected_layers([source])
    before = pixels(edit)
    def told():
        _, x, y = edit.get_offsets()
        return {
            "id": edit.get_id(), "tattoo": edit.get_tattoo(), "name": edit.get_name(),
            "mode": edit.get_mode().value_nick, "blend": edit.get_blend_space().value_nick,
            "opacity": edit.get_opacity(), "tag": int(edit.get_color_tag()),
            "visible": edit.get_visible(), "locks": [edit.get_lock_content(), edit.get_lock_position()],
            "filters": [one.get_operation_name() for one in edit.get_filters()],
            "group": names(image, group.get_children()), "all": names(image),
            "selected": names(image, image.get_selected_layers()),
        }
    answer["kept"] = {"before": told(), "called": call(image, [edit], "smile=0.8, hair_length=1"), "after": told()}
    mask = edit.get_mask()
    seen = pixels(mask, "Y u8")
    fits = mask.get_width() == edit.get_width() and mask.get_height() == edit.get_height()
    answer["kept"]["mask"] = [fits, seen[0], seen[-1]]
    answer["kept"]["other pixels"] = pixels(edit) != before
    answer["kept"]["stored"] = json.loads(bytes(edit.get_parasite("anycost-edit").get_data()))["written"]

def painted():
    image = load("photo.png")
    call(image, image.get_layers(), "smile=0.8")
    edit = image.get_layers()[0]
    paint(edit)
    before = pixels(edit)
    answer["painted"] = {"called": call(image, [edit], "smile=0.4"), "layers": names(image)}
    answer["painted"]["same"] = pixels(edit) == before
    image = load("photo.png")
    call(image, image.get_layers(), "smile=0.8")
    edit = image.get_layers()[0]
    old = json.loads(bytes(edit.get_parasite("anycost-edit").get_data()))
    del old["written"]
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    edit.attach_parasite(Gimp.Parasite.new("anycost-edit", flags, json.dumps(old).encode()))
    call(image, [edit], "smile=0.4")
    answer["painted"]["before digests"] = names(image)

def order():
    image = load("photo.png")
    source = image.get_layers()[0]
    for strengths in ("smile=0.8", "smile=0.6", "smile=0.4"):
        call(image, [source], strengths)
    answer["order"] = names(image)

def blended(name, change):
    image = load("photo.png")
    source = image.get_layers()[0]
    source.add_alpha()
    ground = source.copy()
    image.insert_layer(ground, None, 1)
    ground.transform_flip_simple(Gimp.OrientationType.HORIZONTAL, True, 0.0)
    change(image, source)
    wanted = image.duplicate()
    keep(Gimp.Layer.new_from_visible(image, image, "before"), name + ".before", "R'G'B'A u8")
    called = call(image, [source], "smile=0.8")
    edits = [layer for layer in every(image.get_layers()) if layer.get_parasite("anycost-edit")]
    answer[name] = {"called": called, "edits": len(edits), "layers": names(image)}
    keep(Gimp.Layer.new_from_visible(image, image, "after"), name + ".after", "R'G'B'A u8")
    # The same photo with the new face painted into it, in the place of the source.
    both = load("photo.png")
    under = both.get_layers()[0]
    under.add_alpha()
    face = Gimp.Layer.new_from_drawable(edits[0], both)
    both.insert_layer(face, None, 0)
    face.set_mode(Gimp.LayerMode.NORMAL)
    for space in (face.set_blend_space, face.set_composite_space):
        space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    face.set_opacity(100.0)
    other = [layer for layer in every(wanted.get_layers()) if layer.get_name() == "Background"][0]
    put(other, pixels(Gimp.Layer.new_from_visible(both, both, "both")))
    keep(Gimp.Layer.new_from_visible(wanted, wanted, "wanted"), name + ".wanted", "R'G'B'A u8")
    width, height = edits[0].get_width(), edits[0].get_height()
    _, x, y = edits[0].get_offsets()
    answer[name]["place"] = [x, y, width, height]
    if not answer[name]["layers"][0].endswith(": faces"):
        return
    # Another edit of the same source comes above the first, and makes no other group.
    call(image, [source], "smile=-0.5")
    answer[name]["again"] = names(image, list(every(image.get_layers())))

def every(layers):
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from every(layer.get_children())

def multiplied(image, layer):
    layer.set_mode(Gimp.LayerMode.MULTIPLY)

def half(image, layer):
    layer.set_opacity(50.0)

def masked(image, layer):
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    put(mask, bytes(min(255, x) for y in range(300) for x in range(300)), "Y u8")

def in_group(image, layer):
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_mode(Gimp.LayerMode.MULTIPLY)
    group.set_opacity(70.0)

def filtered(image, layer):
    effect = Gimp.DrawableFilter.new(layer, "gegl:brightness-contrast", "brighter")
    effect.get_config().set_property("brightness", 0.15)
    layer.append_filter(effect)
    effect.update()

def both(image, layer):
    multiplied(image, layer)
    half(image, layer)
    masked(image, layer)

def hidden():
    image = load("photo.png")
    group, layer = Gimp.GroupLayer.new(image, "group"), image.get_layers()[0]
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_visible(False)
    answer["hidden"] = {"called": call(image, [layer], "smile=0.8"), "group": names(image, group.get_children())}

def locked():
    "What GIMP refuses changes nothing; a source that is locked itself is none of that."
    image = load("photo.png")
    source, group = image.get_layers()[0], Gimp.GroupLayer.new(image, "group")
    call(image, [source], "smile=0.8")
    edit = image.get_layers()[0]
    image.insert_layer(group, None, 0)
    image.reorder_item(edit, group, 0)
    edit.set_lock_position(True)
    group.set_lock_content(True)
    before = pixels(edit)
    answer["locked"] = {"called": call(image, [edit], "hair_length=1")}
    answer["locked"]["edit"] = [edit.get_name(), edit.get_lock_position(), pixels(edit) == before]
    image = load("photo.png")
    source = image.get_layers()[0]
    source.add_alpha()
    image.insert_layer(source.copy(), None, 1)
    source.set_mode(Gimp.LayerMode.MULTIPLY)
    source.set_lock_position(True)
    answer["locked"]["blended"] = call(image, [source], "smile=0.8")
    answer["locked"]["layers"] = names(image, list(every(image.get_layers())))
    answer["locked"]["source"] = [source.get_lock_position(), source.get_mode().value_nick]

for body in (kept, painted, order, hidden, locked):
    attempt(body)
for change in (multiplied, half, masked, in_group, filtered, both):
    attempt(lambda: blended(change.__name__, change))
"""


class Told:
    def __init__(self, answer: dict[str, Any], said: str, files: dict[str, bytes]) -> None:
        self.answer, self.said, self.files = answer, said, files

    def seen(self, name: str) -> np.ndarray:
        """[H, W, 3], 0…255."""
        return np.frombuffer(self.files[name], "u1").reshape(300, 300, 4)[:, :, :3].astype(int)


@pytest.fixture(scope="module")
def told(profile_folder: Path, backend: Path) -> Told:
    gimp = Gimp(profile_folder)
    Image.fromarray(PHOTO).save(gimp.work / "photo.png")
    answer = gimp.run(SCRIPT)
    assert "error" not in answer, answer["error"]
    return Told(answer, gimp.said, {path.name: path.read_bytes() for path in gimp.work.iterdir()})


def test_an_update_keeps_all_that_the_artist_gave_the_layer(told: Told) -> None:
    kept = told.answer["kept"]
    assert kept["called"] == ["success", ""]
    assert kept["after"] == kept["before"]
    assert kept["other pixels"]
    assert kept["mask"] == [True, 255, 0]
    assert kept["stored"]


def test_a_layer_that_was_painted_on_is_not_replaced_where_nobody_can_be_asked(told: Told) -> None:
    painted = told.answer["painted"]
    assert painted["called"] == ["success", ""]
    assert painted["layers"] == ["Face: Smile +0.4", "Face: Smile +0.8", "Background"]
    assert painted["same"]
    assert "It was painted on since: the new edit is a layer above it." in told.said
    assert painted["before digests"] == painted["layers"]  # nobody knows


def test_the_newest_edit_of_a_layer_lies_above_the_older_ones(told: Told) -> None:
    assert told.answer["order"] == ["Face: Smile +0.4", "Face: Smile +0.6", "Face: Smile +0.8", "Background"]


@pytest.mark.parametrize("name", ["multiplied", "half", "masked", "in_group", "filtered", "both"])
def test_the_sum_looks_like_the_source_with_another_face(told: Told, name: str) -> None:
    about = told.answer[name]
    assert about["called"] == ["success", ""]
    assert about["edits"] == 1
    before, after, wanted = (told.seen(f"{name}.{part}") for part in ("before", "after", "wanted"))
    x, y, width, height = about["place"]
    outside = np.ones((300, 300), bool)
    outside[y : y + height, x : x + width] = False
    assert np.abs(after - before)[outside].max() <= 1
    assert np.abs(after - before)[~outside].max() > 20  # the face is another
    if (
        name == "filtered"
    ):  # the edit is drawn from what the filter shows; the face under it, then the filter, is not that
        return
    assert np.abs(after - wanted).max() <= 1


@pytest.mark.parametrize("name", ["multiplied", "half", "masked", "both"])
def test_edits_of_a_blended_layer_share_one_group_with_it(told: Told, name: str) -> None:
    assert told.answer[name]["layers"][0] == "Background: faces"
    assert "This layer is blended" not in told.said  # said in the dialog, of its preview
    assert told.answer[name]["again"][:4] == ["Background: faces", "Face: Smile −0.5", "Face: Smile +0.8", "Background"]


def test_an_edit_in_a_hidden_group_says_so(told: Told) -> None:
    assert told.answer["hidden"]["called"] == ["success", ""]
    assert told.answer["hidden"]["group"] == ["Face: Smile +0.8", "Background"]
    assert "“Background”: The layer's group is hidden, and so will be the edit." in told.said


def test_what_is_refused_changes_nothing_and_locks_stay(told: Told) -> None:
    locked = told.answer["locked"]
    assert "GIMP did not take the new layer" in locked["called"][1]
    assert locked["edit"] == ["Face: Smile +0.8", True, True]
    assert locked["blended"] == ["success", ""]
    assert locked["layers"] == ["Background: faces", "Face: Smile +0.8", "Background", "Background copy"]
    assert locked["source"] == [True, "normal"]
