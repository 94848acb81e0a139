"""Rule ``licenses``: only what may be used as it is meant to be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.metadata import header_fields
from safeinstall.facts.spdx import not_allowed, stated
from safeinstall.facts.values import Missing
from safeinstall.rules.base import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import LicenseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Licenses:
    """Deny files whose licence is not among those allowed.

    Stops a dependency of a dependency from bringing obligations that nobody has agreed to. What counts is the metadata
    of the file: License-Expression (PEP 639), else the classifiers, else a License that is an SPDX identifier. Of
    ``A OR B`` one must be allowed, of ``A AND B`` both; ``A WITH exception`` is allowed where ``A`` is, and ``A+`` too.
    Several classifiers are taken for ``AND``; "BSD License", which names no variant, for the two- and the three-clause
    licence at once. A licence that nobody can tell is a missing fact.

    Options:
        allow: SPDX identifiers, each perhaps ``WITH`` an exception. Default: none, so nothing may be installed.
        on-missing: what follows when the metadata does not say under which licence the file is.

    Denied: ``acme 1.0`` with ``allow = ["MIT"]``: 'licensed under "MIT AND GPL-3.0-only"; the policy does not allow
    GPL-3.0-only'. Fix: use another package, or add the identifier to ``allow`` after asking whoever decides on it.
    """

    id: ClassVar[str] = "licenses"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.METADATA

    allow: tuple[LicenseId, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a denial for a licence that is not allowed, and a missing fact where none is stated."""
        if isinstance(evidence.metadata, Missing):
            yield self._unknown(evidence, f"the licence is not known: the metadata was {evidence.metadata.reason}")
            return
        fields = header_fields(evidence.metadata)
        expression = stated(fields)
        if expression is None:
            said = next(iter((*fields.get("license-expression", ()), *fields.get("license", ()))), "")
            quoted = f' (it says "{line}")' if (line := one_line(said)) else ""
            yield self._unknown(evidence, f"its metadata names no licence that SPDX knows{quoted}")
        elif outside := not_allowed(expression, self.allow):
            yield Finding(
                rule=self.id,
                level=Level.DENY,
                message=f'licensed under "{one_line(expression)}"; the policy does not allow'
                f" {one_line(' or '.join(outside) if ' OR ' in expression else ', '.join(outside))}",
                key="rules.licenses.allow",
                remedy="use another package, or, if the licence is acceptable, add it to allow in [rules.licenses]",
            )

    def _unknown(self, evidence: Evidence, message: str) -> Finding:
        return Finding(
            rule=self.id,
            level=Level.DENY,
            missing=True,
            message=message,
            key="rules.licenses",
            remedy=f"find out the licence of {evidence.artifact.stated_name}, and write an exception that says so",
        )
