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
from safeinstall.sources.policies.policy_files import find_project, load_policy, project_text
from safeinstall.sources.policies.policy_texts import is_address, presets, read_policy
from safeinstall.sources.policies.trust import trust

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from safeinstall.commands.policy import Place
    from safeinstall.policy.merge import PolicyText


def run(arguments: Namespace, place: Place) -> int:
    """Append an exception to the policy file. Nothing else of the file changes; nothing is written that is wrong."""
    text = _text(place)
    expires = _expires(arguments.expires)
    entry = _entry(text, arguments, expires)
    new = _appended(text, entry)
    read_layer(new, role="project", read=partial(read_policy, cwd=place.cwd, environ=place.environ))
    was_trusted = _is_trusted(place)
    write_file(place.cwd / text.file, new.text)
    sys.stdout.writelines(f"{shown(line)}\n" for line in _told(text, new, place, was_trusted=was_trusted))
    return 0


def _text(place: Place) -> PolicyText:
    reference = place.policy
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


def _appended(text: PolicyText, entry: str) -> PolicyText:
    """Return *text* with *entry* at its end: a table may always stand there, unless the list is written inline."""
    end = "" if not text.text or text.text.endswith("\n") else "\n"
    new = replace(text, text=f"{text.text}{end}\n{entry}")
    parse_toml(text)
    try:
        parse_toml(new)
    except PolicyError as error:
        problem = f"{text.location(('exceptions',))}: exceptions: nothing can be added to an inline list"
        raise PolicyError((problem,), hint="write the exceptions as [[exceptions]] tables") from error
    return new


def _is_trusted(place: Place) -> bool:
    project = find_project(place.environ, place.cwd) if place.policy is None else None
    return project is not None and project.trusted


def _told(text: PolicyText, new: PolicyText, place: Place, *, was_trusted: bool) -> Iterator[str]:
    yield f"{new.location(('exceptions',))}: the exception is written to {text.file}"
    project = find_project(place.environ, place.cwd) if place.policy is None else None
    if project is not None and was_trusted:
        trust(project.path, project.layer.trust, place.environ)
        yield f"{text.file} was trusted, and is so with this change"
    yield from load_policy(place.policy, place.environ, place.cwd).notes
