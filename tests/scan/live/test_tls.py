"""A site over TLS: certificates, versions, Strict-Transport-Security, and the way there from plain HTTP."""

from __future__ import annotations

import datetime
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI

from buckler.core.errors import SiteError
from buckler.core.finding import Confidence, Severity
from buckler.scan.engines.interface import (
    Answer,
    Exchange,
    Observations,
    Request,
    SiteSeen,
    TlsSeen,
)
from buckler.scan.engines.live import tls
from buckler.scan.engines.live.known import Known
from buckler.scan.engines.live.site import parse
from tests.scan.live.serving import ALL, look, serve

app = FastAPI(openapi_url=None)
RULES = {rule.id: rule for rule in ALL}
DAY = 86_400.0
NOW = datetime.datetime(2030, 1, 15, tzinfo=datetime.UTC).timestamp()


@app.get("/")
def start() -> str:
    return "open"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def site(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    made = authority.issue_cert(
        "127.0.0.1", not_after=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5)
    )
    made.private_key_and_cert_chain_pem.write_to_path(folder / "all.pem")
    with serve(app, ssl_certfile=str(folder / "all.pem")) as url:
        yield url


def test_a_certificate_of_nobody_is_refused_and_the_way_on_is_named(site) -> None:
    with pytest.raises(SiteError, match="certificate is not valid") as caught:
        look(site)
    assert "--insecure-tls" in caught.value.hint


def test_a_site_whose_certificate_is_not_checked(site) -> None:
    report = look(site, verify=False)
    found = {f.rule: f for f in report.findings}
    assert found["TRA001"].confidence is Confidence.OBSERVED
    assert "the certificate" in [gap.what for gap in report.coverage.gaps]


def test_what_a_handshake_shows(site, authority, monkeypatch) -> None:
    real = ssl.create_default_context

    def trusting(*given, **options) -> ssl.SSLContext:
        context = real(*given, **options)
        authority.configure_trust(context)
        return context

    monkeypatch.setattr(ssl, "create_default_context", trusting)
    seen = tls.look(parse(site), 3.0)
    assert seen is not None
    assert seen.version == "TLSv1.3"
    assert seen.old == ()
    assert seen.ends is not None
    assert 4 * DAY < seen.ends - seen.now < 6 * DAY
    (finding,) = RULES["TRA002"].check_site(SiteSeen(tls=seen))
    assert (finding.subject, finding.severity) == ("certificate", Severity.LOW)


def test_a_certificate_that_ended_is_found_where_it_is_not_checked(authority, tmp_path) -> None:
    ended = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=5)
    begun = ended - datetime.timedelta(days=90)
    made = authority.issue_cert("127.0.0.1", not_before=begun, not_after=ended)
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "all.pem")
    with serve(app, ssl_certfile=str(tmp_path / "all.pem")) as url:
        report = look(url, verify=False, permitted=False)
    (finding,) = (f for f in report.findings if f.rule == "TRA002")
    assert finding.severity is Severity.HIGH
    assert ended.date().isoformat() in finding.message


@pytest.mark.parametrize("year", [1999, 2049, 2050, 9999])
def test_the_end_of_a_certificate_is_read_as_others_read_it(year: int) -> None:
    ends = datetime.datetime(year, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    made = trustme.CA().issue_cert(
        "shop.example", not_before=datetime.datetime(1990, 1, 1), not_after=ends
    )
    read = x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes())
    assert tls.end_of(read.public_bytes(Encoding.DER)) == read.not_valid_after_utc.timestamp()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 40, 120])
def test_a_certificate_that_is_cut_has_no_end(authority, size: int) -> None:
    whole = ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())
    assert tls.end_of(whole[:size]) is None
    assert tls.end_of(b"\x30" * size) is None


def test_a_version_of_long_ago_is_seen(authority, tmp_path) -> None:
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "all.pem"
    )
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(tmp_path / "all.pem")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = ssl.TLSVersion.TLSv1_1
    with serve(
        app, ssl_certfile=str(tmp_path / "all.pem"), ssl_context_factory=lambda *_: old
    ) as url:
        seen = tls.look(parse(url), 3.0, verify=False)
    assert seen is not None
    assert seen.old == ("TLSv1.1",)
    (finding,) = RULES["TRA002"].check_site(SiteSeen(tls=seen))
    assert "TLSv1.1" in finding.message


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, Severity.HIGH), (13, Severity.LOW), (15, None)]
)
def test_the_end_of_a_certificate(days: int, severity: Severity | None) -> None:
    seen = TlsSeen("TLSv1.3", "TLS_AES_256_GCM_SHA384", NOW + days * DAY, NOW)
    found = [f.severity for f in RULES["TRA002"].check_site(SiteSeen(tls=seen))]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("kinds", "severity"),
    [(("404",), Severity.LOW), (("html",), Severity.MEDIUM), (("404", "200"), Severity.MEDIUM)],
)
def test_what_a_visitor_gets_decides_how_much_it_matters(kinds, severity: Severity) -> None:
    model = Known().model(parse("https://shop.example/"), ())
    without = Exchange(None, Request("GET", "/"), Answer(200))
    seen = Observations(kinds={kind: [without] for kind in kinds})
    (finding,) = RULES["TRA001"].check_observations(model, seen)
    assert finding.severity is severity


@pytest.mark.parametrize(
    ("status", "location", "weak"),
    [
        (200, "", True),
        (301, "https://shop.example/", False),
        (301, "http://www.shop.example/", True),
        (301, "/start", True),
        (404, "", False),
    ],
)
def test_the_way_from_plain_http(status: int, location: str, weak: bool) -> None:
    answer = Answer(status, (("location", location),) if location else ())
    plain = Exchange(None, Request("GET", "/", scheme="http", origin="http://shop.example"), answer)
    found = list(RULES["TRA001"].check_site(SiteSeen(plain=plain)))
    assert bool(found) is weak
