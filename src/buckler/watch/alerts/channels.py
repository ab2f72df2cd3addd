"""Channels: from what is kept of one to the object that sends.

Threat: a channel is an address that a user of watch types and the server calls (CWE-918): addresses inside are
refused unless the operator allows them, and the connection goes to the address that was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from buckler.guard.egress.errors import EgressRefused
from buckler.guard.egress.policy import EgressPolicy
from buckler.notify.apprise import Apprise
from buckler.notify.dial import Resolve
from buckler.notify.email import Email
from buckler.notify.interface import Channel, NotifyError
from buckler.notify.post import is_loopback
from buckler.notify.slack import Slack
from buckler.notify.syslog import Syslog
from buckler.notify.syslog_wire import PORTS as WIRE_PORTS
from buckler.notify.webhook import Webhook
from buckler.watch.errors import RefusedError

RESOLVE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel.

    Attributes:
        secret: Options that are kept encrypted and never shown.
        plain: Other options.
        make: The channel, of all of them.
    """

    secret: frozenset[str]
    plain: frozenset[str]
    make: Callable[[Mapping[str, Any], Resolve | None], Channel]


def _webhook(given: Mapping[str, Any], resolve: Resolve | None) -> Channel:
    return Webhook(given["url"], given["secrets"], resolve=resolve)


def _slack(given: Mapping[str, Any], resolve: Resolve | None) -> Channel:
    return Slack(given["url"], resolve=resolve)


def _email(given: Mapping[str, Any], resolve: Resolve | None) -> Channel:
    port = given.get("port")
    if port is not None and not (type(port) is int and 0 < port < 1 << 16):
        raise RefusedError("options.port: a whole number from 1 to 65535")
    return Email(
        given["host"],
        given["sender"],
        given["recipients"],
        port=given.get("port"),
        tls=given.get("tls", "starttls"),
        username=given.get("username", ""),
        password=given.get("password", ""),
        resolve=resolve,
    )


def _syslog(given: Mapping[str, Any], resolve: Resolve | None) -> Channel:
    address = str(given["address"])
    if address.startswith("unix:") and resolve is not None:
        raise RefusedError("address: a socket of this machine is not called", hint="--allow-inside")
    options = {
        name: given[name] for name in ("facility", "application", "hostname") if name in given
    }
    return Syslog(address, **options, resolve=resolve)


def _apprise(given: Mapping[str, Any], _: Resolve | None) -> Channel:
    urls = given["urls"]
    return Apprise(*([urls] if isinstance(urls, str) else urls))


KINDS: Final[Mapping[str, Kind]] = {
    "webhook": Kind(frozenset({"url", "secrets"}), frozenset(), _webhook),
    "slack": Kind(frozenset({"url"}), frozenset(), _slack),
    "email": Kind(
        frozenset({"password"}),
        frozenset({"host", "sender", "recipients", "port", "tls", "username"}),
        _email,
    ),
    "syslog": Kind(
        frozenset(), frozenset({"address", "facility", "application", "hostname"}), _syslog
    ),
    "apprise": Kind(frozenset({"urls"}), frozenset(), _apprise),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where channels may send to.

    Attributes:
        inside: Whether to addresses of this machine and of networks inside.
    """

    inside: bool = False

    def check(self, kind: str, options: Mapping[str, Any]) -> None:
        """Judge where a channel would send to, when it is made and at each try.

        Raises:
            RefusedError: It is not public, and the operator does not allow that.
        """
        if self.inside:
            return
        if kind == "apprise":
            raise RefusedError(
                "kind: apprise calls hosts that cannot be judged", hint="--allow-inside"
            )
        url = urlsplit(str(options.get("url") or options.get("address") or ""))
        host = url.hostname or str(options.get("host", ""))
        port = url.port or int(options.get("port") or WIRE_PORTS.get(url.scheme, 443))
        _judged(host, port)

    def resolver(self) -> Resolve | None:
        """What gives the addresses that are called: those that are judged then, not those of a moment before.

        None where everything is allowed.
        """
        return None if self.inside else _judged


def _judged(host: str, port: int) -> Sequence[str]:
    try:
        if is_loopback(host):
            raise RefusedError("url: this machine itself is not called", hint="--allow-inside")
        return EgressPolicy(ports={port}).addresses(host, port, RESOLVE_SECONDS)
    except EgressRefused as error:
        raise RefusedError(f"url: {error.message}", hint="--allow-inside") from error


def split(kind: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that are shown, and those that are kept encrypted.

    Raises:
        RefusedError: There is no such kind or option, or one is missing or wrong.
    """
    if kind not in KINDS:
        raise RefusedError("kind: there is no such channel", hint=f"of {', '.join(KINDS)}")
    known = KINDS[kind]
    for name in options:
        if name not in known.secret | known.plain:
            raise RefusedError(f"options.{name[:40]}: there is no such option")
    make(kind, options)
    plain = {name: value for name, value in options.items() if name in known.plain}
    return plain, {name: value for name, value in options.items() if name in known.secret}


def make(kind: str, options: Mapping[str, Any], resolve: Resolve | None = None) -> Channel:
    """The channel itself.

    Args:
        kind: Of it.
        options: All of them.
        resolve: Gives the addresses that may be called; see :meth:`Reach.resolver`.

    Raises:
        RefusedError: An option is missing or wrong.
    """
    try:
        return KINDS[kind].make(options, resolve)
    except KeyError as error:
        raise RefusedError(f"options.{error.args[0]}: it is missing") from error
    except NotifyError as error:
        raise RefusedError(f"options: {error.message}", hint=error.hint) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise RefusedError("options: one has the wrong type") from error
