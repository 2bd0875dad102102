"""All editors of a machine for which there is a plug-in."""

from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.hosts import gimp as gimp_profiles
from anycost_installer.hosts import krita as krita_profiles
from anycost_installer.hosts.host import Host


def find_hosts(machine: Machine) -> list[Host]:
    return [*krita_profiles.find_kritas(machine), *gimp_profiles.find_gimps(machine)]


def wanted(machine: Machine, krita: bool, gimp: bool) -> list[Host]:
    """Those found of the programs named, or of all when none is. In a home that was named, one that is not there too.

    Raises InstallError when there is none."""
    named = [name for name, chosen in (("Krita", krita), ("GIMP", gimp)) if chosen]
    found = [host for host in find_hosts(machine) if not named or host.program in named]
    for name in named:
        if any(host.program == name for host in found):
            continue
        if not machine.moved:
            about = "GIMP 3" if name == "GIMP" else name
            raise InstallError(
                f"no {about} was found on this machine",
                f"install {about}, start it once, then run the same command again",
            )
        found.append(krita_profiles.usual(machine) if name == "Krita" else gimp_profiles.usual(machine))
    if not found:
        raise InstallError(
            "neither Krita nor GIMP 3 was found on this machine",
            "install one, start it once, then run the same command again",
        )
    return found
