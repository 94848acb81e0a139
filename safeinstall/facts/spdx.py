"""Licences as SPDX expressions (PEP 639): what metadata states, and which licences of it are not among some allowed."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_LONGEST = 2000
_DEEPEST = 20
_TOKEN = re.compile(r"[()]|[^\s()]+")
_GNU = re.compile(r"((?:A|L)?GPL-\d\.\d|GFDL-\d\.\d)(\+?)")

CLASSIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "Apache Software License": "Apache-2.0",
        "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0",
        "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
        "CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)": "CECILL-2.1",
        "CMU License (MIT-CMU)": "MIT-CMU",
        "Common Development and Distribution License 1.0 (CDDL-1.0)": "CDDL-1.0",
        "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
        "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
        "European Union Public Licence 1.1 (EUPL 1.1)": "EUPL-1.1",
        "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
        "GNU Affero General Public License v3": "AGPL-3.0-only",
        "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
        "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
        "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
        "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
        "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
        "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
        "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
        "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
        "Historical Permission Notice and Disclaimer (HPND)": "HPND",
        "ISC License (ISCL)": "ISC",
        "MIT License": "MIT",
        "MIT No Attribution License (MIT-0)": "MIT-0",
        "Mozilla Public License 1.0 (MPL)": "MPL-1.0",
        "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
        "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
        "Mulan Permissive Software License v2 (MulanPSL-2.0)": "MulanPSL-2.0",
        "Other/Proprietary License": "LicenseRef-Proprietary",
        "PostgreSQL License": "PostgreSQL",
        "Public Domain": "LicenseRef-Public-Domain",
        "Python Software Foundation License": "PSF-2.0",
        "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
        "The Unlicense (Unlicense)": "Unlicense",
        "Universal Permissive License (UPL)": "UPL-1.0",
        "University of Illinois/NCSA Open Source License": "NCSA",
        "Zero-Clause BSD (0BSD)": "0BSD",
        "Zope Public License": "ZPL-2.1",
        "zlib/libpng License": "Zlib",
    }
)
"""Trove classifiers, without what stands before the last ``::``, that mean one licence."""
VAGUE_CLASSIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "Artistic License": "Artistic-1.0 AND Artistic-2.0",
        "BSD License": "BSD-2-Clause AND BSD-3-Clause",
        "GNU Affero General Public License": "AGPL-3.0-only",
        "GNU General Public License (GPL)": "GPL-2.0-only AND GPL-3.0-only",
        "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1-only AND LGPL-3.0-only",
    }
)
"""Classifiers that mean one of several: whoever allows all of these is safe."""


def parse_license(text: str) -> str:
    """Return one licence, with an exception perhaps, as SPDX spells it. Raises ``ValueError`` for its author."""
    found = canonical(text)
    if found is None or {"AND", "OR"} & {*_TOKEN.findall(found)}:
        raise ValueError(f'"{text}" is not the SPDX identifier of one licence; write "MIT" or "Apache-2.0"')
    return found


@lru_cache(maxsize=1024)
def canonical(text: str) -> str | None:
    """Return *text* as SPDX spells it, if it is an expression; old names of GNU licences are replaced."""
    # Imported when needed: the list of all licences is long, and few policies ask.
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression  # noqa: PLC0415

    if len(text) > _LONGEST or text.count("(") > _DEEPEST:
        return None
    try:
        found = canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None
    return _TOKEN.sub(lambda token: _modern(token[0]), found)


def _modern(name: str) -> str:
    """Return ``GPL-2.0-only`` for ``GPL-2.0``, ``GPL-2.0-or-later`` for ``GPL-2.0+``."""
    old = _GNU.fullmatch(name)
    return f"{old[1]}-{'or-later' if old[2] else 'only'}" if old else name


def stated(fields: Mapping[str, Sequence[str]]) -> str | None:
    """Return what the *fields* of a METADATA file state, as an expression, or ``None`` when nobody can tell.

    License-Expression (PEP 639), else the classifiers, else a License that is an identifier. Of several classifiers all
    count: they do not tell whether one may choose.
    """
    for expression in fields.get("license-expression", ())[:1]:
        return canonical(expression.strip())
    named = [c.rpartition("::")[2].strip() for c in fields.get("classifier", ()) if c.strip().startswith("License ::")]
    named = [name for name in named if name != "OSI Approved"]
    text = canonical(next(iter(fields.get("license", ())), "").strip())
    if text is not None and not (named and all(name in CLASSIFIERS for name in named)):
        return text  # more exact than a vague classifier
    known = [found for name in named if (found := CLASSIFIERS.get(name) or VAGUE_CLASSIFIERS.get(name))]
    return " AND ".join(known) if known and len(known) == len(named) else None


def not_allowed(expression: str, allowed: Collection[str]) -> tuple[str, ...]:
    """Return the licences that stand in the way of a canonical *expression*; none, when *allowed* are enough."""
    return _Reader(_TOKEN.findall(expression), frozenset(allowed)).either()


class _Reader:
    """Reads an expression from left to right: WITH binds closest, then AND, then OR."""

    def __init__(self, tokens: list[str], allowed: frozenset[str]) -> None:
        self._tokens, self._allowed = [*tokens, ""], allowed
        self._place = 0

    def either(self) -> tuple[str, ...]:
        """Read alternatives: one that is allowed is enough."""
        found = [self._all()]
        while self._skip("OR"):
            found.append(self._all())
        return () if () in found else tuple(dict.fromkeys(name for names in found for name in names))

    def _all(self) -> tuple[str, ...]:
        found = self._one()
        while self._skip("AND"):
            found = (*found, *(name for name in self._one() if name not in found))
        return found

    def _one(self) -> tuple[str, ...]:
        if self._skip("("):
            found = self.either()
            self._skip(")")
            return found
        name = self._next()
        if not self._skip("WITH"):
            return () if self._is_allowed(name) else (name,)
        excepted = f"{name} WITH {self._next()}"  # an exception only ever permits more
        return () if excepted in self._allowed or self._is_allowed(name) else (excepted,)

    def _is_allowed(self, name: str) -> bool:
        return name in self._allowed or (name.endswith("+") and name[:-1] in self._allowed)

    def _next(self) -> str:
        self._place += 1
        return self._tokens[self._place - 1]

    def _skip(self, token: str) -> bool:
        found = self._tokens[self._place] == token
        self._place += found
        return found
