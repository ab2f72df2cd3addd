"""OpenTelemetry logs (the ``otel`` extra): one log record for each event, in the trace it belongs to.

Source: OpenTelemetry logs data model (severity numbers, ``event_name``) and semantic conventions
(``http.request.method``, ``http.route``, ``client.address``, ``user.id``,
``http.response.status_code``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from buckler import __version__
from buckler.guard.audit.events import Severity
from buckler.guard.audit.record import AuditRecord
from buckler.guard.options import GuardError
from buckler.notify.interface import DeliveryError

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider

SEVERITY: Final = {
    Severity.INFO: 9,
    Severity.NOTICE: 10,
    Severity.WARNING: 13,
    Severity.ERROR: 17,
    Severity.ALERT: 19,
}
"""Numbers of the logs data model, as its appendix B maps those of syslog."""


class OpenTelemetrySink:
    """Emits log records through a logger provider.

    Args:
        provider: With the exporters of your choice; else the one that was set for the process.

    Raises:
        GuardError: OpenTelemetry is not installed, or the provider is none.
    """

    name = "opentelemetry"

    def __init__(self, provider: LoggerProvider | None = None) -> None:
        try:
            from opentelemetry._logs import LogRecord, SeverityNumber, get_logger_provider
        except ModuleNotFoundError as error:
            raise GuardError(
                "OpenTelemetry is not installed", hint="pip install 'buckler[otel]'"
            ) from error
        if provider is not None and not callable(getattr(provider, "get_logger", None)):
            raise GuardError(f"{type(provider).__name__} is no logger provider")
        self._record: Any = LogRecord
        self._severity: Any = SeverityNumber
        self._provider: Any = provider or get_logger_provider()

    def open(self) -> None:
        """The provider takes care of forks itself."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Emit them, and wait until the exporters have them.

        Raises:
            DeliveryError: They do not have them in time. They keep what they have: not tried again.
        """
        logger = self._provider.get_logger("buckler.guard", __version__)
        for record in records:
            event = record.event
            level = event.severity or Severity.INFO
            logger.emit(
                self._record(
                    timestamp=round(event.time * 1e9),
                    observed_timestamp=time.time_ns(),
                    severity_number=self._severity(SEVERITY[level]),
                    severity_text=str(level),
                    body=event.message or str(event.kind),
                    attributes=attributes(record),
                    event_name=str(event.kind),
                )
            )
        flush = getattr(self._provider, "force_flush", None)
        if flush is not None and not flush(5000):
            raise DeliveryError("the exporter of OpenTelemetry does not come back", retry=False)

    def close(self) -> None:
        """The provider belongs to others."""


def attributes(record: AuditRecord) -> dict[str, str | int | float | bool]:
    """By the names of the semantic conventions, else under ``buckler``."""
    event = record.event
    named: dict[str, str | int | float | bool] = {
        "http.request.method": event.method,
        "http.route": event.route,
        "http.response.status_code": event.status,
        "client.address": event.client,
        "user.id": event.principal,
        "buckler.reason": event.reason,
        "buckler.request_id": event.request_id,
        "buckler.dropped": record.dropped,
    }
    found = {name: value for name, value in named.items() if value}
    for name, value in event.detail.items():
        if value is not None:
            found[f"buckler.detail.{name}"] = value
    return found
