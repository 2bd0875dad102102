"""An opened region: its overlays are what `anycost edit` makes of the same pixels."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import photo_files
import pytest
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.faces import Face
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region, RegionOverlay
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.photo import open_photo
from anycost_backend.previews.preview_renderer import PreviewRenderer
from anycost_backend.server.job_queue import Stopped
from anycost_models.generators.sub_generator import SubGenerator
from skimage.data import astronaut, chelsea

ASTRONAUT = astronaut()
QUICK = SubGenerator(256, 0.25)
SMILE = {0: {"smile": 1.0}}


@pytest.fixture(scope="module")
def latent(loaded: Models) -> np.ndarray:
    """Stands in for a projection: any face can be edited."""
    return loaded.renderer.sample(1, 0.7)


def opened(
    loaded: Models, latent: np.ndarray, pixels: np.ndarray, selection: np.ndarray | None = None, **options: object
) -> Region:
    layer = Layer(pixels, **options)  # type: ignore[arg-type]
    region = Region(layer, selection, loaded, ByteLRUCache(1 << 28), final_sub=QUICK)
    for number in region.numbers:
        region.session.adopt(number, latent)
    return region


def previews(region: Region) -> PreviewRenderer:
    return PreviewRenderer(region, ByteLRUCache(1 << 28))


def nothing() -> None:
    pass


def laid(picture: np.ndarray, shown: RegionOverlay) -> np.ndarray:
    """float64: the change over the image, both of the same type."""
    most = np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else 1
    x0, y0, x1, y1 = shown.bounds
    result = picture.astype(np.float64)
    alpha = shown.pixels[:, :, -1:] / most
    result[y0:y1, x0:x1] += alpha * (shown.pixels[:, :, :-1] - result[y0:y1, x0:x1])
    return result


def final_of_the_command(
    folder: Path, loaded: Models, latent: np.ndarray, pixels: np.ndarray, edits: Mapping[int, Mapping[str, float]]
) -> np.ndarray:
    session = Session(open_photo(photo_files.vips_file(folder / "photo.png", pixels)), loaded, final_sub=QUICK)
    photo = session.photo
    for face, strengths in edits.items():
        session.adopt(face, latent)
        photo = session.edit(photo, face, strengths).photo
    return photo.pixels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_final_picture_is_that_of_anycost_edit(
    tmp_path: Path, loaded: Models, latent: np.ndarray, dtype: str
) -> None:
    eight = ASTRONAUT if dtype == "uint8" else photo_files.sixteen(ASTRONAUT)
    pixels = (eight / np.float32(65535)) if dtype == "float32" else eight
    edited = laid(pixels, opened(loaded, latent, pixels).final(SMILE, nothing))
    most = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    command = final_of_the_command(tmp_path, loaded, latent, eight, SMILE).astype(np.float64)
    command *= most / (255 if dtype == "uint8" else 65535)
    assert np.abs(edited - command).max() <= 1.01 / 255 * most
    assert np.abs(edited - pixels).max() > 20 / 255 * most


def test_two_faces_that_touch(tmp_path: Path, loaded: Models, latent: np.ndarray) -> None:
    picture = np.full((300, 420, 3), 120, np.uint8)
    picture[20:276, 0:210] = ASTRONAUT[:256, 122:332]
    picture[40:296, 210:420] = ASTRONAUT[:256, 122:332][:, ::-1]
    region = opened(loaded, latent, picture)
    assert len(region.numbers) == 2
    edits = {0: {"smile": -1.5, "hair_lightness": 1.0}, 1: {"hair_lightness": 1.5}}
    command = final_of_the_command(tmp_path, loaded, latent, picture, edits)
    assert np.abs(laid(picture, region.final(edits, nothing)) - command).max() <= 2
    shown = previews(region).render(edits, QUICK, 420, False, nothing)
    assert np.abs(laid(picture, shown) - command).mean() < 0.5


def test_a_preview_is_the_final_picture_seen_small(loaded: Models, latent: np.ndarray) -> None:
    region = opened(loaded, latent, ASTRONAUT)
    final, renderer = laid(ASTRONAUT, region.final(SMILE, nothing)), previews(region)
    for max_side, quick in ((512, False), (512, True), (200, True)):
        shown = renderer.render(SMILE, QUICK, max_side, quick, nothing)
        x0, y0, x1, y1 = shown.bounds
        assert shown.pixels.shape[:2] == tuple(round(side * max_side / 512) for side in (y1 - y0, x1 - x0))
        size = shown.pixels.shape[1::-1]
        images = ASTRONAUT[y0:y1, x0:x1].astype(np.float64), final[y0:y1, x0:x1]
        before, expected = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in images)
        alpha = shown.pixels[:, :, 3:] / 255
        seen = before + alpha * (shown.pixels[:, :, :3] - before)
        edit = np.abs(expected - before).mean()
        assert np.abs(seen - expected).mean() < (0.6 if quick else 0.05) * edit


def test_a_preview_shows_what_changes_and_stays_where_it_is(loaded: Models, latent: np.ndarray) -> None:
    """What of the face's square never changes does not travel; while a slider moves, a host finds the same place."""
    region = opened(loaded, latent, ASTRONAUT)
    renderer = previews(region)
    places = [
        renderer.render({0: {"smile": strength}}, QUICK, 512, True, nothing).bounds
        for strength in (0.3, 0.4, 0.5, 1.0, 0.2)
    ]
    x0, y0, x1, y1 = region.bounds_of(SMILE)
    assert len(set(places)) <= 2
    for left, top, right, bottom in places:
        assert x0 <= left < right <= x1
        assert y0 <= top < bottom <= y1
        assert (right - left) * (bottom - top) < 0.8 * (x1 - x0) * (y1 - y0)
    assert all(a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3] for a, b in pairwise(places))


