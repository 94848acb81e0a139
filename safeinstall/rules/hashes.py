"""Rule ``hashes``: only files whose sha256 was known beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from safeinstall.models import Finding, Level, Missing, Price, Release
from safeinstall.rules.base import is_own_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.models import Digest, Evidence

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """Deny files whose sha256 nobody has vouched for.

    Stops an index, or whoever stands between it and you, from serving another file under a known name.

    Options:
        require: ``"pinned"`` (default): the hash must be listed in ``pins``, or given with the requirement (``--hash``)
            or by a lock. ``"index"``: it is enough that the index publishes a sha256; where a release has pins, they
            still bind, and a path that you name yourself needs none.
        pins: a table of releases to hashes, ``"acme==1.0" = ["sha256:…"]``. Default: none.
        on-missing: what follows when the index publishes no sha256.

    Denied: ``acme 1.0`` with ``require = "pinned"`` and no pin: "no sha256 is pinned for acme==1.0; the policy asks for
    one". Fix: add its hash to ``pins``, or install from a lock with hashes.
    """

    id: ClassVar[str] = "hashes"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    require: Literal["pinned", "index"] = "pinned"
    pins: Mapping[Release, tuple[Digest, ...]] = field(default_factory=dict, hash=False, metadata={"merge": "pins"})
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a denial for a file that is not pinned, and a missing fact where no sha256 is published."""
        release = Release(evidence.artifact.name, evidence.artifact.version)
        given = (evidence.user_hashes, frozenset(self.pins.get(release, ())))
        pinned = [hashes for hashes in given if hashes]
        if not pinned and self.require == "pinned":
            yield self._unpinned(release, evidence.sha256)
        elif isinstance(evidence.sha256, Missing):
            if pinned or not is_own_path(evidence):
                yield self._missing(release, evidence.sha256)
        elif (other := next((h for h in pinned if f"sha256:{evidence.sha256}" not in h), None)) is not None:
            yield self._mismatch(release, evidence.sha256, other)

    def _unpinned(self, release: Release, sha256: str | Missing) -> Finding:
        pin = "its hash" if isinstance(sha256, Missing) else f'"{release}" = ["sha256:{sha256}"]'
        return Finding(
            rule=self.id,
            level=Level.DENY,
            message=f"no sha256 is pinned for {release}; the policy asks for one",
            key="rules.hashes.require",
            remedy=f"install from a lock or requirements with hashes, or add {pin} to pins in [rules.hashes]",
        )

    def _missing(self, release: Release, missing: Missing) -> Finding:
        return Finding(
            rule=self.id,
            level=Level.DENY,
            missing=True,
            message=f"the sha256 of this file of {release} is not known: {missing.reason}",
            key="rules.hashes.require",
            remedy="take it from an index that publishes sha256 hashes",
        )

    def _mismatch(self, release: Release, sha256: str, pinned: frozenset[str]) -> Finding:
        shown = ", ".join(sorted(pinned)[:_SHOWN]) + (", …" if len(pinned) > _SHOWN else "")
        return Finding(
            rule=self.id,
            level=Level.DENY,
            message=f"sha256:{sha256} is none of the {len(pinned)} pinned for {release} ({shown})",
            key=f'rules.hashes.pins."{release}"',
            remedy="find out why the file differs before pinning this hash too",
        )
