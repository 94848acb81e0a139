"""How ``safe-pip policy`` writes: text or JSON, to standard output or to a file."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safeinstall.errors import PolicyError, UsageError
from safeinstall.policy.locations import parse_key
from safeinstall.sources.policies.policy_texts import read_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

_PROBLEM = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d*): (?P<message>.*)", re.DOTALL)
_QUOTED = re.compile(r'"([^"]+)"')
_KEY = re.compile(r"((?:[\w-]+|\"[^\"]*\"|\[\d+\])(?:\.|(?=\[))?)+(?=:| = )")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one line of a policy."""

    level: str
    """``error`` or ``warning``."""
    file: str
    line: int
    """Counted from 1; 0: the file as a whole."""
    message: str

    @classmethod
    def of(cls, problem: str, level: str = "error") -> Remark:
        """Read a problem as :class:`PolicyError` has it."""
        match = _PROBLEM.fullmatch(problem)
        if match is None:
            return cls(level, "", 0, problem)
        return cls(level, match["file"], int(match["line"]), match["message"])


def write(arguments: Namespace, text: str, data: Any) -> None:
    """Write *text*, or *data* as JSON, as ``--format`` and ``--output`` say. Raises :class:`UsageError`."""
    in_json = arguments.format == "json"
    write_text(arguments, json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n" if in_json else text)


def write_text(arguments: Namespace, content: str) -> None:
    """Write *content* where ``--output`` says. Raises :class:`UsageError`."""
    if arguments.output is None:
        sys.stdout.write(content)
        sys.stdout.flush()
        return
    write_file(arguments.output, content)


def write_file(path: Path, content: str) -> None:
    """Write *content*. Raises :class:`UsageError`."""
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="name another file") from error


def shown_remark(remark: Remark, cwd: Path, environ: Mapping[str, str]) -> str:
    """Return *remark* as compilers write it: the place, the line, and a caret under what it is about."""
    place = f"{remark.file}:{remark.line}: " if remark.line else f"{remark.file}: " if remark.file else ""
    head = f"{place}{remark.level}: {remark.message}"
    line = _line(remark, cwd, environ)
    if line is None:
        return head
    start, length = underlined(line, remark.message)
    number = str(remark.line)
    return f"{head}\n {number} | {line}\n {' ' * len(number)} | {' ' * start}{'^' * length}"


def _line(remark: Remark, cwd: Path, environ: Mapping[str, str]) -> str | None:
    if not remark.line or "://" in remark.file:
        return None
    try:
        text = read_policy(remark.file.removesuffix(" (built in)"), cwd=cwd, environ=environ).text
    except PolicyError:
        return None
    lines = text.split("\n")
    line = lines[remark.line - 1].rstrip("\r") if remark.line <= len(lines) else ""
    return "".join(c if c.isprintable() else " " for c in line)


def underlined(line: str, message: str) -> tuple[int, int]:
    """Return where in *line* stands what *message* is about: a word it quotes, its key, else the whole line."""
    stripped = line.strip()
    for word in (*_found(message), *_key_of(message), stripped):
        if word and word in line:
            return line.index(word), len(word)
    return 0, max(1, len(line))


def _found(message: str) -> list[str]:
    found = message.partition(", found ")[2].partition(";")[0]
    return [found] if found else [word for word in _QUOTED.findall(message)[:1] if not message.startswith('"')]


def _key_of(message: str) -> list[str]:
    match = _KEY.match(message)
    steps = [step for step in parse_key(match[0]) if isinstance(step, str)] if match else []
    return steps[-1:]
