"""The indexes of one run. They are opened before the rest of its world, so that they can be asked while pip starts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.request.invocation import installed_names
from safeinstall.resolve.wheel_tags import WheelTags
from safeinstall.sources.index.index import SimpleIndex
from safeinstall.sources.index.page_cache import PageCache
from safeinstall.sources.index.routes import Routes
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.settings import http_settings
from safeinstall.sources.pip.expectations import before_password
from safeinstall.sources.places.directories import cache_directory, why_not_believed
from safeinstall.sources.policies.policy_texts import forget_fetched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from typing_extensions import Self

    from safeinstall.policy.model import Policy
    from safeinstall.request.invocation import Invocation
    from safeinstall.sources.pip.descriptions import RecalledPip
    from safeinstall.sources.pip.expectations import ExpectedPip
    from safeinstall.sources.pip.host import HostedPip


@dataclass(frozen=True, slots=True)
class Indexes:
    """Which are asked for what, by which client, and what is kept of their answers. A context, left when it is over."""

    cache: Path
    """Where everything is kept that may be kept."""
    doubt: str
    """Why that is not the user's cache, if nobody asked for that."""
    client: HttpClient
    routes: Routes
    tags: WheelTags
    pages: SimpleIndex
    """Without files: ``SimpleIndex.read_files_by`` is still to be called."""
    stack: ExitStack

    @classmethod
    def open(
        cls,
        invocation: Invocation,
        policy: Policy,
        pip: HostedPip | RecalledPip | ExpectedPip,
        *,
        as_of: datetime,
        environ: Mapping[str, str],
        all_platforms: bool = False,
    ) -> Indexes:
        """Open the indexes of *invocation*. Nothing is asked yet.

        They tell of files for other interpreters and platforms only if *all_platforms*.
        """
        stack, (cache, doubt) = ExitStack(), _usable_cache(invocation, environ, pip)
        client = stack.enter_context(
            HttpClient(http_settings(invocation), ask=pip.credentials, before_password=before_password(pip))
        )
        routes = Routes.of(invocation, policy, as_of)
        tags = WheelTags(() if all_platforms else invocation.selection.tags)
        admit = (lambda _: True) if all_platforms else tags.admit
        pages = stack.enter_context(
            SimpleIndex(client, routes, pages=PageCache(cache / "pages", tags.digest), admit=admit)
        )
        return cls(cache, doubt, client, routes, tags, pages, stack)

    def ask_ahead(self, invocation: Invocation) -> None:
        """Ask for what the user names, unless it is installed: pip may then ask for nothing."""
        held = installed_names(invocation.installed)
        for root in invocation.roots:
            if root.name is not None and root.reference is None and root.name not in held:
                self.pages.ask_ahead(root.name)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Start nothing more, and close all connections."""
        self.stack.close()


def _usable_cache(
    invocation: Invocation, environ: Mapping[str, str], pip: HostedPip | RecalledPip | ExpectedPip
) -> tuple[Path, str]:
    """Return the user's cache, or one for this run alone, and why if nobody asked for that."""
    cache, own = cache_directory(environ), pip.folder / "cache"
    if invocation.keeps_nothing:
        forget_fetched()
    reason = why_not_believed(cache)
    if reason:
        return own, "" if invocation.keeps_nothing else f"the cache {cache} is not used: {reason}"
    if not invocation.keeps_nothing:
        return cache, ""
    from safeinstall.sources.advisories.local import lend_databases  # few runs keep nothing

    lend_databases(cache / "advisories", own / "advisories")
    return own, ""
