"""How our own commands read their arguments: by argparse, with errors that are told like all others."""

from __future__ import annotations

from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from safeinstall.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def at_least_one(text: str) -> int:
    """Return the number that *text* is, for argparse."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


def check_is_there(
    file: str, otherwise: str = "give the path of a requirements file, a lock or a pyproject.toml"
) -> None:
    """Raise ``UsageError`` for a *file* that is none, with the nearest name in its place; else *otherwise* is to do."""
    path = Path(file)
    if "://" in file or path.exists():
        return
    beside = [each.name for each in path.parent.iterdir() if each.is_file()] if path.parent.is_dir() else []
    near = [str(path.parent / name) for name in get_close_matches(path.name, beside, n=1)]
    raise UsageError(f"there is no file {file}", hint=f"did you mean {near[0]}?" if near else otherwise)


PIPS_SETTINGS = {
    "--index-url": "PIP_INDEX_URL=URL",
    "-i": "PIP_INDEX_URL=URL",
    "--extra-index-url": "PIP_EXTRA_INDEX_URL=URL",
    "--find-links": "PIP_FIND_LINKS=PLACE",
    "-f": "PIP_FIND_LINKS=PLACE",
    "--no-index": "PIP_NO_INDEX=1",
    "--trusted-host": "PIP_TRUSTED_HOST=HOST",
    "--proxy": "PIP_PROXY=URL",
    "--cert": "PIP_CERT=FILE",
    "--client-cert": "PIP_CLIENT_CERT=FILE",
}
"""pip's options for how indexes are asked, and how a command says the same that has no options of pip's."""


class CommandParser(ArgumentParser):
    """A parser whose errors are :class:`UsageError`, told by the subcommand that they are about."""

    instead = ""
    """What a word means that this command does not take, with ``{}`` for the word."""
    asks_indexes = False
    """Whether it asks the indexes that pip would, so that pip's settings are heard."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Namespace, list[str]]:
        """Parse *args*. What this very command does not know is an error, and no matter of the command above it."""
        if self.asks_indexes:
            self._check_pips(args or ())
        known, unknown = self.parse_words(args, namespace)
        if unknown:
            near = self._meant(unknown[0])
            self.error(f"it does not take {' '.join(unknown)}{f'; did you mean {near}?' if near else ''}")
        return known, unknown

    def _check_pips(self, words: Sequence[str]) -> None:
        """Raise for an option of pip's, before what follows it is taken for something else."""
        for option in (word.partition("=")[0] for word in takewhile(lambda word: word != "--", words)):
            if option in PIPS_SETTINGS and option not in self._option_string_actions:
                hint = f"{PIPS_SETTINGS[option]} in the environment, or in pip's configuration, counts here, too"
                raise UsageError(f"{self.prog.removeprefix('safe-pip ')}: it does not take {option}", hint=hint)

    def _meant(self, word: str) -> str:
        """Return what the unknown *word* is probably meant to be: an option, or what an option can be set to."""
        if not word.startswith("-"):
            return self.instead.format(word)
        options = {option: action for action in self._actions for option in action.option_strings}
        for option, action in options.items():
            if word.removeprefix("--") in map(str, action.choices or ()):
                return f"{option} {word.removeprefix('--')}"
        return next(iter(get_close_matches(word, options, n=1)), "")

    def _check_value(self, action: Action, value: Any) -> None:
        """Raise for a *value* that is not among the choices, with the nearest of them."""
        try:
            super()._check_value(action, value)
        except ArgumentError as error:
            near = get_close_matches(str(value), map(str, action.choices or ()), n=1)
            raise ArgumentError(action, error.message + "".join(f"; did you mean {each}?" for each in near)) from None

    def parse_words(self, args: Sequence[str] | None, namespace: Any = None) -> tuple[Namespace, list[str]]:
        """Parse *args*; return also what is not known."""
        known, unknown = super().parse_known_args(args, namespace)
        return known, unknown

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError``."""
        raise UsageError(
            f"{self.prog.removeprefix('safe-pip ')}: {message}", hint=f"{self.prog} --help tells how it is used"
        )
