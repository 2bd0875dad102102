"""`install`: makes the environment, fetches the models, installs the plug-ins, and tests the result."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from anycost_installer.backend.models import fetch_models
from anycost_installer.backend.self_test import SelfTestFailed, SelfTestResult, self_test
from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import format_size
from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.environment.backend_venv import PlannedPart
from anycost_installer.environment.pip import run_pip
from anycost_installer.hosts.find import running_editors, select_hosts
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.sandboxes import check_sandbox
from anycost_installer.plugins.archive import PipInstall
from anycost_installer.plugins.install_record import Record, read_record
from anycost_installer.plugins.installation import archive_path, installed_plugins
from anycost_installer.release import bundles

PLUGIN_BYTES = 8_500_000  # of the plug-in in a profile, with pyzmq for three Pythons
ARCHIVE_BYTES = 3_200_000

Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Options:
    krita: bool = False
    gimp: bool = False
    bundle: Path | None = None  # `--from`
    dry_run: bool = False


@dataclass(frozen=True)
class Plan:
    version: str
    hosts: tuple[Host, ...]  # which get the plug-in
    skipped: tuple[Host, ...]  # which cannot have it; see their `obstacle`
    steps: tuple[PlannedPart, ...]

    @property
    def size(self) -> int:
        return sum(step.size for step in self.steps)

    @property
    def download(self) -> int:
        return sum(step.download for step in self.steps)

    def to_json(self) -> dict[str, object]:
        """For --json."""
        return {
            "version": self.version,
            "hosts": [host.to_json() for host in self.hosts],
            "skipped": [host.to_json() for host in self.skipped],
            "steps": [asdict(step) | {"path": str(step.path)} for step in self.steps],
            "size": self.size,
            "download": self.download,
        }


def install(
    root: Path, machine: Machine, options: Options, progress: Progress, ask: Ask
) -> tuple[int, dict[str, object]]:
    """Exit code and result, for --json. Raises InstallError; then no editor was changed.

    `ask`: asks a yes/no question."""
    paths = machine.paths
    created = missing_folders(paths)  # before a bundle is unpacked there
    with bundles.open_bundle(options.bundle, paths, progress) as bundle:
        plan = make_plan(root, machine, options, bundle)
        print_plan(plan, progress)
        answer = plan.to_json()
        if options.dry_run:
            progress.say("\nNothing was changed: this was a dry run.")
            return 0, answer | {"done": False}
        if not ask("\nGo on?"):
            progress.say("Nothing was changed.")
            return 0, answer | {"done": False}
        python = backend_venv.prepare(root, paths, bundle, progress)
        fetch_models(python, root, progress, paths.variables(), bundle)
        hosts = usable_hosts(plan.hosts, python, progress)
        pip_install = pip_install_with(python, root, bundle, progress)
        client = hosts[0].plugin_folder / "vendor"
        previous = previous_record(paths)
        tested = None
        try:
            with installed_plugins(root, python, paths, hosts, pip_install, progress, created):
                if previous:  # then it comes back if the new one does not work
                    tested = self_test(python, client, paths, progress)
            tested = tested or self_test(python, client, paths, progress)
        except SelfTestFailed as failed:
            print(f"installer: {failed}", file=sys.stderr)
            if previous:
                print(f"{previous.version}, which was there before, stays as it was.", file=sys.stderr)
            return 1, answer | {"done": not previous, "self_test": {"ok": False, "error": str(failed)}}
    for host in hosts:
        progress.say(f"{host.title}: {host.plugin_folder}")
    backend_venv.remove_old_environments(paths, python.parent.parent, progress)
    answer |= {"hosts": [host.to_json() for host in hosts], "python": str(python), "done": True}
    print_next_steps(hosts, machine, paths, progress)
    return 0, answer | {"self_test": self_test_json(tested)}


def make_plan(root: Path, machine: Machine, options: Options, bundle: Path | None) -> Plan:
    """What will be installed. Raises InstallError when no editor can have the plug-in."""
    paths = machine.paths
    found = select_hosts(machine, options.krita, options.gimp)
    hosts = tuple(host for host in found if not host.obstacle)
    skipped = tuple(host for host in found if host.obstacle)
    if not hosts:
        raise no_usable_host(skipped)
    steps = backend_venv.plan(root, paths, bundle)
    steps += [
        PlannedPart(f"the plug-in as one ZIP ({program})", archive_path(paths, program), ARCHIVE_BYTES)
        for program in dict.fromkeys(host.program for host in hosts)
    ]
    for folder in dict.fromkeys(host.plugin_folder for host in hosts):
        titles = ", ".join(host.title for host in hosts if host.plugin_folder == folder)
        steps.append(PlannedPart(f"the plug-in in {titles}", folder, PLUGIN_BYTES))
    return Plan(project_version(root), hosts, skipped, tuple(steps))


def print_plan(plan: Plan, progress: Progress) -> None:
    """Shows editors, paths and sizes."""
    progress.say(f"Anycost Face Editor {plan.version}. Found:")
    for host in plan.hosts:
        python = f"Python {host.python}" if host.python else "Python not known"
        channel = {"pyzmq": "with pyzmq", "bridge": "through the bridge", "": "pyzmq or bridge"}[host.channel]
        progress.say(f"    {host.title}: {python}, {channel}" + (", in a sandbox" if host.sandbox else ""))
    for host in plan.skipped:
        progress.say(f"    {host.title}: left out. {host.obstacle[0].upper()}{host.obstacle[1:]}.")
    progress.say("\nWhat will be installed where:")
    for step in plan.steps:
        progress.say(f"    {format_size(step.size):>9}  {step.what}: {step.path}")
    for settings in dict.fromkeys(host.settings for host in plan.hosts if host.settings):
        progress.say(f"    {'one line':>9}  that enables it: {settings}")
    progress.say(f"    {format_size(plan.size):>9}  together, about; {format_size(plan.download)} to be downloaded")


def usable_hosts(hosts: tuple[Host, ...], python: Path, progress: Progress) -> list[Host]:
    """The hosts whose sandbox can run the backend. Raises InstallError when there is none."""
    checked = [check_sandbox(host, python) for host in hosts]
    for host in checked:
        if host.obstacle:
            progress.say(f"{host.title} is left out. {host.obstacle[0].upper()}{host.obstacle[1:]}.")
    able = [host for host in checked if not host.obstacle]
    if not able:
        raise no_usable_host(checked)
    return able


def no_usable_host(hosts: Sequence[Host]) -> InstallError:
    """The error for these hosts, which all have an obstacle."""
    titles = ", ".join(host.title for host in hosts)
    remedies = "; ".join(dict.fromkeys(host.obstacle for host in hosts))
    return InstallError(
        f"no editor here can have the plug-in ({titles})", f"{remedies}; then run the same command again"
    )


def pip_install_with(python: Path, root: Path, bundle: Path | None, progress: Progress) -> PipInstall:
    """A function that runs `pip install` with the backend's Python and returns whether it succeeded."""
    pip_options = backend_venv.pip_arguments(bundle)
    log_file = python.parent.parent / "install.log"

    def install(arguments: list[str]) -> bool:
        with log_file.open("a", encoding="utf-8") as log:
            words = [*pip_options, *arguments]
            failure = run_pip(python, words, root, log, lambda text: None, verbose=progress.verbose)
        return failure is None

    return install


