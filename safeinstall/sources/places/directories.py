"""Where our own files are. Each of the user's directories can be moved by a variable; the system's cannot."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_VARIABLE = "SAFE_PIP_CACHE_DIR"
"""Where pages, metadata, files and advisories are kept. All of it may be deleted at any time."""
CONFIG_VARIABLE = "SAFE_PIP_CONFIG_DIR"
"""Where the user's ``policy.toml`` is. The system's cannot be moved."""
STATE_VARIABLE = "SAFE_PIP_STATE_DIR"
"""Where the receipts are kept (``receipts.jsonl``, a line for each run), and which policies the user trusts."""
SYSTEM_CONFIG = Path("/Library/Application Support" if sys.platform == "darwin" else "/etc/xdg", "safe-pip")
"""As platformdirs has it where no variable says otherwise: whoever sets variables must not move the system's policy."""


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return what may be deleted at any time."""
    return Path(environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("safe-pip", appauthor=False))


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


def config_directory(environ: Mapping[str, str]) -> Path:
    """Return where the user's policy is."""
    return Path(environ.get(CONFIG_VARIABLE) or platformdirs.user_config_dir("safe-pip", appauthor=False))


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return where receipts are kept, and which policies the user trusts."""
    return Path(environ.get(STATE_VARIABLE) or platformdirs.user_state_dir("safe-pip", appauthor=False))
