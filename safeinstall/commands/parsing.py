"""How our own commands read their arguments: by argparse, with errors that are told like all others."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
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


class CommandParser(ArgumentParser):
    """A parser whose errors are :class:`UsageError`, told by the subcommand that they are about."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Namespace, list[str]]:
        """Parse *args*. What this very command does not know is an error, and no matter of the command above it."""
        known, unknown = self.parse_words(args, namespace)
        if unknown:
            self.error(f"it does not take {' '.join(unknown)}")
        return known, unknown

    def parse_words(self, args: Sequence[str] | None, namespace: Any = None) -> tuple[Namespace, list[str]]:
        """Parse *args*; return also what is not known."""
        known, unknown = super().parse_known_args(args, namespace)
        return known, unknown

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError``."""
        raise UsageError(
            f"{self.prog.removeprefix('safe-pip ')}: {message}", hint=f"{self.prog} --help tells how it is used"
        )
