"""`update`: installs the new release beside the old one, switches to it, tests it, and goes back if it fails."""

import shutil
from pathlib import Path

from anycost_installer.backend.models import fetch_models
from anycost_installer.backend.self_test import SelfTestFailed, self_test
from anycost_installer.commands.install import pip_install_with, usable_hosts
from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import format_size
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.plugins.install_record import Record, file_state, read_record
from anycost_installer.plugins.installation import installed_plugins
from anycost_installer.release import bundles


def update(root: Path, paths: Paths, bundle: Path | None, dry_run: bool, progress: Progress) -> int:
    """Returns the exit code, 0. `bundle`: a bundle, packed or not. Raises InstallError; then the old release stays."""
    record = read_record(paths)
    if record is None or not record.hosts:
        raise InstallError("nothing is installed that could be updated", "run 'python3 installer install'")
    with bundles.open_bundle(bundle, paths, progress) as folder:
        environment = backend_venv.backend_environment(root, paths, folder)
        progress.say(f"Anycost Face Editor {record.version} is installed, this is {project_version(root)}.")
        parts = backend_venv.plan(root, paths, folder)
        if not parts and record.environment == environment.folder and _is_whole(record):
            progress.say("It is up to date. Nothing was changed.")
            return 0
        for part in parts:
            progress.say(f"    {format_size(part.size):>9}  {part.what}: {part.path}")
        if dry_run:
            titles = ", ".join(host.title for host in record.hosts)
            progress.say(f"    the new plug-in in {titles}\n\nNothing was changed: this was a dry run.")
            return 0
        new = not environment.folder.exists()
        python = backend_venv.prepare(root, paths, folder, progress)
        fetch_models(python, root, progress, paths.variables(), folder)
        hosts = usable_hosts(record.hosts, python, progress)
        pip_install = pip_install_with(python, root, folder, progress)
        try:
            with installed_plugins(root, python, paths, hosts, pip_install, progress):
                self_test(python, hosts[0].plugin_folder / "vendor", paths, progress)
        except SelfTestFailed as failed:
            if new and environment.folder != record.environment:  # the next run must not take it for a good one
                shutil.rmtree(environment.folder, ignore_errors=True)
            raise InstallError(
                f"{project_version(root)} does not work here, so {record.version} stays as it was ({failed.cause})",
                failed.remedy,
            ) from failed
    backend_venv.remove_old_environments(paths, environment.folder, progress)
    progress.say(f"Anycost Face Editor {project_version(root)} is installed. Restart the editors that are open.")
    return 0


def _is_whole(record: Record) -> bool:
    return all(file_state(entry) == "ok" for entry in record.of_kind("file"))
