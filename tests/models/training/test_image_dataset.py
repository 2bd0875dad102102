"""Training images: those of a folder, generated faces, and their order."""

import shutil

import numpy as np
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.training.data import image_dataset
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.data.image_dataset import FolderImages, Shuffled, read_square
from anycost_models.training.engine.stage import DataSettings
from PIL import Image
from skimage.data import astronaut


@pytest.fixture
def folder(tmp_path):
    """Images of several formats, one of them in a sub-folder, and a file that is none."""
    made = tmp_path / "photos"
    (made / "more").mkdir(parents=True)
    Image.fromarray(astronaut()[:, 100:300]).save(made / "tall.png")
    Image.fromarray(astronaut()[100:200]).convert("L").save(made / "wide.jpg")
    Image.fromarray(astronaut()).convert("P").save(made / "more" / "square.gif")
    (made / "notes.txt").write_text("not a image")
    return made


def test_each_image_is_its_central_square_area_resized(folder, tmp_path):
    found = FolderImages(folder, 50, tmp_path)
    assert len(found) == 3
    kept = found.pixels[1]  # by name: more/square.gif, tall.png, wide.jpg
    square = astronaut()[156:356, 100:300].astype(float)
    expected = square.reshape(50, 4, 50, 4, 3).mean((1, 3))
    assert np.abs(kept - expected).max() <= 1
    image = found[1]
    assert image.shape == (3, 50, 50)
    assert image.min() >= -1
    assert image.max() <= 1
    assert torch.equal(image, torch.from_numpy(kept.copy()).permute(2, 0, 1) / 127.5 - 1)


def test_images_are_turned_upright(tmp_path):
    image, exif = Image.fromarray(astronaut()), Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    image.rotate(90).save(tmp_path / "turned.png", exif=exif)
    image.save(tmp_path / "upright.png")
    assert np.array_equal(read_square(tmp_path / "turned.png", 64), read_square(tmp_path / "upright.png", 64))


def test_images_are_decoded_once_and_again_when_the_folder_changes(folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    first = np.array(FolderImages(folder, 16, cache).pixels)
    with monkeypatch.context() as patch:
        patch.setattr(image_dataset, "read_square", None)
        assert np.array_equal(FolderImages(folder, 16, cache).pixels, first)
    Image.fromarray(astronaut()[:99, :99]).save(folder / "new.png")
    assert len(FolderImages(folder, 16, cache)) == 4
    assert not list(cache.glob("*.part"))


def damaged(folder):
    whole = (folder / "tall.png").read_bytes()
    (folder / "tall.png").write_bytes(whole[: len(whole) // 2])


def too_small(folder):
    Image.new("RGB", (200, 15)).save(folder / "thin.png")


def too_large(folder):
    (folder / "huge.bmp").write_bytes(
        b"BM" + bytes(8) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
        + (20_000).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    )  # fmt: skip


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def gone(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (gone, "there is no folder .*photos of pictures: name one that exists"),
        (empty, "the folder .*photos holds no pictures"),
        (damaged, "the picture .*tall.png cannot be read"),
        (too_small, "thin.png is 200 × 15 pixels: 16 are trained"),
        (too_large, r"huge.bmp cannot be read \(.*exceeds limit.*\): remove it"),
    ],
)
def test_a_bad_folder_is_named(folder, tmp_path, spoil, message):
    spoil(folder)
    cache = tmp_path / "cache"
    cache.mkdir()
    with pytest.raises(AnycostError, match=message):
        FolderImages(folder, 16, cache)
    assert not list(cache.iterdir())


def test_a_dataset_larger_than_the_disk_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2000, 1000, 1000))
    with pytest.raises(AnycostError, match=r"3 pictures of 16 px take .* MiB in .*: free some"):
        FolderImages(folder, 16, tmp_path)


def test_every_image_comes_once_in_each_epoch_in_another_order():
    class Numbers:
        def __len__(self):
            return 20

        def __getitem__(self, index):
            return torch.full((3, 2, 4), float(index)).copysign(torch.tensor([1.0, 1, -1, -1]))  # its right is negative

    def order(samples, flip=False):
        return Shuffled(Numbers(), 5, flip)(samples, 4)[:, 0, 0, 0].abs().tolist()

    first, second = order(range(20)), order(range(20, 40))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert order(range(17, 23)) == first[17:] + second[:3]  # independent of earlier calls
    flipped = Shuffled(Numbers(), 5, True)(range(40), 4)[:, 0, 0, 0] < 0
    assert 5 < flipped.sum() < 35
    assert not (Shuffled(Numbers(), 5, False)(range(40), 4)[:, 0, 0, 0] < 0).any()


@pytest.fixture
def teacher(tmp_path):
    torch.manual_seed(0)
    save_generator(MobileGenerator(TINY), tmp_path / "tiny.safetensors")
    return load_generator(tmp_path / "tiny.safetensors")


def test_faces_are_rendered_once_at_the_trained_size(teacher, tmp_path):
    faces = GeneratedFaces(teacher, DataSettings(pool=4), 3, tmp_path, fast=False, side=16)
    latent, image = faces.faces([2], 16)
    expected = torch.nn.functional.avg_pool2d(teacher.half_size(latent).clamp(-1, 1), 2)
    torch.testing.assert_close(image, expected, atol=0.01, rtol=0)
    faces.teacher = None  # not asked again
    assert torch.equal(faces.faces([6], 16)[1], image)


def test_faces_may_be_rendered_at_a_cheaper_exit(teacher, tmp_path):
    faces = GeneratedFaces(teacher, DataSettings(pool=4, exit=32), 3, tmp_path, fast=False, side=16)
    latent, image = faces.faces([2], 16)
    rendered = teacher(latent, SubGenerator(32)).clamp(-1, 1)
    torch.testing.assert_close(image, torch.nn.functional.avg_pool2d(rendered, 2), atol=0.01, rtol=0)
    other = GeneratedFaces(teacher, DataSettings(pool=4), 3, tmp_path, fast=False, side=16)
    assert not torch.equal(other.faces([2], 16)[1], image)  # and they are not mistaken for each other
    with pytest.raises(AnycostError, match="faces of 32 px cannot be rendered at 16 px: choose an exit of 32, 64"):
        GeneratedFaces(teacher, DataSettings(pool=4, exit=16), 3, tmp_path, fast=False, side=32)


def test_row_mixing_puts_a_share_of_another_face_into_every_row(teacher, tmp_path):
    plain, mixed = (
        GeneratedFaces(teacher, DataSettings(pool=8, mixing=0.0, row_mixing=share), 3, tmp_path, fast=False, side=16)
        for share in (0.0, 0.5)
    )
    before, after = plain.latents(range(8)), mixed.latents(range(8))
    assert all(torch.equal(rows, rows[:1].expand_as(rows)) for rows in before)
    kept = [torch.allclose(a, b, atol=1e-6) for a, b in zip(before, after, strict=True)]
    assert 0 < sum(kept) < 8
    for rows in after[[i for i in range(8) if not kept[i]]]:
        assert len(rows.unique(dim=0)) == len(rows)
    assert plain.images.filename != mixed.images.filename


def test_a_pool_can_be_rendered_beforehand(teacher, tmp_path):
    faces = GeneratedFaces(teacher, DataSettings(pool=5), 3, tmp_path, fast=False, side=16)
    first = faces.cached(1)
    faces.fill()
    assert faces.images[:].reshape(5, -1).all()  # 0 means not rendered
    assert (faces.cached(1) == first).all()
