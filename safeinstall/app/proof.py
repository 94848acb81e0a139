"""Whether what a policy or a lock asks to be proved can be proved by this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.errors import PolicyError
from safeinstall.rules.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.policy.model import Policy
    from safeinstall.request.requirements import Root


def require_proof(policy: Policy, roots: Iterable[Root] = ()) -> None:
    """Raise :class:`~safeinstall.errors.PolicyError` if *policy*, or a lock that *roots* are of, asks for proof that
    needs what is not installed.
    """
    if (where := next(_asking(policy, roots), None)) is not None:
        from safeinstall.sources.provenance.extra import require_extra

        require_extra(where)
        require_root(policy)


def require_root(policy: Policy) -> None:
    """Raise :class:`~safeinstall.errors.PolicyError` if the trusted root that *policy* names is none, or not there."""
    from safeinstall.facts.values import Missing
    from safeinstall.sources.provenance.roots import named_root

    if isinstance(found := named_root(policy.provenance), Missing):
        where = policy.origin("provenance.root")
        raise PolicyError((f"{where} (provenance.root): {found.reason}",), hint=found.remedy)


def _asking(policy: Policy, roots: Iterable[Root]) -> Iterator[str]:
    keys = (rule.proof for rule in policy.all_rules if isinstance(rule, Provenance))
    yield from (f"{policy.origin(key)} ({key})" for key in keys if key is not None)
    yield from (f"{root.origin} (attestation-identities of {root.name})" for root in roots if root.lock_publishers)
