"""Finds the editors of a machine and selects those that get the plug-in."""

import sys
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.core.processes import process_names
from anycost_installer.hosts import gimp, krita
from anycost_installer.hosts.host import Host


def find_hosts(machine: Machine) -> list[Host]:
    """All Kritas and GIMPs, also those that cannot have the plug-in."""
    return [*krita.find_kritas(machine), *gimp.find_gimps(machine)]


def select_hosts(machine: Machine, only_krita: bool, only_gimp: bool) -> list[Host]:
    """The editors found, of one program or, without a choice, of both. With --prefix, a chosen program that is not
    found gets its default profile.

    Raises InstallError when there is none."""
    named = [name for name, chosen in (("Krita", only_krita), ("GIMP", only_gimp)) if chosen]
    found = [host for host in find_hosts(machine) if not named or host.program in named]
    for name in named:
        if any(host.program == name for host in found):
            continue
        if not machine.prefixed:
            about = "GIMP 3" if name == "GIMP" else name
            raise InstallError(
                f"no {about} was found on this machine",
                f"install {about}, start it once, then run the same command again",
            )
        found.append(krita.default_host(machine) if name == "Krita" else gimp.default_host(machine))
    if not found:
        raise InstallError(
            "neither Krita nor GIMP 3 was found on this machine",
            "install one, start it once, then run the same command again",
        )
    return found


def running_editors(platform: str = sys.platform, processes: Path = Path("/proc")) -> list[str]:
    """The editors that this user has open, such as ["Krita"]. They load a new plug-in only after a restart."""
    names = [name.removesuffix(".exe") for name in process_names(platform, processes)]
    found = {"Krita" for name in names if name == "krita"}
    found |= {"GIMP" for name in names if name.split("-")[0] == "gimp"}
    return sorted(found)
