"""``inspect`` is a command of pip's, too: of an environment, where ours is of a release. Which of them is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPS = frozenset({"--local", "--user", "--path"})
"""Options that only pip's has (commands/inspect.py)."""
_OURS = frozenset({"--json", "--format", "--output", "--help", "-h"})
"""Options that only ours has, and the question what ours is."""
_WITH_VALUE = (
    "--cache-dir",
    "--cert",
    "--client-cert",
    "--default-timeout",
    "--exists-action",
    "--keyring-provider",
    "--local-log",
    "--log",
    "--log-file",
    "--path",
    "--proxy",
    "--python",
    "--resume-retries",
    "--retries",
    "--timeout",
    "--trusted-host",
    "--use-deprecated",
    "--use-feature",
)
"""What takes the next word (pip 23.1 to 26.3: cli/cmdoptions.py, ``general_group``). pip lets them be shortened."""


def is_pips_inspect(words: Sequence[str]) -> bool:
    """Whether ``inspect`` with *words* after it is pip's: no release or file is named, or an option is pip's alone."""
    left = iter(words)
    is_pips = True
    for word in left:
        option, equals, _ = word.partition("=")
        if option in _PIPS:
            return True
        if word == "--":
            return is_pips and next(left, None) is None
        is_pips = is_pips and option not in _OURS and word.startswith("-") and word != "-"
        if not equals and len(word) > len("--") and any(name.startswith(word) for name in _WITH_VALUE):
            next(left, None)
    return is_pips
