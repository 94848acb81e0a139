"""What is loaded while there is something else to wait for: Python reads a module of ours in half a millisecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def preload(environ: Mapping[str, str], *, http: bool) -> None:
    """Load what a judged command needs, while pip starts on the other processor; *http*, if requests are likely."""
    from safeinstall import pipeline as _pipeline
    from safeinstall.app import world as _world

    if http:
        from safeinstall.sources.network import httpx_transport

        httpx_transport.warm_up(environ.get("PIP_CERT") or environ.get("REQUESTS_CA_BUNDLE"))
    _ = _pipeline, _world


def preload_end() -> None:
    """Load what tells how an installation ended, while pip installs."""
    from safeinstall.app import keeper
    from safeinstall.guard import installation
    from safeinstall.report import exceptions, pip_report, refusal, text

    _ = keeper, installation, exceptions, pip_report, refusal, text
