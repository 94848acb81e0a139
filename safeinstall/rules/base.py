"""What a rule is: a frozen dataclass whose fields are its policy options and whose docstring is its documentation."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, Source
    from safeinstall.facts.evidence import Evidence, Price


@runtime_checkable
class Rule(Protocol):
    """One rule of the policy.

    The class name in kebab-case is :attr:`id`; a field ``security_fix`` is the policy key ``security-fix``. Every field
    has a default, and the default is the strict one. :meth:`check` is pure: no clock, no files, no other rule.
    """

    id: ClassVar[str]
    exceptable: ClassVar[bool]
    """Whether an ``[[exceptions]]`` entry may cover its findings."""
    needs: ClassVar[Price]
    """The dearest of the facts it looks at: it is checked once, as soon as they are there."""

    @property
    def on_missing(self) -> Level | None:
        """This rule's own answer to a missing fact; ``None`` leaves it to ``[evidence] on-missing``."""
        ...

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield what there is to say. A fact that is missing is yielded as a finding with ``missing=True``;
        its level is set by ``evaluate``.
        """
        ...


@runtime_checkable
class SourceRule(Rule, Protocol):
    """A rule that may deny all that a source offers, so that the source need not be asked."""

    def of_source(self, name: NormalizedName, source: Source, trusted_host: str | None) -> Iterator[Finding]:
        """Yield what there is to say of every file of *name* on *source*, whichever it is; :meth:`check` says it too.

        *trusted_host* is the entry of pip's ``trusted-host`` that switches off the TLS checks of *source*.
        """
        ...


@runtime_checkable
class ProvenanceRule(Rule, Protocol):
    """A rule that looks at provenance, and knows of each file what it has to know of it.

    Asked by the listing, before anything of the file is fetched. Where no rule of the file's package is one, no
    provenance of it is asked for.
    """

    def wants_proof(self, artifact: Artifact) -> bool:
        """Whether the provenance of *artifact* is to be verified; else what its index says is enough."""
        ...

    def wants_precedent(self, artifact: Artifact) -> bool:
        """Whether it compares *artifact* with how the project's files came before (``Evidence.precedent``)."""
        ...


@runtime_checkable
class OriginRule(Rule, Protocol):
    """A rule that looks at what a wheel was made of, which costs the download of its source distribution."""

    def wants_origin(self, artifact: Artifact) -> bool:
        """Whether it has anything to say of where the files of *artifact* come from (``Evidence.origin``)."""
        ...


def is_local(artifact: Artifact) -> bool:
    """Whether a direct reference names a file or directory of this machine."""
    is_path = artifact.kind is ArtifactKind.TREE or artifact.url.lower().startswith("file:")
    return artifact.source.kind is SourceKind.DIRECT and artifact.kind is not ArtifactKind.VCS and is_path


def is_own_path(evidence: Evidence) -> bool:
    """Whether the user named this file or directory of this machine: no index has anything to say about it."""
    return is_local(evidence.artifact) and evidence.required_by is None and evidence.artifact.lock is None


def unheard(rule: str, artifact: Artifact) -> Finding:
    """Return what *rule* has to say of an *artifact* of which no index could be asked."""
    return Finding(
        rule=rule,
        level=Level.DENY,
        missing=True,
        message=f"what an index says of it is not known: {one_line(artifact.unheard or '')}",
        key=f"rules.{rule}",
        remedy="let an index be asked that lists this very file",
    )


ALLOW = "safe-pip policy allow"
"""What writes an exception. The judge adds ``--policy`` to it where a run was given one."""


def exception_command(artifact: Artifact, rule: str, *options: str) -> str:
    """Return the command that writes an exception from *rule* for this version of *artifact*."""
    return f"{ALLOW} {shlex.join((artifact.selector, '--rule', rule, *options))}"


_LONGEST = 200


def one_line(text: str) -> str:
    """Make a stranger's *text* fit to print: one line, no control characters, at most 200 characters.

    What an index or a package says must not be able to look like a line of ours, or to steer a terminal.
    """
    begins = text[: 10 * _LONGEST]
    printable = begins if begins.isprintable() else "".join(c if c.isprintable() else " " for c in begins)
    line = " ".join(printable.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
