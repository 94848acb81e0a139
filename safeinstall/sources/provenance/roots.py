"""The trusted root that attestations are proved with: the public Sigstore's, or the one that the policy names.

The public one comes with the library; what ``safe-pip provenance update-root`` has brought takes its place while it is
the newer one. It is kept in the state directory behind a seal, so nobody else can put another in its place.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeinstall.facts.values import Missing
from safeinstall.sources.places.kept_files import written_whole
from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.places.seals import is_sealed, seal
from safeinstall.sources.provenance.extra import INSTALL

if TYPE_CHECKING:
    from safeinstall.policy.model import ProvenanceSettings

PUBLIC = "https://tuf-repo-cdn.sigstore.dev"
"""The public Sigstore's repository (TUF)."""
BYTES = 1 << 20
"""Of a trusted root; the public one has 7 kB."""
UPDATE = "bring it up to date: safe-pip provenance update-root"
_CORRECT = "correct `root` and `root-sha256` under [provenance]"
_EMBEDDED = "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
_FILE = "trusted_root.json"
_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot"


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """A trusted root (Sigstore, JSON), not yet looked into."""

    raw: bytes
    origin: str
    """Where it comes from, for a reader."""
    dated: datetime | None
    """Of when it is at the latest, with a time zone; ``None`` of one that the policy names by its hash."""

    @property
    def sha256(self) -> str:
        """Its digest."""
        return hashlib.sha256(self.raw).hexdigest()


def trusted_root(settings: ProvenanceSettings, directory: Path, now: datetime) -> TrustedRoot | Missing:
    """Return the trusted root by *settings*, or why there is none: not there, another one, or too old.

    *directory* is where updated ones are kept (:func:`roots_directory`). Loads no library, asks nobody.
    """
    if (named := named_root(settings)) is not None:
        return named
    found = [root for root in (_updated(directory), _shipped()) if root]
    if not found:
        return Missing("there is no trusted root on this machine to prove provenance with", INSTALL)
    newest = max(found, key=_date)
    age = now - _date(newest)
    if age > settings.max_root_age:
        allowed = _days(settings.max_root_age)
        return Missing(f"the trusted root {newest.origin} is {_days(age)} old, and the policy allows {allowed}", UPDATE)
    return newest


def named_root(settings: ProvenanceSettings) -> TrustedRoot | Missing | None:
    """Return the trusted root that *settings* name, or why it is none; ``None`` where they name none."""
    return None if settings.root is None else _named(settings.root, str(settings.root_sha256))


def roots_directory(state: Path) -> Path:
    """Return where updated roots are kept, below the state directory."""
    return state / "provenance"


def keep_root(raw: bytes, directory: Path, *, dated: datetime) -> TrustedRoot | None:
    """Keep *raw* as the public trusted root of when it is *dated*; ``None`` if there can be no seal.

    Raises ``OSError``.
    """
    path = directory / _FILE
    root = TrustedRoot(raw, _origin(dated), dated)
    terms = _terms(root.sha256, dated.isoformat())
    if not (said := seal(path, terms)):
        return None
    with written_whole(path) as file:
        file.write(json.dumps({"seal": said, "dated": dated.isoformat()}).encode() + b"\n" + raw)
    return root


def bootstrap() -> bytes | None:
    """Return what the public repository is trusted by first (TUF, ``root.json``); ``None`` without the library."""
    folder = _embedded()
    with suppress(OSError):
        return read_regular(folder / "root.json", BYTES) if folder else None
    return None


def _named(place: str, sha256: str) -> TrustedRoot | Missing:
    try:
        raw = read_regular(Path(place).expanduser(), BYTES)
    except (OSError, RuntimeError, ValueError) as error:  # no home to expand, or no path at all
        reason = error.strerror if isinstance(error, OSError) else error
        return Missing(f"the trusted root {place} cannot be read: {reason}", _CORRECT)
    root = TrustedRoot(raw, place, None)
    if root.sha256 != sha256.removeprefix("sha256:"):
        return Missing(f"the trusted root {place} is not the one that the policy names: sha256 {root.sha256}", _CORRECT)
    if not _is_root(raw):
        return Missing(f"{place} is no trusted root (Sigstore, JSON)", _CORRECT)
    return root


def _is_root(raw: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        document = json.loads(raw)
        return isinstance(document, dict) and str(document.get("mediaType")).startswith(_MEDIA_TYPE)
    return False


def _updated(directory: Path) -> TrustedRoot | None:
    """Return the root that was updated last, if this user's safe-pip has written it."""
    path = directory / _FILE
    with suppress(OSError, ValueError, TypeError, KeyError):
        head, _, raw = read_regular(path, 2 * BYTES).partition(b"\n")
        record = json.loads(head)
        root = TrustedRoot(raw, _origin(dated := datetime.fromisoformat(record["dated"])), dated)
        if is_sealed(path, _terms(root.sha256, record["dated"]), record["seal"]):
            return root
    return None


def _shipped() -> TrustedRoot | None:
    """Return the root that sigstore ships. Of when it is, the signature of the list beside it tells (TUF)."""
    folder = _embedded()
    with suppress(OSError, ValueError, TypeError, KeyError):
        if folder:
            signed = json.loads(read_regular(folder / "root.json", BYTES))["signed"]
            return TrustedRoot(read_regular(folder / _FILE, BYTES), "that comes with sigstore", _signing(signed))
    return None


def _embedded() -> Path | None:
    """Return where sigstore keeps what it ships of the public instance, without loading it; never of another one."""
    spec = find_spec("sigstore")
    return (
        Path(spec.submodule_search_locations[0], "_store", _EMBEDDED)
        if spec and spec.submodule_search_locations
        else None
    )


def _signing(signed: dict[str, Any]) -> datetime:
    """Return when *signed* was: as long before its end as it was to be good for (tuf-on-ci)."""
    expires = datetime.fromisoformat(signed["expires"].replace("Z", "+00:00"))
    return expires - timedelta(days=int(signed["x-tuf-on-ci-expiry-period"]))


def _date(root: TrustedRoot) -> datetime:
    if root.dated is None:
        raise AssertionError("a root that the policy names has no age")
    return root.dated


def _origin(dated: datetime) -> str:
    return f"updated on {dated:%Y-%m-%d}"


def _terms(sha256: str, dated: str) -> dict[str, str]:
    return {"trusted root": sha256, "dated": dated}


def _days(time: timedelta) -> str:
    return f"{time.days} day" if time.days == 1 else f"{time.days} days"
