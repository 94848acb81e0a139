"""Which project policies the user has looked at: a path, and the hash that the policy had then."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from safeinstall.errors import PolicyError
from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.places.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE = "trusted-policies.json"


def is_trusted(path: Path, digest: str, environ: Mapping[str, str]) -> bool:
    """Whether the user trusts the policy at *path* as it is now. A record that cannot be read trusts nothing."""
    return _records(environ).get(str(path)) == digest


def was_trusted(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether the user has ever trusted the policy at *path*."""
    return str(path) in _records(environ)


def trust(path: Path, digest: str, environ: Mapping[str, str]) -> None:
    """Record that the user trusts the policy at *path* as it is now. Raises :class:`PolicyError`."""
    _write({**_records(environ), str(path): digest}, environ)


def distrust(path: Path, environ: Mapping[str, str]) -> None:
    """Forget the policy at *path*. Raises :class:`PolicyError`."""
    _write({other: digest for other, digest in _records(environ).items() if other != str(path)}, environ)


def _records(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        records = json.loads(read_regular(state_directory(environ) / _FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    return records if isinstance(records, dict) else {}


def _write(records: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    file = state_directory(environ) / _FILE
    part = file.with_name(f"{_FILE}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise PolicyError((f"{file}: cannot be written: {error.strerror}",)) from None
