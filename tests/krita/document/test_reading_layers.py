"""What is read of a document: which pixels, of which layer, in which colours, and what is refused."""

import numpy as np
import pytest
from adapter_setup import noise
from anycost_client.core.problem import Problem
from anycost_krita.document.colour_spaces import LINEAR, SRGB, ColourSpace
from anycost_krita.document.host_interface import Layer
from fake_krita import Selection


def pixels_of(picture) -> np.ndarray:
    dtype = {"8": np.uint8, "16": "<u2"}[picture.bit_depth]
    return np.frombuffer(picture.data, dtype).reshape(picture.height, picture.width, picture.channels)


def test_without_a_selection_the_whole_layer_is_read_as_krita_stores_it(setup):
    source = setup.read()
    assert source.region.order == "bgr"
    assert (source.region.rectangle.x, source.region.rectangle.width, source.region.rectangle.height) == (0, 300, 200)
    assert np.array_equal(pixels_of(source.region.image), noise(200, 300))
    assert (source.layer.name, source.record, source.replaces, source.warning) == ("photo", None, None, "")
    assert setup.document.steps == []


def test_a_layer_that_lies_partly_beyond_the_canvas_is_read_where_it_lies(setup):
    setup.document.layer("moved", noise(100, 100, seed=1), x=-30, y=150)
    region = setup.read().region
    assert (region.rectangle.x, region.rectangle.y) == (-30, 150)
    assert np.array_equal(pixels_of(region.image), noise(100, 100, seed=1))


def test_around_a_selection_there_is_room_for_the_face_and_its_soft_edges_come_along(setup):
    mask = np.full((40, 50), 255, np.uint8)
    mask[:, 0] = 100
    setup.document.setSelection(Selection.of(120, 90, mask))
    region = setup.read().region
    area = region.rectangle
    assert (area.x, area.y) == (120 - 64, 90 - 64)
    assert area.y + area.height <= 200  # no more than the layer has
    sent = pixels_of(region.selection)[:, :, 0]
    assert np.array_equal(sent[64:104, 64:114], mask)
    assert sent.astype(int).sum() == mask.astype(int).sum()


def test_a_group_is_read_as_it_is_seen(setup):
    group = setup.document.layer("group", kind="grouplayer")
    child = setup.document.layer("inside", noise(200, 300, seed=2))
    setup.document._root._take(child)
    group._insert(child, 0)
    group._plane[:] = 0
    setup.document._active = group
    group.bounds = child.bounds
    assert np.array_equal(pixels_of(setup.read().region.image), noise(200, 300, seed=2))


def test_colours_other_than_srgb_are_converted_by_krita_in_a_document_that_is_closed_again(setup):
    wide = setup.krita.open(300, 200, profile="ClayRGB-elle-V2-g22.icc")
    wide.layer("photo", noise(200, 300))
    region = setup.read().region
    assert (region.image.bit_depth, region.order, region.colours) == ("16", "bgr", "srgb")
    assert np.array_equal(pixels_of(region.image), noise(200, 300).astype(np.uint16) * 257)
    assert len(setup.krita.documents()) == 2


@pytest.mark.parametrize(
    ("space", "sent"),
    [
        (("RGBA", "U8", SRGB), ("RGBA", "U8", SRGB)),
        (("RGBA", "U16", "sRGB built-in"), ("RGBA", "U16", SRGB)),
        (("RGBA", "F32", LINEAR), ("RGBA", "F32", LINEAR)),
        (("RGBA", "F16", SRGB), ("RGBA", "F16", SRGB)),
        (("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"), ("RGBA", "U16", SRGB)),
        (("CMYKA", "U8", "Chemical proof"), ("RGBA", "U16", SRGB)),
        (("GRAYA", "F16", "Gray-D50-elle-V2-g10.icc"), ("RGBA", "F32", SRGB)),
        (("LABA", "F32", "Lab identity built-in"), ("RGBA", "F32", SRGB)),
    ],
)
def test_which_colours_the_backend_is_sent(space, sent):
    assert ColourSpace(*space).sent == ColourSpace(*sent)


