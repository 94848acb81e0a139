"""Rule ``allowlist``: nothing but what is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowlist:
    """Deny every package that is not listed, dependencies included.

    Stops what nobody has chosen: mistyped names, invented names, dependencies that a new release brings along.

    Options:
        packages: the selectors that may be installed. Default: none.
        on-missing: unused, since name and version are always known.

    Denied: ``requests 2.34.0`` with ``packages = ["numpy"]``: "requests is not on the allowlist (1 entry)". Fix:
    add ``"requests==2.34.0"`` to ``packages``, after looking at it.
    """

    id: ClassVar[str] = "allowlist"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    packages: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a denial unless some selector matches."""
        name, version = evidence.artifact.name, evidence.artifact.version
        if any(selector.matches(name, version) for selector in self.packages):
            return
        written = evidence.artifact.stated_name
        named = [str(selector) for selector in self.packages if selector.matches_name(name)]
        if named:
            message = f"{written} {version} is outside {' and '.join(named)}, which the allowlist asks for"
        else:
            message = f"{written} is not on the allowlist ({_count(len(self.packages))})"
        yield Finding(
            rule=self.id,
            level=Level.DENY,
            message=message,
            key="rules.allowlist.packages",
            remedy=f'if it may be installed, add "{name}=={version}" to packages in [rules.allowlist]',
        )


def _count(selectors: int) -> str:
    return "1 entry" if selectors == 1 else f"{selectors} entries"
