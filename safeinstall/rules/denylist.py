"""Rule ``denylist``: never these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """One entry of the list."""

    package: PackageSelector
    reason: str
    use_instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denylist:
    """Deny the packages that are listed, whoever asks for them.

    Stops what is known to be unwanted and is in no advisory database: unmaintained projects, a broken release,
    a name that collides with one of your own.

    Options:
        packages: tables of ``package`` (a selector), ``reason`` (shown to whoever meets the denial) and, if there is
            one, ``use-instead``. Default: none.
        on-missing: unused, since name and version are always known.

    Denied: ``pycrypto 2.6.1`` with ``packages = [{ package = "pycrypto", reason = "unmaintained", use-instead =
    "pycryptodome" }]``: "pycrypto 2.6.1 is on the denylist as pycrypto: unmaintained". Fix: use pycryptodome instead.
    """

    id: ClassVar[str] = "denylist"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    packages: tuple[Denied, ...] = field(default=(), metadata={"merge": "union"})
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one denial for each entry that matches."""
        name, version = evidence.artifact.name, evidence.artifact.version
        release = f"{evidence.artifact.stated_name} {version}"
        for index, denied in enumerate(self.packages):
            if denied.package.matches(name, version):
                reason = f": {denied.reason}" if denied.reason.strip() else ""
                yield Finding(
                    rule=self.id,
                    level=Level.DENY,
                    message=f"{release} is on the denylist as {denied.package}{reason}",
                    key=f"rules.denylist.packages[{index}]",
                    remedy=_remedy(denied),
                )


def _remedy(denied: Denied) -> str:
    if denied.use_instead:
        return f"use {denied.use_instead} instead"
    if denied.package.specifier:
        return f"ask for a version outside {denied.package}"
    return f"do without {denied.package}, or ask whoever keeps the policy for an exception"
