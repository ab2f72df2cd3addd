"""Whether a body that does not say that it is JSON can be it: how far JSON's grammar goes (RFC 8259, 2).

Threat: a handler may ask for JSON whatever the type says (CWE-674, CWE-770). The other way round, a log whose
lines begin with ``[2026-01-01`` and a page that begins with ``[link](`` are no JSON: a parser stops at their
first bytes, so that what follows costs the application nothing, and a refusal would be a false alarm.
"""

from __future__ import annotations

import json
import re
from typing import Final

BEGINNING: Final = 16_384
"""Bytes that are looked at; what is JSON for so long is taken for it."""
LEADING: Final = b" \t\r\n\v\f\xef\xbb\xbf\xff\xfe\x00"
"""What a parser, or who calls it, may take off: white space, byte order marks, the zeros of UTF-16 and 32."""
UTF8: Final = ("utf-8", "utf-8-sig")

# A token and what may follow it. Brackets are not matched up, and several texts may follow each other
# (JSON lines), so it stops nowhere before a parser does, those included that read NaN as Python's does.
_TOKEN: Final = re.compile(
    rb"""[ \t\r\n]*(?:
        \{ (?= [ \t\r\n]* (?: ["}] | \Z ) )
      | [\[,:] (?= [ \t\r\n]* (?: [\[\]{"\-\dtfnNI] | \Z ) )
      | [\]}] (?= [ \t\r\n]* (?: [\]},\[{] | \Z ) )
      | (?: "[^"\\]*(?:\\.[^"\\]*)*"
          | -?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?
          | true | false | null | NaN | -?Infinity
        ) (?= [ \t\r\n]* (?: [,:\]}] | \Z ) )
      | (?: "[^"\\]*(?:\\.[^"\\]*)*\\? | [-+.\w]+ ) \Z  # cut off
    )""",
    re.VERBOSE | re.DOTALL,
)


def begins_like_json(text: bytes) -> bool:
    """Whether what is not :data:`LEADING` begins with an array or an object."""
    return text.lstrip(LEADING)[:1] in (b"[", b"{")


def beginning(text: bytes) -> bytes | None:
    """The part of a text that a parser of JSON may read before it stops, in UTF-8.

    Args:
        text: As it came.

    Returns:
        None where that goes on for all of the text, or for longer than is looked at.
    """
    begun = text[:BEGINNING]
    encoding = json.detect_encoding(begun)
    if encoding not in UTF8:
        begun = begun.decode(encoding, "replace").encode("utf-8", "replace")
    at = len(begun) - len(begun.lstrip(LEADING))
    match = _TOKEN.match
    while found := match(begun, at):
        at = found.end()
    return None if not begun[at:].strip(LEADING) else begun[:at]
