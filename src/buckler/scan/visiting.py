"""A scan of a running site from its address to the report. Nothing of a project is read."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from buckler import __version__
from buckler.core.events import (
    EngineFinished,
    EngineStarted,
    Event,
    FindingFound,
    GapFound,
    Listener,
)
from buckler.core.finding import Finding, Severity, sort_key
from buckler.core.report import Coverage, Report
from buckler.core.rule import Rule
from buckler.core.settings import LIVE, Settings
from buckler.scan import stopping
from buckler.scan.containing import Containment
from buckler.scan.engines.live.engine import LiveEngine
from buckler.scan.engines.live.site import Bounds, Site
from buckler.scan.merge import merge

NOTHING = "nothing of the site was reached: no operation and no page"
HOOKS = ("check_observations", "check_site", "attack")
"""The hooks that the live engine calls."""


class SiteScanner:
    """Scans one running site.

    Args:
        site: Its address.
        bounds: How much it is asked, and what is allowed.
        settings: Identities, exclusions, times; those of a project are not read.
        rules: The rules that may run.
        listen: Gets every event.
        document: An OpenAPI document of the user's, for a site that serves none; or None.
    """

    def __init__(
        self,
        site: Site,
        bounds: Bounds,
        settings: Settings,
        rules: Iterable[Rule],
        listen: Listener = lambda event: None,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self._site, self._bounds, self._settings, self._listen = site, bounds, settings, listen
        self._document = document
        self._given = tuple(rules)
        self._containment = Containment(self.emit)
        self._rules = self._containment.around(self._given)
        self._coverage = Coverage()

    def emit(self, event: Event) -> None:
        """Pass an event on, keeping gaps for the report."""
        stopping.check()
        if isinstance(event, GapFound):
            if event in self._coverage.gaps:
                return
            self._coverage.gaps.append(event)
        self._listen(event)

    def scan(self) -> Report:
        """Look at the site and make the report.

        Raises:
            SiteError: It does not answer.
            UsageError: The library for HTTP is not there.
        """
        begun, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
        engine = LiveEngine(
            self._site, self._bounds, self._settings, self._rules, self.emit, self._document
        )
        self._listen(EngineStarted(LIVE))
        found = engine.run()
        seconds = round(time.monotonic() - begun, 3)
        self._listen(EngineFinished(LIVE, seconds))
        coverage = self._coverage
        coverage.operations, coverage.requests = engine.coverage(), engine.requests
        kept = merge(found, lambda path, line: "")
        for finding in kept:
            self._listen(FindingFound(finding))
        return self._report(engine, kept, started, seconds)

    def _report(
        self, engine: LiveEngine, kept: list[Finding], started: str, seconds: float
    ) -> Report:
        settings = self._settings
        nothing = not any(item.reached for item in self._coverage.operations)
        return Report(
            tool={"name": "buckler", "version": __version__, "rules": len(self._rules)},
            target=self._described(engine),
            findings=tuple(sorted(kept, key=sort_key)),
            coverage=self._coverage,
            rules={rule.id: rule for rule in self._given},
            broken=tuple(sorted(self._containment.broken)),
            timing={LIVE: seconds, "total": seconds},
            failed=f"{NOTHING}; {engine.begun}" if nothing else engine.cut_short,
            min_coverage=settings.min_coverage,
            fail_on=Severity(settings.fail_on),
            started=started,
            operations_expected=True,
        )

    def _described(self, engine: LiveEngine) -> dict[str, Any]:
        return {
            "name": engine.model.title if engine.model else self._site.netloc,
            "kind": "url",
            "url": self._site.url,
            "folder": "",
            "applications": [self._site.url],
            "main": "",
            "environment": "",
            "python": "",
            "fastapi": "",
            "document": engine.known.document,
            "permitted": self._bounds.permitted,
            "platform": platform.platform(terse=True),
            "buckler_python": ".".join(map(str, sys.version_info[:3])),
            # What attacks found is not gone because a visitor does not see it.
            "engines": [LIVE, "attack"] if self._bounds.permitted else [LIVE],
            "seed": self._settings.seed,
        }
