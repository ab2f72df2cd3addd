"""Tells people: webhooks, e-mail, chat. Shared by guard's alarms and by watch; knows neither.

Names are imported when they are asked for, so that one channel costs nothing of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.lazy import lazy

if TYPE_CHECKING:
    from buckler.notify.apprise import Apprise as Apprise
    from buckler.notify.dispatcher import Dispatcher as Dispatcher
    from buckler.notify.email import Email as Email
    from buckler.notify.interface import Channel as Channel
    from buckler.notify.interface import DeliveryError as DeliveryError
    from buckler.notify.interface import Notification as Notification
    from buckler.notify.interface import NotifyError as NotifyError
    from buckler.notify.retry import Retry as Retry
    from buckler.notify.slack import Slack as Slack
    from buckler.notify.syslog import Syslog as Syslog
    from buckler.notify.webhook import Webhook as Webhook
else:
    __getattr__, __all__ = lazy(
        __name__,
        {
            "apprise": ("Apprise",),
            "dispatcher": ("Dispatcher",),
            "email": ("Email",),
            "interface": ("Channel", "DeliveryError", "Notification", "NotifyError"),
            "retry": ("Retry",),
            "slack": ("Slack",),
            "syslog": ("Syslog",),
            "webhook": ("Webhook",),
        },
    )
