"""The hashes that the user gave: what each file is held to, and the mode in which every file needs one.

pip checks this while it prepares files (pip: operations/prepare.py, ``_get_linked_req_hashes``); the words are pip's
(exceptions.py). A file is held to every hash that the user gives for it, to a constraint's too; whether a constraint's
hash also does for the mode depends on the version of pip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from safeinstall.errors import IntegrityError, UnsatisfiableError
from safeinstall.models import SourceKind
from safeinstall.resolve.finder import is_pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.invocation import Selection
    from safeinstall.models import Pinned
    from safeinstall.requirements import Root
    from safeinstall.resolve.resolution import Requirer, Resolution

UNPINNED = "In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:"
MISSING = (
    "Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those"
    " requirements along with the hashes their index publishes. Add lines like these to your requirements files to"
    " prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when any"
    " package has a hash.)"
)
MISMATCH = "this is not the file that the hash was taken of: find out why before you take over another hash"


def hold_to_user_hashes(resolution: Resolution, roots: Iterable[Root], selection: Selection) -> tuple[Pinned, ...]:
    """Return the pins, each with the hashes that *roots* (requirements and constraints) give for it.

    Raises ``UnsatisfiableError`` where a hash is required and cannot be checked, ``IntegrityError`` where what an
    index publishes already contradicts the user.
    """
    asked: dict[str, list[Root]] = {}
    for root in roots:
        asked.setdefault(root.name or (root.reference.url if root.reference else ""), []).append(root)
    pins = tuple(
        replace(pin, user_hashes=_sets([*asked.get(pin.artifact.name, ()), *asked.get(pin.artifact.url, ())]))
        for pin in resolution.pins
    )
    for pin in pins:
        check_user_hashes(pin, pin.artifact.hashes)
    if selection.require_hashes:
        _check_mode(pins, asked, resolution.required_by, selection)
    return pins


def check_user_hashes(pin: Pinned, digests: Mapping[str, str]) -> None:
    """Raise ``IntegrityError`` when *digests*, by algorithm, show that the file is not the one that the user means."""
    for wanted in pin.user_hashes:
        kinds = {digest.partition(":")[0] for digest in wanted}
        found = {f"{kind}:{digests[kind].lower()}" for kind in kinds & digests.keys()}
        if kinds <= digests.keys() and found.isdisjoint(wanted):
            raise IntegrityError(
                f"{pin.artifact.filename} from {pin.artifact.source.display} has {' and '.join(sorted(found))};"
                f" you ask for {' or '.join(sorted(wanted))}",
                hint=MISMATCH,
            )


def _sets(roots: Iterable[Root]) -> tuple[frozenset[str], ...]:
    """Return what each of *roots* allows: hashes of options and of the address are peers (pip: req_install.py)."""
    sets = (root.hashes | (root.reference.digests if root.reference else frozenset()) for root in roots)
    return tuple(dict.fromkeys(digests for digests in sets if digests))


def _check_mode(
    pins: Iterable[Pinned],
    asked: Mapping[str, Sequence[Root]],
    required_by: Mapping[NormalizedName, Sequence[Requirer]],
    selection: Selection,
) -> None:
    missing, unpinned = [], []
    for pin in pins:
        requirers = required_by.get(pin.artifact.name, ())
        roots = [*asked.get(pin.artifact.name, ()), *asked.get(pin.artifact.url, ())]
        if not selection.takes_hashes_of_constraints:
            roots = [root for root in roots if not root.constraint]
        hashed = bool(_sets(roots))
        if not (_is_pinned(pin, requirers) or (hashed and selection.takes_hashes_of_constraints)):
            unpinned.append(f"    {_requirement(pin, requirers)}")
        elif not hashed:
            missing.append(f"    {_line(pin)}")
    if missing:
        raise UnsatisfiableError("\n".join([MISSING, *missing]))
    if unpinned:
        raise UnsatisfiableError("\n".join([UNPINNED, *unpinned]))


def _is_pinned(pin: Pinned, requirers: Iterable[Requirer]) -> bool:
    is_direct = pin.artifact.source.kind is SourceKind.DIRECT
    return is_direct or any(is_pinned(Requirement(requirer.text).specifier) for requirer in requirers)


def _requirement(pin: Pinned, requirers: Sequence[Requirer]) -> str:
    if not requirers:
        return str(pin.artifact.name)
    first = requirers[0]
    return first.text if first.by is None else f"{first.text} (from {first.by})"


def _line(pin: Pinned) -> str:
    artifact = pin.artifact
    is_direct = artifact.source.kind is SourceKind.DIRECT
    what = artifact.source.display if is_direct else f"{artifact.name}=={artifact.version}"
    return f"{what} --hash=sha256:{artifact.sha256 or '(its index publishes none)'}"
