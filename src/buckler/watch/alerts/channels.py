"""Channels: from what is kept of one to the object that sends.

Threat: a channel is an address that a user of watch types and the server calls (CWE-918): addresses inside are
refused unless the operator allows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from buckler.guard.egress.errors import EgressRefused
from buckler.guard.egress.policy import EgressPolicy
from buckler.notify.apprise import Apprise
from buckler.notify.email import Email
from buckler.notify.interface import Channel, NotifyError
from buckler.notify.post import is_loopback
from buckler.notify.slack import Slack
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
    make: Callable[[Mapping[str, Any]], Channel]


def _webhook(given: Mapping[str, Any]) -> Channel:
    return Webhook(given["url"], given["secrets"])


def _slack(given: Mapping[str, Any]) -> Channel:
    return Slack(given["url"])


def _email(given: Mapping[str, Any]) -> Channel:
    return Email(
        given["host"],
        given["sender"],
        given["recipients"],
        port=given.get("port"),
        tls=given.get("tls", "starttls"),
        username=given.get("username", ""),
        password=given.get("password", ""),
    )


def _apprise(given: Mapping[str, Any]) -> Channel:
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
        url = urlsplit(str(options.get("url", "")))
        host = url.hostname or str(options.get("host", ""))
        port = url.port or int(options.get("port") or 443)
        try:
            if is_loopback(host):
                raise RefusedError("url: this machine itself is not called", hint="--allow-inside")
            EgressPolicy(ports={port}).addresses(host, port, RESOLVE_SECONDS)
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


def make(kind: str, options: Mapping[str, Any]) -> Channel:
    """The channel itself.

    Raises:
        RefusedError: An option is missing or wrong.
    """
    try:
        return KINDS[kind].make(options)
    except KeyError as error:
        raise RefusedError(f"options.{error.args[0]}: it is missing") from error
    except NotifyError as error:
        raise RefusedError(f"options: {error.message}", hint=error.hint) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise RefusedError("options: one has the wrong type") from error
