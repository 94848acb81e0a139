"""Bringing a trusted root up to date, by TUF (The Update Framework): only when asked. Loads tuf: import it late.

Whoever serves the files is not trusted: what counts is signed by keys that lead back to a first ``root.json``.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from safeinstall.errors import DiskError, SourceError
from safeinstall.sources.network.urls import redacted
from safeinstall.sources.places.temporary import make_folder, private_directory
from safeinstall.sources.provenance.object_json import UnprovedError, shortened
from safeinstall.sources.provenance.proving import Prover
from safeinstall.sources.provenance.roots import BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from safeinstall.sources.network.http import HttpClient

TARGET = "trusted_root.json"
METADATA_BYTES = 5 << 20
"""Of each file of the repository's lists."""
ROTATIONS = 256
"""Newer ``root.json`` that follow on the first."""
_LACKING = frozenset({403, 404})
"""How repositories answer for the ``root.json`` after the newest."""

logging.getLogger("tuf").addHandler(logging.NullHandler())  # what it has to say is said in its errors


def fetch_root(client: HttpClient, url: str, first: bytes, directory: Path) -> bytes:
    """Return the trusted root that the repository at *url* has now, which leads back to *first*, a ``root.json``.

    What was seen of it last is kept in *directory*, so that it can not go back. Raises :class:`SourceError` for a
    repository that does not answer, or whose answer does not hold, and ``DiskError``.
    """
    folder = directory / f"tuf-{hashlib.sha256(first).hexdigest()[:16]}"
    try:
        make_folder(folder)
        with private_directory() as (targets, _):
            raw = _fetched(client, url.rstrip("/"), first, folder, targets)
        Prover(raw)
    except OSError as error:
        raise DiskError(f"{error.strerror}: {error.filename}", hint="make room for it, or let it be written") from None
    except (DownloadError, RepositoryError, ValueError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, SourceError) else error
        raise _failure(url, shortened(str(cause), 200)) from None
    except UnprovedError as error:
        raise _failure(url, str(error)) from None
    return raw


def _fetched(client: HttpClient, url: str, first: bytes, folder: Path, targets: Path) -> bytes:
    updater = Updater(
        metadata_dir=str(folder),
        metadata_base_url=url,
        target_dir=str(targets),
        target_base_url=f"{url}/targets/",
        fetcher=_Fetcher(client),
        config=UpdaterConfig(
            max_root_rotations=ROTATIONS, root_max_length=METADATA_BYTES, targets_max_length=METADATA_BYTES
        ),
        bootstrap=first,
    )
    updater.refresh()
    target = updater.get_targetinfo(TARGET)
    if target is None:
        raise RepositoryError(f"it has no {TARGET}")
    if target.length > BYTES:
        raise RepositoryError(f"its {TARGET} has more than {BYTES} bytes")
    updater.download_target(target)
    return (targets / TARGET).read_bytes()


class _Fetcher(FetcherInterface):
    """The way to the network that everything here takes."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def _fetch(self, url: str) -> Iterator[bytes]:
        answer = self._client.get(url, limit=METADATA_BYTES, accept=_LACKING)
        if answer.status in _LACKING:
            raise DownloadHTTPError(f"{redacted(url)} is not there (HTTP {answer.status})", answer.status)
        return iter([answer.body])


def _failure(url: str, reason: str) -> SourceError:
    return SourceError(
        f"the trusted root could not be brought up to date from {redacted(url)}: {reason}",
        hint="try again, or name a mirror with --url; what was here before stays in use",
    )
