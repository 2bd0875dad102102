"""Which part of a layer is read."""

from anycost_client.edit.areas import Area


def test_a_selection_is_grown_to_its_face_and_cut_to_the_layer():
    grown = Area(100, 100, 200, 100).grown()
    assert grown == Area(-20, -20, 440, 340)
    assert grown.cut(Area(0, 0, 300, 300)) == Area(0, 0, 300, 300)
    assert Area(0, 0, 10, 10).cut(Area(5, -5, 10, 10)) == Area(5, 0, 5, 5)
    assert Area(0, 0, 5, 5).cut(Area(9, 9, 5, 5)).empty


def test_strips_cover_an_area_once():
    area = Area(-5, 7, 3000, 1000)
    strips = area.strips(1_000_000)
    assert sum(strip.pixels for strip in strips) == area.pixels
    assert [strip.y for strip in strips] == sorted({strip.y for strip in strips})
    assert max(strip.pixels for strip in strips) <= 1_000_000
    assert len(Area(0, 0, 3000, 2).strips(1000)) == 2  # never less than a row
