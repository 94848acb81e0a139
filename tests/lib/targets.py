"""Target environments that cost next to nothing: a virtual environment whose pip is a link to one that all share."""

from __future__ import annotations

import os
import shutil
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


def find_python(wanted: str) -> Path | str:
    """Return an interpreter of that version ("3.12") that no environment holds, or the reason why there is none."""
    found = sorted(Path.home().glob(f".pyenv/versions/{wanted}.*/bin/python{wanted}"))
    for python in [shutil.which(f"python{wanted}"), *found]:
        if python is None:
            continue
        command = [python, "-I", "-c", "import os, sys; print(os.path.realpath(sys._base_executable))"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return Path(done.stdout.strip())
    return f"there is no Python {wanted} on PATH"


def make_target(folder: Path, pip: Pip, base: Path | None = None) -> Path:
    """Make a virtual environment of *base* (ours, if there is none) in *folder*; return its interpreter."""
    library = Path("lib", base.name, "site-packages") if base else SITE_PACKAGES
    base = base or Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    site_packages = folder / library
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
