"""What pip will probably say, by what it said the last time: work begins on that while pip still starts.

It is a guess, and decides nothing. Nothing is told, built or installed before pip itself has said the same
(:meth:`ExpectedPip.confirm`); where it says something else, all is begun again with that. What is expected is believed
only while the configuration files, the requirement files, the environment and the options are the same as the last
time, so that no index hears more than it would have heard from a run a moment ago.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from safeinstall.sources.pip.descriptions import holds_secret, is_repeatable, is_still, key_of, meaning
from safeinstall.sources.pip.hosted.inputs import names_in, state_of
from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.places.kept_files import read_kept, write_kept
from safeinstall.sources.places.seals import is_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from safeinstall.errors import Said
    from safeinstall.sources.pip.descriptions import RecalledPip
    from safeinstall.sources.pip.host import HostedPip

LONGEST = 7 * 24 * 3600.0
"""Seconds for which it is believed."""
FLAGS = frozenset(
    {
        "-q",
        "-qq",
        "--quiet",
        "-U",
        "--upgrade",
        "--pre",
        "--no-deps",
        "--user",
        "--dry-run",
        "--prefer-binary",
        "--force-reinstall",
        "--compile",
        "--no-compile",
        "--no-input",
        "--no-color",
        "--no-warn-script-location",
        "--no-warn-conflicts",
        "--disable-pip-version-check",
        "--require-virtualenv",
        "--no-build-isolation",
    }
)
"""Options that take no value. Beside these alone a word is known to be a requirement before pip has read it."""
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[(?P<extra>[a-z0-9]+(?:-[a-z0-9]+)*)])?"
    r"(?P<specifier>(?:[=!<>~]=|[<>])\d+(?:\.\d+)*)?"
)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.\w+)", re.IGNORECASE)
"""How a word ends that names a file, to pip (utils/filetypes.py)."""
_SIZE = 4
"""Where the size stands in a state (``hosted/inputs.py``)."""
_SITES = ("/site-packages", "/dist-packages")
_MARKS = (".dist-info", ".egg-info", ".egg-link", ".egg", ".pth", "sitecustomize.py", "usercustomize.py")
"""How what is installed is called in its directory, and what Python reads there when it starts."""


class OtherwiseError(Exception):
    """pip says something else than was expected: what was begun is begun again, and nobody is told."""


@dataclass(slots=True)
class ExpectedPip:
    """Stands for a :class:`HostedPip` that has not yet said what it understood. For the main thread, if not told."""

    pip: HostedPip
    said: Mapping[str, Any] | None
    """What it will probably say; what it has said where that is ``confirmed``."""
    confirmed: bool = False
    _heard: Mapping[str, Any] | None = None
    _has_spoken: bool = False
    _spoilt: bool = False
    """Whether somebody was turned away, who would tell of it later."""
    _deciding: Lock = field(default_factory=Lock)

    @property
    def folder(self) -> Path:
        """See :class:`HostedPip`."""
        return self.pip.folder

    def describe(self) -> Mapping[str, Any] | None:
        """Return what it has said or, until then, will probably say."""
        return self.said

    def confirm(self) -> None:
        """Wait until pip has said what it understood. Raises ``OtherwiseError`` if that is not what was expected.

        Raises it as well where a password was wanted before. Once it has not, nobody meets an ``OtherwiseError``.
        """
        if self.confirmed:
            return
        said = self._hear()
        with self._deciding:
            if self._spoilt or said is None or self.said is None or meaning(said) != meaning(self.said):
                raise OtherwiseError
            self.said, self.confirmed = said, True

    def settled(self) -> ExpectedPip:
        """Wait until pip has said what it understood, and return what stands for it in the place of this guess.

        Whoever still works on the guess gets no password, whatever pip has said.
        """
        return ExpectedPip(self.pip, self._hear(), confirmed=True)

    def _hear(self) -> Mapping[str, Any] | None:
        if not self._has_spoken:
            self._heard, self._has_spoken = self.pip.describe(), True
        return self._heard

    def before_password(self) -> None:
        """Raise ``OtherwiseError`` on a guess: nobody gets a password then. For any thread."""
        with self._deciding:
            if not self.confirmed:
                self._spoilt = True
                raise OtherwiseError

    def credentials(self, url: str) -> tuple[str, str] | None:
        """See :class:`HostedPip` and :meth:`before_password`; for any thread."""
        self.before_password()
        return self.pip.credentials(url)

    def fail(self, said: Sequence[Said]) -> int:
        """See :class:`HostedPip`."""
        self.confirm()
        return self.pip.fail(said)

    def proceed(self, answer: Mapping[str, Any], reply: Callable[[str, Sequence[str]], Any]) -> int:
        """See :class:`HostedPip`."""
        self.confirm()
        return self.pip.proceed(answer, reply)

    def wait(self) -> int:
        """See :class:`HostedPip`."""
        return self.pip.wait()


def before_password(pip: HostedPip | RecalledPip | ExpectedPip) -> Callable[[], None]:
    """Return :meth:`ExpectedPip.before_password`; for any other pip nothing speaks against it."""
    return pip.before_password if isinstance(pip, ExpectedPip) else lambda: None


def confirm(pip: HostedPip | RecalledPip | ExpectedPip) -> None:
    """See :meth:`ExpectedPip.confirm`; for any other pip there is nothing to wait for."""
    if isinstance(pip, ExpectedPip):
        pip.confirm()


@contextmanager
def confirming(pip: HostedPip | RecalledPip | ExpectedPip) -> Iterator[None]:
    """Let what comes out of the context, an error too, come from what *pip* itself has said."""
    try:
        yield
    except OtherwiseError:
        raise
    except Exception:
        confirm(pip)
        raise
    confirm(pip)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A command line: what pip's settings depend on, and the requirements that can be exchanged."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    """Empty where not every word is known: then all are ``fixed``."""

    @classmethod
    def of(cls, argv: Sequence[str]) -> _Shape:
        """Tell requirements from options, if it can be told without pip."""
        words = argv[1:]
        names = tuple(word for word in words if _is_requirement(word))
        if argv[:1] != ("install",) or not names or not all(word in FLAGS or word in names for word in words):
            return cls(tuple(argv), ())
        return cls(("install", *(word for word in words if word in FLAGS)), names)


def expect(pip: HostedPip, argv: Sequence[str], environ: Mapping[str, str]) -> ExpectedPip | None:
    """Return *pip* with what it will probably say to *argv*; ``None`` where that is not known well enough."""
    shape = _Shape.of(argv)
    key = key_of(shape.fixed, environ)
    place = _place(key, environ)
    data = read_kept(place) if key else None
    if data is None:
        return None
    sealed, _, told = data.partition(b"\n")
    if not is_sealed(place, _terms(key, told), sealed.decode("ascii", "replace")):
        return None
    kept = json.loads(told)
    return ExpectedPip(pip, _said(kept["said"], shape)) if _is_unchanged(kept) else None


def remember(argv: Sequence[str], environ: Mapping[str, str], said: Mapping[str, Any]) -> None:
    """Keep what pip *said* for the next run, if it can be told when that holds, and if it holds no secret."""
    shape = _Shape.of(argv)
    key = key_of(shape.fixed, environ)
    place = _place(key, environ)
    if not key or not is_repeatable(said):
        return
    if shape.names and meaning(said) != meaning(_said(said, shape)):
        return  # pip reads the command line otherwise, or the configuration asks for more
    kept = {"until": time.time() + LONGEST, "inputs": said["inputs"], "held": _held(said), "said": meaning(said)}
    told = json.dumps(kept)
    if not holds_secret(told) and (sealed := seal(place, _terms(key, told.encode()))):
        write_kept(place, f"{sealed}\n{told}".encode())


def _place(key: str, environ: Mapping[str, str]) -> Path:
    """Return where it is kept: in one of 256 files, so that they do not become more and more."""
    return state_directory(environ) / "expected" / key[:2]


def _terms(key: str, told: bytes) -> dict[str, object]:
    """Return what the seal says: nobody but this user's safe-pip has written this, and for this command line."""
    return {"key": key, "told": hashlib.sha256(told).hexdigest()}


