"""Figures as Prometheus reads them: text format 0.0.4.

Written here: it is a page, and the client library keeps figures of one process, while these are of a database that many
share. Source: Prometheus documentation, "Exposition formats".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from buckler import __version__
from buckler.watch.db.figures import Figures

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


def render(figures: Figures) -> str:
    """The whole page."""
    return "".join(_lines(figures))


def _lines(figures: Figures) -> Iterator[str]:
    yield from family("info", "Version of watch.", [({"version": __version__}, 1)])
    yield from family(
        "targets", "Targets by grade.", [({"grade": k}, n) for k, n in figures.targets.items()]
    )
    yield from family(
        "findings",
        "Findings by state and severity.",
        [({"state": k[0], "severity": k[1]}, n) for k, n in figures.findings.items()],
    )
    yield from family(
        "scans", "Scans by state.", [({"state": k}, n) for k, n in figures.scans.items()]
    )
    yield from family(
        "scan_oldest_wait_seconds",
        "How long the scan waits that waits longest.",
        [({}, figures.oldest)],
    )
    yield from family(
        "deliveries",
        "Messages by state; dead ones were given up.",
        [({"state": k}, n) for k, n in figures.deliveries.items()],
    )
    yield from family(
        "alerts_unrouted", "Alerts that are to be handed to channels.", [({}, figures.unrouted)]
    )
    yield from family(
        "events_last_hour",
        "Events of applications of the last hour by kind.",
        [({"kind": k}, n) for k, n in figures.events.items()],
    )
    yield from family(
        "workers", "Workers that are not known to be gone.", [({}, len(figures.workers))]
    )
    yield from family(
        "worker_silence_seconds",
        "Since the worker's heart beat last.",
        [({"worker": k}, seconds) for k, seconds in figures.workers.items()],
    )


def family(name: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    """One gauge with all its samples.

    Args:
        name: Without the prefix.
        told: For people; one line.
        samples: Labels and value of each.
    """
    whole = f"buckler_watch_{name}"
    yield f"# HELP {whole} {_escaped(told)}\n# TYPE {whole} gauge\n"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text, quote=True)}"' for key, text in labels.items())
        yield f"{whole}{{{inner}}} {float(value)!r}\n" if inner else f"{whole} {float(value)!r}\n"


def _escaped(text: str, *, quote: bool = False) -> str:
    made = text.replace("\\", "\\\\").replace("\n", "\\n")
    return made.replace('"', '\\"') if quote else made
