"""`install`: the private environment, the models, the plug-ins of the editors that were found, and a test of it all."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from anycost_installer.backend import fetch_models
from anycost_installer.backend.self_test import SelfTestFailed, Tested, self_test
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.core.version import our_version
from anycost_installer.environment import backend_venv
from anycost_installer.environment.pip import pip
from anycost_installer.hosts.find import wanted
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.running_editors import running
from anycost_installer.hosts.sandboxes import tried
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.archive import Install
from anycost_installer.plugins.placement import archive_of, placed
from anycost_installer.release import bundles

PLUGIN_BYTES = 8_500_000  # of the plug-in in one profile, pyzmq for three Pythons included
ARCHIVE_BYTES = 3_200_000

Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Options:
    krita: bool = False
    gimp: bool = False
    torch: str | None = None
    bundle: Path | None = None  # `--from`
    dry_run: bool = False


@dataclass(frozen=True)
class Step:
    what: str
    path: Path
    size: int  # bytes on disk, about
    download: int = 0  # bytes, about


@dataclass(frozen=True)
class Plan:
    version: str
    hosts: tuple[Host, ...]  # that get the plug-in
    skipped: tuple[Host, ...]  # that cannot have it; their obstacle says why
    steps: tuple[Step, ...] = field(default=())

    @property
    def size(self) -> int:
        return sum(step.size for step in self.steps)

    @property
    def download(self) -> int:
        return sum(step.download for step in self.steps)

    def described(self) -> dict[str, object]:
        """For JSON."""
        steps = [
            {"what": step.what, "path": str(step.path), "size": step.size, "download": step.download}
            for step in self.steps
        ]
        return {
            "version": self.version,
            "hosts": [host.described() for host in self.hosts],
            "skipped": [host.described() for host in self.skipped],
            "steps": steps,
            "size": self.size,
            "download": self.download,
        }


def install(
    root: Path, machine: Machine, options: Options, progress: Progress, ask: Ask
) -> tuple[int, dict[str, object]]:
    """Exit code and what was done, for JSON. Raises InstallError: then no editor was changed."""
    places = machine.places
    made = missing_folders(places)  # before a bundle is unpacked in one of them
    with bundles.opened(options.bundle, places, progress) as bundle:
        plan = planned(root, machine, options, bundle)
        show(plan, places, progress)
        answer = plan.described()
        if options.dry_run:
            progress.say("\nNothing was changed: this was a dry run.")
            return 0, answer | {"done": False}
        if not ask("\nGo on?"):
            progress.say("Nothing was changed.")
            return 0, answer | {"done": False}
        python = backend_venv.prepare(root, places, options.torch, bundle, progress)
        fetch_models.fetch(python, root, progress, places.variables(), bundle)
        hosts = usable(plan.hosts, python, progress)
        fetch = pip_for(python, root, bundle, progress)
        client = hosts[0].place / "vendor"
        former = former_record(places)
        tested = None
        try:
            with placed(root, python, places, hosts, fetch, progress, made):
                if former:  # it comes back if the new one does not work
                    tested = self_test(python, client, places, progress)
            tested = tested or self_test(python, client, places, progress)
        except SelfTestFailed as failed:
            print(f"installer: {failed}", file=sys.stderr)
            if former:
                print(f"{former.version}, which was there before, stays as it was.", file=sys.stderr)
            return 1, answer | {"done": not former, "self_test": {"ok": False, "error": str(failed)}}
    for host in hosts:
        progress.say(f"{host.title}: {host.place}")
    backend_venv.tidy(places, python.parent.parent, progress)
    answer |= {"hosts": [host.described() for host in hosts], "python": str(python), "done": True}
    say_what_next(hosts, machine, places, progress)
    return 0, answer | {"self_test": described(tested)}


def planned(root: Path, machine: Machine, options: Options, bundle: Path | None) -> Plan:
    """Raises InstallError when there is no editor that could have the plug-in."""
    places = machine.places
    found = wanted(machine, options.krita, options.gimp)
    hosts = tuple(host for host in found if not host.obstacle)
    skipped = tuple(host for host in found if host.obstacle)
    if not hosts:
        raise unusable(skipped)
    steps = [Step(step.what, step.path, step.size, step.download) for step in backend_venv.plan(root, places, bundle)]
    steps += [
        Step(f"the plug-in as one ZIP ({program})", archive_of(places, program), ARCHIVE_BYTES)
        for program in dict.fromkeys(host.program for host in hosts)
    ]
    for place in dict.fromkeys(host.place for host in hosts):
        titles = ", ".join(host.title for host in hosts if host.place == place)
        steps.append(Step(f"the plug-in in {titles}", place, PLUGIN_BYTES))
    return Plan(our_version(root), hosts, skipped, tuple(steps))


def show(plan: Plan, places: Places, progress: Progress) -> None:
    progress.say(f"Anycost Face Editor {plan.version}. Found:")
    for host in plan.hosts:
        python = f"Python {host.python}" if host.python else "Python not known"
        channel = {"pyzmq": "with pyzmq", "bridge": "through the bridge", "": "pyzmq or bridge"}[host.channel]
        progress.say(f"    {host.title}: {python}, {channel}" + (", in a sandbox" if host.sandbox else ""))
    for host in plan.skipped:
        progress.say(f"    {host.title}: left out. {host.obstacle[0].upper()}{host.obstacle[1:]}.")
    progress.say("\nWhat will be put where:")
    for step in plan.steps:
        progress.say(f"    {megabytes(step.size):>9}  {step.what}: {step.path}")
    for settings in dict.fromkeys(host.settings for host in plan.hosts if host.settings):
        progress.say(f"    {'one line':>9}  that switches it on: {settings}")
    progress.say(f"    {megabytes(plan.size):>9}  together, about; {megabytes(plan.download)} to be downloaded")


def megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def usable(hosts: tuple[Host, ...], python: Path, progress: Progress) -> list[Host]:
    """Without those whose sandbox cannot run the backend. Raises InstallError when none is left."""
    asked = [tried(host, python) for host in hosts]
    for host in asked:
        if host.obstacle:
            progress.say(f"{host.title} is left out: {host.obstacle}.")
    able = [host for host in asked if not host.obstacle]
    if not able:
        raise unusable(asked)
    return able


def unusable(hosts: Sequence[Host]) -> InstallError:
    titles = ", ".join(host.title for host in hosts)
    remedies = "; ".join(dict.fromkeys(host.obstacle for host in hosts))
    return InstallError(
        f"no editor here can have the plug-in ({titles})", f"{remedies}; then run the same command again"
    )


def pip_for(python: Path, root: Path, bundle: Path | None, progress: Progress) -> Install:
    """`pip install` with these arguments, by the backend's Python; whether it went well."""
    more = backend_venv.pip_arguments(bundle)
    log_file = python.parent.parent / "install.log"

    def fetched(arguments: list[str]) -> bool:
        with log_file.open("a", encoding="utf-8") as log:
            return pip(python, [*more, *arguments], root, log, lambda text: None, verbose=progress.verbose) is None

    return fetched


def former_record(places: Places) -> records.Record | None:
    """Of an earlier installation that can come back; one whose record is damaged cannot."""
    with suppress(InstallError):
        return records.read(places)
    return None


def missing_folders(places: Places) -> list[Path]:
    """Folders that this run is about to make, so that 'remove' can take them away again."""
    missing = []
    for folder in (places.data, places.cache):
        missing += [path for path in (folder, *folder.parents) if not path.exists()]
    return list(dict.fromkeys(missing))


def say_what_next(hosts: list[Host], machine: Machine, places: Places, progress: Progress) -> None:
    entries = {"Krita": "Filter > Edit Face…", "GIMP": "Filters > Face > Edit Face…"}
    open_now = [] if machine.moved else running()
    for program in dict.fromkeys(host.program for host in hosts):
        again = f"{program} is running: restart it" if program in open_now else f"Start {program}"
        progress.say(f"\n{again} and choose {entries[program]}")
    if any(host.program == "Krita" for host in hosts):
        progress.say(
            f"A Krita that was not found can import {archive_of(places, 'Krita')}: "
            "Tools > Scripts > Import Python Plugin from File…"
        )


def described(tested: Tested) -> dict[str, object]:
    return {"ok": True, **tested.__dict__}
