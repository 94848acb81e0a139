"""Whether what proves provenance is installed: the extra ``safeinstall[provenance]``."""

from __future__ import annotations

import shlex
import sys

from safeinstall.errors import PolicyError

LIBRARIES = ("pypi-attestations", "sigstore")
INSTALL = f"{shlex.quote(sys.executable)} -m pip install 'safeinstall[provenance]'"
"""The command that installs them for the interpreter that runs safe-pip."""


def require_extra(where: str, otherwise: str = "") -> None:
    """Raise :class:`PolicyError` (exit code 12) unless provenance can be proved here. Loads none of it.

    *where* is what asks for proof: ``FILE:LINE (KEY)`` of a policy; *otherwise*, what can be done without it.
    """
    if lacking := [name for name in LIBRARIES if versions().get(name) is None]:
        problem = f"{where}: it asks for proof of provenance, which needs {' and '.join(lacking)}"
        raise PolicyError((problem,), hint="; ".join(filter(None, (f"install what proves it: {INSTALL}", otherwise))))


def is_installed() -> bool:
    """Whether all of them are there."""
    return None not in versions().values()


def versions() -> dict[str, str | None]:
    """Return which version of each library is installed, if any."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only where something is to be proved

    try:
        return version(name)
    except PackageNotFoundError:
        return None
