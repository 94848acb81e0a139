"""The command line: which words are ours, and which are pip's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN_COMMANDS = frozenset(
    {
        "advisories",
        "audit",
        "doctor",
        "fix",
        "guard",
        "inspect",
        "log",
        "outdated",
        "policy",
        "provenance",
        "recover",
        "why",
    }
)
"""Each is a module of ``commands/``. None but ``inspect`` is a command of pip's, too."""
HELP = (("--help",), ("-h",), ("help",))
VERSION = (("--version",), ("-V",))
OWN_HELP = """safe-pip: pip, with every file judged by a policy before it is installed.

Its own commands (safe-pip COMMAND --help tells more):
  policy                      Write, check, explain and test policies.
  audit                       Judge an environment, requirements or a lock; install nothing.
  fix                         Change pins so that the policy lets them pass.
  outdated                    List what is newer, what of it passes, and from when on the rest will.
  why                         Tell what brings a package in, and what the policy says of it.
  inspect NAME==VERSION|FILE  Tell who built a release, from which commit, and what is in it alone.
  guard                       Put pip, pip3 and python -m pip behind the gate, and prove it.
  advisories                  Sync and look up known vulnerabilities and malware.
  provenance                  Tell what provenance is proved with, and bring it up to date.
  log                         Tell what was installed, when and by which policy.
  recover                     Undo what an installation that was killed has left half there.
  doctor                      Check that all is in order, try the gate, and say what to do.

Its own options, on install, download, wheel and lock:
  --policy FILE               A policy file or a preset: baseline, strict, locked.
  --policy-report FORMAT[=FILE]
                              A report: terminal, json, sarif, cyclonedx, github, junit, markdown, html.
  --policy-select compliant|strict

All else is pip's, so is "inspect" without a release or file:
"""
OWN_OPTIONS = {
    "--policy": "the path of a policy file, or the name of a preset",
    "--policy-report": "FORMAT or FORMAT=FILE",
    "--policy-select": "compliant or strict",
}
"""What each needs as its value."""
DRY_RUN = "--dry-run"
"""pip's, as it is looked for before pip has read it: any other spelling is pip's alone to understand."""
SELECTIONS = ("compliant", "strict")
"""From loose to strict."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, ours and pip's told apart."""

    pip: tuple[str, ...]
    """What is left for pip, or for a command of ours, whose name is then its first word."""
    policy: str | None = None
    reports: tuple[str, ...] = ()
    select: str | None = None
    python: str | None = None
    """The value of a ``--python`` before a command of ours; pip reads its own."""


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Take our own options, which all begin with ``--policy``, out of *argv*. The rest is pip's, untouched.

    Raises ``UsageError``. What follows ``--`` is never ours.
    """
    rest: list[str] = []
    given: dict[str, list[str]] = {option: [] for option in OWN_OPTIONS}
    words = iter(argv)
    for word in words:
        option, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif option in OWN_OPTIONS:
            given[option].append(_value(option, value if equals else next(words, "")))
        elif word.startswith("--policy"):
            raise UsageError(f"there is no option {option}", hint=f"the options of safe-pip: {', '.join(OWN_OPTIONS)}")
        else:
            rest.append(word)
    last = {option: values[-1] for option, values in given.items() if values}
    python, rest = _python_of_ours(rest)
    return Arguments(
        tuple(rest),
        last.get("--policy"),
        tuple(given["--policy-report"]),
        _selection(last.get("--policy-select")),
        python,
    )


def _python_of_ours(words: list[str]) -> tuple[str | None, list[str]]:
    """Take ``--python PY`` or ``--python=PY`` from before a command of ours, where it means what it means to pip."""
    option, equals, value = (words or [""])[0].partition("=")
    taken = 1 if equals else 2
    if option != "--python" or not words_of_own(words[taken:]):
        return None, words
    return (value if equals else words[1]), words[taken:]


def words_of_own(words: Sequence[str]) -> bool:
    """Whether *words* are a command of ours, and what follows it."""
    if not words or words[0] not in OWN_COMMANDS:
        return False
    if words[0] != "inspect":
        return True
    from safeinstall.request.pips_inspect import is_pips_inspect  # noqa: PLC0415 - pip's start waits for this module

    return not is_pips_inspect(words[1:])


def own_command(argv: Sequence[str]) -> str | None:
    """Return the command of ours that *argv* names, if any; whatever else in it is wrong."""
    words = iter(argv)
    for word in words:
        if word in {*OWN_OPTIONS, "--python"}:
            next(words, None)
        elif not word.startswith("-"):
            return word if words_of_own((word, *words)) else None
    return None


def _value(option: str, value: str) -> str:
    if not value:
        raise UsageError(f"{option} needs a value: {OWN_OPTIONS[option]}")
    return value


def _selection(select: str | None) -> str | None:
    if select is not None and select not in SELECTIONS:
        raise UsageError(f"--policy-select is compliant or strict, not {select!r}")
    return select
