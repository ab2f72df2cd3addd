"""What a browser makes of a page: which elements, attributes and scripts hold a word.

The standard library's parser is told what a browser does that it does not: the content of
``textarea``, ``title`` and the like is text and not markup.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

RAW_TEXT = frozenset({"textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"})
URL_ATTRIBUTES = frozenset({"href", "src", "action", "formaction", "data", "xlink:href"})


class Markup(HTMLParser):
    """The standard library's parser, for pages of anybody: markup that it cannot read raises nothing.

    It is fed and not closed: what is not finished at the end of a page is no element for a browser either
    (HTML, 13.2.5), and looking for its end again from each place takes hours on a page that means harm
    (CVE-2025-6069).
    """

    def parse_html_declaration(self, i: int) -> int:
        """``<![`` with no name behind it is a comment up to the next ``>`` (HTML, 13.2.5.42)."""
        try:
            return super().parse_html_declaration(i)
        except AssertionError:
            return self.parse_bogus_comment(i)


class Page(Markup):
    """A page, read for one canary.

    Attributes:
        element: The canary became an element.
        attribute: The canary became an attribute of an element.
        handler: The canary stands in an ``on…`` attribute.
        script: The canary stands in a script outside of a string.
        url: The canary stands in a ``javascript:`` address.
    """

    def __init__(self, text: str, canary: str) -> None:
        super().__init__(convert_charrefs=True)
        self._canary = canary.lower()
        self._inside: list[str] = []
        self.element = self.attribute = self.handler = self.script = self.url = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        if self._inside and self._inside[-1] in RAW_TEXT:
            return
        self.element = self.element or tag.startswith(self._canary)
        for name, value in attrs:
            lowered = (value or "").lower()
            self.attribute = self.attribute or name.startswith(self._canary)
            if name.startswith("on") and self._canary in lowered:
                self.handler = self.handler or unquoted_in_script(lowered, self._canary)
            if name in URL_ATTRIBUTES and re.sub(r"[\x00-\x20]", "", lowered).startswith(
                "javascript:"
            ):
                self.url = self.url or self._canary in lowered
        if tag in RAW_TEXT or tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Text, of the page or of a script."""
        if self._inside and self._inside[-1] == "script" and self._canary in data.lower():
            self.script = self.script or unquoted_in_script(data.lower(), self._canary)


def unquoted_in_script(script: str, canary: str) -> bool:
    """Whether the canary stands outside of every string and comment of a script."""
    quote = ""
    at = 0
    while at < len(script):
        letter = script[at]
        if not quote and script.startswith(canary, at):
            return True
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote or (letter == "\n" and quote != "`"):
                quote = ""
        elif letter in "'\"`":
            quote = letter
        elif script.startswith("//", at):
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
        elif script.startswith("/*", at):
            end = script.find("*/", at)
            at = len(script) if end < 0 else end + 1
        at += 1
    return False