def test_what_cannot_be_read_is_told_with_a_remedy(setup):
    setup.document.layer("nothing")
    assert setup.refused().reason == "empty"
    setup.document._active = setup.photo
    setup.document.setSelection(Selection.of(-60, -60, np.ones((10, 10), np.uint8)))
    assert setup.refused().reason == "empty"
    setup.document._active = None
    assert setup.refused().reason == "no_layer"
    setup.document.close()
    problem = setup.refused()
    assert problem.reason == "no_document"
    assert problem.remedy


def test_a_layer_that_is_too_large_is_refused_before_it_is_read_and_a_selection_helps(setup):
    huge = setup.krita.open(10, 10)
    node = huge.layer("huge", noise(10, 10))
    huge.width = huge.height = lambda: 12_000
    node.bounds = lambda: type(node).bounds(node).__class__(0, 0, 12_000, 12_000)
    assert setup.refused().reason == "too_large"
    huge.setSelection(Selection.of(0, 0, np.ones((1, 1), np.uint8)))
    node.pixelData = lambda x, y, width, height: type(node).pixelData(node, 0, 0, 1, 1).__class__(4 * width * height)
    node.bounds = lambda: pytest.fail("that takes long")
    assert setup.read().region.image.width == 65


def test_a_hidden_layer_is_read_with_a_warning(setup):
    setup.photo.setVisible(False)
    assert "hidden" in setup.read().warning


def test_an_active_mask_stands_for_its_layer(setup):
    mask = setup.document.layer("mask", kind="transparencymask")
    setup.document._root._take(mask)
    setup.photo._insert(mask, 0)
    setup.document._active = mask
    assert setup.host.active().name == "photo"


def test_a_document_that_is_closed_while_it_is_read_is_told_once(setup):
    big = setup.krita.open(3000, 1000)
    big.layer("photo", noise(1000, 3000))
    got: list[object] = []
    setup.host.read(None, got.append)
    setup.later.pop(0)()
    big.close()
    setup.run()
    (problem,) = got
    assert isinstance(problem, Problem)
    assert problem.reason == "gone"


def test_stop_ends_a_reading_and_closes_what_it_used(setup):
    wide = setup.krita.open(3000, 200, profile="ClayRGB-elle-V2-g22.icc")
    wide.layer("photo", noise(200, 3000))
    got: list[object] = []
    setup.host.read(None, got.append)
    setup.later.pop(0)()
    setup.host.stop()
    setup.run()
    assert [problem.reason for problem in got] == ["cancelled"]
    assert len(setup.krita.documents()) == 2


def test_watchers_learn_of_another_layer_and_of_one_that_is_gone(setup):
    told: list[str] = []
    end = setup.host.watch(told.append)
    setup.read()
    other = setup.document.layer("other", noise(10, 10))
    setup.host.look()
    setup.host.look()
    assert told == ["active", "active"]
    setup.document._active = other
    setup.photo.remove()
    setup.host.look()
    assert told[2:] == ["gone", "active"]  # a step of undo more is a change, too
    end()
    setup.document.close()
    setup.host.look()
    assert len(told) == 4


def test_a_batch_takes_the_layers_of_a_group_that_are_seen(setup):
    group = setup.document.layer("group", kind="grouplayer")
    for name in ("one", "two", "hidden"):
        child = setup.document.layer(name, noise(10, 10))
        setup.document._root._take(child)
        group._insert(child, len(group.childNodes()))
    group.childNodes()[2].setVisible(False)
    setup.document._active = group
    layers = setup.host.batch("group")
    assert [layer.name for layer in layers] == ["one", "two"]
    assert all(isinstance(layer, Layer) for layer in layers)
    setup.document._active = setup.photo
    assert [layer.name for layer in setup.host.batch("selected")] == ["photo"]
    assert setup.host.batch("keyframes").reason == "no_layer"
