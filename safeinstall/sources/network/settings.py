"""How pip would reach the network, read from what it understood."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.sources.network.transport import HttpSettings

if TYPE_CHECKING:
    from safeinstall.request.invocation import Invocation

BRIEF = 3.0
"""Seconds of each wait for a source that an installation can do without for now."""


def http_settings(invocation: Invocation) -> HttpSettings:
    """Return how pip would reach the network (pip: cli/index_command.py, ``_build_session``)."""
    bundle = next((path for path in invocation.externals.values() if path), None)
    return HttpSettings(
        cert=invocation.option("cert") or bundle,
        client_cert=invocation.option("client_cert"),
        proxy="" if invocation.option("no_proxy_env") else (invocation.option("proxy") or None),
        trusted_hosts=invocation.sources.trusted_hosts,
        timeout=float(invocation.option("timeout") or 15),
        retries=int(invocation.option("retries") or 0),
    )


def brief(settings: HttpSettings) -> HttpSettings:
    """Return *settings* for a source that an installation can do without for now: one try, and not a long one."""
    return replace(settings, timeout=min(settings.timeout, BRIEF), retries=0)
