"""What the target environment holds, read from its metadata directories when it is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeinstall.errors import MetadataInvalidError, RefusedError
from safeinstall.facts.artifact import InstalledDistribution
from safeinstall.facts.metadata import parse_installed_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName


@dataclass(slots=True)
class InstalledDistributions:
    """Looks up one project at a time; most of an environment is never read."""

    rows: Mapping[NormalizedName, Mapping[str, Any]]
    """As the host listed them: ``info`` is a ``.dist-info`` or ``.egg-info``, or ``metadata`` the text itself."""
    _read: dict[NormalizedName, InstalledDistribution | None] = field(default_factory=dict)

    def __call__(self, name: NormalizedName) -> InstalledDistribution | None:
        """Return what is installed as *name*. Raises ``RefusedError`` for metadata that pip refuses too."""
        if name not in self._read:
            row = self.rows.get(name)
            self._read[name] = None if row is None else _read(name, row)
        return self._read[name]


def _read(name: NormalizedName, row: Mapping[str, Any]) -> InstalledDistribution:
    try:
        metadata = parse_installed_metadata(_text(row), name=name)
    except (MetadataInvalidError, OSError) as error:
        # pip stops here too (InvalidInstalledPackage).
        raise RefusedError(
            f"the installed package {name} cannot be read ({error})", hint=f"uninstall {name} first, then try again"
        ) from error
    return InstalledDistribution(name=name, version=metadata.version, metadata=metadata, editable=_is_editable(row))


def _text(row: Mapping[str, Any]) -> bytes:
    if "metadata" in row:
        return str(row["metadata"]).encode()
    info = Path(row["info"])
    if info.is_file():
        return info.read_bytes()
    path = next((p for p in (info / "METADATA", info / "PKG-INFO") if p.is_file()), info / "METADATA")
    return path.read_bytes()


def _is_editable(row: Mapping[str, Any]) -> bool:
    """Whether it is a development installation (PEP 610, PEP 660)."""
    if not row.get("info"):
        return False
    try:
        told = json.loads(Path(row["info"], "direct_url.json").read_text(encoding="utf-8"))
        return bool(told.get("dir_info", {}).get("editable"))
    except (OSError, ValueError, AttributeError):
        return False
