"""Addresses that a site tells robots of: robots.txt (RFC 9309) and sitemaps (sitemaps.org protocol 0.9).

Both are read as text: a sitemap is XML of somebody else, and only its ``<loc>`` are wanted.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

ROBOTS: Final = "/robots.txt"
SITEMAP: Final = "/sitemap.xml"
MAX_MAPS: Final = 3
"""Sitemaps that an index of them, or robots.txt, leads to."""
MAX_PATHS: Final = 10
"""Addresses that are taken from each of the two."""
EACH: Final = 2
"""Of pages whose addresses differ in their last part alone, such as articles."""
MAX_TEXT: Final = 500_000
_LINE = re.compile(r"^[ \t]*(sitemap|disallow|allow)[ \t]*:[ \t]*([^\s#]{1,2000})", re.I | re.M)
_LOCATION = re.compile(r"<loc>\s{0,100}([^<\s]{1,2000})", re.IGNORECASE)


def told(text: str) -> tuple[list[str], list[str]]:
    """What a robots.txt names: sitemaps, and paths that robots may or may not ask for.

    Args:
        text: Its content; patterns (``*``, ``$``) are no addresses and are left out.
    """
    sitemaps: list[str] = []
    paths: list[str] = []
    for found in _LINE.finditer(text[:MAX_TEXT]):
        kind, value = found.group(1).lower(), found.group(2)
        if kind == "sitemap":
            sitemaps.append(value)
        elif value.startswith("/") and not set("*$") & set(value) and value != "/":
            paths.append(value)
    return list(dict.fromkeys(sitemaps))[:MAX_MAPS], list(dict.fromkeys(paths))[:MAX_PATHS]


def locations(text: str) -> Iterator[str]:
    """Addresses that a sitemap, or an index of sitemaps, names."""
    for found in _LOCATION.finditer(text[:MAX_TEXT]):
        yield html.unescape(found.group(1))


def is_index(text: str) -> bool:
    """Whether its addresses are those of further sitemaps."""
    return "<sitemapindex" in text[:2000].lower()


def various(paths: Iterable[str]) -> list[str]:
    """A few of many addresses, of each kind some.

    Args:
        paths: Path and query of each.
    """
    kinds: Counter[str] = Counter()
    chosen: list[str] = []
    for path in dict.fromkeys(paths):
        kind = re.sub(r"\d+", "0", path.partition("?")[0].rpartition("/")[0])
        kinds[kind] += 1
        if kinds[kind] <= EACH:
            chosen.append(path)
    return chosen[:MAX_PATHS]
