"""One HTTP POST as a machine needs it: verified, bounded, and never led elsewhere.

Threat: a receiver that answers for ever, sends a redirect into the network (CWE-918), or is not who it
says (CWE-295); a URL with its secret in a log (CWE-532). Written on the standard library, because
the clients of choice follow redirects, read proxies from the environment or bound no total time.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from buckler.notify.dial import Resolve, dial
from buckler.notify.interface import DeliveryError, NotifyError

MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL, taken apart and checked; its path and query stay out of ``repr``.

    Attributes:
        scheme: ``https``, or ``http`` where it was allowed.
        host: Without brackets.
        port: Number.
        target: Path and query; often the secret.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)

    @property
    def shown(self) -> str:
        """For logs: where, without the path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def endpoint(url: str, *, allow_http: bool = False) -> Endpoint:
    """Check a URL.

    Args:
        url: ``https://host[:port]/path?query``; ``http`` on this machine's own addresses.
        allow_http: Whether ``http`` may leave this machine; others can then read and change it.

    Raises:
        NotifyError: It is no such URL. The message does not repeat it.
    """
    if not isinstance(url, str) or any(c <= " " or c > "~" for c in url):
        raise NotifyError("the URL holds spaces, control or non-ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotifyError("the URL cannot be read") from error
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise NotifyError("the URL must be https://host/path")
    if parts.username is not None or parts.password is not None:
        raise NotifyError("the URL holds a user or password", hint="give a header instead")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise NotifyError(
            "the URL is http: others can read and change what is sent",
            hint="use https, or say allow_http=True",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme], target)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        body: Its first bytes.
        retry_after: Seconds that it asked to wait (RFC 9110, 10.2.3), else 0.
    """

    status: int
    body: bytes
    retry_after: float


def post(
    to: Endpoint,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    context: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
) -> Answer:
    """Send one request and read one answer; a redirect is an answer like any other.

    Args:
        to: Where.
        body: What.
        headers: Beside Host, Content-Length and Connection.
        timeout: Seconds for all of it but the look-up of the name.
        context: For TLS; the default one verifies the name and the chain.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Raises:
        DeliveryError: No answer that could be read.
    """
    end = time.monotonic() + timeout
    try:
        with _connected(to, timeout, context, resolve) as used:
            return _exchange(to, _Timed(used, end), body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DeliveryError(f"{to.shown} did not answer: {_reason(error)}") from None


def _connected(
    to: Endpoint, timeout: float, context: ssl.SSLContext | None, resolve: Resolve | None
) -> socket.socket:
    plain = dial(to.host, to.port, timeout, resolve)
    if to.scheme == "http":
        return plain
    tls = context or ssl.create_default_context()
    return tls.wrap_socket(plain, server_hostname=to.host, do_handshake_on_connect=False)


def _exchange(to: Endpoint, timed: _Timed, body: bytes, headers: Mapping[str, str]) -> Answer:
    timed.begin()
    connection = http.client.HTTPConnection(to.host, to.port)
    connection.sock = timed
    host = to.shown.partition("://")[2]
    connection.request("POST", to.target, body, {**headers, "Host": host, "Connection": "close"})
    response = connection.getresponse()
    content = response.read(MOST)
    return Answer(response.status, content, _seconds(response.getheader("Retry-After")))


class _Timed:
    """What ``http.client`` uses of a socket, with one end of time for all of it.

    A timeout of a socket is for each step: a server that drips a byte a second would have us for ever. No
    thread watches over it, because none can be started while the interpreter ends.
    """

    def __init__(self, used: socket.socket, end: float) -> None:
        self._used = used
        self._end = end

    def begin(self) -> None:
        if isinstance(self._used, ssl.SSLSocket):
            self.in_time()
            self._used.do_handshake()

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.in_time().send(view) :]

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """The answer is read after the connection lets go; who opened the socket closes it."""

    def in_time(self) -> socket.socket:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._used.settimeout(left)
        return self._used


class _Reader(io.RawIOBase):
    """The reading side."""

    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._timed.in_time().recv_into(buffer)


def _seconds(value: str | None) -> float:
    """Retry-After as a number; its form with a date is not worth a clock's mistakes."""
    return float(value) if value is not None and value.isascii() and value.isdigit() else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "out of time"
    return getattr(error, "strerror", None) or type(error).__name__
