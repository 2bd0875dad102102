"""A Debian 12 with nothing but Python and no network: install from a bundle, edit a face, update, repair, remove.

The bundle that ANYCOST_BUNDLE names, else one made here (minutes, and a quarter of a gigabyte to download)."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anycost-face-editor"
CHROOT = Path(os.environ.get("ANYCOST_PLAIN_CHROOT") or CACHE / "chroot" / "plain-bookworm")
HOME = "/home/anna/Zuhause ünd 家"
DATA = f"{HOME}/.local/share/anycost-face-editor"

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="entering a chroot takes root"),
    pytest.mark.skipif(not (CHROOT / "home/anna").exists(), reason=f"no chroot: make it with {HERE / 'chroot.sh'}"),
]

# No network but the loopback, own processes, and no more rights than any user has.
INSIDE = """
ip link set lo up
exec chroot "$1" setpriv --reuid anna --regid anna --clear-groups env -i "HOME=$2" LANG=C.UTF-8 PATH=/usr/bin:/bin \
    sh -c "cd; exec $3"
"""


def inside(command: str, code: int = 0) -> str:
    """Runs a command as user anna in the chroot and returns its output."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", f"--mount-proc={CHROOT / 'proc'}"]
    done = subprocess.run(
        [*words, "sh", "-ec", INSIDE, "sh", CHROOT, HOME, command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(f"$ {command}\n{done.stdout}")
    assert done.returncode == code
    return done.stdout


def there() -> set[str]:
    return {str(path.relative_to(CHROOT)) for path in (CHROOT / HOME.lstrip("/")).rglob("*")}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    if given := os.environ.get("ANYCOST_BUNDLE"):
        return Path(given)
    file = tmp_path_factory.mktemp("bundle") / "bundle.pyz"
    subprocess.run([sys.executable, ROOT / "installer", "bundle", file, "--python", "3.11"], check=True)
    return file


def newer(bundle: Path, file: Path) -> None:
    """The next release: the same files with another version."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(file, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        version = manifest["version"]
        manifest |= {"version": "99.0", "release": "99.0-aaaaaaaa"}
        for member in manifest["files"]:
            path = member["path"]
            if path == "pyproject.toml":
                text = old.read(path).decode().replace(f'\nversion = "{version}"', '\nversion = "99.0"')
                data = text.encode()
            elif path.startswith("wheels/anycost_face_editor-"):
                member["path"] = path.replace(version, "99.0")
                data = renamed(old.read(path), version)
            else:
                with old.open(path) as source, new.open(path, "w") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                continue
            member |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            new.writestr(member["path"], data)
        new.writestr("manifest.json", json.dumps(manifest))


def renamed(wheel: bytes, version: str) -> bytes:
    """The project's wheel as one of version 99.0."""
    packed, name = io.BytesIO(), "anycost_face_editor"
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(packed, "w") as new:
        for path in old.namelist():
            data = old.read(path)
            if path.endswith(".dist-info/METADATA"):
                data = data.replace(f"\nVersion: {version}\n".encode(), b"\nVersion: 99.0\n")
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                row = f"{name}-99.0.dist-info/METADATA,sha256={digest},{len(data)}"
            if path.endswith(".dist-info/RECORD"):
                rows = data.decode().replace(f"{name}-{version}.dist-info", f"{name}-99.0.dist-info").splitlines()
                data = "".join(f"{row if '/METADATA,' in line else line}\n" for line in rows).encode()
            new.writestr(path.replace(f"{name}-{version}.dist-info", f"{name}-99.0.dist-info"), data)
    return packed.getvalue()


def test_installed_used_updated_repaired_and_removed(bundle):
    from PIL import Image
    from skimage.data import astronaut

    home = CHROOT / HOME.lstrip("/")
    shutil.rmtree(home, ignore_errors=True)
    (home / ".local/share/krita").mkdir(parents=True)  # a Krita was started here once
    shutil.copyfile(bundle, home / "face editor.pyz")
    newer(bundle, home / "next face editor.pyz")
    Image.fromarray(astronaut()).save(home / "photo.png")
    subprocess.run(["chroot", CHROOT, "chown", "-R", "anna:anna", "/home/anna"], check=True)
    (home / "read only").mkdir(mode=0o500)
    subprocess.run(["chroot", CHROOT, "chown", "anna:anna", f"{HOME}/read only"], check=True)
    before = there()
    said = inside("python3 'face editor.pyz' install --krita --yes --prefix 'read only'", code=2)
    assert "read only" in said
    assert "run the same command again" in said
    assert there() == before

    said = inside("python3 'face editor.pyz' install --krita --yes")
    assert "Self-test: anycost" in said
    (first,) = (CHROOT / DATA.lstrip("/") / "environments").iterdir()

    anycost = f"'{DATA}'/environments/*/bin/anycost"
    inside(f"{anycost} edit photo.png --set smile=0.8 --output edited.png")
    with Image.open(home / "edited.png") as edited:
        assert edited.size == (512, 512)

    said = inside("python3 'next face editor.pyz' update --yes")
    assert "99.0 is installed" in said
    assert [path.name for path in (CHROOT / DATA.lstrip("/") / "environments").iterdir()] == ["99.0-aaaaaaaa"]
    assert not first.exists()
    assert "99.0-aaaaaaaa" in (CHROOT / DATA.lstrip("/") / "backend.json").read_text()

    (environment,) = (CHROOT / DATA.lstrip("/") / "environments").iterdir()
    damaged = [
        next(environment.glob("lib/python3*/site-packages/numpy/__init__.py")),
        next(environment.glob("lib/python3*/site-packages/anycost_backend/server/server.py")),
        CHROOT / DATA.lstrip("/") / "models" / "yunet.onnx",
        home / ".local/share/krita/pykrita/anycost_krita/__init__.py",
    ]
    whole = [path.read_bytes() for path in damaged]
    for path in damaged:
        path.write_bytes(b"damaged")
    inside("python3 'next face editor.pyz' repair")
    assert [path.read_bytes() == content for path, content in zip(damaged, whole, strict=True)] == [True] * 4
    inside("python3 'next face editor.pyz' doctor")
    inside(f"{anycost} edit photo.png --set age=-0.5 --output edited.png")

    inside("python3 'next face editor.pyz' remove --models remove --yes")
    assert there() - before == {str((home / "edited.png").relative_to(CHROOT))}
    shutil.rmtree(home)
