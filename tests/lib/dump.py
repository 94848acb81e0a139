"""A dump of OSV records on a loopback socket: ``all.zip``, ``modified_id.csv`` and each record by itself."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from lib.index import IndexFile, LocalIndex

from safeinstall.sources.advisories.build import confirm_database
from safeinstall.sources.advisories.database import AdvisoryDatabase

if TYPE_CHECKING:
    from pathlib import Path


def osv(id_: str, name: str = "demo", *versions: str, modified: str = "2026-01-01T00:00:00Z", **fields: Any) -> dict:
    """Return a record that affects these versions of *name* (none given: 1.0)."""
    affected = [{"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions or ["1.0"])}]
    return {"id": id_, "modified": modified, "affected": affected, **fields}


def zipped(*records: dict[str, Any]) -> bytes:
    """Return a zip of the records, uncompressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for record in records:
            archive.writestr(f"{record['id']}.json", json.dumps(record))
    return buffer.getvalue()


def listed(*records: dict[str, Any]) -> bytes:
    """Return ``modified_id.csv`` of the records."""
    return "".join(
        f"{r['modified']},{r['id']}\n" for r in sorted(records, key=lambda r: r["modified"], reverse=True)
    ).encode()


def age(database: Path, time: timedelta) -> None:
    """Make a database look as if it was synced so long ago."""
    at = datetime.now(timezone.utc) - time
    with AdvisoryDatabase(database) as opened:
        known = [replace(identity, mtime_ns=int(at.timestamp() * 1e9)) for identity in opened.identities]
    confirm_database(database, known, at.timestamp())


class LocalDump(LocalIndex):
    """Serves :attr:`files` by their path, with ETags; :meth:`reply` plans other answers."""

    def __init__(self) -> None:
        super().__init__()
        self.etag = True
        self.files: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"{self.root}/all.zip"

    def publish(self, *records: dict[str, Any]) -> None:
        """Serve exactly these records from now on."""
        self.files = {f"/{r['id']}.json": json.dumps(r).encode() for r in records}
        self.files |= {"/all.zip": zipped(*records), "/modified_id.csv": listed(*records)}

    def find(self, filename: str) -> IndexFile | None:
        if filename not in self.files:
            return None
        return IndexFile(filename, self.files[filename], None, None, None, None, {}, {})

    def taken(self) -> list[str]:
        """Return the paths that were asked for since the last call, sorted."""
        paths = sorted(request.path for request in self.requests)
        self.requests.clear()
        return paths
