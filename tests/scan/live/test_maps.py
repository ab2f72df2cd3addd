"""What robots.txt and sitemaps tell is looked at; no page has to lead there."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from tests.scan.live.serving import look, serve

INDEX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <sitemap><loc>{site}/maps/pages.xml</loc></sitemap>
  <sitemap><loc>https://elsewhere.example/pages.xml</loc></sitemap>
  <sitemap><loc>{site}/sitemap.xml</loc></sitemap>
</sitemapindex>"""
PAGES = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc>{site}/found?kind=tea&amp;from=map</loc></url>
  <url><loc> {site}/account/delete </loc></url>
  <url><loc>https://elsewhere.example/other</loc></url>
  {more}
</urlset>"""
ROBOTS = """User-agent: *
Disallow: /staff/   # nobody's business
Disallow: /*.php$
Disallow:
Allow: /opening-hours
sitemap: {site}/maps/index.xml
"""


@pytest.fixture
def site():
    """A site whose only page leads nowhere, and the paths that were asked for."""
    app = FastAPI(openapi_url=None)
    asked: list[str] = []

    @app.middleware("http")
    async def remember(request: Request, call_next: Any) -> Any:
        asked.append(request.url.path)
        return await call_next(request)

    def own(request: Request) -> str:
        return str(request.base_url).rstrip("/")

    @app.get("/")
    def start() -> HTMLResponse:
        return HTMLResponse("<title>Shop</title>")

    @app.get("/robots.txt")
    def robots(request: Request) -> PlainTextResponse:
        return PlainTextResponse(ROBOTS.format(site=own(request)))

    @app.get("/maps/index.xml")
    def index(request: Request) -> Response:
        return Response(INDEX.replace("{site}", own(request)), media_type="application/xml")

    @app.get("/maps/pages.xml")
    def listed(request: Request) -> Response:
        more = "".join(f"<url><loc>{own(request)}/news/{n}</loc></url>" for n in range(400))
        made = PAGES.format(site=own(request), more=more)
        return Response(made, media_type="application/xml")

    @app.get("/found")
    def found(kind: str = "") -> HTMLResponse:
        return HTMLResponse(f"<p>{kind}</p>")

    @app.get("/news/{number}")
    def news(number: int) -> HTMLResponse:
        return HTMLResponse(f"<p>news of day {number}</p>")

    @app.get("/staff/")
    def staff() -> HTMLResponse:
        return HTMLResponse("<p>rota</p>")

    @app.get("/opening-hours")
    def hours() -> HTMLResponse:
        return HTMLResponse("<p>9 to 5</p>")

    with serve(app) as url:
        yield url, asked


def test_a_hole_behind_a_sitemap_is_found(site) -> None:
    url, asked = site
    report = look(url)
    assert ("INJ010", "GET /found") in {(f.rule, f.location.operation) for f in report.findings}
    reached = {o.operation for o in report.coverage.operations if o.reached}
    assert {"GET /found", "GET /staff/", "GET /opening-hours"} <= reached
    assert not {"/account/delete", "/other"} & set(asked)


def test_of_pages_of_a_kind_a_few_are_asked_for(site) -> None:
    url, asked = site
    look(url)
    assert {path for path in asked if path.startswith("/news/") and path[6:].isdigit()} == {
        "/news/0",
        "/news/1",
    }


def test_a_visitor_asks_only_for_what_robots_may_see(site) -> None:
    """RFC 9309, 2.2.2: a Disallow is a wish, and nobody said that it may be passed over."""
    url, asked = site
    look(url, permitted=False)
    assert "/found" in asked
    assert "/staff/" not in asked


def test_a_page_for_every_address_is_no_map() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/{path:path}")
    def everything(path: str) -> HTMLResponse:
        return HTMLResponse("<title>app</title><loc>/hidden</loc><div id=root></div>")

    with serve(app) as url:
        report = look(url)
    assert {o.operation for o in report.coverage.operations if o.reached} == {"GET /"}
