"""Chat by incoming webhook, as Slack, Mattermost, Rocket.Chat and others read it.

Threat: text of an attacker that becomes a link, a mention of everybody or another message (CWE-116).
Source: Slack, "Formatting text for app surfaces": ``&``, ``<`` and ``>`` are escaped.
"""

from __future__ import annotations

import json
import ssl

from buckler.notify.dial import Resolve
from buckler.notify.interface import Notification, NotifyError
from buckler.notify.lines import lines, one_line
from buckler.notify.post import endpoint, post
from buckler.notify.webhook import check

MARKS = {"info": "ℹ️", "notice": "ℹ️", "warning": "⚠️", "error": "❗", "alert": "🚨"}
FIELDS = 20


def escape(text: str) -> str:
    """Text that stays text: no link, no mention."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Mattermost and others read a bare @name as a mention, and [a](b) as a link.
    return text.replace("@", "@\u200b").replace("](", "]\u200b(")


def code(text: str) -> str:
    """Text in a code span, where no mark-up counts."""
    return "`" + escape(text).replace("`", "'") + "`"


class Slack:
    """Posts ``{"text": ...}`` to an incoming webhook.

    Args:
        url: Of the webhook, whose path is its secret.
        timeout: Seconds for one try.
        context: For TLS; the default verifies name and chain.
        allow_http: Whether ``http`` may leave this machine.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Raises:
        NotifyError: The URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
        allow_http: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        self._to = endpoint(url, allow_http=allow_http)
        if not timeout > 0:
            raise NotifyError("timeout must be above zero")
        self._timeout = timeout
        self._context = context
        self._resolve = resolve

    @property
    def name(self) -> str:
        """``slack`` and the host; the path is the secret."""
        return f"slack {self._to.shown}"

    def __repr__(self) -> str:
        return f"<Slack {self._to.shown}>"

    def send(self, notification: Notification) -> None:
        """Post it once.

        Raises:
            DeliveryError: No answer, or one that is not 2xx.
        """
        body = json.dumps({"text": text_of(notification)}).encode("ascii")
        headers = {"Content-Type": "application/json", "User-Agent": "Buckler"}
        check(
            post(
                self._to,
                body,
                headers,
                timeout=self._timeout,
                context=self._context,
                resolve=self._resolve,
            ),
            self._to.shown,
        )


def text_of(notification: Notification) -> str:
    """The message: a title, the text, a line for each fact."""
    parts = [f"{MARKS.get(notification.level, '⚠️')} *{escape(one_line(notification.title))}*"]
    if notification.text:
        parts.append(escape(lines(notification.text, 2000)))
    parts += [
        f"{escape(one_line(name, 40))}: {code(one_line(value))}"
        for name, value in list(notification.fields.items())[:FIELDS]
    ]
    return "\n".join(parts)
