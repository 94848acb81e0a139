"""What the target environment holds, read from its metadata directories when it is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from safeinstall.errors import MetadataInvalidError, UnsatisfiableError
from safeinstall.facts.artifact import InstalledDistribution, Metadata
from safeinstall.facts.metadata import parse_installed_metadata, written_version
from safeinstall.facts.values import Missing
from safeinstall.sources.places.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

PEP_440 = (24, 1)
"""The first pip that takes no other version (news: 24.1)."""
LOWEST = Version("0.dev0")
"""Stands for a version that is none: an older pip takes it for less than all others, and no specifier for met."""


@dataclass(slots=True)
class InstalledDistributions:
    """Looks up one project at a time; most of an environment is never read."""

    rows: Mapping[NormalizedName, Mapping[str, Any]]
    """As the host described them (``hosted/installed.py``)."""
    pip: tuple[int, ...]
    """Major and minor version of the target's pip."""
    _read: dict[NormalizedName, InstalledDistribution | None] = field(default_factory=dict)

    def __call__(self, name: NormalizedName) -> InstalledDistribution | None:
        """Return what is installed as *name*.

        Raises ``UnsatisfiableError`` where nobody knows which version it is: pip stops there too
        (``InvalidInstalledPackage``). Metadata that cannot be read is :class:`~safeinstall.facts.values.Missing`.
        """
        if name not in self._read:
            row = self.rows.get(name)
            self._read[name] = None if row is None else self._installed(name, row)
        return self._read[name]

    def _installed(self, name: NormalizedName, row: Mapping[str, Any]) -> InstalledDistribution:
        text = read_metadata(row)
        known = text if isinstance(text, Missing) else parse_metadata(name, text, row)
        written = row.get("version") or (None if isinstance(text, Missing) else written_version(text))
        if written is None:
            reason = text.reason if isinstance(text, Missing) else f"{row['info']} has no Version"
            raise unusable(name, reason)
        version, literal = self._version(name, written)
        return InstalledDistribution(
            name=name, version=version, metadata=known, editable=_is_editable(row), literal_version=literal
        )

    def _version(self, name: NormalizedName, written: str) -> tuple[Version, str | None]:
        try:
            return Version(written), None
        except InvalidVersion:
            if self.pip < PEP_440:
                return LOWEST, written
            raise unusable(name, f"{written!r} is no version (PEP 440)") from None


def check_listed(rows: Iterable[Mapping[str, Any]]) -> None:
    """Raise ``UnsatisfiableError`` if this pip would stop when it lists what is installed."""
    for row in rows:
        if row.get("stops"):
            raise UnsatisfiableError(
                f"pip cannot list what is installed: {row['problem']}", hint="repair it or move it away, then try again"
            )


def unusable(name: str, reason: str) -> UnsatisfiableError:
    """Return the error of an installed package by which pip cannot go."""
    return UnsatisfiableError(
        f"the installed package {name} cannot be read: {reason}",
        hint=f"repair it, or move it away and install {name} again",
    )


def read_metadata(row: Mapping[str, Any]) -> bytes | Missing:
    """Return the metadata that the host described, or why nobody can read it."""
    if "metadata" in row:  # also where pip finds nothing in what is there, and so goes on without
        return str(row["metadata"]).encode("utf-8", "surrogateescape")
    if "problem" in row or not row.get("info"):
        return Missing(str(row.get("problem", "nobody told where it is")))
    path = Path(row["info"], "METADATA")
    try:
        return read_regular(path)
    except OSError as error:
        return Missing(f"{path}: {error.strerror}")


def parse_metadata(name: NormalizedName, text: bytes, row: Mapping[str, Any]) -> Metadata | Missing:
    """Return what *text* says, or what of it nobody can read."""
    try:
        return parse_installed_metadata(text, name=name)
    except MetadataInvalidError as error:
        place = row["info"] if "metadata" in row else Path(row["info"], "METADATA")
        return Missing(f"{place}: {error.message}")


def _is_editable(row: Mapping[str, Any]) -> bool:
    """Whether it is a development installation (PEP 610, PEP 660)."""
    if "editable" in row or not row.get("info"):
        return bool(row.get("editable"))
    try:
        told = json.loads(Path(row["info"], "direct_url.json").read_text(encoding="utf-8"))
        return bool(told.get("dir_info", {}).get("editable"))
    except (OSError, ValueError, AttributeError):
        return False
