"""Reads what a page leads to: links, forms, scripts, style sheets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urldefrag, urljoin

from buckler.scan.engines.attack.explore import SIGN_OUT
from buckler.scan.engines.live.session import ENTERED
from buckler.scan.engines.live.site import KEPT, Site
from buckler.scan.languages.html import Markup
from buckler.scan.model.application import Body, BodyField, Operation, Parameter, Response

MAX_LINKS = 300
MAX_FORMS = 30
MAX_FIELDS = 60
MAX_HTML = 500_000
"""Characters of a page that are read."""
_FILE = re.compile(
    r"\.(?:js|mjs|css|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|map|json|txt|xml|pdf|zip|mp4)$",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"(^|[/_=&?-])(delete|remove|destroy|cancel|unsubscribe|reset|purge|disable|erase|drop|clear|logoff)([/_=&?.-]|$)",
    re.IGNORECASE,
)
_DOCUMENTATION = re.compile(r"swagger-?ui|redoc|scalar|rapidoc|stoplight", re.IGNORECASE)
"""What pages show OpenAPI documents with; without one an address in a script is anything."""
_DOCUMENT = re.compile(
    r"""(?:\burl\s*:\s*|\bspec-url\s*=\s*|data-url\s*=\s*)["']([^"'<>\s]{1,300})["']"""
)


@dataclass(slots=True)
class Form:
    """A form: where it goes, how, and what it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """What a page leads to, as it is written there; below its ``base`` where it names one."""

    links: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    base: str = ""
    title: str = ""


class _Reader(Markup):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._form: Form | None = None
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what leads somewhere."""
        given = {name: value or "" for name, value in attrs}
        page = self.page
        self._in_title = tag == "title"
        if tag in ("a", "area", "iframe", "frame"):
            _add(page.links, given.get("href") or given.get("src"))
        elif tag in ("script", "img"):
            _add(page.files, given.get("src"))
        elif tag == "base":
            page.base = page.base or given.get("href", "")
        elif tag == "link":
            _add(page.files, given.get("href"))
        elif tag == "form" and len(page.forms) < MAX_FORMS:
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
            page.forms.append(self._form)
        elif tag in ("input", "select", "textarea") and self._form is not None:
            name = given.get("name", "")
            if name and len(self._form.fields) < MAX_FIELDS:
                self._form.fields.setdefault(name[:100], given.get("value", "")[:500])

    def handle_endtag(self, tag: str) -> None:
        """Leave a form."""
        self._in_title = False
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        """The title."""
        if self._in_title and not self.page.title:
            self.page.title = " ".join(data.split())[:200]


def _add(target: list[str], url: str | None) -> None:
    if url and len(target) < MAX_LINKS and len(url) < 2000:
        target.append(url)


def read(text: str) -> Page:
    """What a page leads to.

    Args:
        text: HTML; as bad as it likes.
    """
    reader = _Reader()
    reader.feed(text[:MAX_HTML])
    page = reader.page
    if page.base:
        page.links = [_below(page.base, url) for url in page.links]
        page.files = [_below(page.base, url) for url in page.files]
        for form in page.forms:
            form.action = form.action and _below(page.base, form.action)
    return page


def _below(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def changes_something(path: str) -> bool:
    """Whether an address is named like what signs out or takes something away, although it is a link."""
    return bool(SIGN_OUT.search(path) or _CHANGES.search(path))


def documents_in(text: str) -> list[str]:
    """Addresses of OpenAPI documents that a page of Swagger UI, ReDoc or Scalar names."""
    text = text[:MAX_HTML]
    return list(_DOCUMENT.findall(text))[:5] if _DOCUMENTATION.search(text) else []


def inside(site: Site, base: str, url: str) -> str | None:
    """Path and query of a link, where it stays on the site and is not named like a change; None else.

    Args:
        site: Whose page it is.
        base: Path of the page.
        url: As it is written there.
    """
    try:
        found = site.path_of(urldefrag(urljoin(site.origin + base, url.strip())).url)
    except ValueError:
        return None
    if found is None or not found.isprintable() or changes_something(found):
        return None
    return quote(found, safe=KEPT)


def is_file(path: str) -> bool:
    """Whether a path is that of a file, by its ending."""
    return _FILE.search(path.partition("?")[0]) is not None


def as_operation(path: str) -> Operation:
    """A page as an operation: the path, and what stands in its query."""
    bare, _, query = path.partition("?")
    pairs = dict(parse_qsl(query, keep_blank_values=True)[:MAX_FIELDS])
    return _operation("GET", bare, _queries(pairs))


def of_form(site: Site, base: str, form: Form) -> Operation | None:
    """A form as an operation; None where it leads elsewhere."""
    found = inside(site, base, form.action or base)
    if found is None:
        return None
    path = found.partition("?")[0]
    if form.method != "POST":
        return _operation("GET", path, _queries(form.fields))
    properties = {
        name: {"type": "string", **({"default": value} if value else {})}
        for name, value in form.fields.items()
    }
    schema = {"type": "object", "properties": properties}
    body = Body(
        "application/x-www-form-urlencoded", False, (BodyField("body", True, schema, model=True),)
    )
    return _operation("POST", path, (), body)


def _queries(pairs: dict[str, str]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter("query", name, False, {"type": "string", **({"default": v} if v else {})}, v)
        for name, v in pairs.items()
    )


def _operation(
    method: str, path: str, parameters: tuple[Parameter, ...], body: Body | None = None
) -> Operation:
    return Operation(
        method=method,
        path=path,
        name="",
        place=None,
        entered=ENTERED,
        parameters=parameters,
        body=body,
        dependencies=(),
        security=(),
        response=Response(None),
        template=path,
        fastapi=False,
        takes_request=True,
    )
