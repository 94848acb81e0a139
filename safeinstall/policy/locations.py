"""Where each key of a TOML text is written: :mod:`tomllib` tells values, not lines.

Works on texts that tomllib has accepted; of others it promises only to end.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Path: TypeAlias = tuple["str | int", ...]
"""A dotted key taken apart: ``exceptions[0].package`` is ``("exceptions", 0, "package")``."""

_TOKEN = re.compile(
    r'''(?P<skip>[ \t\r]+|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<string>"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\[\]{}=,.])
    |(?P<bare>[^\s\[\]{}=,.#"']+|.)''',
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}
_STEP = re.compile(r"""\[(?P<index>\d+)\]|(?P<string>"(?:\\.|[^"\\])*"|'[^']*')|(?P<bare>[^.\[\]"']+)""")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_DEEPEST = 16
"""Dotted keys are followed this far; no key of a policy is as deep."""


def parse_key(dotted: str) -> Path:
    """Take ``rules.hashes.pins."a==1"[0]`` apart."""
    return tuple(int(m["index"]) if m["index"] else m["bare"] or _unquote(m["string"]) for m in _STEP.finditer(dotted))


def render_key(path: Path) -> str:
    """Write *path* as TOML would, indexes in brackets."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{_quote(step)}" for step in path).removeprefix(".")


@lru_cache(maxsize=32)
def key_lines(text: str) -> Mapping[Path, int]:
    """Map every key, table and list item of *text* to the line where it first stands, counted from 1."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str) -> list[_Token]:
    tokens, line = [], 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            tokens.append(_Token(match.lastgroup or "", match[0], line))
        line += match[0].count("\n")
    return [*tokens, _Token("end", "", line)]


class _Scanner:
    """One pass over the tokens, by recursive descent along the TOML grammar."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens = _tokens(text)
        self._at = 0
        self._lengths: dict[Path, int] = {}
        """Items so far of each array of tables."""

    def document(self) -> None:
        table: Path = ()
        while self._next.kind != "end":
            if self._take("\n"):
                continue
            table = self._header() if self._next.text == "[" else self._pair(table)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str) -> bool:
        """Step over the next token when it is this mark or newline."""
        found = self._next.kind in ("mark", "newline") and self._next.text == text
        self._at += found
        return found

    def _header(self) -> Path:
        line = self._next.line
        self._take("[")
        array = self._take("[")
        path = self._resolve(self._key())
        if array:
            index = self._lengths[path] = self._lengths.get(path, -1) + 1
            self._note(path, line)
            path = (*path, index)
        for end in range(1, len(path) + 1):
            self._note(path[:end], line)
        self._skip_line()
        return path

    def _resolve(self, key: Path) -> Path:
        """Put the current item in where *key* passes through arrays of tables."""
        path: Path = ()
        for step in key:
            path = (*path, self._lengths[path], step) if path in self._lengths else (*path, step)
        return path

    def _key(self) -> Path:
        steps: list[str] = []
        while self._next.kind in ("bare", "string") or self._next.text == ".":
            token = self._tokens[self._at]
            self._at += 1
            if token.text != ".":
                steps.append(_unquote(token.text) if token.kind == "string" else token.text)
        return tuple(steps)

    def _pair(self, table: Path) -> Path:
        """Read ``key = value`` and return *table*, which goes on."""
        line = self._next.line
        key = self._key()
        for end in range(1, min(len(key), _DEEPEST) + 1):
            self._note((*table, *key[:end]), line)
        if not self._take("="):
            self._skip_line()
            return table
        self._value((*table, *key))
        return table

    def _value(self, path: Path) -> None:
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            while self._more("}"):
                before = self._at
                self._pair(path)
                self._at += self._at == before
        else:
            while self._next.kind != "end" and self._next.text not in ("\n", ",", "]", "}"):
                self._at += 1

    def _items(self, path: Path) -> None:
        index = 0
        while self._more("]"):
            self._note((*path, index), self._next.line)
            before = self._at
            self._value((*path, index))
            self._at += self._at == before
            index += 1

    def _more(self, closing: str) -> bool:
        """Step over separators, then over *closing* if it is next; whether an item follows instead."""
        while self._take("\n") or self._take(","):
            pass
        return self._next.kind != "end" and not self._take(closing)

    def _skip_line(self) -> None:
        while self._next.kind not in ("newline", "end"):
            self._at += 1

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)


def _unquote(literal: str) -> str:
    """Return what a quoted key says."""
    if literal.startswith("'"):
        return literal[1:-1]
    return _ESCAPE.sub(_unescape, literal[1:-1])


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED.get(match[4], match[4])


def _quote(step: str) -> str:
    return step if _BARE_KEY.fullmatch(step) else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
