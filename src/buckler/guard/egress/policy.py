"""What may be called: one object for every transport.

Threat: server-side request forgery and what follows a redirect (CWE-918; OWASP API7:2023; ASVS 5.0 V1.3.6,
V13.2.4, V13.2.5). The address is judged at the moment of connecting, after the name was resolved, and the
connection goes to that very address, so that a name which changes its address in between gains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Final, NoReturn

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.egress import resolver as resolving
from buckler.guard.egress.errors import AddressRefused, EgressRefused, TooSlow, UrlRefused
from buckler.guard.egress.hosts import is_inside, read_host
from buckler.guard.egress.ranges import METADATA, Address, Network, inner, refused
from buckler.guard.options import GuardError, count, positive, size

_PATTERN = re.compile(r"(?:\*\.)?[^*/:@\s]+|\[?[0-9a-fA-F:]+\]?")
TRIED: Final = 4
"""Addresses of one name that are tried."""
_SAME: Final = "this host may not be called"


class EgressPolicy:
    """Which hosts, addresses, ports and schemes may be called, how much is read, how long it may take.

    Args:
        allow_hosts: Names; ``*.example.com`` stands for names below it. None: every public one. A
            name on the list still has to have a public address.
        allow_networks: Networks that may be called although they are not public, ``10.1.0.0/16``. Not
            the metadata services of clouds in them, unless named alone, ``169.254.169.254/32``.
        ports: Of the other side.
        schemes: ``https`` and ``http``, or one of them.
        max_bytes: Of an answer's body, decompressed; bytes or ``"10 MB"``.
        timeout: Seconds for all of it: names, connections, redirects, the body.
        connect_timeout: Seconds for one connection.
        max_redirects: In one chain.
        credentials: Names of headers that are not sent on to another origin, beside ``Authorization``,
            ``Proxy-Authorization`` and ``Cookie``.
        resolver: Gives addresses of a name; else the system's.
        events: Gets one event for each refusal (:attr:`~buckler.guard.EventKind.EGRESS_REFUSED`).

    Raises:
        GuardError: An option is none.
    """

    __slots__ = (
        "_endings",
        "_events",
        "_exact",
        "_networks",
        "_resolver",
        "connect_timeout",
        "credentials",
        "max_bytes",
        "max_redirects",
        "ports",
        "schemes",
        "timeout",
    )

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] | None = None,
        allow_networks: Collection[str] = (),
        ports: Collection[int] = (80, 443),
        schemes: Collection[str] = ("https", "http"),
        max_bytes: int | str = "10 MB",
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_redirects: int = 5,
        credentials: Collection[str] = ("x-api-key",),
        resolver: resolving.Resolver = resolving.system,
        events: Listener | None = None,
    ) -> None:
        self._exact: frozenset[Address | str] | None = None
        self._endings: tuple[str, ...] = ()
        if allow_hosts is not None:
            self._exact, self._endings = _hosts(_listed(allow_hosts, "allow_hosts"))
        self._networks = tuple(_network(n) for n in _listed(allow_networks, "allow_networks"))
        self.ports = frozenset(count(port, "ports") for port in ports)
        self.schemes = frozenset(_listed(schemes, "schemes"))
        if not self.schemes or not self.schemes <= {"https", "http"}:
            raise GuardError("schemes: 'https', 'http', or both")
        if not self.ports or max(self.ports) > 65535:
            raise GuardError("ports: numbers from 1 to 65535")
        self.max_bytes = size(max_bytes, "max_bytes")
        self.timeout = positive(timeout, "timeout")
        self.connect_timeout = positive(connect_timeout, "connect_timeout")
        if isinstance(max_redirects, bool) or not isinstance(max_redirects, int):
            raise GuardError("max_redirects must be a whole number")
        if max_redirects < 0:
            raise GuardError("max_redirects must not be negative")
        self.max_redirects = max_redirects
        self.credentials = frozenset(name.lower() for name in _listed(credentials, "credentials"))
        self.credentials |= {"authorization", "proxy-authorization", "cookie"}
        self._resolver = resolver
        self._events = events

    def check(self, scheme: str, host: str, port: int | None, *, userinfo: bool = False) -> None:
        """Judge what an address says by itself, before anything is resolved.

        Args:
            scheme: In lower case.
            host: As it is written there.
            port: None for the scheme's own.
            userinfo: Whether a user or a password stands before the host.

        Raises:
            UrlRefused: Scheme, port, form.
            AddressRefused: The host may not be called.
        """
        if scheme not in self.schemes:
            self.refuse(UrlRefused("this scheme may not be used", reason="scheme"), host)
        number = port if port is not None else {"https": 443, "http": 80}[scheme]
        if number not in self.ports:
            self.refuse(UrlRefused("this port may not be called", reason="port"), host, number)
        if userinfo:
            self.refuse(
                UrlRefused(
                    "an address may not carry a user or password",
                    reason="credentials",
                    hint="pass them as auth=",
                ),
                host,
                number,
            )
        self._known(host, number)

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Addresses to connect to, each of them judged; waits for the resolver.

        Where one address of several is not public, none is used: such an answer is what an attack
        by changing names looks like.

        Args:
            host: A name or an address.
            port: Of the other side.
            seconds: To wait at most.

        Raises:
            UrlRefused: Scheme, port, form.
            AddressRefused: There is none, or one that may not be called.
            TooSlow: The resolver took too long.
        """
        if port not in self.ports:
            self.refuse(UrlRefused("this port may not be called", reason="port"), host, port)
        known = self._known(host, port)
        if not isinstance(known, str):
            return [str(known)]
        try:
            answers = resolving.within(self._resolver, known, port, seconds)
        except TooSlow as error:
            self.refuse(error, host, port)
        except OSError:
            answers = ()
        if not answers:
            self.refuse(AddressRefused(_SAME, reason="unresolved"), host, port)
        return self._judged(answers, host, port)

    def refuse(self, error: EgressRefused, host: str = "", port: int = 0, **more: str) -> NoReturn:
        """Tell the listener, and raise.

        Raises:
            EgressRefused: The one given.
        """
        if self._events is not None:
            self._events(
                SecurityEvent(
                    kind=EventKind.EGRESS_REFUSED,
                    reason=error.reason,
                    message=error.message,
                    detail={"host": host, "port": port, "code": error.code, **more},
                )
            )
        raise error

    def _known(self, host: str, port: int) -> Address | str:
        try:
            known = read_host(host)
        except UrlRefused as error:
            self.refuse(error, host, port)
        if self._exact is not None:
            if known not in self._exact and not (
                isinstance(known, str) and known.endswith(self._endings)
            ):
                self.refuse(AddressRefused(_SAME, reason="not_listed"), host, port)
        elif isinstance(known, str) and is_inside(known):
            self.refuse(AddressRefused(_SAME, reason="inside_name"), host, port)
        if not isinstance(known, str):
            self._judge(known, host, port)
        return known

    def _judged(self, answers: Sequence[str], host: str, port: int) -> list[str]:
        found = []
        for text in answers:
            try:
                address = ip_address(text)
            except ValueError:
                # A zone, as getaddrinfo gives it for link-local ones.
                self.refuse(AddressRefused(_SAME, reason="form"), host, port, address=text)
            self._judge(address, host, port)
            found.append(str(address))
        return found[:TRIED]

    def _judge(self, address: Address, host: str, port: int) -> None:
        behind = inner(address)
        row = refused(address)
        if row is None:
            return
        if getattr(address, "scope_id", None) is None and self._allowed(address):
            if behind is None or refused(behind) is None or self._allowed(behind):
                return
        self.refuse(
            AddressRefused(_SAME, reason=row.reason),
            host,
            port,
            address=str(address),
            range=row.source,
        )

    def _allowed(self, address: Address) -> bool:
        for network in self._networks:
            if address.version == network.version and address in network:
                if address not in METADATA or network.num_addresses == 1:
                    return True
        return False


def _listed(values: Iterable[str], name: str) -> list[str]:
    if isinstance(values, str):
        raise GuardError(f"{name} is a list: [{values!r}]")
    return list(values)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise GuardError(
            f"allow_networks: {text!r} is no network", hint="write '10.1.0.0/16'"
        ) from error


def _hosts(names: Iterable[str]) -> tuple[frozenset[Address | str], tuple[str, ...]]:
    exact: set[Address | str] = set()
    endings = []
    for name in names:
        if not _PATTERN.fullmatch(name):
            raise GuardError(
                f"allow_hosts: {name!r} is no host name", hint="without scheme and port"
            )
        try:
            read = read_host(name.removeprefix("*."))
        except UrlRefused as error:
            raise GuardError(f"allow_hosts: {name!r}: {error.message}") from error
        if name.startswith("*."):
            endings.append(f".{read}")
        else:
            exact.add(read)
    return frozenset(exact), tuple(endings)
