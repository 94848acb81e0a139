"""The seal of a file of ours that is followed or run: that this user's safe-pip has made it, at that place.

Journals have one, compiled wheels, proofs, trusted roots, and what pip will probably say. A state or cache directory
may come with a repository or from a CI job; the secret does not. It is in the user's own default state directory, which
``SAFE_PIP_STATE_DIR`` does not move.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from safeinstall.errors import RefusedError
from safeinstall.sources.places.directories import state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SIZE = 32
"""Bytes of the secret."""


def seal(path: Path, terms: Mapping[str, object]) -> str:
    """Return the seal of the file at *path* of which *terms* hold; empty if there can be no secret."""
    place = _place()
    secret = (_read(place) or _make(place)) if place else b""
    return _sealed(secret, path, terms) if secret else ""


def is_sealed(path: Path, terms: Mapping[str, object], said: object) -> bool:
    """Whether *said* is the seal of the file at *path* of which *terms* hold."""
    place = _place()
    secret = _read(place) if place else b""
    return bool(secret) and isinstance(said, str) and hmac.compare_digest(
        _sealed(secret, path, terms).encode(), said.encode(errors="replace")
    )  # fmt: skip


def _sealed(secret: bytes, path: Path, terms: Mapping[str, object]) -> str:
    text = json.dumps([os.path.realpath(path), terms], sort_keys=True)
    return hmac.digest(secret, text.encode(), "sha256").hex()


def _place() -> Path | None:
    """Return where the secret is; ``None`` for a user without a home."""
    with suppress(RefusedError):
        return state_directory({}) / "journals.key"
    return None


def _read(place: Path) -> bytes:
    """Return the secret; empty if there is none that only this user can read and write."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        found = os.fstat(descriptor)
        private = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        data = os.read(descriptor, SIZE + 1) if private and stat.S_ISREG(found.st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return data if len(data) == SIZE else b""


def _make(place: Path) -> bytes:
    """Make the secret, unless another run does so at the same time, and return it; empty if that is not possible."""
    part = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(SIZE))
            os.link(part, place)  # whole, or not at all
        finally:
            part.unlink(missing_ok=True)
    return _read(place)
