"""``safe-pip policy show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.commands.policy.output import write
from safeinstall.policy.locations import key_lines, parse_key
from safeinstall.policy.render import render_policy
from safeinstall.report.text import shown
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace

    from safeinstall.commands.policy import Place
    from safeinstall.policy.model import Policy


def run(arguments: Namespace, place: Place) -> int:
    """Print the policy that applies here, each value with its origin."""
    policy = load_policy(place.policy, place.environ, place.cwd)
    values: dict[str, str] = {}

    def comment(key: str) -> str:
        values[key] = origin(policy, key)
        return values[key]

    rendered = render_policy(policy, comment)
    head = [f"# {shown(name)}" for name in (*policy.file.split(" + "), *(f"note: {note}" for note in policy.notes))]
    data = {
        "file": policy.file,
        "digest": policy.digest,
        "policy": render_policy(policy),
        "origins": values,
        "notes": list(policy.notes),
    }
    write(arguments, "\n".join([*head, rendered]), data)
    return 0


def origin(policy: Policy, key: str) -> str:
    """Return where *key* itself is written, else ``default``."""
    source = policy.origins.source(parse_key(key))
    if source is None:
        return "default"
    text, path = source
    return str(text.location(path)) if (*text.table, *path) in key_lines(text.text) else "default"
