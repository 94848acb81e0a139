"""Something goes wrong while pip changes an environment: at the change that is asked for, in the pip itself."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

SABOTEUR = """
import os, signal, sys, time

CHANGES = {"os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.chmod", "os.truncate"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
count = 0


def grows(event, args):
    return event in {"os.mkdir", "os.link", "os.symlink"} or event == "open"


def hear(event, args):
    global count
    if not (event in CHANGES or (event == "open" and args[2] & WRITES)):
        return
    if not any(isinstance(arg, str) and arg.startswith(PLACE) for arg in args):
        return
    if event == "os.rmdir" and ".safe-pip-" in args[0] and KIND != "tidy":
        return  # all is installed by then
    count += 1
    if KIND == "count":
        os.truncate(TALLY, count)
    elif KIND == "full" and count >= NUMBER and grows(event, args):
        raise OSError(28, "No space left on device", args[0])
    elif count != NUMBER:
        return
    elif KIND == "error":
        raise ValueError("sabotage")
    elif KIND == "both":
        os.killpg(0, signal.SIGKILL)
    elif KIND.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, KIND))
    elif KIND != "full":
        what, number = KIND.split()
        os.killpg(0, getattr(signal, number)) if what == "all" else os.kill(os.getppid(), getattr(signal, number))
        for _ in range(600):  # a signal that comes to another thread ends no sleep
            time.sleep(0.1)


if "SABOTAGE" in os.environ:
    KIND, number, PLACE, TALLY, alone = os.environ["SABOTAGE"].split("|")
    NUMBER = int(number)
    if alone:
        os.umask(0o026)
    sys.addaudithook(hear)
"""


def plant(site: Path, python: Path) -> None:
    """Put the saboteur into the environment whose site-packages is *site*; it acts where ``SABOTAGE`` says so."""
    (site / "saboteur.py").write_text(SABOTEUR)
    (site / "saboteur.pth").write_text("import saboteur\n")
    subprocess.run([python, "-m", "compileall", "-q", site / "saboteur.py"], check=True)  # before anybody looks


def sabotage(kind: str, number: int, place: Path, tally: Path, *, alone: bool = False) -> dict[str, str]:
    """Return the variables with which *kind* happens at change *number* below *place*; ``count`` counts into *tally*.

    With *alone* pip takes nothing that safe-pip unpacks, since it would give files other modes: then the same change has
    the same number every time.
    """
    return {"SABOTAGE": f"{kind}|{number}|{place}|{tally}|{'alone' if alone else ''}"}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return all that is below *folder*: kind and mode, and bytes or where a link points to."""
    return {str(path.relative_to(folder)): _thing(path) for path in sorted(folder.rglob("*"))}


def _thing(path: Path) -> tuple[int, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return stat.S_IFLNK, os.fsencode(path.readlink())
    return mode, path.read_bytes() if stat.S_ISREG(mode) else b""