def test_selection_and_transparency_limit_the_change(loaded: Models, latent: np.ndarray) -> None:
    selection = np.zeros(ASTRONAUT.shape[:2], np.uint8)
    selection[:, 225:] = 255  # the right half of her face
    selection[:, 215:225] = 100
    alpha = np.full(selection.shape, 255, np.uint8)
    alpha[:100] = 0
    whole = opened(loaded, latent, ASTRONAUT).final(SMILE, nothing)
    part = opened(loaded, latent, ASTRONAUT, selection, alpha=alpha).final(SMILE, nothing)
    opacity = selection / 255 * (alpha / 255)
    x0, y0, x1, y1 = part.bounds
    limit = opacity[y0:y1, x0:x1]
    assert np.abs(part.pixels[:, :, 3] - whole.pixels[:, :, 3] * limit).max() <= 1
    assert part.pixels[:, :, 3].any()
    region = opened(loaded, latent, ASTRONAUT, selection, alpha=alpha)
    shown = previews(region).render(SMILE, QUICK, 512, True, nothing)
    x0, y0, x1, y1 = shown.bounds
    assert not shown.pixels[:, :, 3][opacity[y0:y1, x0:x1] == 0].any()


def test_without_a_face_in_the_selection_none_is_offered(loaded: Models, latent: np.ndarray) -> None:
    selection = np.zeros(ASTRONAUT.shape[:2], np.uint8)
    selection[300:, :100] = 255  # a corner far from her face
    assert opened(loaded, latent, ASTRONAUT, selection).numbers == []
    selection[120, 220] = 1
    assert opened(loaded, latent, ASTRONAUT, selection).numbers == [0]
    assert opened(loaded, latent, chelsea()).numbers == []


