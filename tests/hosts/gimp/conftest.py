"""A profile in the chroot's GIMP with our plug-in in it, as the installer puts it there, and the backend outside."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from anycost_client.backend.backend_process import Backend
from anycost_client.backend.worker_thread import Worker
from anycost_models.core import paths
from anycost_models.core.signed_cache import key_path, own_key
from gimp_host import CHROOT, HERE, PROGRAM, QUICK, ROOT, SECONDS, Gimp

BRIDGE = """#!/usr/bin/python3
import sys
from pathlib import Path
sys.path[:0] = ["{vendor}", "{vendor}/cp312"]
from anycost_client.transport import bridge
Path("{vendor}/was-used").touch()
assert sys.argv[-3:-1] == ["bridge", "--connection"], sys.argv
sys.exit(bridge.run(Path(sys.argv[-1])))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = ""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        why = "entering a chroot takes root"
    elif not PROGRAM:
        why = f"there is no GIMP in {CHROOT}: make it with {HERE / 'chroot.sh'}"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.host)
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def profile_folder() -> Iterator[Path]:
    """A home in the chroot."""
    folder = CHROOT / "home" / f"test-{uuid.uuid4().hex[:8]}"
    (folder / "work").mkdir(parents=True)
    (folder / "anycost").mkdir()
    sys.path.insert(0, str(ROOT / "installer"))
    try:
        from anycost_installer.core.paths import paths_of
        from anycost_installer.core.progress import Progress
        from anycost_installer.hosts.host import Host
        from anycost_installer.plugins.installation import installed_plugins

        places = paths_of(None, "linux", folder, {"ANYCOST_HOME": str(folder / "anycost")})
        host = Host("GIMP", "package", folder / "profile", places.data / "backend.json")
        with installed_plugins(ROOT, Path("/nowhere"), places, [host], vendored, Progress(sys.stdout)):
            pass
        shutil.copytree(host.plugin_folder / "vendor", folder / "bridge")
        python = folder / "backend-python"  # for the bridge alone, in the chroot's own Python
        python.write_text(BRIDGE.format(vendor=f"/home/{folder.name}/bridge"))
        python.chmod(0o755)
        yield folder
    finally:
        sys.path.remove(str(ROOT / "installer"))
        shutil.rmtree(folder)


def vendored(arguments: list[str]) -> bool:
    """`pip install`, for the chroot's Python alone."""
    if arguments[arguments.index("--python-version") + 1] != "3.12":
        return False
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)
    return True


@pytest.fixture(scope="session")
def backend(profile_folder: Path) -> Iterator[Path]:
    """`anycost serve`, kept alive between the GIMPs by a client of its own. Its home."""
    home = profile_folder.with_name(f"{profile_folder.name}-backend")
    own_key(make=True)
    shared = {"data/models": paths.models_dir(), "cache/graphs": paths.cache_dir() / "graphs"}
    for name, source in (shared | {f"data/{key_path().name}": key_path()}).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(source)
    file = profile_folder / "anycost" / "run" / "connection.json"
    file.parent.mkdir(mode=0o700)
    variables = os.environ | {"ANYCOST_HOME": str(home), "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, str(QUICK), "anycost_backend", "serve", "--connection", str(file), "--patience", "600"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, env=variables)
    keeper = Worker(lambda event: None, Backend("the tests", connection_file=file))
    try:
        deadline = time.monotonic() + SECONDS
        while not file.exists():
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        keeper.start()
        yield home
    finally:
        keeper.close()
        keeper.join(10)
        process.kill()
        process.wait()
        shutil.rmtree(home)


@pytest.fixture
def gimp(profile_folder: Path, backend: Path) -> Iterator[Gimp]:
    for path in (profile_folder / "work").iterdir():
        path.unlink()
    yield Gimp(profile_folder)
    print((backend / "log").read_text()[-4000:])  # pytest shows it where a test fails
