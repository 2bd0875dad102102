"""`update`: the new release is made beside the old, takes its place, is tested there, and yields again if it fails."""

import shutil
from pathlib import Path

from anycost_installer.backend import fetch_models
from anycost_installer.backend.self_test import SelfTestFailed, self_test
from anycost_installer.commands.install import megabytes, pip_for, usable
from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.core.version import our_version
from anycost_installer.environment import backend_venv
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.placement import placed
from anycost_installer.release import bundles


def update(
    root: Path, places: Places, torch: str | None, bundle: Path | None, dry_run: bool, progress: Progress
) -> int:
    """`bundle`: an archive, or an unpacked one. Raises InstallError: then all is as it was before."""
    record = records.read(places)
    if record is None or not record.hosts:
        raise InstallError("nothing is installed that could be updated", "run 'python3 installer install'")
    with bundles.opened(bundle, places, progress) as folder:
        environment = backend_venv.environment_of(root, places, folder)
        progress.say(f"Anycost Face Editor {record.version} is installed, this is {our_version(root)}.")
        parts = backend_venv.plan(root, places, folder)
        for part in parts:
            progress.say(f"    {megabytes(part.size):>9}  {part.what}: {part.path}")
        if dry_run:
            titles = ", ".join(host.title for host in record.hosts)
            progress.say(f"    the plug-in anew in {titles}\n\nNothing was changed: this was a dry run.")
            return 0
        new = not environment.folder.exists()
        python = backend_venv.prepare(root, places, torch, folder, progress)
        fetch_models.fetch(python, root, progress, places.variables(), folder)
        hosts = usable(record.hosts, python, progress)
        try:
            with placed(root, python, places, hosts, pip_for(python, root, folder, progress), progress):
                self_test(python, hosts[0].place / "vendor", places, progress)
        except SelfTestFailed as failed:
            if new and environment.folder != record.environment:  # not one that the next run would believe in
                shutil.rmtree(environment.folder, ignore_errors=True)
            raise InstallError(
                f"{our_version(root)} does not work here, so {record.version} stays as it was ({failed.cause})",
                failed.remedy,
            ) from failed
    backend_venv.tidy(places, environment.folder, progress)
    progress.say(f"Anycost Face Editor {our_version(root)} is in place; restart the editors that are open.")
    return 0
