"""What pip understood of a dry run, remembered: while all that it read is unchanged, it need not be started again.

For a dry run alone, which installs nothing: whatever installs hears the target's pip itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from safeinstall import __version__
from safeinstall.errors import RefusedError
from safeinstall.request.arguments import DRY_RUN
from safeinstall.sources.pip.host import HostedPip, find_target
from safeinstall.sources.pip.hosted.inputs import state_of
from safeinstall.sources.places.directories import cache_directory, why_not_believed
from safeinstall.sources.places.kept_files import read_kept, write_kept
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from safeinstall.errors import Said
    from safeinstall.sources.pip.host import Reply

LONGEST = 3600.0
"""Seconds for which a description is believed: an upgraded system may change a target in ways that no file shows."""
_FORMAT = 3
_VOLATILE = frozenset({"_", "OLDPWD", "SHLVL"})
"""Variables that a shell changes by itself, and that nobody reads."""
_USERINFO = re.compile(r"://[^/\s\"]*@")
_ORDINARY = frozenset({0o100000, 0o040000})
"""Files and directories (``stat.S_IFREG``, ``stat.S_IFDIR``): what else is read may be another the next time."""
_KIND = 0o170000
_TELLING = ("verbose", "target_dir", "config_settings", "global_options", "build_options")
"""Options with which pip tells more, describes a place of its own each time, or is told what may be a secret."""


@dataclass(slots=True)
class RecalledPip:
    """Stands for a :class:`HostedPip` that has not been started, and perhaps need not be."""

    said: Mapping[str, Any]
    start: Callable[[], HostedPip]
    closing: ExitStack = field(default_factory=ExitStack)
    _real: HostedPip | None = None
    _folder: Path | None = None

    @property
    def folder(self) -> Path:
        """See :class:`HostedPip`."""
        if self._folder is None:
            self._folder, _ = self.closing.enter_context(private_directory())
        return self._folder

    def describe(self) -> Mapping[str, Any] | None:
        """Return what pip understood when it was last asked."""
        return self.said

    def credentials(self, url: str) -> tuple[str, str] | None:
        """See :class:`HostedPip`."""
        return self._started().credentials(url)

    def fail(self, said: Sequence[Said]) -> int:
        """See :class:`HostedPip`."""
        return self._started().fail(said)

    def proceed(self, answer: Mapping[str, Any], reply: Reply) -> int:
        """See :class:`HostedPip`. Raises ``RefusedError`` if pip does not understand any more what it did."""
        return self._started().proceed(answer, reply)

    def wait(self) -> int:
        """See :class:`HostedPip`."""
        return self._started().wait()

    def _started(self) -> HostedPip:
        if self._real is None:
            self._real = self.closing.enter_context(self.start())
            said = self._real.describe()
            if said is None or meaning(said) != meaning(self.said):
                raise RefusedError("pip's configuration changed during this run", hint="run the command again")
        return self._real

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End pip if it was started."""
        self.closing.close()


def recall(argv: Sequence[str], environ: Mapping[str, str]) -> RecalledPip | None:
    """Return what pip said to *argv* when nothing that it read was different; ``None`` if that is not known."""
    path = _path(argv, environ)
    data = read_kept(path) if path else None
    if path is None or data is None:
        return None
    try:
        kept, age = json.loads(data), time.time() - path.stat().st_mtime
        said = cast("Mapping[str, Any]", kept["said"])
        unchanged = 0 <= age < LONGEST and all(is_still(*each) for each in kept["inputs"].items())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return RecalledPip(said, lambda: HostedPip.start(argv, environ)) if unchanged else None


def keep(argv: Sequence[str], environ: Mapping[str, str], said: Mapping[str, Any] | None) -> None:
    """Remember what pip *said*, if it can be told when it would say something else, and if it holds no secret."""
    if said is None or not is_repeatable(said):
        return
    path = _path(argv, environ)
    if path is None:
        return
    text = json.dumps({"inputs": said["inputs"], "said": meaning(said)})
    if not holds_secret(text):
        write_kept(path, text.encode())


def key_of(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Name what pip understands *words* by: the target, the directory, the environment; empty where there is none."""
    try:
        place = os.getcwd()  # noqa: PTH109 - hashed
    except FileNotFoundError:
        return ""
    variables = sorted((name, value) for name, value in environ.items() if name not in _VOLATILE)
    about = json.dumps([_FORMAT, __version__, find_target(environ), place, list(words), variables])
    return hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()


def _path(argv: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    if DRY_RUN not in argv or why_not_believed(cache_directory(environ)):
        return None
    key = key_of(argv, environ)
    return cache_directory(environ) / "descriptions" / key[:2] / key if key else None


def is_repeatable(said: Mapping[str, Any]) -> bool:
    """Whether it can be told when pip would say something else than it *said*.

    Then it holds no time, no place that is looked at later and no secret, and pip told nothing of its own.
    """
    requirements = [*said["requirements"], *said["build_constraints"]]
    inputs, options = said.get("inputs") or {}, said["options"]
    return (
        bool(inputs)
        and not any(state and state[0] & _KIND not in _ORDINARY for state in inputs.values())
        and not any(requirement["link"] for requirement in requirements)
        and not said["locked"]
        and not any(options.get(name) for name in _TELLING)
        and "@" not in (options.get("proxy") or "")
        and said["selection"]["uploaded_prior_to"] is None
        and not any(user or password for user, password in said["sources"]["credentials"].values())
    )


def holds_secret(text: str) -> bool:
    """Whether there are credentials in an address of *text*."""
    return _USERINFO.search(text) is not None


def is_still(place: str, state: Sequence[int] | None) -> bool:
    """Whether what is at *place* is as it was in *state* (``hosted/inputs.py``)."""
    found = state_of(place)
    return found == state if found is None or state is None else found[: len(state)] == state


def meaning(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what pip *said*, without what it read to say it."""
    return {key: value for key, value in said.items() if key != "inputs"}
