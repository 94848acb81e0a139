"""Addresses: hiding credentials, origins, and the way between paths and ``file:`` URLs (pip: utils/urls.py)."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from safeinstall.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_RESERVED = re.compile(r"(@|%2F)", re.IGNORECASE)
"""What stays in a path as it is, since it means something to a VCS (pip: models/link.py)."""
_QUOTED = re.compile(r"(?:[A-Za-z0-9._~/-]|%2B)*")
"""A path of which nothing has to be quoted: that of most files, and of most with a local version."""
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH = "/:@!$&'()*+,;="
_AS_ARGUED = "surrogateescape"
"""How Python decodes arguments: whatever bytes they are can be sent."""
_QUERY = f"{_PATH}?"
"""What may stand there raw (RFC 3986)."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


def redacted(url: str) -> str:
    """Return *url* as it may be shown: without user and password, control characters escaped."""
    return _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", _CREDENTIALS.sub("****@", url))


def split(url: str) -> SplitResult:
    """Split *url*; an address that is none is a :class:`SourceError`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SourceError(
            f"{redacted(url)!r} is not a valid address", hint="check the configured indexes and links"
        ) from error
    return parts


def origin(parts: SplitResult) -> tuple[str, str, int | None]:
    """Return scheme, host and port, the default port included."""
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme)


def userinfo(parts: SplitResult) -> tuple[str, str] | None:
    """Return the decoded user and password of an address; a lone user is a token with an empty password."""
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def without_userinfo(parts: SplitResult) -> str:
    """Return the address that goes over the wire: no credentials, no fragment."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def as_sent(parts: SplitResult) -> str:
    """Return the address as pip puts it on the wire: no credentials, no fragment, escaped once and no more than needed.

    requests: utils.py, ``requote_uri``; urllib3: util/url.py, ``_encode_target``.
    """
    path, query = _requoted(parts.path, _PATH), _requoted(parts.query, _QUERY)
    return without_userinfo(parts._replace(path=path, query=query))


def _requoted(component: str, safe: str) -> str:
    """Return *component* with every character escaped but the *safe* ones, and no escape that is not needed."""
    escapes = _ESCAPE.findall(component)
    if len(escapes) != component.count("%"):  # then none of them is one
        return quote(_ESCAPE.sub(lambda escape: escape[0].upper(), component), safe, errors=_AS_ARGUED)
    return quote(_ESCAPE.sub(_plain_if_unreserved, component), f"{safe}%", errors=_AS_ARGUED)


def _plain_if_unreserved(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def quoted(url: str) -> str:
    """Return an address of a page as pip quotes it (pip: models/link.py, ``_ensure_quoted_url``).

    Its path is escaped anew, but for ``@`` and an escaped slash: a raw ``+`` becomes ``%2B``, which a server may read
    as a blank otherwise. Raises ``ValueError`` for what is no address.
    """
    parts = urlsplit(url)
    if _QUOTED.fullmatch(parts.path):
        return parts.geturl()
    path = "".join(
        part.upper() if _RESERVED.fullmatch(part) else quote(unquote(part), errors=_AS_ARGUED)
        for part in _RESERVED.split(parts.path)
    )
    return parts._replace(path=path).geturl()


def is_trusted(parts: SplitResult, trusted_hosts: Iterable[str]) -> bool:
    """Whether the host is one of pip's ``--trusted-host``: ``HOST`` covers all its ports, ``HOST:PORT`` that one."""
    host = (parts.hostname or "").lower()
    bracketed = f"[{host}]" if ":" in host else host
    names = {host, bracketed, f"{bracketed}:{origin(parts)[2]}"}
    return any(trusted.lower() in names for trusted in trusted_hosts)


def is_secure(parts: SplitResult, trusted_hosts: Iterable[str]) -> bool:
    """Whether nobody on the way can change the answer (pip: network/session.py, ``is_secure_origin``)."""
    return parts.scheme == "https" or _is_loopback(parts.hostname or "") or is_trusted(parts, trusted_hosts)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(url: str) -> bool:
    """Whether *url* is a path or a ``file:`` URL."""
    return url.lower().startswith("file:") or not _SCHEME.match(url)


def local_path(url: str) -> Path:
    """Return the path that a ``file:`` URL, or a path, names. A host other than this one is a :class:`SourceError`."""
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings all of HTTP

    if not url.lower().startswith("file:"):
        return Path(os.path.normpath(Path(url).absolute()))  # as pip writes it (utils/urls.py, path_to_url)
    parts = split(url)
    if parts.netloc not in {"", "localhost"}:
        raise SourceError(
            f"{redacted(url)} names a file of another host", hint="write a local path as file:///path/to/it"
        )
    path = url2pathname(parts.path)
    if "\0" in path:
        raise SourceError(f"{redacted(url)} is no path", hint="write a local path as file:///path/to/it")
    return Path(path).absolute()
