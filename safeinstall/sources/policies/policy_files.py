"""The policy of a run: its layers, wherever they are on this machine."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from safeinstall.errors import PolicyError
from safeinstall.policy.layers import stack
from safeinstall.policy.load import parse_toml, read_layer
from safeinstall.policy.merge import PolicyText
from safeinstall.sources.places.directories import SYSTEM_CONFIG, config_directory
from safeinstall.sources.policies.policy_texts import is_address, presets, read_file, read_policy
from safeinstall.sources.policies.trust import is_trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from safeinstall.policy.layer import Layer
    from safeinstall.policy.model import Policy

VARIABLE = "SAFE_PIP_POLICY"
"""The policy, where ``--policy`` names none. Set to nothing it is an error: no other policy takes its place."""
DEFAULT_PRESET = "baseline"
PROJECT_FILE = "safe-pip.toml"
PYPROJECT = "pyproject.toml"
PYPROJECT_TABLE = ("tool", "safe-pip")
SYSTEM_FILE = SYSTEM_CONFIG / "policy.toml"
_MENTIONED = re.compile(r"tool[\s.\"'\]]+safe-pip")


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """The policy of the project that the working directory is in."""

    path: Path
    layer: Layer
    trusted: bool
    skipped: tuple[str, ...] = ()
    """Addresses that it extends, which are not asked before it is trusted."""


def load_policy(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> Policy:
    """Return the policy of this machine, of the user and of the project, merged. Raises :class:`PolicyError`.

    *explicit*, else ``SAFE_PIP_POLICY``, takes the place of the user's file: the name of a preset, a path relative to
    *cwd*, or an address with a hash. Where neither machine nor user has a policy, the project's is all there is if the
    user trusts it; else it can only tighten the preset ``baseline``.
    """
    layers = [*_system(environ, cwd), *_user(explicit, environ, cwd)]
    project = find_project(environ, cwd, other_than=named(explicit, environ))
    is_default = not layers and not (project and project.trusted)
    if is_default:
        layers = [read_named(DEFAULT_PRESET, environ, cwd, role="default")]
    if project is not None:
        layers.append(project.layer)
    policy = stack(layers, today=datetime.now(timezone.utc).date())
    own = None if explicit is None or is_address(explicit) or explicit in presets() else explicit
    return replace(policy, notes=(*policy.notes, *_untrusted(policy, project, is_default=is_default)), named=own)


def layer_errors(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> list[PolicyError]:
    """Return why :func:`load_policy` would fail: the error of each layer, not only of the first."""
    reads: tuple[Callable[[], object], ...] = (
        lambda: list(_system(environ, cwd)),
        lambda: list(_user(explicit, environ, cwd)),
        lambda: find_project(environ, cwd, other_than=named(explicit, environ)),
    )
    return [error for read in reads if (error := _error_of(read)) is not None]


def _error_of(read: Callable[[], object]) -> PolicyError | None:
    try:
        read()
    except PolicyError as error:
        return error
    return None


def read_named(reference: str, environ: Mapping[str, str], cwd: Path, *, role: str = "user") -> Layer:
    """Return what :func:`load_policy` reads for an explicit *reference*, as a layer. Raises :class:`PolicyError`."""
    read = partial(read_policy, cwd=cwd, environ=environ)
    return read_layer(read(reference), role=role, read=read)


def find_project(environ: Mapping[str, str], cwd: Path, *, other_than: str | None = None) -> ProjectPolicy | None:
    """Return the nearest policy of a project, from *cwd* upward. Raises :class:`PolicyError`.

    The file *other_than* counts already, and is passed over.
    """
    text = project_text(cwd)
    if text is None or (other_than is not None and _is_same(cwd / other_than, cwd / text.file)):
        return None
    path = (cwd / text.file).resolve()
    skipped: list[str] = []
    layer = read_layer(text, role="project", read=partial(_unfetched, cwd=cwd, environ=environ, skipped=skipped))
    trusted = is_trusted(path, layer.trust, environ)
    if trusted and skipped:
        layer, skipped = read_layer(text, role="project", read=partial(read_policy, cwd=cwd, environ=environ)), []
    return ProjectPolicy(path, layer, trusted, tuple(skipped))


def project_text(cwd: Path) -> PolicyText | None:
    """Return ``safe-pip.toml``, else ``[tool.safe-pip]`` of ``pyproject.toml``, of the nearest folder that has one."""
    for folder in (cwd, *cwd.parents):
        if os.path.lexists(folder / PROJECT_FILE):
            return read_file(folder / PROJECT_FILE, _shown(folder / PROJECT_FILE, cwd), cwd=cwd)
        if os.path.lexists(folder / PYPROJECT) and (text := _pyproject(folder / PYPROJECT, cwd)):
            return text
    return None


def _pyproject(path: Path, cwd: Path) -> PolicyText | None:
    """Return the text of *path* if it has our table. One that is broken and does not speak of it has none."""
    text = read_file(path, _shown(path, cwd), cwd=cwd)
    if "safe-pip" not in text.text:
        return None
    try:
        tool = parse_toml(text).get(PYPROJECT_TABLE[0])
    except PolicyError:
        if _MENTIONED.search(text.text):
            raise
        return None
    return replace(text, table=PYPROJECT_TABLE) if isinstance(tool, dict) and PYPROJECT_TABLE[1] in tool else None


def _shown(path: Path, cwd: Path) -> str:
    return path.name if path.parent == cwd else str(path)


def _system(environ: Mapping[str, str], cwd: Path) -> Iterator[Layer]:
    if _is_there(SYSTEM_FILE):
        yield read_named(str(SYSTEM_FILE), environ, cwd, role="system")


def _user(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> Iterator[Layer]:
    reference = named(explicit, environ)
    if reference is not None:
        yield read_named(reference, environ, cwd)
    elif _is_there(own := config_directory(environ) / "policy.toml"):
        yield read_named(str(own), environ, cwd)


def named(explicit: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the policy that *explicit*, else ``SAFE_PIP_POLICY``, names. Raises :class:`PolicyError`."""
    if explicit is not None:
        return explicit
    named = environ.get(VARIABLE)
    if named == "":  # perhaps what a substitution left: no other policy may take its place
        raise PolicyError(
            (f"{VARIABLE} is set to nothing, which names no policy",), hint="unset it, or name a file or a preset"
        )
    return named


def _is_there(path: Path) -> bool:
    """Whether something has the name *path*, be it unreadable: only its absence means that there is no policy."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise PolicyError((f"{path}: cannot be read: {error.strerror}",)) from None
    return True


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return one.samefile(other)
    return False


def _unfetched(reference: str, *, cwd: Path, environ: Mapping[str, str], skipped: list[str]) -> PolicyText:
    """Read as :func:`read_policy`, but leave out addresses: a stranger's project makes us fetch nothing."""
    if not is_address(reference):
        return read_policy(reference, cwd=cwd, environ=environ)
    skipped.append(reference)
    return PolicyText(reference, "")


def _untrusted(policy: Policy, project: ProjectPolicy | None, *, is_default: bool) -> Iterator[str]:
    """Say what becomes of a project's policy that the user has not trusted."""
    if project is None or project.trusted:
        return
    for address in project.skipped:
        yield f"{project.layer.file}: extends: {address} is not fetched for a policy that is not trusted"
    if project.skipped or (is_default and policy.notes):
        yield f"if you trust {project.layer.file}, look at it and run: safe-pip policy trust"
