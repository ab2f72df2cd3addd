"""``Alarms(...)``: runs the detectors, and tells people what they found.

Threat: the log that holds the attack, and that nobody reads (CWE-778; ASVS 5.0 V16.3).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from buckler.core.redact import Redactor
from buckler.guard.alarms.alarm import Alarm, Detector
from buckler.guard.alarms.detectors import defaults
from buckler.guard.audit.events import SecurityEvent
from buckler.guard.audit.record import clean
from buckler.guard.options import GuardError
from buckler.notify.dispatcher import Dispatcher
from buckler.notify.interface import Channel, NotifyError
from buckler.notify.retry import Retry

log: Final = logging.getLogger("buckler.guard.alarms")


class Alarms:
    """Watches events; ``Audit(StdoutSink(), alarms=Alarms(channels=[Slack(url)]))``.

    Every alarm goes to ``logging``, too. Each process counts for itself: with four workers it takes
    up to four times as many events.

    Args:
        detectors: Else :func:`~buckler.guard.alarms.detectors.defaults`.
        channels: Of :mod:`buckler.notify`.
        retry: When a channel that failed is tried again.
        grace: Seconds that the end waits for the channels.

    Raises:
        GuardError: Two detectors have one name, or one is none.
    """

    def __init__(
        self,
        detectors: Iterable[Detector] | None = None,
        channels: Iterable[Channel] = (),
        *,
        retry: Retry | None = None,
        grace: float = 5,
    ) -> None:
        self.detectors = tuple(defaults() if detectors is None else detectors)
        names = [getattr(detector, "name", None) for detector in self.detectors]
        if None in names or len(set(names)) < len(names):
            raise GuardError("each detector needs a name of its own")
        given = tuple(channels)
        try:
            self._dispatcher = Dispatcher(*given, retry=retry, grace=grace) if given else None
        except NotifyError as error:
            raise GuardError(error.message, hint=error.hint) from error
        self._redactor = Redactor()
        self._broken: set[str] = set()
        self.errors = 0
        """Times that a detector raised."""

    def see(self, event: SecurityEvent) -> list[Alarm]:
        """What the detectors find; tells nobody."""
        found = []
        for detector in self.detectors:
            try:
                alarm = detector.see(event)
            except Exception as error:  # noqa: BLE001 - the boundary: counted and told
                self._failed(detector.name, error)
            else:
                if alarm is not None:
                    found.append(alarm)
        return found

    def __call__(self, event: SecurityEvent) -> None:
        """Watch an event, and tell what it completes; comes back at once."""
        for alarm in self.see(event):
            title, key = clean(alarm.title, self._redactor), clean(alarm.key, self._redactor)
            log.warning("alarm %s: %s (%d)", alarm.rule, title, alarm.count, extra={"key": key})
            if self._dispatcher is not None:
                self._dispatcher.send(alarm.notification())

    def start(self) -> None:
        """Start the threads of the channels in this process."""
        if self._dispatcher is not None:
            self._dispatcher.start()

    def flush(self, timeout: float = 5) -> bool:
        """Whether all alarms are sent or given up, within ``timeout`` seconds."""
        return self._dispatcher is None or self._dispatcher.flush(timeout)

    def close(self) -> None:
        """End the channels."""
        if self._dispatcher is not None:
            self._dispatcher.close()

    def _failed(self, name: str, error: Exception) -> None:
        self.errors += 1
        if name not in self._broken:
            self._broken.add(name)
            log.warning("the detector %s raised %s", name, type(error).__name__)
