"""What an environment holds, as its pip lists it (pip-api), and what each distribution says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.metadata import written_version
from safeinstall.facts.values import Missing
from safeinstall.request.requirements import Reference, parse_reference
from safeinstall.sources.pip.installed import parse_metadata, read_metadata
from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Metadata

_LIST = """\
import json, pip_api
rows = pip_api.installed_distributions().values()
print(json.dumps([[row.name, str(row.version)] for row in rows]))
"""
_HAS_PIP = "import sys; from importlib.util import find_spec; sys.exit(find_spec('pip') is None)"
_TIMEOUT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """One distribution of an environment."""

    name: NormalizedName
    version: str
    """As installed: PEP 440 or not. Empty where nobody can tell."""
    metadata: Metadata | None = None
    """``None`` when it cannot be read."""
    problem: str = ""
    """Then: which file, and why."""
    reference: Reference | None = None
    """Where it came from, if not from an index (PEP 610)."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What an environment holds."""

    packages: tuple[InstalledPackage, ...]
    """Sorted by name."""
    lost: tuple[str, ...] = ()
    """Files that cannot be read, and that tell not even a name."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What of it cannot be read, each by its file."""
        return (*(package.problem for package in self.packages if package.problem), *self.lost)


def list_environment(python: str, environ: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Environment:
    """Return what the environment of the interpreter *python* holds. Raises :class:`SourceError`.

    Its pip lists it, and *rows* describe it (``hosted/installed.py``). Where that pip cannot list it, because there is
    something that cannot be read, the rows alone tell.

    pip-api starts a pip as soon as it is imported, and that pip would run a ``./pip`` and obey ``PIP_*``. So it is
    imported in a process of its own, in an empty directory, without pip's variables and configuration files.
    """
    told = {canonicalize_name(row["name"]): row for row in rows if row["name"]}
    listed = _listed(python, environ)
    if isinstance(listed, Missing):
        if not told:
            raise SourceError(f"pip cannot list what {python} holds: {listed.reason}")
        listed = {}
    found = [_package(name, listed.get(name), told.get(name, {})) for name in sorted({*told, *listed})]
    return Environment(tuple(found), tuple(row["problem"] for row in rows if not row["name"]))


def _listed(python: str, environ: Mapping[str, str]) -> dict[NormalizedName, str] | Missing:
    """Return the version of each name that pip lists; missing where that pip stops at something that it cannot read."""
    with private_directory() as (folder, _):
        neutral = str(folder)
        own = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "_PIP_", "PIPAPI_"))}
        own |= {"PIP_CONFIG_FILE": os.devnull} | _location(python, own, neutral)
        done = _run([sys.executable, "-c", _LIST], own, neutral)
    if done.returncode:
        return Missing((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return {canonicalize_name(name): version for name, version in json.loads(done.stdout)}


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


def _package(name: NormalizedName, listed: str | None, row: Mapping[str, Any]) -> InstalledPackage:
    """Return what is installed as *name*, by the version that pip *listed*, else by what *row* tells of it."""
    text = read_metadata(row)
    metadata = text if isinstance(text, Missing) else parse_metadata(name, text, row)
    problem = row.get("problem") or (metadata.reason if isinstance(metadata, Missing) else "")
    written = None if isinstance(text, Missing) else written_version(text)
    return InstalledPackage(
        name=name,
        version=listed or row.get("version") or written or _named_version(row),
        metadata=None if problem or isinstance(metadata, Missing) else metadata,
        problem=problem,
        reference=_reference_of(row),
    )


def _named_version(row: Mapping[str, Any]) -> str:
    """Return the version in the name of a directory (PEP 376); empty where there is none."""
    return Path(row.get("info") or "").stem.partition("-")[2].partition("-")[0]


def _reference_of(row: Mapping[str, Any]) -> Reference | None:
    info = Path(row.get("info") or "/")
    if row.get("editable") and info.suffix == ".egg-info":  # a link to it: such an old one has no direct_url.json
        return Reference(url=info.parent.as_uri(), kind=ArtifactKind.TREE, path=str(info.parent))
    try:
        return parse_direct_url(read_regular(info / "direct_url.json").decode())
    except (OSError, UnicodeDecodeError):
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
