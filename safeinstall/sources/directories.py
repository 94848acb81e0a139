"""Where our own files are. Each of the user's directories can be moved by a variable; the system's cannot."""

from __future__ import annotations

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


def config_directory(environ: Mapping[str, str]) -> Path:
    """Return where the user's policy is."""
    return Path(environ.get(CONFIG_VARIABLE) or platformdirs.user_config_dir("safe-pip", appauthor=False))


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return where receipts are kept, and which policies the user trusts."""
    return Path(environ.get(STATE_VARIABLE) or platformdirs.user_state_dir("safe-pip", appauthor=False))
