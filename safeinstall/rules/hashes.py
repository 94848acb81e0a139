"""Rule ``hashes``: only files whose hash was known beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.terms import Release
from safeinstall.facts.values import Missing
from safeinstall.rules.base import is_own_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import Digest

_SHOWN = 3
STRONG = frozenset({"sha256", "sha384", "sha512"})
"""What pip takes for ``--hash`` (pip: utils/hashes.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """Deny files whose hash nobody has vouched for.

    Stops an index, or whoever stands between it and you, from serving another file under a known name.

    Options:
        require: ``"pinned"`` (default): the sha256 must be listed in ``pins``, or a sha256, sha384 or sha512 given with
            the requirement (``--hash``) or by a lock. ``"index"``: it is enough that the index publishes a sha256;
            where a release has pins, they still bind, and a path that you name yourself needs none. A hash of a kind
            that the index does not publish is compared with the fetched file.
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
        of_user = frozenset(digest for digest in evidence.user_hashes if _kind(digest) in STRONG)
        given = (of_user, self._pinned(evidence, release))
        pinned = [hashes for hashes in given if hashes]
        if not pinned and self.require == "pinned":
            yield self._unpinned(release, evidence.sha256)
            return
        known = _known(evidence)
        if isinstance(evidence.sha256, Missing) and self._needs_sha256(pinned, evidence):
            yield self._missing(release, evidence.sha256)
        elif (other := next((hashes for hashes in pinned if _contradicts(known, hashes)), None)) is not None:
            yield self._mismatch(release, known, other)

    def _pinned(self, evidence: Evidence, release: Release) -> frozenset[str]:
        """Return what is pinned for *release*, or for all that it may be until a build has told its version."""
        artifact = evidence.artifact
        is_told = artifact.source.kind is not SourceKind.DIRECT or artifact.kind is ArtifactKind.WHEEL
        if is_told or not isinstance(evidence.metadata, Missing):
            return frozenset(self.pins.get(release, ()))
        return frozenset(d for pinned, digests in self.pins.items() if pinned.name == release.name for d in digests)

    def _needs_sha256(self, pinned: Sequence[frozenset[str]], evidence: Evidence) -> bool:
        """Whether nothing but a sha256 can show that the file is one of the *pinned*, where any are."""
        if pinned:
            return any({"sha256"} == set(map(_kind, hashes)) for hashes in pinned)
        return not is_own_path(evidence)

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

    def _mismatch(self, release: Release, known: Mapping[str, str], pinned: frozenset[str]) -> Finding:
        kinds = set(map(_kind, pinned))
        found = " and ".join(f"{kind}:{digest}" for kind, digest in sorted(known.items()) if kind in kinds)
        shown = ", ".join(sorted(pinned)[:_SHOWN]) + (", …" if len(pinned) > _SHOWN else "")
        return Finding(
            rule=self.id,
            level=Level.DENY,
            message=f"{found} is none of the {len(pinned)} pinned for {release} ({shown})",
            key=f'rules.hashes.pins."{release}"',
            remedy="find out why the file differs before pinning this hash too",
        )


def _kind(digest: str) -> str:
    return digest.partition(":")[0]


def _known(evidence: Evidence) -> dict[str, str]:
    """Return what is known of the file before it is fetched, by algorithm."""
    published = {kind: digest.lower() for kind, digest in evidence.artifact.hashes.items()}
    return published if isinstance(evidence.sha256, Missing) else published | {"sha256": evidence.sha256}


def _contradicts(known: Mapping[str, str], wanted: frozenset[str]) -> bool:
    """Whether *known* shows that the file is none of the *wanted*. What it cannot show, the fetched file will."""
    kinds = set(map(_kind, wanted))
    return kinds <= known.keys() and wanted.isdisjoint(f"{kind}:{known[kind]}" for kind in kinds)
