"""Rule ``indexes``: files from the index that they are meant to come from, over a connection that nobody can change."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.base import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, Source
    from safeinstall.facts.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """Deny files of an index that nobody chose for their project, or that anybody on the way can replace.

    Stops dependency confusion: pip asks all indexes alike and takes the highest version, so that whoever registers the
    name of your own package on a public index gets installed in its place. Find-links and direct references are the
    business of ``direct-references``.

    Options, each a level:
        unlisted: a file of an index that is not among ``[[indexes]]``, where the policy lists any. Default: ``"deny"``.
        ambiguous: a project that another index knows too, without offering this very file (by its sha256), and that no
            pattern of ``[[indexes]]`` binds to one of them, unless one is the mirror of the other (``mirror-of``).
            Default: ``"deny"``.
        altered: a file of a mirror, if the index that it mirrors offers another one under the same name, by its hash;
            or where that has none, another mirror does. Default: ``"deny"``.
        plain-http: an index that is asked over HTTP without encryption, or a file that comes that way and of which the
            index publishes no sha256. This machine itself is exempt. Default: ``"deny"``.
        trusted-host: an index or a file of a host for which pip's ``trusted-host`` switches off the checks of TLS.
            Default: ``"deny"``.
        on-missing: unused, since the way a file came is always known.

    Denied: ``acme-core 99.0`` with an extra index: "default offers acme-core, and so does acme, with other files;
    nothing says which is meant". Fix: bind the name to its index::

        [[indexes]]
        name = "default"
        [[indexes]]
        name = "acme"
        url = "https://packages.acme.example/simple/"
        packages = ["acme-*"]

    Where the other index offers the same projects on purpose, as a mirror does, say so instead::

        [[indexes]]
        name = "default"
        [[indexes]]
        name = "near"
        url = "https://mirror.acme.example/simple/"
        mirror-of = "default"
    """

    id: ClassVar[str] = "indexes"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    unlisted: Level = Level.DENY
    ambiguous: Level = Level.DENY
    altered: Level = Level.DENY
    plain_http: Level = Level.DENY
    trusted_host: Level = Level.DENY
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for each option that applies, unless its level is ``allow``."""
        if evidence.artifact.source.kind is SourceKind.INDEX:
            for finding in self._findings(self._found(evidence)):
                is_ambiguous = finding.key == "rules.indexes.ambiguous"
                names = (evidence.artifact.source, *evidence.rivals) if is_ambiguous else ()
                yield replace(finding, rivals=tuple(one_line(source.display) for source in names))

    def of_source(self, _name: NormalizedName, source: Source, trusted_host: str | None) -> Iterator[Finding]:
        """See :class:`~safeinstall.rules.base.SourceRule`: over HTTP, or without a check of its certificate."""
        if source.kind is SourceKind.INDEX:
            yield from self._findings(self._of_way(source, trusted_host, is_open=_is_open(source.url)))

    def _findings(self, found: Iterator[tuple[str, Level, str, str]]) -> Iterator[Finding]:
        for option, level, message, remedy in found:
            if level is not Level.ALLOW:
                yield Finding(rule=self.id, level=level, message=message, key=f"rules.indexes.{option}", remedy=remedy)

    def _found(self, evidence: Evidence) -> Iterator[tuple[str, Level, str, str]]:
        artifact = evidence.artifact
        index, name = one_line(artifact.source.display), artifact.stated_name
        if not evidence.is_index_listed:
            yield "unlisted", self.unlisted, *_unlisted(artifact)
        if evidence.rivals:
            others = ", ".join(one_line(source.display) for source in evidence.rivals)
            bind = f'bind the name to one index: "{artifact.name}" in packages of an entry of [[indexes]]'
            yield (
                "ambiguous",
                self.ambiguous,
                f"{index} offers {name}, and so does {others}, with other files; nothing says which is meant",
                f"{bind}, or say by mirror-of that one is a mirror",
            )
        if evidence.altered is not None:
            original = one_line(evidence.altered.display)
            yield (
                "altered",
                self.altered,
                f"{index} offers other bytes under the name {one_line(artifact.filename)} than {original} does",
                f"find out which are right; until then take {index} out of [[indexes]]",
            )
        is_open = _is_open(artifact.source.url) or (_is_open(artifact.url) and artifact.sha256 is None)
        yield from self._of_way(artifact.source, evidence.trusted_host, is_open=is_open)

    def _of_way(
        self, source: Source, trusted_host: str | None, *, is_open: bool
    ) -> Iterator[tuple[str, Level, str, str]]:
        index = one_line(source.display)
        if is_open:
            yield (
                "plain-http",
                self.plain_http,
                f"comes from {index} over plain HTTP, which anybody on the way can change",
                "use the https address of the index",
            )
        if trusted_host is not None:
            yield (
                "trusted-host",
                self.trusted_host,
                f"comes from {index}, whose certificate is not checked: trusted-host {one_line(trusted_host)}",
                "take the host out of pip's trusted-host, and give pip its certificate authority with --cert",
            )


def _unlisted(artifact: Artifact) -> tuple[str, str]:
    """Return what is wrong, and the way out."""
    named = one_line(artifact.source.display)
    if artifact.unheard is not None:
        return f"{named} names a file that no index of this policy is known to list", "lock it again from one of them"
    return f"{named} is not an index of this policy", "list it in [[indexes]]"


def _is_open(url: str) -> bool:
    """Whether *url* is plain HTTP to another machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address: whoever asks it is told so
        return False
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
