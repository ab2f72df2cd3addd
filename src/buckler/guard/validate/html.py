"""HTML that people write, cleaned by nh3 against an allow-list (CWE-79; ASVS 5.0 V1.3.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

from buckler.guard.options import GuardError
from buckler.guard.validate.marker import Marker, refusal

TAGS: Final = frozenset(
    "a abbr b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre s strong sub sup table tbody"
    " td th thead tr u ul".split()
)
"""What is kept unless told otherwise: no pictures, which tell their server who looks."""
ATTRIBUTES: Final[Mapping[str, Collection[str]]] = {
    "a": ("href", "title"),
    "abbr": ("title",),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan", "scope"),
}
MOST_ELEMENTS: Final = 2000
"""Beginnings of elements in one text: cleaning takes longer the deeper they lie in each other."""
SCHEMES: Final = frozenset({"https", "http", "mailto"})
_NEVER_TAGS: Final = frozenset(
    "animate applet base body button embed form frame frameset head html iframe input link math meta"
    " noembed noframes noscript object param plaintext portal script select set style svg template"
    " textarea title xmp".split()
)
_NEVER_ATTRIBUTES: Final = frozenset(
    {"style", "srcdoc", "formaction", "ping", "srcset", "xlink:href"}
)
_NEVER_SCHEMES: Final = frozenset({"javascript", "vbscript", "data", "blob", "file", "about"})


class Html(Marker):
    """An allow-list for HTML: ``Annotated[str, Html(tags={"p", "a"})]``.

    What is not on the list is taken out, so that what the application gets can be put into a page as it is.
    Comments go, links get ``rel="noopener noreferrer nofollow"``. Cleaning is for the place of an
    element: do not put the outcome into an attribute or a script.

    Args:
        tags: Elements that stay.
        attributes: By element, those that stay; ``*`` for every element.
        schemes: Of addresses.
        max_length: Characters of what is sent.

    Raises:
        GuardError: nh3 is not installed, or the list holds what runs code or styles the page.
    """

    __slots__ = ("_attributes", "_cleaner", "_tags")

    def __init__(
        self,
        *,
        tags: Collection[str] = TAGS,
        attributes: Mapping[str, Collection[str]] = ATTRIBUTES,
        schemes: Collection[str] = SCHEMES,
        max_length: int = 20_000,
    ) -> None:
        super().__init__(0, max_length)
        try:
            import nh3
        except ModuleNotFoundError as error:
            raise GuardError("SafeHtml needs nh3", hint="pip install 'buckler[html]'") from error
        if isinstance(tags, str) or isinstance(schemes, str):
            raise GuardError("tags and schemes are lists of names")
        self._tags = frozenset(tag.lower() for tag in tags)
        self._attributes = {
            tag: {name.lower() for name in names} - {"rel"} for tag, names in attributes.items()
        }
        allowed = {scheme.lower() for scheme in schemes}
        names = set().union(*self._attributes.values())
        events = {name for name in names if name.startswith("on")}
        bad = (
            self._tags & _NEVER_TAGS | names & _NEVER_ATTRIBUTES | events | allowed & _NEVER_SCHEMES
        )
        if bad:
            raise GuardError(f"SafeHtml cannot allow {', '.join(sorted(bad))}")
        self._cleaner = nh3.Cleaner(
            tags=set(self._tags),
            attributes={t: n for t, n in self._attributes.items() if t in self._tags or t == "*"},
            url_schemes=allowed,
            link_rel="noopener noreferrer nofollow",
        )

    def check(self, text: str) -> str:
        """The HTML that is left."""
        if text.count("<") > MOST_ELEMENTS:
            raise refusal("html", "has too many elements")
        return self._cleaner.clean(text)

    def shown(self) -> dict[str, Any]:
        """The elements that stay."""
        kept = ", ".join(sorted(self._tags))
        return {
            "description": f"HTML; what is not allowed is taken out. Allowed: {kept}",
            "contentMediaType": "text/html",
        }


SafeHtml = Annotated[str, Html()]
"""Text with links, lists and tables; up to 20,000 characters."""
