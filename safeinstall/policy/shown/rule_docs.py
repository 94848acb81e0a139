"""The docstring of a rule taken apart: the documentation of a rule is written once."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeinstall.rules.base import Rule

_OPTION = re.compile(r" {4}([a-z-]+): (.*)")


@dataclass(frozen=True, slots=True)
class RuleDocs:
    """What a docstring of :class:`~safeinstall.rules.base.Rule` says."""

    summary: str
    description: str
    """Paragraphs between the summary and the options."""
    heading: str
    """Of the options: ``Options, each a level``."""
    options: dict[str, str]
    """One paragraph each, in reStructuredText."""
    example: str
    """From ``Denied:`` on: an example and its fix."""


def rule_docs(rule: type[Rule]) -> RuleDocs:
    """Return the documentation of *rule*."""
    text = inspect.cleandoc(rule.__doc__ or "")
    before, _, rest = text.partition("\nOptions")
    heading, _, rest = rest.partition(":\n")
    options, denied, example = rest.partition("\nDenied:")
    summary, _, description = before.partition("\n\n")
    return RuleDocs(
        summary=_joined(summary.splitlines()),
        description=description.strip(),
        heading=f"Options{heading}",
        options=_options(options.splitlines()),
        example=f"{denied.strip()}{example}".strip(),
    )


def _options(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        match = _OPTION.fullmatch(line)
        if match:
            current = found[match[1]] = [match[2]]
        else:
            current.append(line.strip())
    return {key: _joined(words) for key, words in found.items()}


def _joined(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines).strip()


def as_markdown(text: str) -> str:
    """Turn the little reStructuredText that docstrings use into Markdown: literals, and literal blocks."""
    lines: list[str] = []
    in_block = False
    source = text.splitlines()
    for number, line in enumerate(source):
        if in_block and line.strip() and not line.startswith("    "):
            _end_block(lines)
            in_block = False
        if not in_block and line.endswith("::"):
            begins = next((after.strip() for after in source[number + 1 :] if after.strip()), "")
            lines += [line[:-1], "", "```toml" if begins.startswith("[") else "```"]
            in_block = True
        elif not (in_block and not line and lines[-1].startswith("```")):
            lines.append(line.removeprefix("    ") if in_block else line.replace("``", "`"))
    if in_block:
        _end_block(lines)
    return "\n".join(lines)


def _end_block(lines: list[str]) -> None:
    while not lines[-1]:
        lines.pop()
    lines += ["```", ""]
