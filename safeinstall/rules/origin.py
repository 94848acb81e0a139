"""Rule ``origin``: a wheel holds what its source holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.rules.base import is_own_path, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.origins.origin import Origin as OriginFact
    from safeinstall.facts.origins.origin import Unfound
    from safeinstall.facts.terms import PackageSelector

_SHOWN = 3
"""Files that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Deny a wheel with Python files that are neither in its source distribution nor in the commit it was built from.

    Stops code that somebody put into a wheel alone, where nobody reads it: what is reviewed is the source. Each Python
    file is looked for by name and content, wherever it lies in the source distribution of the same release; what is not
    there, in the commit that an attestation proves (`[rules.provenance]` has to ask for proof, and `git` to be there).
    Nothing is built or run. What builds generate is known from what is in it, never from its name: version files that
    assign nothing but constants, what maturin and meson make of a template, empty files, the compiled modules of a
    wheel for some platform. `safe-pip inspect` shows all of it.

    Options:
        level: what follows for a Python file that is in no source.
        exempt: the selectors that may hold such files. Default: none.
        on-missing: what follows where there is neither a source distribution nor a commit to compare with.

    Denied: ``acme-1.0-py3-none-any.whl``: "runs Python that is not in acme-1.0.tar.gz: acme/hook.py". Fix: look at the
    file with ``safe-pip inspect acme==1.0``; then take another version, or add ``"acme==1.0"`` to ``exempt``.
    """

    id: ClassVar[str] = "origin"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.CONTENTS

    level: Level = Level.DENY
    exempt: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def wants_origin(self, artifact: Artifact) -> bool:
        """Whether there would be anything to say of *artifact*."""
        is_exempt = any(selector.matches(artifact.name, artifact.version) for selector in self.exempt)
        return self.level is not Level.ALLOW and artifact.kind is ArtifactKind.WHEEL and not is_exempt

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for all Python files that nothing explains."""
        origin, artifact = evidence.origin, evidence.artifact
        if is_own_path(evidence) or not self.wants_origin(artifact):
            return
        if isinstance(origin, Missing):
            yield Finding(
                rule=self.id,
                level=Level.DENY,
                missing=True,
                message=f"whether its source holds its code is not known: {one_line(origin.reason)}",
                key="rules.origin",
                remedy=origin.remedy or f'if it may be so, add "{artifact.selector}" to exempt in [rules.origin]',
            )
        elif origin.told:
            yield Finding(
                rule=self.id,
                level=self.level,
                message=_message(origin),
                key="rules.origin.level",
                remedy=f"look at what it is: safe-pip inspect {artifact.selector}; then take another version, or add"
                f' "{artifact.selector}" to exempt in [rules.origin]',
            )


def _message(origin: OriginFact) -> str:
    sources = " or ".join(map(one_line, origin.sources))
    return f"runs Python that is not in {sources}: {_few(origin.told)}"


def _few(files: Sequence[Unfound]) -> str:
    shown = [one_line(f"{file.path}{_remark(file)}") for file in files[:_SHOWN]]
    rest = len(files) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _remark(file: Unfound) -> str:
    remarks = [remark for remark in ("another one is" if file.differs else "", file.note) if remark]
    return f" ({'; '.join(remarks)})" if remarks else ""
