from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import format_reports
import pytest

from buckler.core.finding import Confidence, Severity
from buckler.core.report import Report
from buckler.scan.formats import by_name
from buckler.scan.formats.html_view import page

CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest("script, style, .skip")) continue;
    const a = light(parse(getComputedStyle(node).color)), b = light(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    count += 1;
    if (ratio < 4.5) bad.push([node.className, node.textContent.slice(0, 30), ratio.toFixed(2)]);
  }
  return [count, bad];
}"""


class Page(HTMLParser):
    """Tags, ids and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def ids(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "id"]


def html(report: Report) -> str:
    return by_name("html").render(report)


def test_order(usual: Report) -> None:
    text = html(usual)
    headings = [
        ">Grade<",
        "What to do first<",
        "What was looked at<",
        "Not looked at<",
        ">Findings<",
    ]
    headings += ["Known from the baseline<", ">Suppressed<", ">Operations<"]
    headings += ["How the scan ran<"]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


def test_a_finding_has_all_its_evidence(usual: Report) -> None:
    text = html(usual)
    for piece in (
        f'id="finding-{usual.findings[0].fingerprint}"',
        "<mark>bkzq012j</mark>",
        "curl -H",
        "CWE-89",
        "OWASP API Top 10 2023 API8",
        "ASVS 5.0 V1.2.4",
        "guard.validate.sql",
        "<h4>How to fix</h4>",
        "GHSA-aaaa-bbbb-cccc",
        "docs_url",
        "a redirect to our own shop only",
        "1,204",
        "def test_inj010_",
    ):
        assert piece in text, piece


def test_links_lead_somewhere_and_ids_are_unique(usual: Report) -> None:
    page = Page(html(usual))
    ids = page.ids()
    assert len(ids) == len(set(ids))
    links = [
        value for _, name, value in page.attributes if name == "href" and value.startswith("#")
    ]
    assert {link[1:] for link in links} <= set(ids)


def test_nothing_is_loaded_and_no_style_or_handler_is_inline(usual: Report) -> None:
    page = Page(html(usual))
    assert [a for a in page.attributes if a[1] == "src"] == []
    assert [a for a in page.attributes if a[1] == "style" or a[1].startswith("on")] == []
    assert {value for tag, name, value in page.attributes if (tag, name) == ("link", "href")} == {
        "data:,"
    }
    assert page.tags.count("script") == 1


def test_nothing_found_says_what_was_looked_at(empty: Report) -> None:
    text = html(empty)
    assert "No finding." in text
    assert f"{len(format_reports.RULES)} rules, 2 of 3 operations reached, 1,204 requests" in text
    lost = html(replace(empty, failed="no module named app"))
    assert "The grade is provisional:" in lost
    assert ">A+<" not in lost
    assert "That says nothing about it" in lost
    assert "100/100" not in lost


