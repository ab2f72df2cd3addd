"""Tells people: webhooks, e-mail, chat. Shared by guard's alarms and by watch; knows neither.

Names are imported when they are asked for, so that one channel costs nothing of the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buckler.notify.apprise import Apprise
    from buckler.notify.dispatcher import Dispatcher
    from buckler.notify.email import Email
    from buckler.notify.interface import Channel, DeliveryError, Notification, NotifyError
    from buckler.notify.retry import Retry
    from buckler.notify.slack import Slack
    from buckler.notify.webhook import Webhook

_PLACES = {
    "Apprise": "apprise",
    "Channel": "interface",
    "DeliveryError": "interface",
    "Dispatcher": "dispatcher",
    "Email": "email",
    "Notification": "interface",
    "NotifyError": "interface",
    "Retry": "retry",
    "Slack": "slack",
    "Webhook": "webhook",
}
__all__ = [
    "Apprise",
    "Channel",
    "DeliveryError",
    "Dispatcher",
    "Email",
    "Notification",
    "NotifyError",
    "Retry",
    "Slack",
    "Webhook",
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value
