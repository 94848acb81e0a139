"""Lines of the form ``name==version``, as ``pip freeze`` prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from safeinstall.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

_COMMENT = re.compile(r"(?:^|\s)#.*")
_PIN = re.compile(
    r"([A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?)\s*(?:\[[^\[\]]*\]\s*)?={2,3}\s*([^\s;,=*][^\s;,*]*)", re.ASCII | re.IGNORECASE
)
_LONGEST_SHOWN = 80


class Pin(NamedTuple):
    """One package at one version."""

    package: NormalizedName
    version: str
    """As written: PEP 440 or not."""


def read_pins(lines: Iterable[str], where: str, *, first: int = 1) -> Iterator[Pin]:
    """Yield the pin of each line; comments and blank lines are none.

    Raises :class:`UsageError` at the first line that is anything else; *where* it is counts from *first*.
    """
    for number, line in enumerate(lines, first):
        text = _COMMENT.sub("", line).strip()
        if not text:
            continue
        match = _PIN.fullmatch(text)
        if match is None:
            found = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
            raise UsageError(
                f"{where} {number}: {found!r} is not name==version",
                hint="write each package with one version: urllib3==2.5.0",
            )
        yield Pin(canonicalize_name(match[1]), match[2])
