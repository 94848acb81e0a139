"""``safe-pip policy trust``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.commands.policy.output import write
from safeinstall.errors import UsageError
from safeinstall.report.text import shown
from safeinstall.sources.policies.policy_files import find_project
from safeinstall.sources.policies.trust import distrust, trust

if TYPE_CHECKING:
    from argparse import Namespace

    from safeinstall.commands.policy import Place


def run(arguments: Namespace, place: Place) -> int:
    """Record that the user trusts the project's policy as it is now, or no longer does."""
    project = find_project(place.environ, place.cwd)
    if project is None:
        raise UsageError("no project here has a policy", hint="safe-pip policy init writes one")
    if arguments.forget:
        distrust(project.path, place.environ)
        said = f"{project.path} is no longer trusted: it can only tighten"
    else:
        trust(project.path, project.layer.trust, place.environ)
        said = f"{project.path} is trusted as it is now; a change needs new trust"
    data = {"file": str(project.path), "digest": project.layer.trust, "trusted": not arguments.forget}
    write(arguments, shown(said) + "\n", data)
    return 0
