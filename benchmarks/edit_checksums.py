"""Compares the checksums of edited pixels between two versions: do they edit alike, bit for bit?

    python benchmarks/edit_checksums.py --output before.json
    python benchmarks/edit_checksums.py --compare before.json     # names what differs; then exit code 1

Prints how many images differ, and which. It edits the astronaut and four generated faces with twelve attributes each,
by the command line and by the backend. A temporary folder takes the caches, so every face is projected anew; the
latency table is this machine's, because it decides which sub-generator renders a preview."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from anycost_client.protocol import messages as m
from anycost_models.core import paths
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
from serving import Backend, Client, array  # type: ignore[import-not-found]

ATTRIBUTES = (
    "smile", "mouth_open", "age", "gender", "jaw_width", "yaw", "light_side", "blush", "glasses", "beard",
    "hair_length", "hair_grey",
)  # fmt: skip
SEEDS = (1, 2, 3, 4)  # of generated faces
STRENGTH = 0.8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="JSON file to write")
    parser.add_argument("--compare", type=Path, help="JSON file of another version")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = checksums(Path(folder))
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n")
    before = json.loads(args.compare.read_text()) if args.compare else found
    different = sorted(name for name in before.keys() | found.keys() if before.get(name) != found.get(name))
    print(f"{len(found)} pictures, {len(different)} differ", *different, sep="\n  ")
    return 1 if different else 0


def checksums(folder: Path) -> dict[str, str]:
    """Picture's name → SHA-256 of its pixels."""
    home = folder / "home"
    shutil.copytree(paths.models_dir(), home / "data" / "models")
    if (paths.cache_dir() / "times").exists():
        shutil.copytree(paths.cache_dir() / "times", home / "cache" / "times")
    os.environ["ANYCOST_HOME"] = str(home)
    Image.fromarray(skimage.data.astronaut()).save(folder / "astronaut.png")
    for seed in SEEDS:
        anycost("render", "--seed", str(seed), "--output", str(folder / f"seed{seed}.png"))
    photos = sorted(folder.glob("*.png"))
    found = {photo.stem: digest(pixels_of(photo)) for photo in photos}
    edited = folder / "edited.png"
    with tqdm(total=3 * len(photos) * len(ATTRIBUTES), unit="edit", disable=None) as bar:
        for photo in photos:
            for attribute in ATTRIBUTES:
                anycost("edit", str(photo), "--set", f"{attribute}={STRENGTH}", "--output", str(edited))
                found[f"{photo.stem} {attribute} command"] = digest(pixels_of(edited))
                bar.update()
        backend = Backend(folder / "backend").started()
        try:
            client = Client(backend.file)
            for photo in photos:
                session = client.open(pixels_of(photo)).session
                for attribute in ATTRIBUTES:
                    for quality in ("best", "final"):
                        edit = m.FaceEdit(face=0, strengths={attribute: STRENGTH})
                        reply = final_reply(client, m.Edit(session=session, faces=(edit,), quality=quality))
                        found[f"{photo.stem} {attribute} {quality}"] = digest(array(reply.picture))
                        bar.update()
        finally:
            backend.kill()
    return found


def final_reply(client: Client, request: m.Edit) -> m.Edited:
    """The last of the pictures that a request gets."""
    reply = client.ask(request, timeout=300)
    while isinstance(reply, m.Edited) and reply.more:
        reply = client.reply(request.id, timeout=300)
    if not isinstance(reply, m.Edited):
        raise RuntimeError(f"no picture: {reply}")
    return reply


def anycost(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "anycost_backend", *arguments], check=True, stdout=subprocess.DEVNULL)


def pixels_of(photo: Path) -> np.ndarray:
    return np.asarray(Image.open(photo))  # [H, W, 3], uint8


def digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(f"{pixels.shape}{pixels.dtype}".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
