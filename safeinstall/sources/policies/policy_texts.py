"""The texts of policies: presets that are shipped, files of this machine, and addresses with a hash."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import safeinstall
from safeinstall.errors import PolicyError, SourceError
from safeinstall.policy.merge import PolicyText
from safeinstall.sources.places.directories import cache_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.policy.locations import Path as Key

MAX_BYTES = 1024 * 1024
_KEPT: list[tuple[Path, list[Path]]] = []
"""What this process has put into the cache, and the folders that were not there before."""
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_PRESET_NAME = re.compile(r"[a-z][a-z0-9-]*")
_PINNED = re.compile(r"(https?://[^#\s]+)#sha256=([0-9a-fA-F]{64})", re.ASCII)


def read_policy(reference: str, *, cwd: Path, environ: Mapping[str, str]) -> PolicyText:
    """Return the text of a preset, of a file relative to *cwd*, or of an address that ends in ``#sha256=…``.

    Raises :class:`PolicyError`.
    """
    if reference in presets():
        text = _read(preset_folder() / f"{reference}.toml", reference)
        return PolicyText(f"{reference} (built in)", text, shipped=True)
    if "://" in reference:
        return _fetched(reference, environ)
    return read_file(cwd / reference, reference, cwd=cwd)


def read_file(path: Path, shown: str, *, cwd: Path, table: Key = ()) -> PolicyText:
    """Return the text of one file, called *shown*. What it names is relative to it. Raises :class:`PolicyError`."""
    return PolicyText(shown, _read(path, shown), partial(_resolve, base=path.parent, cwd=cwd), table)


def presets() -> tuple[str, ...]:
    """Return the names of the presets, sorted."""
    return tuple(sorted(path.stem for path in preset_folder().glob("*.toml")))


def preset_folder() -> Path:
    """Return where the presets are: in an installed package, or beside it in a checkout."""
    package = Path(safeinstall.__file__).parent
    installed = package / "policies"
    return installed if installed.is_dir() else package.parent / "policies"


def is_address(reference: str) -> bool:
    """Whether *reference* is to be fetched."""
    return "://" in reference


def _resolve(reference: str, *, base: Path, cwd: Path) -> str:
    """Make a path relative to *base* one that is relative to *cwd* if it lies below, else absolute."""
    if reference in presets() or is_address(reference):
        return reference
    try:
        path, here = (base / reference).resolve(), cwd.resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL, or links in a circle: whoever reads it will tell
        return reference
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _read(path: Path, shown: str) -> str:
    try:
        content = _bytes(path)
    except FileNotFoundError:
        raise PolicyError((f"{shown}: no such policy file{_hint(shown)}",)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyError((f"{shown}: cannot be read: {reason}",)) from None
    if len(content) > MAX_BYTES:
        raise PolicyError((f"{shown}: larger than {MAX_BYTES} bytes, which no policy is",))
    if not content.strip():
        # A write that was cut off, or a secret that was not mounted, must not be a policy that allows everything.
        raise PolicyError((f"{shown}: holds nothing; a policy that lets everything pass says so: schema = 1",))
    return _decode(content, shown)


def _bytes(path: Path) -> bytes:
    """Return the beginning of a regular file. A pipe could keep us waiting, a device never end."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ValueError("not a regular file")
        return file.read(MAX_BYTES + 1)


def _decode(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError((f"{shown}:{line}: not UTF-8, which TOML files are",)) from None


def _hint(reference: str) -> str:
    """Name the presets when a name was given instead of a path."""
    return f", and no preset; presets: {', '.join(presets())}" if _PRESET_NAME.fullmatch(reference) else ""


def _fetched(reference: str, environ: Mapping[str, str]) -> PolicyText:
    pinned = _PINNED.fullmatch(reference)
    if pinned is None:
        problem = f"{reference}: an address needs the hash of what is there: https://HOST/FILE.toml#sha256=HEX"
        raise PolicyError((problem,))
    url, digest = pinned[1], pinned[2].lower()
    cached = cache_directory(environ) / "policies" / f"{digest}.toml"
    content = _cached(cached, digest)
    if content is None:
        content = _fetch(url, environ)
        if sha256(content).hexdigest() != digest:
            raise PolicyError((f"{url}: is sha256:{sha256(content).hexdigest()}, not sha256:{digest}",))
        _keep(cached, content)
    return PolicyText(url, _decode(content, url), partial(urljoin, url))


def _cached(path: Path, digest: str) -> bytes | None:
    with suppress(OSError, ValueError):
        content = _bytes(path)
        return content if sha256(content).hexdigest() == digest else None
    return None


def _keep(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    new = [folder for folder in path.parents if not folder.exists()]
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
        _KEPT.append((path, new))


def forget_fetched() -> None:
    """Remove what this process has fetched and kept: only the target's pip tells that nothing is to be kept."""
    while _KEPT:
        path, new = _KEPT.pop()
        with suppress(OSError):
            path.unlink()
            for folder in new:
                folder.rmdir()


def _fetch(url: str, environ: Mapping[str, str]) -> bytes:
    from safeinstall.sources.network.http import HttpClient, HttpSettings  # noqa: PLC0415 - most policies are files

    bundle = next((environ[name] for name in _BUNDLES if environ.get(name)), None)
    try:
        with HttpClient(HttpSettings(cert=bundle, retries=2)) as client:
            return client.get(url, limit=MAX_BYTES).body
    except SourceError as error:
        raise PolicyError((f"{url}: {error.message}",), hint=error.hint) from None
