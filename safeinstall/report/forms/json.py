"""The report as JSON: the model field by field, as ``docs/report.schema.json`` publishes it.

A field is never renamed or removed, and never changes its meaning, without a new :data:`VERSION`; one may be added.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeinstall.report.model import Report

VERSION = 1


def render(report: Report) -> str:
    """Return *report* as one JSON object. All but ASCII is escaped, so that it survives any terminal."""
    return json.dumps({"schema": VERSION, **as_data(report)}, indent=2) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """Return *report* as values that JSON has."""
    return {f.name: plain(getattr(report, f.name)) for f in fields(report)}


def plain(value: Any) -> Any:
    """Return a value of the model as JSON has it."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value
