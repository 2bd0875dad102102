"""Every face of an image is found once, the largest first, wherever and however it lies."""

import argparse
import json
import math

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_backend.cli import faces as faces_command
from anycost_backend.cli import models as models_command
from anycost_backend.cli.faces_sheet import draw_sheet
from anycost_backend.editing.face_detector import FaceDetector
from anycost_backend.editing.faces import AlignedSquare, FaceFinder, find_faces
from anycost_backend.editing.models import Models
from anycost_models.core.errors import AnycostError
from anycost_models.face.landmarks import Landmarks
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub import catalogue
from anycost_models.plotting.contact_sheet import save_image

PHOTO = skimage.data.astronaut()
FACE = (180, 70, 272, 180)  # the box of her face


@pytest.fixture(scope="module")
def finder():
    return FaceFinder.load()


def turned(degrees, size):
    """The photo about its middle, turned and made `size` pixels wide."""
    turn = math.radians(degrees)
    return AlignedSquare((256.0, 256.0), (256 * math.cos(turn), 256 * math.sin(turn))).crop(PHOTO, size)


def test_the_astronaut(finder):
    (face,) = finder.find(PHOTO)
    assert np.abs(np.subtract(face.box, FACE)).max() < 6
    assert face.score > 0.8
    assert face.landmarks.shape == (478, 3)
    assert face.square.side == pytest.approx(173, abs=6)
    assert math.dist(face.square.centre, (225.4, 106.2)) < 4


