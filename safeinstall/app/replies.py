"""What a pip that goes on is told when it asks: may this be built, may that be installed, is the other compiled?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from safeinstall.errors import SafeInstallError
from safeinstall.resolve.resolution import BuildRefusedError, Refusal
from safeinstall.sources.archives.archives import check_built

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.values import Layout
    from safeinstall.facts.verdict import Pinned, Verdict
    from safeinstall.plan.plan import VerifiedPlan
    from safeinstall.sources.bytecode.ahead import BytecodeAhead
    from safeinstall.sources.files.stage import Stage


@dataclass(slots=True)
class Replies:
    """Answers pip, or the pip of a build. What speaks against a build is raised when pip has ended."""

    stage: Stage
    bytecode: BytecodeAhead | None = None
    plan_build: Callable[[Sequence[str]], VerifiedPlan] = field(init=False)
    """Judges and fetches what a build requires."""
    pins: Mapping[NormalizedName, Pinned] = field(default_factory=dict)
    built: Callable[[Artifact, Layout], Verdict] = field(init=False)
    """Judges what pip has built."""
    building: bool = False
    """Whether it is the requirements of a build that are planned."""
    _problem: SafeInstallError | None = None

    def __call__(self, question: str, words: Sequence[str]) -> Mapping[str, Any]:
        """See :meth:`~safeinstall.sources.pip.host.HostedPip.proceed`."""
        if question == "bytecode" and self.bytecode:
            return {"files": [file for path in words for file in self.bytecode.code_of(path)]}
        if question == "damaged" and self.bytecode:
            for path in words:
                self.bytecode.discard(path)
        return {"allowed": self._allows(question, words)} if question in {"build", "built"} else {}

    def needs(self, verified: VerifiedPlan) -> None:
        """Hear that pip goes on over the files of *verified*."""
        if self.bytecode:
            self.bytecode.needs_only({file.path for file in verified.files})

    def raise_problem(self) -> None:
        """Raise what spoke against a build, if anything did."""
        if self._problem is not None:
            raise self._problem

    def _allows(self, question: str, words: Sequence[str]) -> bool:
        try:
            self._check_built(words) if question == "built" else self._stage_build(words)
        except SafeInstallError as error:
            self._problem = self._problem or error
            return False
        return True

    def _stage_build(self, requirements: Sequence[str]) -> None:
        """Put judged *requirements* of a build on the stage."""
        outer, self.building = self.building, True  # what a build requires may have to be built itself
        try:
            self.stage.publish(self.plan_build(requirements))
        finally:
            self.building = outer

    def _check_built(self, paths: Sequence[str]) -> None:
        """Look at the wheels that pip has built as at those that were fetched: their author made what made them."""
        for path in map(Path, paths):
            pin = self.pins.get(parse_wheel_filename(path.name)[0])
            known = {canonicalize_name(each.name) for each in pin.metadata.requires_dist} if pin else None
            contents = check_built(path, known)
            if pin is not None and contents.layout is not None:
                verdict = self.built(pin.artifact, contents.layout)
                if verdict.denied:
                    raise BuildRefusedError(Refusal(verdicts=(verdict,)))
