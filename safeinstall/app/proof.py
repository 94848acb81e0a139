"""Whether what a policy asks to be proved can be proved by this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.rules.provenance import Provenance

if TYPE_CHECKING:
    from safeinstall.policy.model import Policy


def require_proof(policy: Policy) -> None:
    """Raise :class:`~safeinstall.errors.PolicyError` if *policy* asks for proof that needs what is not installed."""
    for rule in policy.all_rules:
        key = rule.proof if isinstance(rule, Provenance) else None
        if key is not None:
            from safeinstall.sources.provenance.extra import require_extra

            require_extra(f"{policy.origin(key)} ({key})")
            return
