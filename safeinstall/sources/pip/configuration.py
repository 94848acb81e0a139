"""How pip's configuration says that the network is reached, for a command that starts no pip.

Read as pip reads it for ``pip install`` (pip: configuration.py, cli/parser.py): files of the machine, the user and the
target environment, and what ``PIP_CONFIG_FILE`` names; ``[install]`` before ``[global]``; variables before all files.
"""

from __future__ import annotations

import locale
import os
import sys
from configparser import Error, RawConfigParser
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from safeinstall.errors import SourceError
from safeinstall.sources.network.transport import HttpSettings
from safeinstall.sources.pip.host import find_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FILE = "pip.conf"
_SECTIONS = ("global", "install")
"""The later counts."""
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OTHER_NAMES = {"default-timeout": "timeout"}
"""pip: cli/cmdoptions.py, options with two names."""
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


def pip_http_settings(environ: Mapping[str, str]) -> HttpSettings:
    """Return how a ``pip install`` would reach the network, but for what its command line would say.

    Raises :class:`SourceError` for a file that pip cannot read either, and for a value that it does not take.
    """
    options = pip_options(environ)
    bundle = next((path for name in _BUNDLES if (path := environ.get(name))), None)
    defaults = HttpSettings()
    return HttpSettings(
        cert=_path(options.get("cert")) or bundle,
        client_cert=_path(options.get("client-cert")),
        proxy="" if options.get("no-proxy-env", "").lower() in _TRUE else options.get("proxy"),
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        timeout=_number(options, "timeout", defaults.timeout),
        retries=int(_number(options, "retries", defaults.retries)),
    )


def pip_options(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the options of ``pip install`` that files or variables set, as text. An empty value sets nothing."""
    merged: dict[tuple[str, str], str] = {}
    for file in _files(environ):
        merged |= _read(file)
    found = {
        key: value for wanted in _SECTIONS for (section, key), value in merged.items() if section == wanted and value
    }
    variables = {_key(name[4:]): value for name, value in environ.items() if name.startswith("PIP_") and value}
    return found | variables


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that pip would look for, the weakest first (pip: ``get_configuration_files``)."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    yield from (folder / _FILE for folder in _machine())
    if not (named and Path(named).exists()):
        yield from _of_user()
    yield _prefix(find_target(environ)) / _FILE
    if named:
        yield Path(named)


def _machine() -> Iterator[Path]:
    if sys.platform == "darwin":
        yield Path(platformdirs.site_data_dir("pip", appauthor=False))
        return
    yield from map(Path, platformdirs.site_config_dir("pip", appauthor=False, multipath=True).split(os.pathsep))
    yield Path("/etc")


def _of_user() -> list[Path]:
    """Return the user's own files; none where there is no home."""
    with suppress(RuntimeError):
        return [Path("~/.pip", _FILE).expanduser(), _user() / _FILE]
    return []


def _user() -> Path:
    own = Path(platformdirs.user_data_dir("pip", appauthor=False))
    if sys.platform == "darwin" and own.is_dir():
        return own
    linux_like = Path("~/.config/pip").expanduser()
    return linux_like if sys.platform == "darwin" else Path(platformdirs.user_config_dir("pip", appauthor=False))


def _prefix(python: str) -> Path:
    """Return the root of the environment of an interpreter, which is not started to tell."""
    root = Path(python).parent.parent
    return root if (root / "pyvenv.cfg").exists() else Path(python).resolve().parent.parent


def _read(file: Path) -> dict[tuple[str, str], str]:
    parser = RawConfigParser()
    try:
        parser.read(file, encoding=locale.getpreferredencoding(False))  # noqa: FBT003 - pip's own call
    except (Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise SourceError(
            f"pip's configuration {file} cannot be read: {reason}", hint="correct it: pip does not start with it either"
        ) from error
    pairs = chain.from_iterable(((section, *pair) for pair in parser.items(section)) for section in parser.sections())
    return {(section, _key(key)): value for section, key, value in pairs}


def _key(name: str) -> str:
    """Return the name of an option, of two names the first (pip: configuration.py, ``_normalize_name``)."""
    key = name.lower().replace("_", "-").removeprefix("--")
    return _OTHER_NAMES.get(key, key)


def _path(text: str | None) -> str | None:
    with suppress(RuntimeError):  # pip leaves as it is what it cannot expand
        return str(Path(text).expanduser()) if text else None
    return text


def _number(options: Mapping[str, str], key: str, default: float) -> float:
    text = options.get(key)
    try:
        return default if text is None else float(text)
    except ValueError:
        raise SourceError(
            f"pip's option {key} is {text!r}, which is no number",
            hint="look at `pip config list` and at the PIP_ variables",
        ) from None
