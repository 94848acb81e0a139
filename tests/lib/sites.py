"""What is installed here, as another installation would have it: without an extra, or with other files of a library."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRA = ("sigstore", "pypi_attestations")
EMBEDDED = "_store/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
RUN = "import sys; sys.path[:0] = [sys.argv.pop(1)]; from safeinstall.__main__ import main; main()"


def plain_site(folder):
    """Make *folder* hold all that is installed here, but for the libraries of the extra ``provenance``."""
    return _site(folder, EXTRA)


def whole_site(folder):
    """Make *folder* hold all that is installed here."""
    return _site(folder, ())


def site_with_broken_extra(folder):
    """Make *folder* hold all that is installed here, with a sigstore that this Python cannot load."""
    site = _site(folder, ("sigstore",))
    for entry in Path(sysconfig.get_path("purelib")).glob("sigstore-*.dist-info"):
        (site / entry.name).symlink_to(entry)
    (site / "sigstore").mkdir()
    (site / "sigstore" / "__init__.py").write_text("raise ImportError('of another time')\n")
    return site


def site_with_bootstrap(folder, root_json):
    """Make *folder* hold all that is installed here, with a sigstore that ships another first ``root.json``."""
    site = _site(folder, ("sigstore",))
    for entry in Path(sysconfig.get_path("purelib")).glob("sigstore*"):
        if entry.name == "sigstore":
            shutil.copytree(entry, site / entry.name)
        else:
            (site / entry.name).symlink_to(entry)
    (site / "sigstore" / EMBEDDED / "root.json").write_bytes(root_json)
    return site


def run_from(site, *argv, environ, cwd):
    """Run safe-pip as it is installed in *site*."""
    command = [sys.executable, "-S", "-c", RUN, site, *argv]
    return subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, check=False)


def _site(folder, without):
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith((*without, "safeinstall")):
            (folder / entry.name).symlink_to(entry)
    for name in ("safeinstall", "policies"):
        (folder / name).symlink_to(ROOT / name)
    return folder