def _said(said: Mapping[str, Any], shape: _Shape) -> Mapping[str, Any]:
    """Return what pip would say of other requirements than the last time."""
    if not shape.names:
        return said
    constraints = [row for row in said["requirements"] if row["constraint"]]
    return {**said, "args": list(shape.names), "requirements": constraints + [_row(word) for word in shape.names]}


def _row(word: str) -> dict[str, Any]:
    """Describe a requirement of the command line as ``hosted/describe.py`` does."""
    found = _REQUIREMENT.fullmatch(word)
    name, extra, specifier = found.group("name", "extra", "specifier") if found else (word, None, None)
    return {
        "requirement": word,
        "name": name,
        "specifier": specifier or "",
        "extras": [extra] if extra else [],
        "link": None,
        "applies": True,
        "editable": False,
        "constraint": False,
        "user_supplied": True,
        "hashes": {},
        "of_lock": False,
        "attested": [],
        "origin": "",
    }


def _is_requirement(word: str) -> bool:
    return _REQUIREMENT.fullmatch(word) is not None and _ARCHIVE.search(word) is None


def _held(said: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is installed, and read when Python starts, in the places below the environment itself."""
    inside = os.path.join(said["prefix"], "")  # noqa: PTH118 - compared
    sites = [path for path in said["inputs"] if path.startswith(inside) and path.endswith(_SITES)]
    return {site: _listed(site) for site in sites}


def _listed(site: str) -> list[str]:
    return sorted(name for name in names_in(site) if name.endswith(_MARKS))


def _is_unchanged(kept: Mapping[str, Any]) -> bool:
    """Whether pip would read the same. Of a new environment in the place of an old one the bytes are not compared."""
    held: Mapping[str, list[str]] = kept["held"]
    renewed = (*held, os.path.join(kept["said"]["prefix"], "pyvenv.cfg"))  # noqa: PTH118 - compared
    return (
        time.time() < kept["until"]
        and all(_listed(site) == names for site, names in held.items())
        and all(_is_alike(path, state, renewed) for path, state in kept["inputs"].items())
    )


def _is_alike(path: str, state: Sequence[int] | None, renewed: Iterable[str]) -> bool:
    if state is None or not any(path == place or path.startswith(f"{place}/") for place in renewed):
        return is_still(path, state)
    found = state_of(path)
    if found is None or stat.S_IFMT(found[0]) != stat.S_IFMT(state[0]):
        return False
    return stat.S_ISDIR(found[0]) or found[_SIZE : _SIZE + 1] == list(state[_SIZE : _SIZE + 1])
