"""``docs/limits.md`` says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<what>[^|*]+) \| (?P<value>[^|]+) \| `(?P<where>[^`]+)` \|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer((ROOT / "docs" / "limits.md").read_text())]


def value_of(where):
    """Return a constant, or the default of a dataclass's field."""
    holder, _, name = where.rpartition(".")
    try:
        return getattr(import_module(holder), name)
    except ModuleNotFoundError:
        module, _, kind = holder.rpartition(".")
        found = getattr(import_module(module), kind)
        assert is_dataclass(found)
        return next(field.default for field in fields(found) if field.name == name)


def written(value):
    return f"{value.days} day" if isinstance(value, timedelta) else f"{value:.0f}"


@pytest.mark.parametrize("row", ROWS, ids=[row["where"] for row in ROWS])
def test_a_row_of_the_table(row):
    if row["where"].startswith("tests/"):
        assert (ROOT / row["where"]).is_file()
    else:
        assert written(value_of(row["where"])) in re.findall(r"\d+(?: day)?", row["value"])


def test_the_table_was_read():
    assert len(ROWS) == 86
