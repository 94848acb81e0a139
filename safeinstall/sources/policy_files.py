"""Policy files on this machine and the presets that are shipped."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import safeinstall
from safeinstall.errors import PolicyError
from safeinstall.policy.load import load_text
from safeinstall.policy.merge import PolicyText

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.policy.model import Policy

VARIABLE = "SAFE_PIP_POLICY"
DEFAULT_PRESET = "baseline"
MAX_BYTES = 1024 * 1024
_PRESET_NAME = re.compile(r"[a-z][a-z0-9-]*")


def load_policy(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> Policy:
    """Return the policy that *explicit* names, else ``SAFE_PIP_POLICY``, else the preset ``baseline``.

    A value is the name of a preset or a path, relative to *cwd*. Raises :class:`PolicyError`.
    """
    reference = environ.get(VARIABLE) or DEFAULT_PRESET if explicit is None else explicit
    read = partial(read_policy, cwd=cwd)
    return load_text(read(reference), read=read)


def read_policy(reference: str, *, cwd: Path) -> PolicyText:
    """Return the text of a preset, or of a file relative to *cwd*. Raises :class:`PolicyError`."""
    folder = preset_folder()
    if reference in presets():
        text = _read(folder / f"{reference}.toml", reference)
        return PolicyText(f"{reference} (built in)", text)
    path = cwd / reference
    resolve = partial(_resolve, base=path.parent, cwd=cwd)
    return PolicyText(reference, _read(path, reference), resolve)


def presets() -> tuple[str, ...]:
    """Return the names of the presets, sorted."""
    return tuple(sorted(path.stem for path in preset_folder().glob("*.toml")))


def preset_folder() -> Path:
    """Return where the presets are: in an installed package, or beside it in a checkout."""
    package = Path(safeinstall.__file__).parent
    installed = package / "policies"
    return installed if installed.is_dir() else package.parent / "policies"


def _resolve(reference: str, *, base: Path, cwd: Path) -> str:
    """Make a path relative to *base* one that is relative to *cwd* if it lies below, else absolute."""
    if reference in presets():
        return reference
    path, here = (base / reference).resolve(), cwd.resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _read(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PolicyError((f"{shown}: no such policy file{_hint(shown)}",)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyError((f"{shown}: cannot be read: {reason}",)) from None
    if len(content) > MAX_BYTES:
        raise PolicyError((f"{shown}: larger than {MAX_BYTES} bytes, which no policy is",))
    return _decode(content, shown)


def _decode(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError((f"{shown}:{line}: not UTF-8, which TOML files are",)) from None


def _hint(reference: str) -> str:
    """Name the presets when a name was given instead of a path."""
    return f", and no preset; presets: {', '.join(presets())}" if _PRESET_NAME.fullmatch(reference) else ""
