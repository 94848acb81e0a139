"""The transport on httpx. The only module that imports it; its exceptions end here."""

from __future__ import annotations

import ssl
import sys
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # its own command line: half of the import
import httpx  # noqa: E402

from safeinstall.sources.network.content_coding import IDENTITY, CodingError, decoded  # noqa: E402
from safeinstall.sources.network.pace import PacedBackend, PacedStream  # noqa: E402
from safeinstall.sources.network.transport import HttpSettings, Reply, TransportError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=32)


class HttpxTransport:
    """One pool of connections that checks certificates and one that does not, each made when first needed."""

    def __init__(self, settings: HttpSettings) -> None:
        """Keep the *settings*; nothing is opened or read yet."""
        self._settings = settings
        self._clients: dict[bool, httpx.Client] = {}
        self._lock = Lock()

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], *, verify: bool) -> Iterator[Reply]:
        """Send one GET; see :class:`~safeinstall.sources.network.transport.Transport`."""
        client = self._client(verify=verify)
        with _foreign_errors_mapped():
            response = client.send(client.build_request("GET", url, headers=dict(headers)), stream=True)
        try:
            cast("PacedStream", response.extensions["network_stream"]).head_came()
            as_it_is = headers.get("accept-encoding") == IDENTITY
            body = _chunks(response, "" if as_it_is else response.headers.get("content-encoding", ""))
            yield Reply(status=response.status_code, headers=dict(response.headers), body=body)
        finally:
            response.close()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send one POST and return the status of the answer, of which nothing else is read.

        Raises :class:`~safeinstall.sources.network.transport.TransportError`.
        """
        client = self._client(verify=True)
        request = client.build_request("POST", url, headers=dict(headers), content=body)
        with _foreign_errors_mapped():
            response = client.send(request, stream=True)
        response.close()
        return response.status_code

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, *, verify: bool) -> httpx.Client:
        with self._lock:
            if verify not in self._clients:
                self._clients[verify] = self._new_client(verify=verify)
            return self._clients[verify]

    def _new_client(self, *, verify: bool) -> httpx.Client:
        proxy = self._settings.proxy
        try:
            client = httpx.Client(
                verify=_tls_context(self._settings, verify=verify),
                proxy=proxy or None,
                trust_env=proxy is None,
                timeout=self._settings.timeout,
                limits=_LIMITS,
                follow_redirects=False,
            )
        except ValueError as error:
            raise TransportError(
                f"the proxy {httpx.URL(proxy or '').host!r} cannot be used: {error}",
                hint="check --proxy and the proxy variables of the environment",
                retryable=False,
            ) from error
        _set_pace(client, PacedBackend(self._settings.timeout))
        return client


def _set_pace(client: httpx.Client, backend: PacedBackend) -> None:
    """Connect by *backend*, which httpcore takes as an argument, and httpx has no way to hand on."""
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = backend  # noqa: SLF001


def _chunks(response: httpx.Response, coding: str) -> Iterator[bytes]:
    with _foreign_errors_mapped():
        try:
            yield from decoded(response.iter_raw(), coding)
        except CodingError as error:
            raise TransportError(str(error), hint="tell whoever runs the index", retryable=False) from error


def _tls_context(settings: HttpSettings, *, verify: bool) -> ssl.SSLContext:
    try:
        context = _verifying_context(settings.cert) if verify else _trusting_context()
        if settings.client_cert:
            context.load_cert_chain(settings.client_cert)
    except OSError as error:
        raise TransportError(
            f"the certificates cannot be read: {error.strerror or error}",
            hint="check --cert, --client-cert and the variables that set them",
            retryable=False,
        ) from error
    return context


def warm_up(cert: str | None) -> None:
    """Do early, while nothing else can be done, what the first request would wait for. *cert* is a guess."""
    with suppress(OSError):
        httpx.Client(verify=_verifying_context(cert)).close()


@cache
def _verifying_context(cert: str | None) -> ssl.SSLContext:
    if cert is not None and Path(cert).is_dir():
        return ssl.create_default_context(capath=cert)
    return ssl.create_default_context(cafile=cert)


def _trusting_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _foreign_errors_mapped() -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise TransportError(
            "it did not answer in time", hint="try again, or allow more time with --timeout"
        ) from error
    except httpx.ProxyError as error:
        raise TransportError(f"the proxy refused: {error}", hint="check --proxy") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError) as error:
        raise TransportError("its address is not valid", retryable=False) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise _failure(error) from error


def _failure(error: Exception) -> TransportError:
    if _certificate_error(error):
        return TransportError(
            "its certificate could not be verified",
            hint="name the certificate authority that signed it with --cert",
            retryable=False,
        )
    if isinstance(error, httpx.ConnectError):
        return TransportError(f"no connection: {error}", hint="check the network, the address and the proxy")
    return TransportError("the connection broke before the whole answer had come", hint="try again")


def _certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
