"""What an environment holds, as its pip lists it (pip-api), and what each distribution says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from safeinstall.errors import MetadataInvalidError, SourceError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.metadata import parse_installed_metadata
from safeinstall.request.requirements import Reference, parse_reference
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Metadata

_LIST = """\
import json, pip_api
rows = pip_api.installed_distributions().values()
print(json.dumps([[row.name, str(row.version), row.location] for row in rows]))
"""
_HAS_PIP = "import sys; from importlib.util import find_spec; sys.exit(find_spec('pip') is None)"
_TIMEOUT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """One distribution of an environment."""

    name: NormalizedName
    version: str
    """As installed: PEP 440 or not."""
    metadata: Metadata | None = None
    """``None`` when it cannot be read."""
    reference: Reference | None = None
    """Where it came from, if not from an index (PEP 610)."""


def list_environment(python: str, environ: Mapping[str, str]) -> list[InstalledPackage]:
    """Return what the environment of the interpreter *python* holds, sorted by name. Raises :class:`SourceError`.

    pip-api starts a pip as soon as it is imported, and that pip would run a ``./pip`` and obey ``PIP_*``. So it is
    imported in a process of its own, in an empty directory, without pip's variables and configuration files.
    """
    with private_directory() as (folder, _):
        neutral = str(folder)
        own = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "_PIP_", "PIPAPI_"))}
        own |= {"PIP_CONFIG_FILE": os.devnull} | _location(python, own, neutral)
        done = _run([sys.executable, "-c", _LIST], own, neutral)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SourceError(f"pip cannot list what {python} holds: {reason}")
    rows = json.loads(done.stdout)
    described = _described({location for _, _, location in rows if location})
    found = [
        _package(name, version, described.get((location, canonicalize_name(name)))) for name, version, location in rows
    ]
    return sorted(found, key=lambda package: package.name)


def _location(python: str, environ: Mapping[str, str], neutral: str) -> dict[str, str]:
    """Return the variables that point pip-api at *python*: at its own pip, else, by ours, at an environment without."""
    has_pip = _run([python, "-c", _HAS_PIP], environ, neutral).returncode == 0
    return {
        "PIPAPI_PYTHON_LOCATION": python if has_pip else sys.executable,
        **({} if has_pip else {"PIP_PYTHON": python}),
    }


def _run(command: list[str], environ: Mapping[str, str], neutral: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=neutral, env=dict(environ), capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"cannot run {command[0]}: {error}") from error


def _described(locations: Iterable[str]) -> dict[tuple[str, NormalizedName], Distribution]:
    """Return the distributions in these folders. Nothing of them is run or imported."""
    return {
        (location, canonicalize_name(str(own.metadata["Name"]))): own
        for location in locations
        for own in distributions(path=[location])
        if own.metadata["Name"]
    }


def _package(name: str, version: str, own: Distribution | None) -> InstalledPackage:
    normal = canonicalize_name(name)
    return InstalledPackage(
        name=normal,
        version=version,
        metadata=_metadata(own, normal) if own else None,
        reference=parse_direct_url(own.read_text("direct_url.json")) if own else None,
    )


def _metadata(own: Distribution, name: NormalizedName) -> Metadata | None:
    text = own.read_text("METADATA") or own.read_text("PKG-INFO") or ""
    try:
        return parse_installed_metadata(text.encode(), name=name)
    except MetadataInvalidError:
        return None


def parse_direct_url(text: str | None) -> Reference | None:
    """Read a ``direct_url.json`` (PEP 610); one that breaks the standard tells nothing."""
    try:
        told = json.loads(text or "null")
        return _reference(told) if isinstance(told, dict) else None
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _reference(told: dict[str, Any]) -> Reference:
    if "vcs_info" in told:
        vcs = told["vcs_info"]
        return parse_reference(f"{vcs['vcs']}+{told['url']}@{vcs['commit_id']}")
    reference = parse_reference(str(told["url"]))
    if "dir_info" in told:
        return Reference(url=reference.url, kind=ArtifactKind.TREE, path=reference.path)
    return reference
