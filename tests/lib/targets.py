"""Target environments that cost next to nothing: a virtual environment whose pip is a link to one that all share."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

SITE_PACKAGES = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")


@dataclass(frozen=True)
class Pip:
    """One version of pip, unpacked in a folder of its own."""

    version: str
    folder: Path


def find_pip(wanted: str, cache: Path) -> Pip | str:
    """Return that pip: our own, or the default index's, kept in *cache*; else the reason why it cannot be had."""
    if wanted == version("pip"):
        return Pip(wanted, Path(sysconfig.get_path("purelib")))
    folder = cache / wanted
    if not (folder / "pip" / "__main__.py").is_file():
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary", ":all:"]
        command += ["--target", str(folder), f"pip=={wanted}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            return f"pip {wanted} cannot be had: {done.stderr.strip().rpartition(chr(10))[2]}"
        _trust_one(folder / "pip" / "_vendor" / "certifi" / "cacert.pem")
    return Pip(wanted, folder)


def _trust_one(bundle: Path) -> None:
    """Leave one authority of *bundle*: a pip reads all of them in each run, and speaks to this machine alone here."""
    first, end, _ = bundle.read_text(encoding="utf-8").partition("-----END CERTIFICATE-----\n")
    bundle.write_text(first + end, encoding="utf-8")


def make_target(folder: Path, pip: Pip) -> Path:
    """Make a virtual environment in *folder*; return its interpreter."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    site_packages = folder / SITE_PACKAGES
    site_packages.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    for name in ("pip", f"pip-{pip.version}.dist-info"):
        (site_packages / name).symlink_to(pip.folder / name)
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(base)
    return python


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below *folder* but compiled ones, by its path. Links are not followed."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not Path(place, name).is_symlink()]
        for name in names:
            path = Path(place, name)
            found[str(path.relative_to(folder))] = bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
    return found
