"""Reads a report of whichever tool: what it is stands in itself."""

from __future__ import annotations

from buckler.watch.reports import cyclonedx, own, sarif
from buckler.watch.reports.document import Field
from buckler.watch.reports.values import Read


def read(report: Field) -> Read:
    """The report.

    Raises:
        RefusedError: It is none that is known; the message names the field that is wrong.
    """
    table = report.table()
    if "schema" in table:
        return own.read(report)
    if table.get("bomFormat") == cyclonedx.FORMAT:
        return cyclonedx.read(report)
    if "runs" in table:
        return sarif.read(report)
    raise report.wrong("is neither a Buckler report, SARIF 2.1.0 nor CycloneDX")