def test_hostile_text_makes_no_markup(hostile: Report, usual: Report) -> None:
    text = html(hostile)
    page = Page(text)
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert not [a for a in page.attributes if a[1] == "href" and "javascript:" in a[2]]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\x1b[31mred" in text
    text.encode()


def test_hostile_guide_makes_no_markup() -> None:
    rule = format_reports.RULES["INJ001"]

    class Mine(type(rule)):  # type: ignore[misc]
        __doc__ = (
            "<script>alert(1)</script> ![x](https://evil.test/x.png) [y](javascript:alert(1))\n\n"
            "## Why it matters\n<img src=x onerror=alert(1)> is bad.\n"
        )

    report = format_reports.report(format_reports.finding(), rules={"INJ001": Mine()})
    page = Page(html(report))
    assert "img" not in page.tags
    assert page.tags.count("script") == 1
    assert not [a for a in page.attributes if "javascript:" in a[2]]


def test_five_hundred_findings_stay_usable(many: Report, opened: Callable[..., Any]) -> None:
    text = html(many)
    assert len(text.encode()) < 3_000_000
    assert len(set(Page(text).ids()) & {f"finding-{f.fingerprint}" for f in many.findings}) == 500
    page = opened(text)
    page.fill("#words", "part7.py")
    assert "of 500 shown" in page.text_content("#shown")


def test_the_browser_runs_the_page(usual: Report, opened: Callable[..., Any]) -> None:
    page = opened(html(usual))
    assert page.text_content("#shown") == "6 shown"
    page.uncheck("input[value=critical]")
    assert page.text_content("#shown") == "4 of 6 shown"
    assert not page.is_visible("#rule-INJ001")
    page.check("input[value=critical]")
    page.fill("#words", "sql app/db.py:40")
    assert page.text_content("#shown") == "1 of 6 shown"
    page.fill("#words", "")
    page.click("#open-all")
    assert page.locator(".cause .finding[open]").count() == 6
    page.click("text=Operation >> nth=0")
    page.click("th button:has-text('Operation')")
    rows = page.locator("table.sortable tbody tr td:first-child").all_text_contents()
    assert rows == sorted(rows) or rows == sorted(rows, reverse=True)


def test_copy(usual: Report, opened: Callable[..., Any]) -> None:
    page = opened(html(usual), permissions=["clipboard-read", "clipboard-write"])
    page.click("#open-all")
    page.locator(".block:has-text('curl') .copy").first.click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")


def test_an_address_opens_its_finding(usual: Report, opened: Callable[..., Any]) -> None:
    fingerprint = usual.findings[1].fingerprint
    page = opened(html(usual), f"#finding-{fingerprint}")
    assert page.locator("details.finding[open]").count() == 1
    assert page.locator(f"#finding-{fingerprint} .message").is_visible()


def test_it_works_without_script(usual: Report, opened: Callable[..., Any]) -> None:
    page = opened(html(usual), java_script_enabled=False)
    assert not page.is_visible("#filter")
    assert page.locator(".copy >> visible=true").count() == 0
    page.click("details.finding summary >> nth=0")
    assert page.is_visible(".message >> nth=0")


def test_every_control_is_reached_by_keyboard(usual: Report, opened: Callable[..., Any]) -> None:
    page = opened(html(usual))
    focused = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none" or page.evaluate("document.activeElement === document.body")
    visible = page.evaluate(
        "[...document.querySelectorAll('summary, button, input, a[href]')]"
        ".filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 200))"
    )
    assert set(visible) <= focused


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_contrast_and_width(
    usual: Report, opened: Callable[..., Any], scheme: str, width: int
) -> None:
    report = replace(usual, min_coverage=0.9)
    page = opened(html(report), color_scheme=scheme, viewport={"width": width, "height": 800})
    count, bad = page.evaluate(CONTRAST)
    assert count > 200
    assert bad == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_is_light_and_shows_what_is_folded(usual: Report, opened: Callable[..., Any]) -> None:
    page = opened(html(usual), color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".cause .finding:not([open])").count() == 0
    assert page.locator("#filter, .copy").locator("visible=true").count() == 0
    assert page.evaluate(CONTRAST)[1] == []


def test_hostile_text_does_nothing_even_without_the_policy(
    hostile: Report, opened: Callable[..., Any]
) -> None:
    page = opened(html(hostile), bypass_csp=True)
    page.click("#open-all")
    assert page.evaluate("document.images.length") == 0


def test_the_policy_stops_what_is_not_ours(usual: Report, browser: Any, tmp_path: Any) -> None:
    path = tmp_path / "changed.html"
    evil = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
    path.write_text(html(usual).replace("</main>", f"{evil}</main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(f"file://{path}")
    page.wait_for_timeout(200)
    assert page.title() != "taken"
    assert page.text_content("#shown") == "6 shown"
    page.close()


def test_what_to_do_first_is_the_worst_that_is_certain() -> None:
    """Five hard-coded secrets cost more points than one proved injection, which is worse all the same."""
    make = format_reports.finding
    high = [
        make("SEC001", severity=Severity.HIGH, confidence=Confidence.OBSERVED, subject=f"{number}")
        for number in range(9)
    ]
    guess = make("ACC001", severity=Severity.CRITICAL, confidence=Confidence.SUSPECTED)
    worst = make("INJ001", severity=Severity.CRITICAL)
    first = page(format_reports.report(*high, guess, worst)).first
    assert [one.cause.id for one in first] == ["INJ001", "SEC001", "ACC001"]
