"""The one way to the network: retries, redirects, credentials and limits, as pip has them or stricter.

Nothing but :class:`SourceError` comes out of here. The HTTP library is loaded with the first request.
"""

from __future__ import annotations

import base64
import netrc
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.sources.network.content_coding import ASKED
from safeinstall.sources.network.transport import BODY_LIMIT, HttpSettings, TransportError, announced
from safeinstall.sources.network.urls import (
    as_sent,
    is_secure,
    is_trusted,
    origin,
    redacted,
    split,
    userinfo,
    without_userinfo,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from urllib.parse import SplitResult

    from typing_extensions import Self

    from safeinstall.sources.network.transport import Reply, Transport

    Ask = Callable[[str], tuple[str, str] | None]

_T = TypeVar("_T")

__all__ = ["HttpClient", "HttpSettings", "Response", "Stream"]

_RETRIED = frozenset({500, 502, 503, 520, 527})
"""pip: network/session.py."""
_WAITING = frozenset({413, 429, 503})
"""Answers whose Retry-After counts (urllib3: Retry.RETRY_AFTER_STATUS_CODES)."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
MAX_REDIRECTS = 10
_BACKOFF = 0.25
MAX_WAIT = 30.0
_ERROR = 400
_ODD = "this is not what an index serves: check its address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer."""

    status: int
    url: str
    """After redirects, without credentials."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer whose body is still to be read, once."""

    status: int
    url: str
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    """Raises :class:`SourceError` when the connection breaks or the limit is passed."""


class _RetryableError(SourceError):
    """A failure that another attempt may mend."""

    wait: float | None = None
    """Seconds the server asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    url: str
    headers: Mapping[str, str]
    index_url: str | None
    limit: int | None
    plain_http: bool
    accept: Collection[int]


class HttpClient:
    """A client for many threads, with one pool of connections.

    Every method takes the full address; a user and password in it are used and never shown. *index_url* is the
    configured address of the index that the request belongs to: its credentials count on its own origin (scheme, host
    and port), and nowhere else. Credentials of a netrc file count on the host they name.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        ask: Ask = lambda _: None,
        before_password: Callable[[], None] = lambda: None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Keep the *settings*; *sleep* takes seconds and is called between attempts.

        *ask* is called with an address that was answered with 401, once for each origin, and returns user and password.
        *before_password* is called before a password of the netrc file is given, and raises what speaks against it.
        """
        self._settings = settings
        self._ask = ask
        self._before_password = before_password
        self._asked: dict[tuple[str, str, int | None], tuple[str, str] | None] = {}
        self._sleep = sleep
        self._lock = Lock()
        self._opened: Transport | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        if self._opened:
            self._opened.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        index_url: str | None = None,
        limit: int | None = BODY_LIMIT,
        plain_http: bool = False,
        accept: Collection[int] = (),
        retries: int | None = None,
    ) -> Response:
        """Return the whole answer, after retries and redirects, of at most *limit* bytes.

        An answer of 400 or above is a :class:`SourceError` unless it is in *accept*; 404 and 410 are a
        :class:`ProjectNotFoundError`. Plain HTTP is refused off loopback and trusted hosts, unless *plain_http*; a
        redirect from HTTPS down to it always is. There are at most so many *retries*, if given: what a run can do
        without is not asked for as often as what it cannot.
        """
        request = _Request(
            url=url, headers=headers or {}, index_url=index_url, limit=limit, plain_http=plain_http, accept=accept
        )
        return self._retrying(lambda: self._read(request), retries)

    @contextmanager
    def stream(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        index_url: str | None = None,
        limit: int | None = None,
        plain_http: bool = False,
        accept: Collection[int] = (),
    ) -> Iterator[Stream]:
        """Like :meth:`get`, the body unread. Once the head has come there is no retry: that is the caller's to do."""
        request = _Request(
            url=url, headers=headers or {}, index_url=index_url, limit=limit, plain_http=plain_http, accept=accept
        )
        with ExitStack() as stack:
            yield self._retrying(lambda: stack.enter_context(self._open(request)))

    def _read(self, request: _Request) -> Response:
        with self._open(request) as stream:
            body = b"".join(stream.chunks)
            return Response(status=stream.status, url=stream.url, headers=stream.headers, body=body)

    def _retrying(self, attempt: Callable[[], _T], most: int | None = None) -> _T:
        retries = self._settings.retries if most is None else min(most, self._settings.retries)
        for number in range(retries):
            try:
                return attempt()
            except _RetryableError as error:  # noqa: PERF203  # each try is a round trip
                if error.wait is not None and error.wait > MAX_WAIT:
                    raise
                self._sleep(_backoff(number) if error.wait is None else error.wait)
        return attempt()

    @contextmanager
    def _open(self, request: _Request) -> Iterator[Stream]:
        """Send *request* and follow its redirects, each judged like a new address."""
        for _ in range(MAX_REDIRECTS + 1):
            with self._send(request) as reply:
                if reply.status == HTTPStatus.UNAUTHORIZED and self._found_credentials(request):
                    continue
                if reply.status not in _REDIRECTS:
                    _check_status(reply, request)
                    yield Stream(
                        status=reply.status,
                        url=as_sent(split(request.url)),
                        headers=reply.headers,
                        chunks=_checked_chunks(reply, request),
                    )
                    return
                request = self._redirected(request, reply)
        raise SourceError(
            f"{redacted(request.url)} is the end of {MAX_REDIRECTS} redirects, and redirects again",
            hint="check the address of the index",
        )

    @contextmanager
    def _send(self, request: _Request) -> Iterator[Reply]:
        parts = self._checked(request)
        bare = as_sent(parts)
        verify = not is_trusted(parts, self._settings.trusted_hosts)
        with ExitStack() as stack:
            with _mapped(request.url):
                reply = stack.enter_context(self._transport().get(bare, self._headers(request, parts), verify=verify))
            yield reply

    def _checked(self, request: _Request) -> SplitResult:
        parts = split(request.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SourceError(
                f"{redacted(request.url)} is no HTTP address", hint="check the configured indexes and links"
            )
        if not (request.plain_http or is_secure(parts, self._settings.trusted_hosts)):
            raise SourceError(
                f"{redacted(request.url)} is plain HTTP: anyone on the way can change the answer",
                hint="use https://, or name the host with --trusted-host",
            )
        return parts

    def _headers(self, request: _Request, parts: SplitResult) -> dict[str, str]:
        headers = {"user-agent": self._settings.user_agent, "accept-encoding": ASKED, **request.headers}
        if credentials := self._credentials(request, parts):
            headers["authorization"] = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
        return headers

    def _found_credentials(self, request: _Request) -> bool:
        """Whether a 401 brought credentials to light that had not been tried."""
        parts = split(request.url)
        with self._lock:
            if origin(parts) in self._asked:
                return False
            self._asked[origin(parts)] = found = self._ask(without_userinfo(parts))
            return found is not None

    def _credentials(self, request: _Request, parts: SplitResult) -> tuple[str, str] | None:
        if asked := self._asked.get(origin(parts)):
            return asked
        if own := userinfo(parts):
            return own
        index = split(request.index_url) if request.index_url else None
        if index and origin(index) == origin(parts) and (configured := userinfo(index)):
            return configured
        return self._netrc_credentials(parts.hostname or "")

    def _netrc_credentials(self, host: str) -> tuple[str, str] | None:
        found = self._netrc.authenticators(host) if self._netrc else None
        if found is None:
            return None
        self._before_password()
        return found[0] or found[1] or "", found[2] or ""

    @cached_property
    def _netrc(self) -> netrc.netrc | None:
        """The user's file; one that cannot be read counts as none (requests: utils.py, ``get_netrc_auth``)."""
        if not self._settings.netrc:
            return None
        places = [os.environ["NETRC"]] if os.environ.get("NETRC") else ["~/.netrc", "~/_netrc"]
        found = map(os.path.expanduser, places)  # who has no home has no such file, nor one in a directory "~"
        path = next((Path(place) for place in found if place[:1] != "~" and Path(place).is_file()), None)
        try:
            return netrc.netrc(path) if path else None
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
            return None

    def _redirected(self, request: _Request, reply: Reply) -> _Request:
        target = urljoin(request.url, reply.headers.get("location", ""))
        old, new = split(request.url), split(target)
        if new.scheme not in {"http", "https"}:
            raise SourceError(f"{redacted(request.url)} redirects to {redacted(target)}, which is no HTTP address")
        if (old.scheme, new.scheme) == ("https", "http") and not is_trusted(new, self._settings.trusted_hosts):
            raise SourceError(
                f"{redacted(request.url)} redirects from HTTPS down to {redacted(target)}",
                hint="report it to whoever runs the index, or name the host with --trusted-host",
            )
        return replace(request, url=target, index_url=request.index_url or request.url)

    def _transport(self) -> Transport:
        with self._lock:
            if self._opened is None:
                from safeinstall.sources.network.httpx_transport import HttpxTransport  # noqa: PLC0415  # a third of the start
                from safeinstall.sources.network.memory import share_memory  # noqa: PLC0415

                share_memory()

                self._opened = HttpxTransport(self._settings)
            return self._opened


def _backoff(number: int) -> float:
    """Seconds before attempt *number* + 2: none, then 0.5, 1, 2 … (urllib3: Retry.get_backoff_time)."""
    return _BACKOFF * 2**number if number else 0.0


@contextmanager
def _mapped(url: str) -> Iterator[None]:
    try:
        yield
    except TransportError as error:
        kind = _RetryableError if error.retryable else SourceError
        raise kind(f"cannot read {redacted(url)}: {error.reason}", hint=error.hint) from error


def _checked_chunks(reply: Reply, request: _Request) -> Iterator[bytes]:
    limit = request.limit
    read = 0
    if limit is not None and announced(reply.headers) > limit:
        raise _too_much(request)
    with _mapped(request.url):
        for chunk in reply.body:
            read += len(chunk)
            if limit is not None and read > limit:
                raise _too_much(request)
            yield chunk


def _too_much(request: _Request) -> SourceError:
    return SourceError(f"{redacted(request.url)} answers with more than {request.limit} bytes", hint=_ODD)


def _check_status(reply: Reply, request: _Request) -> None:
    if reply.status in request.accept:
        return
    if reply.status == HTTPStatus.PARTIAL_CONTENT and "range" not in request.headers:
        raise SourceError(f"{redacted(request.url)} answered with a part that was not asked for", hint=_ODD)
    if reply.status < _ERROR:
        return
    what = f"{redacted(request.url)} answered {_phrase(reply.status)}"
    if reply.status in _GONE:
        raise ProjectNotFoundError(what, hint="check the name, and the address of the index")
    if reply.status in _FORBIDDEN:
        raise SourceError(
            what, hint="check the user and password for this index, or ask whoever runs it whether it blocks this"
        )
    wait = _retry_after(reply) if reply.status in _WAITING else None
    if reply.status not in _RETRIED and wait is None:
        raise SourceError(what, hint="check the address of the index")
    error = _RetryableError(what, hint=f"try again in {wait:.0f} seconds" if wait else "try again later")
    error.wait = wait
    raise error


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _retry_after(reply: Reply) -> float | None:
    """Seconds from now (RFC 9110, 10.2.3: a number, or a date)."""
    written = reply.headers.get("retry-after", "").strip()
    if written.isdecimal():
        return float(written)
    try:
        date = parsedate_to_datetime(written).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds())
