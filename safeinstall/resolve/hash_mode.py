"""pip's hash-checking mode: every file needs a hash of the user, and every requirement names one version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.artifact import SourceKind
from safeinstall.resolve.finder import is_pinned
from safeinstall.resolve.user_hashes import missing_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from safeinstall.facts.verdict import Pinned
    from safeinstall.resolve.resolution import Requirer, Resolution
    from safeinstall.resolve.user_hashes import UserHashes

UNPINNED = "In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:"


def check_mode(resolution: Resolution, hashes: UserHashes) -> None:
    """Raise ``UnsatisfiableError`` where a hash is required for a file of *resolution* and was not given."""
    if not hashes.selection.require_hashes:
        return
    missing, unpinned = [], []
    for pin in resolution.pins:
        requirers = resolution.required_by.get(pin.artifact.name, ())
        hashed = hashes.is_hashed(pin.artifact)
        if not (_is_pinned(pin, requirers) or (hashed and hashes.selection.takes_hashes_of_constraints)):
            unpinned.append(f"    {_requirement(pin, resolution)}")
        elif not hashed:
            missing.append(pin.artifact)
    if missing:
        raise missing_hashes(missing, measured=False)
    if unpinned:
        raise UnsatisfiableError("\n".join([UNPINNED, *unpinned]))


def _is_pinned(pin: Pinned, requirers: Iterable[Requirer]) -> bool:
    is_direct = pin.artifact.source.kind is SourceKind.DIRECT
    return is_direct or any(is_pinned(Requirement(requirer.text).specifier) for requirer in requirers)


def _requirement(pin: Pinned, resolution: Resolution) -> str:
    """pip: req_install.py, ``InstallRequirement.__str__``."""
    first, *way = _way(pin.artifact.name, resolution) or [pin.artifact.stated_name]
    return f"{first} from {pin.artifact.url}{f' (from {chain})' if (chain := '->'.join(way)) else ''}"


def _way(name: NormalizedName, resolution: Resolution) -> list[str]:
    """Return the requirement that asks for *name*, and what has led to it, up to the file in which the user asks."""
    found: list[str] = []
    requirers, passed = resolution.required_by.get(name, ()), {name}
    while requirers:
        first = requirers[0]
        found.append(first.text)
        if first.by is None or first.by in passed:
            return [*found, *filter(None, [first.asker])] if first.by is None else found
        passed.add(first.by)
        requirers = resolution.required_by.get(first.by, ())
    return found
