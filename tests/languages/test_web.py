"""What a browser makes of a page and of a Location header."""

from __future__ import annotations

import pytest

from buckler.scan.languages.html import Page
from buckler.scan.languages.urls import target_host

C = "bkzq00a1"


@pytest.mark.parametrize(
    "page",
    [
        f"<p><{C}>",
        f'<a title="x"{C}="1">',
        f"<script>var a='x';{C}//'</script>",
        f"<script>a=1;</script><{C}>",
        f"<a href='javascript:{C}'>",
        f'<b onclick="f();{C}">',
    ],
)
def test_it_is_markup_or_script(page: str) -> None:
    read = Page(page, C)
    assert read.element or read.attribute or read.handler or read.script or read.url


@pytest.mark.parametrize(
    "page",
    [
        f"<p>&lt;{C}&gt;",
        f"<textarea><{C}></textarea>",
        f"<script>var a='x\\';{C}//'</script>",
        f'<a title="{C}">',
        f"<!-- <{C}> -->",
        f"<a href='/javascript:{C}'>",
    ],
)
def test_it_is_text(page: str) -> None:
    read = Page(page, C)
    assert not (read.element or read.attribute or read.handler or read.script or read.url)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("//x.test/a", "x.test"),
        ("/\\x.test", "x.test"),
        ("///x.test/", "x.test"),
        ("/a", "app.test"),
        ("https:x.test", "x.test"),
        ("/\t/x.test", "x.test"),
        ("https://good@x.test", "x.test"),
        ("https://x.test.good/", "x.test.good"),
        ("a/b", "app.test"),
        ("https://[", ""),
    ],
)
def test_where_a_browser_goes(location: str, host: str) -> None:
    assert target_host(location) == host


@pytest.mark.parametrize("broken", ["<![", "<![ <p>", "<![" * 1000])
def test_markup_that_nobody_can_read_is_a_comment(broken: str) -> None:
    assert not Page(f"{broken}", "abc").element
    assert Page(f"{broken}><abc>", "abc").element


@pytest.mark.parametrize("begun", ["<a ", "<a b='", "<!--", "</", "<?", "<!["])
def test_what_never_ends_is_read_once(begun: str) -> None:
    # Looking for its end from each beginning took hours.
    assert not Page(begun * 300_000 + "abc", "abc").element
