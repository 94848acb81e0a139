"""Secrets that a policy names without holding them: ``env:VARIABLE``, or ``keyring:SERVICE:USER``."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 30.0
"""Seconds for the keyring."""


def find_password(reference: str, environ: Mapping[str, str]) -> str:
    """Return the secret that *reference* names. Raises ``SourceError``, which never holds it."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        secret = environ.get(place, "").strip()
        if not secret:
            raise SourceError(f"the variable {place}, which should hold the credentials for it, is not set")
    else:
        secret = _from_keyring(*place.split(":", 1), environ=environ)
    if not secret.isprintable():
        raise SourceError(f"what {reference} holds is no single line")
    return secret


def _from_keyring(service: str, user: str, *, environ: Mapping[str, str]) -> str:
    """Ask the program ``keyring``, as pip does where it is told to (``--keyring-provider subprocess``)."""
    program = shutil.which("keyring", path=environ.get("PATH"))
    if program is None:
        raise SourceError("there is no program keyring on PATH, which should hold the credentials for it")
    try:
        done = subprocess.run(
            [program, "get", service, user],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError("the keyring, which should hold the credentials for it, does not answer") from error
    secret = done.stdout.strip()
    if done.returncode or not secret:
        raise SourceError(f"the keyring has no password of {user} for {service}")
    return secret