@pytest.fixture(scope="module")
def couple() -> np.ndarray:
    """Two faces side by side, the left one larger: its square reaches over the other's face."""
    picture = np.full((300, 420, 3), 120, np.uint8)
    picture[20:276, 0:210] = ASTRONAUT[:256, 122:332]
    small = cv2.resize(ASTRONAUT[:256, 122:332][:, ::-1], None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    picture[90 : 90 + small.shape[0], 200 : 200 + small.shape[1]] = small
    return picture


def selected(faces: list[Face], number: int, grown: float = 1.15) -> np.ndarray:
    """As an artist draws it: an ellipse round a face's box, float32 0…1 by its soft edge."""
    x0, y0, x1, y1 = faces[number].box
    mask = np.zeros((300, 420), np.uint8)
    centre, axes = ((x0 + x1) // 2, (y0 + y1) // 2), (int(grown * (x1 - x0) / 2), int(grown * (y1 - y0) / 2))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), 3)


@pytest.mark.parametrize("number", [0, 1])
def test_a_selection_round_one_person_offers_no_other(
    loaded: Models, latent: np.ndarray, couple: np.ndarray, number: int
) -> None:
    faces = opened(loaded, latent, couple).session.faces
    assert len(faces) == 2
    region = opened(loaded, latent, couple, selected(faces, number))
    assert (region.numbers, region.warning(0)) == ([number], "")
    assert region.shows(region.final(SMILE, nothing))


def test_a_face_that_the_selection_cuts_comes_last_and_says_so(
    loaded: Models, latent: np.ndarray, couple: np.ndarray
) -> None:
    faces = opened(loaded, latent, couple).session.faces
    selection = selected(faces, 1)
    x0, y0, x1, y1 = faces[0].box
    selection[y0:y1, (3 * x0 + 2 * x1) // 5 : x1] = 255  # a good half of the larger one
    region = opened(loaded, latent, couple, selection)
    assert region.numbers == [1, 0]
    assert [region.warning(face) for face in (0, 1)] == ["", "cut by the selection"]


def test_a_face_that_lies_otherwise_than_most_or_may_be_none_says_so(loaded: Models, latent: np.ndarray) -> None:
    assert opened(loaded, latent, ASTRONAUT).warning(0) == ""
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(ASTRONAUT, quarters))
        assert opened(loaded, latent, turned).warning(0) == "on its side or upside down"
    region = opened(loaded, latent, ASTRONAUT)
    region.session.faces = (replace(region.session.faces[0], agreement=0.5),)
    assert region.warning(0) == "perhaps no face"


def test_a_part_of_a_face_or_its_hair_alone_can_be_selected(
    loaded: Models, latent: np.ndarray, couple: np.ndarray
) -> None:
    x0, y0, x1, y1 = opened(loaded, latent, couple).session.faces[1].box
    mouth, hair = np.zeros((2, 300, 420), np.uint8)
    mouth[(y0 + 3 * y1) // 4 : y1, x0:x1] = 255
    hair[y0 - 12 : y0 - 8, (x0 + x1) // 2 :] = 255
    for part in (mouth, hair):
        region = opened(loaded, latent, couple, part)
        assert region.numbers[0] == 1
        assert region.warning(0) == "cut by the selection"


def test_an_edit_of_which_nothing_is_selected_shows_nothing(loaded: Models, latent: np.ndarray) -> None:
    selection = np.zeros(ASTRONAUT.shape[:2], np.uint8)
    selection[30:34, 210:230] = 255  # hair, which a smile leaves alone
    region = opened(loaded, latent, ASTRONAUT, selection)
    assert region.numbers == [0]
    assert not region.shows(region.final({0: {"smile": 0.5}}, nothing))


def test_grey_layers_give_grey_results(loaded: Models, latent: np.ndarray) -> None:
    region = opened(loaded, latent, ASTRONAUT.mean(axis=2, keepdims=True).astype(np.uint8))
    assert region.final(SMILE, nothing).pixels.shape[2] == 2
    assert previews(region).render(SMILE, QUICK, 512, True, nothing).pixels.shape[2] == 4


def test_a_preview_that_is_stopped_ends_between_its_stages(loaded: Models, latent: np.ndarray) -> None:
    region = opened(loaded, latent, ASTRONAUT)

    def check() -> None:
        raise Stopped("superseded")

    with pytest.raises(Stopped):
        previews(region).render(SMILE, QUICK, 512, True, check)
    assert "composite" not in region.session.seconds


def test_a_slider_costs_one_render(loaded: Models, latent: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    region = opened(loaded, latent, ASTRONAUT)
    renderer = previews(region)
    renderer.render({0: {"smile": 0.05}}, QUICK, 512, True, nothing)  # measures at both ends of half a unit
    renders = 0
    render = type(loaded.renderer).render

    def counted(*arguments: object) -> np.ndarray:
        nonlocal renders
        renders += 1
        return render(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(loaded.renderer), "render", counted)
    for strength in (0.1, 0.2, 0.3):
        renderer.render({0: {"smile": strength}}, QUICK, 512, True, nothing)
    assert renders == 3


def test_closing_a_region_empties_the_cache(loaded: Models, latent: np.ndarray) -> None:
    cache = ByteLRUCache(1 << 28)
    region = Region(Layer(ASTRONAUT), None, loaded, cache)
    region.session.adopt(0, latent)
    PreviewRenderer(region, cache).render(SMILE, QUICK, 512, True, nothing)
    assert cache.bytes > 1 << 18
    region.close()
    assert cache.bytes == 0


def test_the_cache_stays_within_its_limit() -> None:
    cache = ByteLRUCache(1000)
    computed: list[str] = []

    def compute(name: str) -> np.ndarray:
        computed.append(name)
        return np.zeros(400, np.uint8)

    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get((name,), lambda name=name: compute(name))  # type: ignore[misc]
        assert cache.bytes <= 1000
    assert computed == ["a", "b", "c", "b"]  # a was used between, and stayed
    assert cache.get("too large", lambda: np.zeros(2000, np.uint8)).nbytes == 2000
    assert cache.bytes <= 1000
