"""What guards have changed on this machine: one file for each scope, in the state directory."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from safeinstall.errors import RefusedError
from safeinstall.guard.content import Content, put
from safeinstall.guard.edits import Change, Edit, How
from safeinstall.guard.scopes import Scope
from safeinstall.sources.places.directories import state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIVATE = 0o600
"""A configuration of pip's may hold a password."""


@dataclass(frozen=True, slots=True)
class Record:
    """The guard of one scope."""

    scope: Scope
    changes: tuple[Change, ...]
    folders: tuple[Path, ...] = ()
    """Made for the changes, the outermost first."""


def record_file(scope: Scope, environ: Mapping[str, str]) -> Path:
    """Return where the record of *scope* is."""
    return state_directory(environ) / "guard" / f"{scope.key}.json"


def read_record(scope: Scope, environ: Mapping[str, str]) -> Record | None:
    """Return what was changed for *scope*; ``None`` if nothing was. Raises ``RefusedError`` for an unreadable one."""
    return _read(record_file(scope, environ))


def read_records(environ: Mapping[str, str]) -> list[Record]:
    """Return every record. Raises ``RefusedError`` when one cannot be read."""
    files = sorted((state_directory(environ) / "guard").glob("*.json"))
    return [record for record in map(_read, files) if record is not None]


def write_record(record: Record, environ: Mapping[str, str]) -> None:
    """Keep *record*. Raises ``OSError``."""
    text = json.dumps(_told(record), indent=2) + "\n"
    file = record_file(record.scope, environ)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put(file, Content(text.encode(), PRIVATE))


def drop_record(scope: Scope, environ: Mapping[str, str]) -> None:
    """Forget *scope*."""
    file = record_file(scope, environ)
    put(file, None)
    if not any(file.parent.iterdir()):
        file.parent.rmdir()


def _read(file: Path) -> Record | None:
    try:
        return _heard(json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"the record of a guard cannot be read: {file}: {error}") from error


def _told(record: Record) -> dict[str, Any]:
    scope = record.scope
    return {
        "schema": 1,
        "scope": {"kind": scope.kind, "name": scope.name, "key": scope.key, "python": scope.python},
        "changes": [
            {
                "path": str(change.path),
                "how": change.edit.how,
                "text": change.edit.text,
                "mode": change.edit.mode,
                "before": _told_content(change.before),
                "after": _told_content(change.after),
            }
            for change in record.changes
        ],
        "folders": [str(folder) for folder in record.folders],
    }


def _heard(said: dict[str, Any]) -> Record:
    changes = []
    for row in said["changes"]:
        edit = Edit(Path(row["path"]), cast("How", row["how"]), row["text"], row["mode"])
        after = _heard_content(row["after"])
        if after is None:
            raise ValueError("a change to nothing")
        changes.append(Change(edit, _heard_content(row["before"]), after))
    return Record(Scope(**said["scope"]), tuple(changes), tuple(map(Path, said["folders"])))


def _told_content(content: Content | None) -> dict[str, Any] | None:
    if content is None:
        return None
    return {"data": b64encode(content.data).decode(), "mode": content.mode, "is_link": content.is_link}


def _heard_content(said: dict[str, Any] | None) -> Content | None:
    if said is None:
        return None
    return Content(b64decode(said["data"], validate=True), int(said["mode"]), bool(said["is_link"]))
