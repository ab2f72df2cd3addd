"""Content-Security-Policy and the other headers, against facts from two known tools."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support import csp
from buckler.scan.rules.headers.content_security_policy import ContentSecurityPolicyMissing
from buckler.scan.rules.headers.content_type_options import ContentTypeOptionsMissing
from buckler.scan.rules.headers.frame_options import _framed
from buckler.scan.rules.headers.referrer_policy import _careful
from buckler.scan.rules.transport.strict_transport_security import _long

KINDS = {
    ("HIGH", "MISSING_DIRECTIVES"),
    ("HIGH", "SCRIPT_UNSAFE_INLINE"),
    ("HIGH", "PLAIN_URL_SCHEMES"),
    ("HIGH", "PLAIN_WILDCARD"),
    ("HIGH", "SCRIPT_ALLOWLIST_BYPASS"),
    ("MEDIUM", "SRC_HTTP"),
    ("MEDIUM", "NONCE_LENGTH"),
}


def data(name: str) -> Any:
    """A file of the shared data; the test is skipped where it is not there."""
    root = Path(os.environ.get("BUCKLER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = root / "headers" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: set BUCKLER_DATA")
    return json.loads(path.read_text())


def answer(**headers: str) -> Answer:
    """An answer with these headers."""
    return Answer(200, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def headers_of(unit: Any) -> dict[str, str]:
    """The headers that a case of the Observatory is about; those in the page itself are left out."""
    for key in ("https", "auto"):
        given = unit["input"][key] or {}
        found = {
            k.lower(): v
            for k, v in (given.get("headers") or {}).items()
            if k.lower() != "content-type"
        }
        if found:
            return {} if any((given.get("http_equiv") or {}).values()) else found
    return {}


def test_policy_as_csp_evaluator() -> None:
    cases = data("csp-evaluator-cases.json")["cases"]
    for case in cases:
        wanted = {
            (kind, name, value)
            for level, kind, name, value in case["findings"]
            if (level, kind) in KINDS
        }
        found = {(item.kind, item.directive, item.value) for item in csp.weaknesses(case["csp"])}
        assert found == wanted, case["csp"]
    assert len(cases) > 40


def test_policy_of_the_observatory_that_passes_is_not_grave() -> None:
    """What the Observatory calls a safe policy must not be called one that runs any script."""
    units = [
        u
        for u in data("observatory-cases.json")["unit"]
        if u["observatory_test"] == "content-security-policy"
    ]
    seen = 0
    for unit in units:
        policy = headers_of(unit).get("content-security-policy")
        safe = unit["expected"]["result"] in (
            "csp-implemented-with-no-unsafe",
            "csp-implemented-with-no-unsafe-default-src-none",
        )
        if isinstance(policy, str) and "''" in policy:
            continue  # two hashes glued together: csp-evaluator reads them as none, as browsers do
        if isinstance(policy, str) and safe and ("script-src" in policy or "default-src" in policy):
            seen += 1
            assert not [
                w for w in csp.weaknesses(policy) if w.grave and w.kind != "SCRIPT_ALLOWLIST_BYPASS"
            ], policy
    assert seen >= 5


@pytest.mark.parametrize(
    ("test", "header", "judge"),
    [
        ("referrer-policy", "referrer-policy", _careful),
        ("x-frame-options", "x-frame-options", _framed),
        ("strict-transport-security", "strict-transport-security", _long),
    ],
)
def test_header_as_the_observatory(test: str, header: str, judge: Any) -> None:
    seen = 0
    for unit in data("observatory-cases.json")["unit"]:
        value = headers_of(unit).get(header)
        if (
            unit["observatory_test"] != test
            or not isinstance(value, str)
            or "csp" in unit["expected"]["result"]
        ):
            continue
        if unit["expected"]["result"].startswith(
            ("hsts-preloaded", "hsts-not-implemented-no-https", "hsts-invalid-cert")
        ):
            continue
        if "allow-from" in value.lower():
            continue
        seen += 1
        assert judge(answer(**{header.replace("-", "_"): value})) is unit["expected"]["pass"], (
            value,
            unit["expected"],
        )
    assert seen >= 2


def test_the_last_known_referrer_policy_counts() -> None:
    assert _careful(answer(referrer_policy="unsafe-url, no-referrer"))
    assert not _careful(answer(referrer_policy="no-referrer, unsafe-url"))
    assert _careful(answer(referrer_policy="no-referrer, of-the-future"))
    assert not _careful(answer())


def test_frame_ancestors_stands_for_frame_options() -> None:
    assert _framed(answer(content_security_policy="default-src 'none'; frame-ancestors 'none'"))
    assert not _framed(answer(content_security_policy="frame-ancestors *"))
    assert not _framed(answer(content_security_policy="default-src 'none'"))


def test_nosniff_is_named_by_its_rule() -> None:
    assert ContentTypeOptionsMissing().validate() is None


def test_what_is_loaded_of_this_machine_needs_no_tls() -> None:
    def told(source: str) -> list[str]:
        policy = f"default-src 'none'; connect-src {source}"
        return [one.kind for one in csp.weaknesses(policy) if one.kind == "SRC_HTTP"]

    for here in ("http://127.0.0.1:8000", "http://localhost/x", "http://[::1]:9"):
        assert told(here) == []
    for elsewhere in (
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://a.example",
    ):
        assert told(elsewhere) == ["SRC_HTTP"]


HAS, LACKS = (("content-security-policy", "default-src 'self'"),), ()


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"404": [LACKS], "200": [LACKS]}, "missing on every answer."),
        ({"404": [LACKS], "200": [HAS]}, "missing on 404."),
        (
            {"404": [LACKS], "200": [LACKS, HAS]},
            "missing on answers of every kind, though some have it.",
        ),
    ],
)
def test_where_a_header_is_missing_is_said_as_it_is(
    kinds: dict[str, list[tuple[tuple[str, str], ...]]], said: str
) -> None:
    app = AppModel(title="", python="", versions={}, operations=())
    exchanges = {
        kind: [
            Exchange(None, Request("GET", "/"), Answer(200, headers, b"ok", 2)) for headers in every
        ]
        for kind, every in kinds.items()
    }
    rule = ContentSecurityPolicyMissing()
    (finding,) = rule.check_observations(app, Observations(kinds=exchanges))
    assert finding.message == f"Content-Security-Policy is {said}"
