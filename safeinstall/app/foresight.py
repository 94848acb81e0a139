"""What is begun while pip still starts, on what it will probably say (``sources/pip/expectations.py``)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from safeinstall.app.left import may_be_left
from safeinstall.errors import SafeInstallError
from safeinstall.request.invocation import parse_invocation
from safeinstall.sources.pip.descriptions import keep
from safeinstall.sources.pip.expectations import ExpectedPip, expect, remember
from safeinstall.sources.pip.installed import check_listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.app.indexes import Indexes
    from safeinstall.policy.model import Policy
    from safeinstall.report.run import Run
    from safeinstall.request.invocation import Invocation
    from safeinstall.sources.pip.host import HostedPip


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A guess, and the indexes that are asked on it."""

    pip: ExpectedPip
    indexes: Indexes

    @contextmanager
    def on(self, run: Run) -> Iterator[Indexes]:
        """Lend the indexes. What *run* then holds is forgotten, unless pip has said the same: nobody asked for it."""
        try:
            with self.indexes as indexes:
                yield indexes
        finally:
            if not self.pip.confirmed:
                run.forget()


def foresee(pip: HostedPip, argv: Sequence[str], environ: Mapping[str, str], policy: Policy) -> Foreseen | None:
    """Ask the indexes for what *pip*, which starts, will probably ask for; ``None`` where nobody can tell.

    Nothing is begun where something has to be done first: a collector be asked, a half installation be undone.
    """
    if policy.log.required or may_be_left(environ):
        return None
    expected = expect(pip, argv, environ)
    if expected is None or expected.said is None:
        return None
    from safeinstall.app.indexes import Indexes  # little is known the first time

    try:
        invocation = parse_invocation(expected.said)
        check_listed(invocation.installed)
        now = datetime.now(timezone.utc)
        indexes = Indexes.open(invocation, policy, expected, as_of=now, environ=environ)
    except SafeInstallError:
        return None  # it will be met again, and told
    indexes.ask_ahead(invocation)
    return Foreseen(expected, indexes)


def keep_said(argv: Sequence[str], environ: Mapping[str, str], said: Mapping[str, Any], invocation: Invocation) -> None:
    """Remember what pip *said* for the next run, unless nothing is to be kept."""
    if not invocation.keeps_nothing:
        keep(argv, environ, said)
        remember(argv, environ, said)