def test_two_faces_come_by_size(finder):
    picture = np.full((900, 1400, 3), 128, np.uint8)
    picture[100:612, 50:562] = PHOTO
    picture[150:850, 650:1350] = turned(20, 700)
    large, small = finder.find(picture)
    assert large.box[0] > 650 > small.box[2]
    assert large.square.side / small.square.side == pytest.approx(700 / 512, rel=0.05)
    assert large.mesh.pose()[2] - small.mesh.pose()[2] == pytest.approx(-20, abs=3)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_picture_on_its_side_or_head(finder, degrees):
    (face,) = finder.find(np.ascontiguousarray(np.rot90(PHOTO, degrees // 90)))
    assert face.square.side == pytest.approx(173, abs=6)
    assert (face.mesh.pose()[2] + degrees) % 360 == pytest.approx(3, abs=3)


def drawn(seed):
    renderer = Models().renderer
    return renderer.render8(renderer.sample(seed, 0.8), SubGenerator(256))


def largest_turned(finder, picture, degrees):
    """By how much the largest face's roll changes when the picture is turned by `degrees`, grey around it."""
    (upright, *_) = finder.find(picture)
    size, turn = len(picture), math.radians(degrees)
    square = AlignedSquare((size / 2, size / 2), (0.75 * size * math.cos(turn), 0.75 * size * math.sin(turn)))
    (found,) = finder.find(square.crop(picture, round(1.5 * size), cv2.BORDER_REPLICATE))
    place = square.matrix(round(1.5 * size)) @ (*upright.square.centre, 1)
    assert math.dist(found.square.centre, place) < 0.1 * upright.square.side
    return (upright.mesh.pose()[2] - found.mesh.pose()[2]) % 360


@pytest.mark.parametrize("degrees", range(15, 360, 30))
def test_a_face_turned_by_any_angle_is_found_the_right_way_up(finder, degrees):
    assert largest_turned(finder, PHOTO, degrees) == pytest.approx(degrees, abs=8)
    assert largest_turned(finder, drawn(degrees), degrees) == pytest.approx(degrees, abs=8)


def test_all_of_a_picture_on_its_head_is_searched_when_one_face_is_turned(finder):
    row = np.hstack([cv2.resize(drawn(seed), (64, 64), interpolation=cv2.INTER_AREA) for seed in range(6)])
    picture = np.full((1000, 1500, 3), 128, np.uint8)
    picture[100:612, 50:562] = PHOTO
    picture[800:864, 600:984] = row
    picture = np.ascontiguousarray(picture[::-1, ::-1])
    found = finder.find(picture)
    assert len(found) == 7
    assert all(abs(face.mesh.pose()[2]) > 150 for face in found)


def test_detector_and_mesh_agree_on_a_face_only_where_it_is(finder):
    (face,) = finder.find(PHOTO)
    assert face.agreement > 0.7
    detector = FaceDetector.load()
    assert detector.agreement(PHOTO, face.mesh).score == pytest.approx(face.agreement)
    turned = AlignedSquare((225.0, 106.0), (0.0, 1.0))  # the same landmarks a quarter turn further
    a, b = turned.matrix(2), AlignedSquare((225.0, 106.0), (1.0, 0.0)).inverse(2)
    askew = face.mesh.moved(np.column_stack([b[:, :2] @ a[:, :2], b[:, :2] @ a[:, 2] + b[:, 2]]))
    seen = detector.agreement(PHOTO, askew)
    assert seen.score < 0.2
    nowhere = Landmarks(face.landmarks + np.float32([200, 250, 0]), 1.0)  # on her suit
    assert detector.agreement(PHOTO, nowhere).score < 0.1


def test_a_face_that_fills_the_picture(finder):
    x0, y0, x1, y1 = FACE
    (face,) = finder.find(np.ascontiguousarray(PHOTO[y0 - 2 : y1 + 2, x0 - 4 : x1 + 4]))
    assert face.square.side == pytest.approx(173, rel=0.05)


def test_a_large_picture_gives_the_same_square_enlarged(finder):
    (face,) = finder.find(PHOTO)
    (large,) = finder.find(cv2.resize(PHOTO, (4096, 4096), interpolation=cv2.INTER_CUBIC))
    np.testing.assert_allclose(np.array(large.square.corners()) / 8, face.square.corners(), atol=2)


@pytest.mark.parametrize("beside_a_large_one", [False, True])
def test_a_tiny_face_in_a_large_picture(finder, beside_a_large_one):
    picture = np.full((2400, 3600, 3), 90, np.uint8)
    small = 256 if beside_a_large_one else 128  # pixels: she is a fifth of that
    picture[1500 : 1500 + small, 1000 : 1000 + small] = cv2.resize(PHOTO, (small, small), interpolation=cv2.INTER_AREA)
    if beside_a_large_one:
        picture[100:1124, 2500:3524] = cv2.resize(PHOTO, (1024, 1024))
    found = finder.find(picture)
    assert len(found) == 1 + beside_a_large_one
    x, y = found[-1].square.centre
    assert math.dist((x, y), (1000 + 225 * small / 512, 1500 + 106 * small / 512)) < 0.02 * small


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((1, 700, 3), np.uint8),
        np.zeros((700, 2, 3), np.uint8),
        skimage.data.chelsea(),  # a cat
        skimage.data.coffee(),
        skimage.data.moon(),
        skimage.data.rocket(),
        skimage.data.coins(),
        skimage.data.text(),
        skimage.data.chelsea()[:, ::-1].transpose(1, 0, 2),
        np.random.default_rng(0).integers(0, 256, (400, 600, 3)).astype(np.uint8),
    ],
    ids=[
        "one_pixel",
        "one_row",
        "two_columns",
        "cat",
        "coffee",
        "moon",
        "rocket",
        "coins",
        "text",
        "cat_turned",
        "noise",
    ],
)
def test_no_face(finder, picture):
    picture = np.ascontiguousarray(picture if picture.ndim == 3 else np.dstack([picture] * 3))
    assert finder.find(picture) == ()


def test_thirty_small_faces(finder):
    faces = [cv2.resize(drawn(seed), (96, 96), interpolation=cv2.INTER_AREA) for seed in range(30)]
    collage = np.vstack([np.hstack(faces[first : first + 6]) for first in range(0, 30, 6)])
    assert len(finder.find(collage)) == 30


@pytest.mark.parametrize("pixels", [20, 40, pytest.param(4100, marks=pytest.mark.slow)])
def test_a_face_of_any_size(finder, pixels):
    scale = pixels / (FACE[3] - FACE[1])
    (face,) = finder.find(cv2.resize(PHOTO, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    assert face.square.side == pytest.approx(173 * scale, rel=0.1)


def test_aligning_again_changes_nothing(finder):
    (face,) = finder.find(PHOTO)
    (again,) = finder.find(face.square.crop(PHOTO, 512))
    assert math.dist(again.square.centre, (256, 256)) < 6
    assert again.square.side == pytest.approx(512, rel=0.03)
    assert again.mesh.pose()[2] == pytest.approx(0, abs=1)


def test_a_damaged_detector_names_the_remedy(tmp_path, monkeypatch):
    entry = catalogue.part("yunet")
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    with pytest.raises(AnycostError, match="missing: run 'anycost models fetch'"):
        find_faces(PHOTO)
    entry.path.parent.mkdir(parents=True)
    entry.path.write_bytes(b"\0" * entry.size)  # the right size, and nothing else right
    with pytest.raises(AnycostError, match="damaged: run 'anycost models fetch'"):
        find_faces(PHOTO)


def test_the_sheet_shows_the_picture_and_a_row_for_each_face(finder):
    found = finder.find(PHOTO)
    sheet = draw_sheet(PHOTO, found)
    assert sheet.shape == (1280 + 320, 1280, 3)
    shown = sheet[1280:, :320]
    np.testing.assert_array_equal(shown, found[0].square.crop(PHOTO, 320))


def run(command, *words):
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args([str(word) for word in words])
    return args.run(args)


def test_command_lists_faces(tmp_path, capsys):
    save_image(tmp_path / "photo.png", PHOTO)
    assert run(faces_command, "faces", tmp_path / "photo.png", "--sheet", tmp_path / "sheet.png") == 0
    line, sheet = capsys.readouterr().out.splitlines()
    assert line.startswith("face 1: 9")
    assert (tmp_path / "sheet.png").stat().st_size > 100_000
    assert "sheet.png" in sheet
    assert run(faces_command, "faces", tmp_path / "photo.png", "--json") == 0
    (face,) = json.loads(capsys.readouterr().out)
    assert face["number"] == 1
    assert np.abs(np.subtract(face["box"], FACE)).max() < 6


def test_command_says_no_when_there_is_no_face(tmp_path, capsys):
    save_image(tmp_path / "cat.png", skimage.data.chelsea())
    assert run(faces_command, "faces", tmp_path / "cat.png") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no face found" in said.err


def test_models_command(tmp_path, capsys, monkeypatch):
    assert run(models_command, "models", "verify") == 0
    assert "yunet" in capsys.readouterr().out
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    assert run(models_command, "models", "verify", "--json") == 1
    said = capsys.readouterr()
    assert {part["state"] for part in json.loads(said.out)} == {"missing"}
    assert "anycost models fetch" in said.err
    assert run(models_command, "models", "list") == 0  # listing is no check
    assert "not needed" in capsys.readouterr().out
