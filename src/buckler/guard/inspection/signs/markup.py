"""Signs of scripts in pages (CWE-79) and of entities in XML (CWE-611)."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_xss = partial(Sign, Attack.XSS)
_xxe = partial(Sign, Attack.XXE)
_JAVASCRIPT = r"j[\t\r\n]*a[\t\r\n]*v[\t\r\n]*a[\t\r\n]*s[\t\r\n]*c[\t\r\n]*r[\t\r\n]*i[\t\r\n]*p[\t\r\n]*t[\t\r\n]*~:"
_CALLS = (
    r"(?:(?:alert|confirm|prompt|eval|fetch|atob|settimeout|import|string\.fromcharcode|msgbox|\$\.get(?:script)?)~[(`]"
    r"|document\.(?:cookie|location|domain|write)|(?:window|top|self|parent)[.\[]|location~(?:=|\.)|new image)"
)
_STANDARD = re.compile(r"<!doctype (?:html|svg)\b|-//(?:w3c|oasis|ietf|apple)//")
_LOADS = (
    r"on(?:error|load|begin|toggle|start|focus|focusin|pageshow|animation\w*|transition\w*|mouseover|mouseenter"
    r"|pointer\w+|wheel|scroll\w*|canplay|loadstart|hashchange|readystatechange)"
)

SIGNS: Final = (
    # An element that runs what is in it, with something to run.
    _xss(4, rf"<~script\b[^>\n]*>[^<]*{_CALLS}", prose=4),
    _xss(4, r"<~script\b[^>\n]*[\s/](?:src|xlink:href)~=~['\"]?~(?:(?:https?:)?//|data:)", prose=2),
    _xss(2, r"<~/?~script\b", prose=0),
    _xss(2, r"['\"]~/?~>~<~(?:script|svg|img|iframe|body|math|object|embed|details|video)\b", prose=1),
    _xss(4, r"</(?:textarea|title|style|script|noscript|option|select)~>~<~(?:script|svg|img|iframe)\b"),
    # A handler.
    _xss(4, rf"\b{_LOADS}~=~['\"`]?[^'\">\n]*{_CALLS}", prose=3),
    _xss(4, rf"[\s/'\"]on[a-z]+~=~['\"`]?[^'\">\n]*{_CALLS}", prose=2),
    _xss(2, r"<~[a-z!/][^>\n]*[\s/'\"]on[a-z]+~=", prose=0),
    _xss(2, rf"<~(?:img|svg|body|iframe|video|audio|details|marquee|input|animate|source)\b[^>\n]*[\s/'\"]{_LOADS}~=", prose=1),
    # An address that is a script.
    _xss(4, rf"{_JAVASCRIPT}~(?:[a-z$_.\[\]0-9]+~[(=`]|//|%|['\"(\[])", prose=2),
    _xss(2, rf"(?:href|src|action|formaction|data|content|url)~[=(]~['\"]?[^'\">\n]*{_JAVASCRIPT}", prose=2),
    _xss(4, r"\bvbscript~:~\w+~\("),
    _xss(4, r"\bdata:text/html~[;,]"),
    # Something that loads a page of somebody else's.
    _xss(4, r"<~(?:iframe|embed|object|frame|applet)\b[^>\n]*[\s/](?:src|data|code)~=~['\"]?~(?://|data:text)", prose=3),
    _xss(4, r"<~iframe\b[^>\n]*[\s/]srcdoc~=", prose=2),
    _xss(4, r"<~base\b[^>\n]*[\s/]href~=", prose=2),
    _xss(4, rf"<~meta\b[^>\n]*http-equiv~=~['\"]?refresh[^>\n]*(?:{_JAVASCRIPT}|data:)"),
    # A text in a script that is left.
    _xss(4, rf"^[\w\s\\]{{0,8}}['\"`]\)*~[-+;*,|&}}]+~{_CALLS}"),
    _xxe(4, r"<!entity (?:% )?[\w:.-]+ (?:system|public)\b|<!entity %|<!entity [\w:.-]+~['\"][^'\"\n]*&[\w-]+;", prose=3),
    _xxe(4, r"<!doctype \w+ (?:system|public [^>\n\[]*)~['\"](?:https?:|file:|ftp:|php:|expect:|//)[^>\n]*\.dtd",
         prose=2, confirm=lambda value: not _STANDARD.search(value)),
    _xxe(4, r"<!doctype \w+ system~['\"](?:file:|ftp:|php:|expect:|gopher:)", prose=2),
    _xxe(4, r"<xi:include\b[^>\n]*href~=~['\"](?:file:|https?:|/|\.\.)", prose=2),
)  # fmt: skip
