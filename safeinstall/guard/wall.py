"""The entry in pip's configuration that stops a bare pip.

pip reads ``no-index`` as a boolean. A text in its place makes ``pip install``, ``download``, ``wheel`` and ``lock`` end
before they look at anything else, and pip prints the text. No option and no ``PIP_NO_INDEX`` undoes that: pip checks
what its files say before it comes to what overrides them (cli/parser.py, ``_update_defaults``); ``PIP_CONFIG_FILE``,
which names other files, does. Other commands of pip never look at these sections. ``sources/pip/hosted/start.py``
passes over the entry, so that safe-pip sees pip's settings as if there were no wall.
"""

from __future__ import annotations

import re
from configparser import Error, RawConfigParser

from safeinstall.guard.blocks import block, without_blocks
from safeinstall.sources.pip.hosted import GUARD, JUDGED

KEY = "--no-index"
"""For pip the same as ``no-index`` (configuration.py, ``_normalize_name``), so that a user's own can stay beside it."""
TEXT = (
    f'{GUARD} pip by itself installs nothing here. Use "safe-pip install" ("safe-pip guard status" tells more). '
    "To pip, this text"
)
"""pip ends the sentence: "is not a valid value for no-index option, please specify a boolean value ..."."""
_ENTRY = f"{KEY} = {TEXT}\n"
_WRITTEN_BY_PIP = re.compile(rf"^(?:--)?no[-_]index[ \t]*[=:][ \t]*{re.escape(GUARD)}.*(?:\n|\Z)", re.MULTILINE)
"""A newer pip, when it writes the file, drops the comments and gives the key its plain name."""
_HEADER = re.compile(r"^\[(?P<name>[^\]\n]+)\]", re.MULTILINE)


class UnreadableError(ValueError):
    """pip could not read this configuration, with or without the wall."""


def with_wall(text: str) -> str:
    """Return the configuration *text* with the wall in it; nothing else changes. Raises :class:`UnreadableError`."""
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    walled = text if text.endswith("\n") or not text else f"{text}\n"
    for header, end in reversed(list(zip(headers, ends, strict=False))):
        if header["name"] in JUDGED:
            last_line = len(text[:end].rstrip())
            place = walled.index("\n", last_line) + 1
            walled = f"{walled[:place]}{block(_ENTRY)}{walled[place:]}"
    if absent := [name for name in JUDGED if name not in _parsed(text)]:
        walled += block("".join(f"[{name}]\n{_ENTRY}" for name in absent))
    if not is_walled(walled) or _settings(walled) != _settings(text):
        raise UnreadableError("its sections are written in an unusual way")
    return walled


def without_wall(text: str) -> str:
    """Return *text* without the wall, also where ``pip config`` has rewritten the file and dropped its comments.

    Raises :class:`~safeinstall.guard.blocks.BrokenMarksError`.
    """
    return _WRITTEN_BY_PIP.sub("", without_blocks(text))


def is_walled(text: str) -> bool:
    """Whether the wall stands in each section, and nothing after it takes its place."""
    try:
        sections = _parsed(text)
    except UnreadableError:
        return False
    return all(_named(sections.get(name, {})).get("no-index") == TEXT for name in JUDGED)


def _parsed(text: str) -> dict[str, dict[str, str]]:
    parser = RawConfigParser()
    try:
        parser.read_string(text)
    except Error as error:
        raise UnreadableError(error.message.replace("<string>", "it").partition("\n")[0]) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _named(items: dict[str, str]) -> dict[str, str]:
    """Return the items of a section by the names that pip gives them: of two with one name the later counts."""
    return {key.replace("_", "-").removeprefix("--"): value for key, value in items.items()}


def _settings(text: str) -> dict[str, dict[str, str]]:
    """Return all but the wall, and no section that is empty."""
    sections = {name: {k: v for k, v in s.items() if v != TEXT} for name, s in _parsed(text).items()}
    return {name: settings for name, settings in sections.items() if settings}
