"""``safe-pip policy allow``."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from safeinstall.commands.policy.output import write_file
from safeinstall.errors import PolicyError, UsageError
from safeinstall.policy.durations import parse_duration
from safeinstall.policy.load import parse_toml, read_layer
from safeinstall.policy.locations import render_key
from safeinstall.policy.render import render_value
from safeinstall.report.text import shown
from safeinstall.sources.policies.policy_files import find_project, load_policy, named, project_text
from safeinstall.sources.policies.policy_texts import is_address, presets, read_policy
from safeinstall.sources.policies.trust import trust

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from safeinstall.commands.policy import Place
    from safeinstall.policy.locations import Path
    from safeinstall.policy.merge import PolicyText


def run(arguments: Namespace, place: Place) -> int:
    """Append an exception to the policy file. Nothing else of the file changes; nothing is written that is wrong."""
    text = editable(place)
    expires = _expires(arguments.expires)
    entry = _entry(text, arguments, expires)
    new = appended(text, entry, ("exceptions",))
    read_layer(new, role="project", read=partial(read_policy, cwd=place.cwd, environ=place.environ))
    told = told_trust(place)
    write_file(place.cwd / text.file, new.text)
    lines = [f"{new.location(('exceptions',))}: the exception is written to {text.file}", *told()]
    lines += load_policy(place.policy, place.environ, place.cwd).notes
    sys.stdout.writelines(f"{shown(line)}\n" for line in lines)
    return 0


def editable(place: Place) -> PolicyText:
    """Return the policy file that is meant: the one that is named, else the project's. Raises :class:`UsageError`."""
    reference = named(place.policy, place.environ)
    if reference is None:
        text = project_text(place.cwd)
        if text is None:
            raise UsageError("no project here has a policy", hint="safe-pip policy init writes one; or name a --policy")
        return text
    if is_address(reference) or reference in presets():
        raise UsageError(f"{reference} is not yours to edit", hint="name a file with --policy")
    return read_policy(reference, cwd=place.cwd, environ=place.environ)


def _expires(text: str) -> date:
    today = datetime.now(timezone.utc).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            day = today + parse_duration(text)
        except (ValueError, OverflowError):
            raise UsageError(
                f"--expires {text}: expected a date such as 2027-01-31, or a duration such as 30d"
            ) from None
    if day <= today:
        raise UsageError(f"--expires {text}: that is not in the future")
    return day


def _entry(text: PolicyText, arguments: Namespace, expires: date) -> str:
    values: dict[str, Any] = {
        "package": arguments.package,
        "rules": tuple(arguments.rules),
        "advisories": tuple(arguments.advisories) or None,
        "hashes": tuple(arguments.hashes) or None,
        "reason": arguments.reason,
        "expires": expires,
        "approved-by": arguments.approved_by,
    }
    lines = (f"{key} = {render_value(value)}" for key, value in values.items() if value is not None)
    return "\n".join([f"[[{render_key((*text.table, 'exceptions'))}]]", *lines, ""])


def appended(text: PolicyText, entry: str, table: Path) -> PolicyText:
    """Return *text* with *entry* of *table* at its end: it may always stand there, unless the list is written inline.

    Raises :class:`PolicyError` then.
    """
    end = "" if not text.text or text.text.endswith("\n") else "\n"
    new = replace(text, text=f"{text.text}{end}\n{entry}")
    parse_toml(text)
    try:
        parse_toml(new)
    except PolicyError as error:
        key = render_key(table)
        problem = f"{text.location(table)}: {key}: nothing can be added to an inline list"
        raise PolicyError((problem,), hint=f"write the {table[-1]} as [[{key}]] tables") from error
    return new


def told_trust(place: Place) -> Callable[[], list[str]]:
    """Return what to call when the file has been written: where it was trusted before, it is again."""
    before = find_project(place.environ, place.cwd) if named(place.policy, place.environ) is None else None

    def again() -> list[str]:
        project = find_project(place.environ, place.cwd) if before is not None and before.trusted else None
        if project is None:
            return []
        trust(project.path, project.layer.trust, place.environ)
        return [f"{project.layer.file} was trusted, and is so with this change"]

    return again
