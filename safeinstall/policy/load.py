"""From the text of a policy to a :class:`Policy`, or to every problem of the text at once."""

from __future__ import annotations

import re
import sys
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from safeinstall.errors import PolicyError
from safeinstall.facts.verdict import Location
from safeinstall.policy.document import decode_document
from safeinstall.policy.layer import Layer
from safeinstall.policy.layers import stack
from safeinstall.policy.locations import render_key
from safeinstall.policy.merge import PolicyText, merge
from safeinstall.policy.model import OSV
from safeinstall.rules.registry import known_rules

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from safeinstall.policy.locations import Path
    from safeinstall.policy.model import Policy
    from safeinstall.policy.schema import Problem
    from safeinstall.rules.base import Rule

    Read: TypeAlias = tuple[PolicyText, dict[str, Any]]
    Reader: TypeAlias = Callable[[str], PolicyText]
    Rules: TypeAlias = Mapping[str, type[Rule]]

MAX_DEPTH = 10
_SYNTAX_LINE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse_policy(text: str, *, file: str, read: Reader, rules: Rules | None = None) -> Policy:
    """Return the policy that *text* states, over what it extends.

    *read* turns what ``extends`` names into a text. Raises :class:`PolicyError` with every problem.
    """
    return stack((read_layer(PolicyText(file, text), role="user", read=read, rules=rules),), today=date.min)


def read_layer(text: PolicyText, *, role: str, read: Reader, rules: Rules | None = None) -> Layer:
    """Return *text* as one layer, over what it extends, checked by itself. Raises as :func:`parse_policy`."""
    try:
        return _load(text, role, read, known_rules() if rules is None else rules)
    except RecursionError:
        raise PolicyError((f"{text.file}: nested too deeply for a policy",)) from None
    except PolicyError as error:
        raise PolicyError(tuple(map(_printable, error.problems)), hint=error.hint) from None


def parse_toml(text: PolicyText) -> dict[str, Any]:
    """Return the tables of *text* that are the policy, unchecked. Raises :class:`PolicyError`."""
    data: Any = _toml(text)
    for step in text.table:
        data = data.get(step, {}) if isinstance(data, dict) else {}
    if not isinstance(data, dict):
        raise PolicyError((f"{text.location(())}: {render_key(text.table)}: expected a table",))
    return data


def _printable(problem: str) -> str:
    """Keep a problem on its line, whatever the policy's author wrote into a value."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in problem)


def _load(text: PolicyText, role: str, read: Reader, known: Rules) -> Layer:
    texts = list(_texts(text, read, ()))
    _raise_for(dict.fromkeys(problem for one in texts for problem in _problems(one, known)))
    merged = merge(texts)
    document = decode_document(merged.data, known)
    whole = Location(text.file, 0)
    _raise_for(_located(document.problems, lambda path: merged.origins.location(path) or whole))
    digest, trust = _digest(t for t, _ in texts), _digest(t for t, _ in texts if not t.shipped)
    return Layer(role, text.file, document, merged, digest=digest, trust=trust)


def _texts(text: PolicyText, read: Reader, chain: tuple[str, ...]) -> Iterator[Read]:
    """Yield what *text* extends, in order, then *text* itself."""
    data = parse_toml(text)
    for index, reference in enumerate(_extends(text, data)):
        at = text.location(("extends", index))
        parent = _read(text.resolve(reference), read, at)
        if parent.file in (*chain, text.file):
            raise PolicyError((f"{at}: extends: {' → '.join((*chain, text.file, parent.file))} is a circle",))
        if len(chain) == MAX_DEPTH:
            raise PolicyError((f"{at}: extends: more than {MAX_DEPTH} policies deep",))
        yield from _texts(parent, read, (*chain, text.file))
    yield text, _absolute_sources(text, data)


def _toml(text: PolicyText) -> dict[str, Any]:
    try:
        return tomllib.loads(text.text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError((_syntax_problem(text, str(error)),)) from None
    except ValueError:  # from int()
        raise PolicyError((f"{text.file}: not valid TOML: a number is too long",)) from None


def _syntax_problem(text: PolicyText, message: str) -> str:
    place = _SYNTAX_LINE.search(message)
    if place and place[1]:
        line, where = int(place[1]), f"column {place[2]}"
    else:
        line, where = text.text.rstrip("\n").count("\n") + 1, "at the end"
    return f"{Location(text.file, line)}: not valid TOML: {_SYNTAX_LINE.sub('', message)}, {where}"


def _extends(text: PolicyText, data: dict[str, Any]) -> list[str]:
    value = data.get("extends", [])
    references = [value] if isinstance(value, str) else value
    if isinstance(references, list) and all(isinstance(r, str) and r for r in references):
        return references
    raise PolicyError((f"{text.location(('extends',))}: extends: expected a preset, a path, or a list of them",))


def _read(reference: str, read: Reader, at: Location) -> PolicyText:
    try:
        return read(reference)
    except PolicyError as error:
        raise PolicyError(tuple(f"{at}: extends: {problem}" for problem in error.problems)) from None


def _problems(read: Read, known: Rules) -> list[str]:
    """Return what is wrong with one text by itself, in the order of its lines."""
    text, data = read
    return _located(decode_document(data, known).problems, text.location)


def _located(problems: Iterable[Problem], locate: Callable[[Path], Location]) -> list[str]:
    located = sorted({(locate(problem.path), problem.message) for problem in problems}, key=_by_line)
    return [f"{at}: {message}" for at, message in located]


def _by_line(located: tuple[Location, str]) -> tuple[str, int, str]:
    at, message = located
    return at.file, at.line, message


def _digest(texts: Iterable[PolicyText]) -> str:
    """Hash the hashes, so that no text can pass for two."""
    digests = b"".join(sha256(text.text.encode()).digest() for text in texts)
    return f"sha256:{sha256(digests).hexdigest()}"


def _absolute_sources(text: PolicyText, data: dict[str, Any]) -> dict[str, Any]:
    """Make the paths under ``[advisories]`` and ``[provenance]`` mean the same from everywhere."""

    def resolved(value: object) -> object:
        if isinstance(value, list):
            return [resolved(item) for item in value]
        if isinstance(value, dict):
            return {key: resolved(item) for key, item in value.items()}
        return text.resolve(value) if isinstance(value, str) and _is_path(value) else value

    named = {"advisories": None, "provenance": ("root", "mirrors")}
    tables = {name: table for name in named if isinstance(table := data.get(name), dict)}
    absolute = {
        name: {key: resolved(value) if key in (named[name] or table) else value for key, value in table.items()}
        for name, table in tables.items()
    }
    return {**data, **absolute}


def _is_path(source: str) -> bool:
    return source != OSV and "://" not in source


def _raise_for(problems: Iterable[str]) -> None:
    if lines := tuple(problems):
        raise PolicyError(lines)
