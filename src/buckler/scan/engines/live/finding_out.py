"""Finds out what a site has: its OpenAPI document, else the pages that lead to each other."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from buckler.core.errors import UsageError
from buckler.core.events import GapFound, Listener, Progress
from buckler.scan.engines.interface import Answer, Exchange, Identity, Request
from buckler.scan.engines.live import maps, pages
from buckler.scan.engines.live.known import Known
from buckler.scan.engines.live.openapi import MAX_OPERATIONS, Document, is_document, too_deep
from buckler.scan.engines.live.session import PAGES, SiteSession
from buckler.scan.engines.live.site import Site, is_url, parse
from buckler.scan.model.application import Operation

PLACES = (
    "/openapi.json",
    "/docs",
    "/redoc",
    "/api/openapi.json",
    "/api/docs",
    "/api/v1/openapi.json",
)
"""Where FastAPI has its document and pages unless told otherwise, and where its templates put them."""
MAX_DOCUMENT = 8_000_000
MAX_PAGES = 40
MAX_FILES = 6
MAX_FOLDERS = 4
"""Folders in which it is learnt how the site answers what is not there."""
ENGINE = "live"
GIVEN = "the OpenAPI document that was given"


class Finder:
    """Asks a site for what it has.

    Args:
        session: Carries the requests.
        site: Its address.
        emit: Gets gaps and progress.
        excluded: Operations that are left alone.
        permitted: Whether what robots are asked to leave alone may be asked for.
        given: An OpenAPI document of the user's; what the site's own says counts more.
    """

    def __init__(
        self,
        session: SiteSession,
        site: Site,
        emit: Listener,
        excluded: Iterable[str] = (),
        *,
        permitted: bool = False,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self._session, self._site, self._emit = session, site, emit
        self._excluded, self._permitted = frozenset(excluded), permitted
        self._given = given
        self._mapped: tuple[str, ...] = ()
        self._identity: Identity | None = None
        self.known = Known()

    def get(self, paths: Iterable[str], *, size: int = 0) -> list[Exchange]:
        """Ask for some paths, as anybody unless somebody is signed in; what could not be sent is left out."""
        made = (_get(self._site, path, self._identity) for path in paths)
        return self._session.exchanges(made, size=size)

    @property
    def starts(self) -> tuple[str, ...]:
        """Where looking at pages begins."""
        return tuple(dict.fromkeys((self._site.path, "/")))

    def learn_absent(self) -> list[Exchange]:
        """Learn how the site answers what is not there, at its top, further down and where it begins."""
        word = secrets.token_hex(6)
        below = self._site.path.rpartition("/")[0]
        paths = [f"/buckler-{word}", f"/buckler-{word}/no-such.json", f"/.buckler-{word}"]
        return self._learn([*paths, *([f"{below}/buckler-{word}"] if below else [])])

    def _learn_below(self) -> None:
        """Learn the same in the folders of what was found: an application in the browser may answer
        for everything below its own, and nothing else.
        """
        known = self.known
        parents = [op.path.rpartition("/")[0] for op in known.operations.values()]
        folders = Counter(folder for folder in parents if folder and "{" not in folder)
        word = secrets.token_hex(6)
        self._learn(f"{folder}/buckler-{word}" for folder, _ in folders.most_common(MAX_FOLDERS))
        for exchange in known.visited:
            key, path = f"GET {exchange.request.path}", exchange.request.path
            page = key in known.operations and not known.operations[key].fastapi
            absent = self._session.likeness.is_absent(exchange.request, exchange.answer)
            if page and absent and path not in self.starts:
                del known.operations[key]

    def _learn(self, paths: Iterable[str]) -> list[Exchange]:
        found = self.get(paths)
        for exchange in found:
            self._session.likeness.know(exchange.request, exchange.answer)
        return found

    def find(self, identity: Identity | None = None) -> Known:
        """Find the document, then the pages: as anybody, then as somebody who is signed in.

        Args:
            identity: Who that is; what she is shown is not said to be open to everybody.
        """
        if self._given is not None:
            self._take(Document(self._given, self._site, self._site.path), GIVEN)
        self._documents()
        self._maps()
        self._crawl()
        if identity is not None:
            self._identity = identity
            if not self.known.document:
                self._documents()
            self._crawl()
            self._identity = None
        self._learn_below()
        if not self.known.document and self._given is None:
            where = ", ".join(PLACES[:2])
            hint = "--openapi FILE, or begin at its folder: buckler scan https://host/path"
            self._emit(GapFound("operations", f"no OpenAPI document was served ({where} …)", hint))
        return self.known

    def _documents(self) -> None:
        base = self._site.path.rstrip("/")
        places = [*PLACES, *(f"{base}{p}" for p in PLACES[:3] if base)]
        asked = dict.fromkeys(places)
        waiting = list(asked)
        while waiting:
            found = self.get(waiting, size=MAX_DOCUMENT)
            waiting = []
            for exchange in found:
                if exchange.answer.status is None:
                    continue
                for path in self._document(exchange):
                    if path not in asked and len(asked) < 20:
                        asked[path] = None
                        waiting.append(path)

    def _document(self, exchange: Exchange) -> list[str]:
        """Read what came; further places that it names."""
        path, answer = exchange.request.path, exchange.answer
        if 300 <= (answer.status or 0) < 400:
            found = pages.inside(self._site, path, answer.header("location") or path)
            return [found] if found and found != path else []
        if not exchange.reached:
            return []
        if "html" in answer.media_type:
            named = pages.documents_in(answer.text)
            if named and self._identity is None:
                self.known.docs.append(exchange)
            inside = (pages.inside(self._site, path, url) for url in named)
            return [found for found in inside if found]
        if "json" not in answer.media_type and not path.endswith(".json"):
            return []
        if answer.size >= MAX_DOCUMENT:
            self._gap(path, f"the document is larger than {MAX_DOCUMENT // 1_000_000} MB")
            return []
        data = answer.json
        if data is None or too_deep(data):
            self._gap(path, "the document cannot be read: it is no JSON, or nested too deeply")
        elif is_document(data):
            if self._identity is None:
                self.known.docs.append(exchange)
            if not self.known.document:
                self.known.document = path
                self._take(Document(data, self._site, path), path)
        return []

    def _take(self, document: Document, path: str) -> None:
        known = self.known
        known.title = known.title or document.title
        known.operations |= {operation.key: operation for operation in document.operations()}
        if document.elsewhere:
            why = f"its servers name another site, {document.elsewhere}, which is not asked"
            self._gap(path, why)
        if document.total > MAX_OPERATIONS:
            self._gap(path, f"only {MAX_OPERATIONS} of its {document.total} operations were taken")

    def _maps(self) -> None:
        """Addresses that no page may lead to, but robots.txt or a sitemap does."""
        named, kept_off = self._robots()
        waiting = list(dict.fromkeys([*named, maps.SITEMAP]))[: maps.MAX_MAPS]
        asked: list[str] = []
        listed: list[str] = []
        while waiting:
            asked += waiting
            found = self.get(waiting)
            waiting = []
            for exchange in found:
                text, path = exchange.answer.text, exchange.request.path
                inside = (pages.inside(self._site, path, url) for url in maps.locations(text))
                if exchange.reached and maps.is_index(text):
                    waiting += [url for url in inside if url and url not in asked]
                elif exchange.reached:
                    listed += [url for url in inside if url and self._is_wanted(url)]
            waiting = waiting[: max(0, maps.MAX_MAPS - len(asked))]
        self._mapped = (*maps.various(listed), *(kept_off if self._permitted else ()))

    def _robots(self) -> tuple[list[str], list[str]]:
        """Sitemaps and paths that robots.txt names, those of this site."""
        for exchange in self.get([maps.ROBOTS]):
            if exchange.reached and "html" not in exchange.answer.media_type:
                sitemaps, paths = maps.told(exchange.answer.text)
                inside = (pages.inside(self._site, "/", url) for url in sitemaps)
                below = (pages.inside(self._site, "/", path) for path in paths)
                return [s for s in inside if s], [p for p in below if p and self._is_wanted(p)]
        return [], []

    def _crawl(self) -> None:
        """Follow links, a level at a time, as a visitor who clicks on everything."""
        seen = dict.fromkeys((*self.starts, *self._mapped))
        waiting = deque(seen)
        before = len(self.known.visited)
        while waiting and (read := len(self.known.visited) - before) < MAX_PAGES:
            self._emit(Progress(ENGINE, read, MAX_PAGES, "reading pages"))
            level = [waiting.popleft() for _ in range(min(len(waiting), 4))]
            found = self.get(level)
            if not found:
                return
            for exchange in found:
                for path in self._page(exchange):
                    if path not in seen and len(seen) < MAX_PAGES * 4:
                        seen[path] = None
                        waiting.append(path)
        if waiting:
            self._gap("pages", f"{len(waiting)} links were left after {MAX_PAGES} pages")

    def _page(self, exchange: Exchange) -> list[str]:
        """Keep a page as an operation; where it leads."""
        known, answer = self.known, exchange.answer
        known.visited.append(exchange)
        path = exchange.request.url
        if 300 <= (answer.status or 0) < 400:
            return self._redirect(path, answer)
        if "html" not in answer.media_type or not answer.ok:
            return []
        page = pages.read(answer.text)
        known.title = known.title or page.title
        if not self._session.likeness.is_absent(exchange.request, answer) or path in self.starts:
            self._session.pages.add(exchange.request.path)
            self._add(pages.as_operation(path))
        for form in page.forms:
            made = pages.of_form(self._site, path, form)
            if made is not None:
                self._add(made)
        inside = [pages.inside(self._site, path, url) for url in page.files]
        files = [found for found in inside if found and found not in known.files]
        known.files += files[: MAX_FILES - len(known.files)]
        links = [pages.inside(self._site, path, url) for url in page.links]
        return [link for link in dict.fromkeys(links) if link and self._is_wanted(link)]

    def _is_wanted(self, link: str) -> bool:
        return not pages.is_file(link) and f"GET {link.partition('?')[0]}" not in self._excluded

    def _redirect(self, path: str, answer: Answer) -> list[str]:
        location = answer.header("location") or ""
        found = pages.inside(self._site, path, location) if location else None
        if location and found is None:
            why = f"it leads elsewhere, to {location[:200]}, which is not followed"
            self._emit(GapFound(path, why, _scan_of(location)))
        return [found] if found else []

    def _add(self, operation: Operation) -> None:
        known = self.known.operations
        if operation.key not in known and len(known) < MAX_OPERATIONS:
            known[operation.key] = operation

    def _gap(self, what: str, why: str) -> None:
        self._emit(GapFound(what, why))


def _scan_of(location: str) -> str:
    """The command that looks at the site to which a redirect leads; an empty text where it leads to none."""
    try:
        return f"buckler scan {parse(location).origin}/" if is_url(location) else ""
    except UsageError:
        return ""


def _get(site: Site, path: str, identity: Identity | None) -> Request:
    bare, _, query = path.partition("?")
    headers = (("host", site.netloc), ("accept", PAGES))
    if identity is None:
        return Request("GET", bare, query, headers)
    signed = tuple((name.lower(), value) for name, value in identity.headers)
    return Request("GET", bare, query, (*headers, *signed), identity=identity.name)
