"""The converted networks compute what the TensorFlow Lite files say."""

import cv2
import numpy as np
import onnx
import pytest
import skimage.data
from anycost_models.hub import catalogue, tflite_to_onnx
from anycost_models.inference import onnx_network

PHOTO = skimage.data.astronaut()[40:220, 130:310]  # the face, and what is around it


def picture(size):
    return cv2.resize(PHOTO, (size, size), interpolation=cv2.INTER_AREA)[None].astype(np.float32) / 255


def points():
    return np.random.default_rng(0).uniform(40, 220, (1, 146, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "array", "tolerance"),
    [
        ("face_landmarks", picture(256), 0.01),  # pixels of 256, and logits
        ("face_landmarks", np.zeros((1, 256, 256, 3), np.float32), 0.01),
        ("face_blendshapes", points(), 1e-4),  # 0…1
    ],
)
def test_same_as_openvino_reading_the_source(name, array, tolerance):
    openvino = pytest.importorskip("openvino")
    model = openvino.Core().read_model(catalogue.part(name).source)
    model.reshape(list(array.shape))
    expected = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([array])
    got = onnx_network.load(catalogue.path_of(name), "onnxruntime")(array)
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected.values(), strict=True):
        np.testing.assert_allclose(ours.reshape(-1), theirs.reshape(-1), atol=tolerance)


def test_matte_separates_the_person_from_the_wall():
    # OpenVINO cannot read this one's own operator, so the picture is the judge.
    (matte,) = onnx_network.load(catalogue.path_of("selfie_matte"))(picture(256))
    matte = matte[0, :, :, 0]
    assert matte[100:200, 90:170].min() > 0.95  # her face
    assert matte[30:60, 110:160].min() > 0.9  # her hair
    assert matte[:120, :20].max() < 0.05  # the wall on her left …
    assert matte[150:180, -20:].max() < 0.05  # … and right


def test_transposed_convolution_lays_its_kernel_the_right_way_round(tmp_path):
    model = onnx.load(catalogue.path_of("selfie_matte"))
    (node,) = (node for node in model.graph.node if node.op_type == "ConvTranspose")
    (kernel,) = (constant for constant in model.graph.initializer if constant.name == node.input[1])
    weights = onnx.numpy_helper.to_array(kernel)  # [16, 1, 2, 2]

    def roughness(turned):
        kernel.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(turned), kernel.name))
        onnx.save(model, tmp_path / "turned.onnx")
        matte = onnx_network.load(tmp_path / "turned.onnx")(picture(256))[0][0, :, :, 0]
        return np.abs(matte - cv2.GaussianBlur(matte, (0, 0), 1)).mean()

    others = [weights.swapaxes(2, 3), weights[..., ::-1], weights[:, :, ::-1], weights[:, :, ::-1, ::-1]]
    assert roughness(weights) < 0.8 * min(map(roughness, others))  # any other way combs the edges


def test_unknown_operator_is_named(monkeypatch):
    known = {name: write for name, write in tflite_to_onnx.OPERATORS.items() if name != "HARD_SWISH"}
    monkeypatch.setattr(tflite_to_onnx, "OPERATORS", known)
    with pytest.raises(ValueError, match="HARD_SWISH"):
        tflite_to_onnx.convert(catalogue.part("selfie_matte").source.read_bytes(), "matte")


def test_another_kind_of_file_is_refused():
    with pytest.raises(ValueError, match="not a TensorFlow Lite file"):
        tflite_to_onnx.convert(b"PK\x03\x04 something else", "thing")


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before", "after"),
    [(256, 3, 2, 0, 1), (128, 3, 1, 1, 1), (64, 5, 2, 1, 2), (128, 2, 2, 0, 0), (7, 3, 2, 1, 1)],
)
def test_same_padding_puts_the_odd_pixel_after(size, kernel, stride, before, after):
    assert tflite_to_onnx._same_padding(size, kernel, stride, 1) == (before, after)
