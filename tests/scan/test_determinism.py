"""The same seed sends the same requests, also where two children share the work."""

from __future__ import annotations

import re
from typing import Any

import pytest

from buckler.scan.engines.app.session import Options
from tests.conftest import ROOT, scan_folder

_MADE_BY_THE_APPLICATION = re.compile(
    r"eyJ[\w.…-]+(\(\d+\))?|\b[0-9a-f]{16,}\b|\d{4}-\d\d-\d\d[T0-9:.]*|=[\w%.-]{20,}"
)


def sent(report: Any) -> list[tuple[object, ...]]:
    """Every finding with the request that proves it."""
    found = []
    for finding in report.findings:
        curls = [str(proof.data.get("curl", "")) for proof in finding.proof]
        plain = tuple(_MADE_BY_THE_APPLICATION.sub("…", curl) for curl in curls)
        found.append((finding.rule, finding.location, finding.confidence, plain))
    return found


@pytest.mark.everything
@pytest.mark.slow
def test_two_scans_of_the_shop() -> None:
    folder = ROOT / "examples/insecure_shop"
    one, other = (scan_folder(folder, options=Options(seed=3), seed=3) for _ in range(2))
    assert len(one.coverage.operations) > 24, "one child would do"
    assert sent(one) == sent(other)
