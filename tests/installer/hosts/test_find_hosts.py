"""Editors are found on every system by the same code: here on systems made of folders."""

import os
import plistlib
from collections.abc import Callable
from pathlib import Path

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.hosts import sandboxes
from anycost_installer.hosts.find import find_hosts, running_editors, select_hosts
from anycost_installer.hosts.host import Host

METAINFO = (
    '<component><releases><release date="2026-01-05" version="{}"/><release version="1.0"/></releases></component>'
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def home(home_folder: Path) -> Path:
    return home_folder


def file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def metainfo(share: Path, version: str, name: str = "org.kde.krita") -> None:
    file(share / "metainfo" / f"{name}.appdata.xml", METAINFO.format(version))


# ------------------------------------------------------------ one system each


def distribution(root: Path, home: Path) -> None:
    (root / "usr/bin").mkdir(parents=True)
    file(root / "usr/bin/python3.13")
    (root / "usr/bin/python3").symlink_to("python3.13")
    file(root / "usr/bin/krita")
    metainfo(root / "usr/share", "5.2.9")
    file(root / "usr/bin/gimp-3.0")
    metainfo(root / "usr/share", "3.0.4", "org.gimp.GIMP")


def app_images(root: Path, home: Path) -> None:
    file(home / "Downloads/krita-5.2.14-x86_64.AppImage")
    file(home / "Applications/GIMP-3.2.6-x86_64.AppImage")
    file(home / "Downloads/kritaria-1.0.AppImage")  # another program


def flatpaks(root: Path, home: Path) -> None:
    krita = root / "var/lib/flatpak/app/org.kde.krita/current/active"
    metainfo(krita / "files/share", "5.2.6")
    file(krita / "metadata", "[Application]\nname=org.kde.krita\nruntime=org.kde.Platform/x86_64/5.15-23.08\n")
    runtime = root / "var/lib/flatpak/runtime/org.kde.Platform/x86_64/5.15-23.08/active/files"
    (runtime / "lib/python3.11").mkdir(parents=True)
    gimp = home / ".local/share/flatpak/app/org.gimp.GIMP/current/active"
    metainfo(gimp / "files/share", "3.0.6", "org.gimp.GIMP")
    (gimp / "files/lib/python3.12").mkdir(parents=True)
    (home / ".var/app/org.gimp.GIMP/config/GIMP/3.0").mkdir(parents=True)


def snaps(root: Path, home: Path) -> None:
    file(root / "snap/krita/current/meta/snap.yaml", "name: krita\nversion: 5.2.2\n")
    (root / "snap/krita/current/usr/lib/python3.10").mkdir(parents=True)
    file(root / "snap/gimp/current/meta/snap.yaml", "name: gimp\nversion: '3.0.4'\n")


def windows(root: Path, home: Path) -> None:
    krita = root / "Program Files/Krita (x64)"
    metainfo(krita / "share", "5.2.9")
    file(krita / "python/python310.dll")
    file(root / "Program Files/GIMP 3/bin/gimp-3.0.exe")
    file(root / "Program Files/GIMP 3/bin/gimp-console-3.0.exe")
    (root / "Program Files/GIMP 3/lib/python3.12").mkdir(parents=True)


def store(root: Path, home: Path) -> None:
    (home / "AppData/Local/Packages/49800Krita_x7/LocalCache").mkdir(parents=True)


def macos(root: Path, home: Path) -> None:
    for app, version, python in (("krita", "5.3.3", "3.13"), ("GIMP", "3.0.4", "3.11")):
        inside = root / f"Applications/{app}.app/Contents"
        (inside / "Frameworks/Python.framework/Versions" / python).mkdir(parents=True)
        (inside / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": version}))


SHARE, CONFIG = ".local/share", ".config"
NOTE = "anycost-face-editor/backend.json"
FLATPAK_KRITA = ".var/app/org.kde.krita"
CACHE = "AppData/Local/Packages/49800Krita_x7/LocalCache"
SUPPORT = "Library/Application Support"


@pytest.mark.parametrize(
    ("system", "platform", "expected"),
    [
        (
            distribution,
            "linux",
            {
                "Krita 5.2.9": ("3.13", "pyzmq", f"{SHARE}/krita/pykrita", f"{SHARE}/{NOTE}"),
                "GIMP 3.0.4": ("3.13", "pyzmq", f"{CONFIG}/GIMP/3.0/plug-ins", f"{SHARE}/{NOTE}"),
            },
        ),
        (
            app_images,
            "linux",
            {
                "Krita 5.2.14 (AppImage)": ("3.10", "pyzmq", f"{SHARE}/krita/pykrita", f"{SHARE}/{NOTE}"),
                "GIMP 3.2.6 (AppImage)": ("", "", f"{CONFIG}/GIMP/3.2/plug-ins", f"{SHARE}/{NOTE}"),
            },
        ),
        (
            flatpaks,
            "linux",
            {
                "Krita 5.2.6 (Flatpak)": (
                    "3.11",
                    "pyzmq",
                    f"{FLATPAK_KRITA}/data/krita/pykrita",
                    f"{FLATPAK_KRITA}/data/{NOTE}",
                ),
                "GIMP 3.0.6 (Flatpak)": (
                    "3.12",
                    "pyzmq",
                    ".var/app/org.gimp.GIMP/config/GIMP/3.0/plug-ins",
                    f".var/app/org.gimp.GIMP/data/{NOTE}",
                ),
            },
        ),
        (
            snaps,
            "linux",
            {
                "Krita 5.2.2 (Snap)": (
                    "3.10",
                    "pyzmq",
                    f"snap/krita/current/{SHARE}/krita/pykrita",
                    f"snap/krita/current/{SHARE}/{NOTE}",
                ),
                "GIMP 3.0.4 (Snap)": (
                    "",
                    "",
                    f"snap/gimp/current/{CONFIG}/GIMP/3.0/plug-ins",
                    f"snap/gimp/current/{SHARE}/{NOTE}",
                ),
            },
        ),
        (
            windows,
            "win32",
            {
                "Krita 5.2.9": ("3.10", "pyzmq", "AppData/Roaming/krita/pykrita", f"AppData/Local/{NOTE}"),
                "GIMP 3.0": ("3.12", "bridge", "AppData/Roaming/GIMP/3.0/plug-ins", f"AppData/Local/{NOTE}"),
            },
        ),
        (
            store,
            "win32",
            {"Krita (Store)": ("", "", f"{CACHE}/Roaming/krita/pykrita", f"{CACHE}/Local/{NOTE}")},
        ),
        (
            macos,
            "darwin",
            {
                "Krita 5.3.3": ("3.13", "pyzmq", f"{SUPPORT}/krita/pykrita", f"{SUPPORT}/{NOTE}"),
                "GIMP 3.0.4": ("3.11", "pyzmq", f"{SUPPORT}/GIMP/3.0/plug-ins", f"{SUPPORT}/{NOTE}"),
            },
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_found_and_where_its_plug_in_goes(
    system: Callable[[Path, Path], None], platform: str, expected: dict, root: Path, home: Path
) -> None:
    system(root, home)
    found = find_hosts(Machine(platform, home, {}, root))
    seen = {
        host.title: (
            host.python,
            host.channel,
            host.plugins_folder.relative_to(home).as_posix(),
            host.backend.relative_to(home).as_posix(),
        )
        for host in found
    }
    assert seen == expected


def test_an_empty_machine_has_none(root: Path, home: Path) -> None:
    for platform in ("linux", "win32", "darwin"):
        machine = Machine(platform, home, {}, root)
        assert find_hosts(machine) == []
        with pytest.raises(InstallError, match="neither Krita nor GIMP 3 was found"):
            select_hosts(machine, only_krita=False, only_gimp=False)
        with pytest.raises(InstallError, match="no Krita was found on this machine"):
            select_hosts(machine, only_krita=True, only_gimp=False)


def test_a_home_that_was_named_gets_what_was_asked_for(root: Path, home: Path) -> None:
    machine = Machine("linux", home, {}, root, prefixed=True)
    assert [host.title for host in select_hosts(machine, only_krita=True, only_gimp=True)] == ["Krita", "GIMP"]


def test_kritas_that_share_a_profile_are_told_apart_and_snaps_are_left_out(root: Path, home: Path) -> None:
    for system in (distribution, app_images, snaps):
        system(root, home)
    kritas = [host for host in find_hosts(Machine("linux", home, {}, root)) if host.program == "Krita"]
    package, image, snap = kritas
    assert package.plugin_folder == image.plugin_folder
    assert not package.obstacle
    assert "use Krita's AppImage (krita.org) or your distribution's package" in snap.obstacle


def test_every_gimp_that_was_started_gets_it_and_an_old_one_does_not(root: Path, home: Path) -> None:
    for name in ("2.10", "3.0", "3.2", "3.10"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    machine = Machine("linux", home, {}, root)
    assert [host.title for host in find_hosts(machine)] == ["GIMP 3.10", "GIMP 3.2", "GIMP 3.0"]
    file(root / "usr/bin/gimp")
    metainfo(root / "usr/share", "2.10.34", "org.gimp.GIMP")
    assert "install GIMP 3" in find_hosts(machine)[-1].obstacle


def test_moved_folders_are_followed(root: Path, home: Path) -> None:
    distribution(root, home)
    elsewhere = {"XDG_DATA_HOME": str(home / "d"), "XDG_CONFIG_HOME": str(home / "c"), "ANYCOST_HOME": str(home / "a")}
    krita, gimp = find_hosts(Machine("linux", home, elsewhere, root))
    assert krita.plugins_folder == home / "d/krita/pykrita"
    assert krita.settings == home / "c/kritarc"
    assert gimp.plugins_folder == home / "c/GIMP/3.0/plug-ins"
    assert krita.backend == gimp.backend == home / "a/data/backend.json"


@pytest.mark.parametrize(("answer", "obstacle"), [(0, False), (1, True), (127, True)])
def test_a_sandbox_is_asked_whether_it_can_run_the_backend(root: Path, home: Path, answer: int, obstacle: bool) -> None:
    flatpaks(root, home)
    (host, _) = find_hosts(Machine("linux", home, {}, root))
    asked: list[list[str]] = []

    def run(command: list[str]) -> int:
        asked.append(command)
        return answer

    after = sandboxes.check_sandbox(host, home / "env/bin/python", run)
    assert asked[0][:4] == ["flatpak", "run", f"--command={home}/env/bin/python", "org.kde.krita"]
    assert bool(after.obstacle) == obstacle
    assert not obstacle or "this Flatpak cannot run the backend" in after.obstacle


def test_what_is_no_sandbox_is_not_asked(home: Path) -> None:
    host = Host("Krita", "package", home, home / "backend.json")
    assert sandboxes.check_sandbox(host, home, lambda command: pytest.fail(str(command))) is host


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="other systems are asked by their own programs")
def test_editors_that_are_open_are_seen(tmp_path: Path) -> None:
    for number, name in enumerate(("krita", "gimp-3.0", "kritarunner", "bash")):
        file(tmp_path / str(number) / "comm", f"{name}\n")
    assert running_editors("linux", tmp_path) == ["GIMP", "Krita"]
    assert running_editors("linux", tmp_path / "nowhere") == []
