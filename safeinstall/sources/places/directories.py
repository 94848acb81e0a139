"""Where our own files are. Each of the user's directories can be moved by a variable; the system's cannot."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from safeinstall.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CACHE_VARIABLE = "SAFE_PIP_CACHE_DIR"
"""Where pages, metadata, files and advisories are kept. All of it may be deleted at any time."""
CONFIG_VARIABLE = "SAFE_PIP_CONFIG_DIR"
"""Where the user's ``policy.toml`` is. The system's cannot be moved."""
STATE_VARIABLE = "SAFE_PIP_STATE_DIR"
"""Where the receipts are kept (``receipts.jsonl``, a line for each run), and which policies the user trusts."""
SYSTEM_CONFIG = Path("/Library/Application Support" if sys.platform == "darwin" else "/etc/xdg", "safe-pip")
"""As platformdirs has it where no variable says otherwise: whoever sets variables must not move the system's policy."""


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return what may be deleted at any time. Raises ``RefusedError`` where nothing tells where that is."""
    return _chosen(environ, CACHE_VARIABLE, platformdirs.user_cache_dir)


def why_not_believed(directory: Path) -> str | None:
    """Return why what is kept in *directory* may not be ours, if so: what a cache says of a file is judged by.

    A directory that is still to be made counts as its parent does, for root alone: others would find files there that
    they cannot write (pip: utils/filesystem.py, ``check_path_owner``).
    """
    place = next(place for place in (directory, *directory.parents) if place.exists())
    status, user = place.stat(), os.geteuid()
    if status.st_uid != user and (place == directory or user == 0):
        return f"it belongs to another user (uid {status.st_uid})"
    if place == directory and status.st_mode & stat.S_IWOTH:
        return "it can be written by everybody"
    return None


def others_can_exchange(directory: Path) -> bool:
    """Whether another user than root could put something else in the place of *directory*, by what is above it."""
    for above in directory.resolve().parents:
        found = above.stat()
        shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
        if shared or found.st_uid not in {0, os.geteuid()}:
            return True
    return False


def config_directory(environ: Mapping[str, str]) -> Path:
    """Return where the user's policy is. Raises ``RefusedError`` where nothing tells where that is."""
    return _chosen(environ, CONFIG_VARIABLE, platformdirs.user_config_dir)


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return where receipts are kept, and which policies the user trusts.

    Raises ``RefusedError`` where nothing tells where that is.
    """
    return _chosen(environ, STATE_VARIABLE, platformdirs.user_state_dir)


def no_home(variables: str) -> RefusedError:
    """Return what to say where a place depends on the home directory of a user who has none."""
    home = os.environ.get("HOME")
    unset = f"HOME is not set, and no user of this system has the uid {os.geteuid()}"
    return RefusedError(
        f"there is no home directory: {unset if home is None else f'HOME is {home!r}, which is no absolute path'}",
        hint=f"set HOME to a directory of this user, or {variables}",
    )


def _chosen(environ: Mapping[str, str], variable: str, default: Callable[..., str]) -> Path:
    if chosen := environ.get(variable):
        return Path(chosen)
    try:
        found = default("safe-pip", appauthor=False)
    except RuntimeError:  # an older platformdirs gives back what it could not expand
        found = "~"
    if found.startswith("~"):
        raise no_home(f"{CACHE_VARIABLE}, {STATE_VARIABLE} and {CONFIG_VARIABLE}")
    return Path(found)