def previous_record(paths: Paths) -> Record | None:
    """The record of an installation that can be restored; None without one, or with a damaged one."""
    with suppress(InstallError):
        return read_record(paths)
    return None


def missing_folders(paths: Paths) -> list[Path]:
    """The data and cache folders, with parents, that do not exist yet: `remove` will delete them again."""
    missing = []
    for folder in (paths.data, paths.cache):
        missing += [path for path in (folder, *folder.parents) if not path.exists()]
    return list(dict.fromkeys(missing))


def print_next_steps(hosts: list[Host], machine: Machine, paths: Paths, progress: Progress) -> None:
    """Tells how to open the plug-in in each editor."""
    menus = {"Krita": "Filter > Edit Face…", "GIMP": "Filters > Face > Edit Face…"}
    open_now = [] if machine.prefixed else running_editors()
    for program in dict.fromkeys(host.program for host in hosts):
        first = f"{program} is running: restart it" if program in open_now else f"Start {program}"
        progress.say(f"\n{first} and choose {menus[program]}")
    if any(host.program == "Krita" for host in hosts):
        progress.say(
            f"A Krita that was not found can import {archive_path(paths, 'Krita')}: "
            "Tools > Scripts > Import Python Plugin from File…"
        )


def self_test_json(tested: SelfTestResult) -> dict[str, object]:
    """For --json."""
    return {"ok": True, **tested.__dict__}
