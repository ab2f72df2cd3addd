"""The hundred other services, by Apprise (the ``apprise`` extra)."""

from __future__ import annotations

from typing import Any

from buckler.notify.interface import DeliveryError, Notification, NotifyError
from buckler.notify.lines import lines, one_line

TYPES = {
    "info": "info",
    "notice": "info",
    "warning": "warning",
    "error": "failure",
    "alert": "failure",
}


class Apprise:
    """Sends notifications to Apprise URLs, e.g. ``ntfys://host/topic``.

    Args:
        urls: Each holds its own secrets; none is shown anywhere.

    Raises:
        NotifyError: Apprise is not installed, or does not know a URL.
    """

    def __init__(self, *urls: str) -> None:
        try:
            import apprise
        except ModuleNotFoundError as error:
            raise NotifyError(
                "Apprise is not installed", hint="pip install 'buckler[apprise]'"
            ) from error
        self._service: Any = apprise.Apprise()
        if not urls:
            raise NotifyError("Apprise needs a URL")
        for number, url in enumerate(urls, 1):
            if not self._service.add(url):
                raise NotifyError(f"Apprise does not know URL number {number}")

    @property
    def name(self) -> str:
        """``apprise`` and the number of URLs."""
        return f"apprise ({len(self._service)})"

    def __repr__(self) -> str:
        return f"<Apprise {len(self._service)}>"

    def send(self, notification: Notification) -> None:
        """Send it once to each URL.

        Raises:
            DeliveryError: One of them did not take it; which, Apprise does not say.
        """
        facts = "\n".join(
            f"{one_line(key, 40)}: {one_line(value)}" for key, value in notification.fields.items()
        )
        body = "\n\n".join(part for part in (lines(notification.text), facts) if part)
        title = one_line(notification.title)
        sent = self._service.notify(
            title=title,
            body=body or title,
            notify_type=TYPES.get(notification.level, "warning"),
            interpret_escapes=False,
        )
        if not sent:
            raise DeliveryError(f"{self.name}: a service did not take it")
