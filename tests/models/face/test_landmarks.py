"""The landmarks follow the face through any turn and size of the picture, and carry expression and pose."""

import math

import numpy as np
import pytest
import skimage.data
from anycost_models.face.aligned_square import AlignedSquare, apply
from anycost_models.face.landmarks import BLENDSHAPES, FACE_OVAL, FaceMesh, Landmarks

PHOTO = skimage.data.astronaut()
AROUND_FACE = AlignedSquare((222.0, 120.0), (80.0, 0.0))


@pytest.fixture(scope="module")
def mesh():
    return FaceMesh.load()


@pytest.fixture(scope="module")
def found(mesh):
    return mesh.landmarks(PHOTO, AROUND_FACE)


def test_points_lie_where_the_eye_sees_them(found):
    assert found.points.shape == (478, 3)
    assert found.points.dtype == np.float32
    assert found.presence > 0.99
    by_hand = {468: (204, 101.5), 473: (249, 103.5), 61: (204, 141), 291: (244, 141.5), 152: (221, 178.5)}
    for index, place in by_hand.items():  # irises, corners of the mouth, chin
        assert math.dist(found.points[index, :2], place) < 4


@pytest.mark.parametrize(("degrees", "side"), [(0, 512), (20, 512), (-35, 900), (80, 300), (180, 512)])
def test_points_follow_a_turned_and_scaled_picture(mesh, found, degrees, side):
    turn = math.radians(degrees)
    view = AlignedSquare((222.0, 120.0), (128 * math.cos(turn), 128 * math.sin(turn)))
    picture = view.crop(PHOTO, side)
    expected = found.moved(view.matrix(side))
    half = 80 / 256 * side
    start = AlignedSquare((side / 2, side / 2), (half * math.cos(turn), -half * math.sin(turn)))
    again = mesh.landmarks(picture, start)
    assert np.abs(again.points - expected.points).mean() < 0.01 * side * 256 / 512
    assert again.pose()[2] == pytest.approx((found.pose()[2] - degrees + 180) % 360 - 180, abs=2)


def test_an_aligned_square_needs_no_search(mesh, found):
    square = found.ffhq_square()
    aligned = mesh.landmarks_aligned(square.crop(PHOTO, 256))
    assert np.abs(aligned.points - found.moved(square.matrix(256)).points).mean() < 0.5
    # Aligning what is aligned changes next to nothing.
    again = aligned.ffhq_square()
    assert math.dist(again.centre, (128, 128)) < 1
    assert again.side == pytest.approx(256, rel=0.02)
    assert math.degrees(math.atan2(again.axis[1], again.axis[0])) == pytest.approx(0, abs=0.5)


def test_a_face_cut_by_the_pictures_edge_keeps_its_place(mesh, found):
    cut = 225  # through the nose
    half = mesh.landmarks(np.ascontiguousarray(PHOTO[:, cut:]), AlignedSquare((222.0 - cut, 120.0), (80.0, 0.0)))
    error = np.abs(half.points[:, :2] + (cut, 0) - found.points[:, :2])
    assert error[found.points[:, 0] > cut].mean() < 5
    assert error.mean() < 10


def test_expression(mesh, found):
    strengths = mesh.blendshapes(found)
    assert tuple(strengths) == BLENDSHAPES
    assert all(0 <= strength <= 1 for strength in strengths.values())
    assert min(strengths["mouthSmileLeft"], strengths["mouthSmileRight"]) > 0.7
    assert strengths["jawOpen"] < 0.2
    assert max(strengths["eyeBlinkLeft"], strengths["eyeBlinkRight"]) < 0.3


def test_expression_does_not_depend_on_size_or_tilt(mesh, found):
    turn = AlignedSquare((100.0, 50.0), (30.0, 40.0)).matrix(700)
    moved = mesh.blendshapes(found.moved(turn))
    for name, strength in mesh.blendshapes(found).items():
        assert moved[name] == pytest.approx(strength, abs=1e-3)


def test_pose_has_the_signs_it_promises(found):
    yaw, _, roll = found.pose()
    assert abs(yaw) < 8
    assert 0 < roll < 8  # her eyes fall a little to the picture's right
    points = found.points - found.points.mean(axis=0)
    turn = math.radians(20)
    around_y = np.array([[math.cos(turn), 0, -math.sin(turn)], [0, 1, 0], [math.sin(turn), 0, math.cos(turn)]])
    turned = Landmarks((points @ around_y.T).astype(np.float32), 1.0)
    nose, cheeks = turned.points[1, 0], turned.points[[234, 454], 0].mean()
    assert nose > cheeks  # the nose moved to the picture's right
    assert turned.pose()[0] == pytest.approx(yaw + 20, abs=2)
    around_x = np.array([[1, 0, 0], [0, math.cos(turn), math.sin(turn)], [0, -math.sin(turn), math.cos(turn)]])
    raised = Landmarks((points @ around_x.T).astype(np.float32), 1.0)
    assert raised.points[1, 1] < points[1, 1]  # the nose moved up
    assert raised.pose()[1] == pytest.approx(found.pose()[1] + 20, abs=2)


def test_no_face_has_no_presence(mesh):
    wall = np.full((256, 256, 3), 150, np.uint8)
    assert mesh.landmarks(wall, AlignedSquare((128.0, 128.0), (80.0, 0.0))).presence < 0.5


def test_moving_points_scales_their_depth(found):
    moved = found.moved(AlignedSquare((256.0, 256.0), (256.0, 0.0)).matrix(1024))
    np.testing.assert_allclose(moved.points, found.points * 2, rtol=1e-5)
    assert apply(np.array([[1.0, 0, 5], [0, 1, 7]]), np.array([[1.0, 2.0]])).tolist() == [[6.0, 9.0]]


def test_the_oval_is_a_simple_contour_around_the_face(found):
    oval = found.points[list(FACE_OVAL), :2]
    x, y = oval.T
    area = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    width, height = oval.max(axis=0) - oval.min(axis=0)
    assert 0.7 < area / (width * height) < 0.9  # an ellipse fills 0.785 of its box; clockwise in the picture
