"""Reports whose parts are of another type than they should be, or of any length: their pages stand all the same."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.watch.db.findings import FINDINGS
from tests.watch.web.site import Browser, Site, made


@pytest.mark.parametrize(
    "detail",
    [
        {"proof": 7, "excerpt": 7, "fix": 7, "cwe": 7, "asvs": 7, "control": 7},
        {
            "proof": [
                7,
                None,
                {"kind": 7},
                {"kind": "exchange", "request": [], "response": 3, "curl": {}},
            ]
        },
        {
            "proof": [
                {
                    "kind": "exchange",
                    "request": {"headers": [7, ["a"], {}]},
                    "response": {"status": "200"},
                }
            ]
        },
        {
            "proof": [
                {"kind": "sink", "argument": {"a": 1}, "stack": "x"},
                {"kind": "flow", "steps": {}},
            ]
        },
        {"excerpt": [{"line": "1", "text": 2}, {}, 3], "fix": {"before": 1, "after": []}},
        {"proof": [{"kind": "exchange", "mark": "a", "response": {"body": "a" * 3_000_000}}] * 60},
        {"proof": [{"kind": "setting", "name": {"a": [{}] * 100_000}}]},
    ],
)
def test_evidence_of_a_wrong_shape_is_left_out(
    web: Site, ann: Browser, detail: dict[str, Any]
) -> None:
    target = web.target(ann, made.finding(1))
    found = web.findings(target)[0]
    with web.service.database.write() as connection:
        connection.execute(FINDINGS.update().where(FINDINGS.c.id == found.id).values(detail=detail))
    answer = ann.get(f"/findings/{found.id}")
    assert answer.status_code == 200
    assert "Input reaches statement 1." in answer.text
    assert len(answer.text) < 400_000


def test_a_report_of_a_wrong_shape_has_pages(web: Site, ann: Browser) -> None:
    coverage = {
        "by_operation": [],
        "gaps": [],
        "reached_share": 1.0,
        "packages": {
            "date": "",
            "pins": [
                {},
                {"name": 7},
                {"name": "a", "places": 7, "way": "x"},
                {"name": "b", "places": [[]]},
            ],
        },
    }
    target = web.target(ann, made.finding(1), coverage=coverage)
    for part in ("", "/packages", "/operations"):
        assert ann.get(f"/targets/{target}{part}").status_code == 200, part
    assert ann.get("/packages?name=a").status_code == 200
