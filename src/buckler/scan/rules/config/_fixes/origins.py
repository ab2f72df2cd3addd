"""Repairs of the origins that CORS lets in (CWE-942)."""

from __future__ import annotations

import ast
import re

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument
from buckler.scan.rules.injection._fixes.pieces import Letter, pieces_of

_SPECIAL = re.compile(r"\\.|\[[^\]]*\]|\.[*+]\??|\.")
_HOST_LETTERS = "[a-z0-9.-]"


def dots_escaped(draft: Draft, node: ast.expr) -> str:
    """Escape the bare dots of a pattern that is written as a literal.

    Returns:
        ``dots`` where only dots were bare, ``wide`` where ``.*`` was narrowed as well, empty where the
        pattern is no literal or there is nothing to do.
    """
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return ""
    try:
        parts = pieces_of(draft, node).parts
    except UnreadableText:
        return ""
    letters = [part for part in parts if isinstance(part, Letter)]
    if len(letters) != len(parts):
        return ""
    done = ""
    for found in _SPECIAL.finditer("".join(letter.text for letter in letters)):
        if found.group()[0] != ".":
            continue
        letter = letters[found.start()]
        if found.group() == ".":
            raw = "r" in letter.token.prefix.lower()
            draft.edit(letter.start, letter.end, "\\." if raw else "\\\\.")
            done = done or "dots"
        else:
            draft.edit(letter.start, letter.end, _HOST_LETTERS)
            done = "wide"
    return done


def plain_origins_out(draft: Draft, call: ast.Call) -> bool:
    """Take ``null`` and origins without TLS out of a list or pattern; whether there was one."""
    listed = argument(call, "allow_origins")
    done = False
    if isinstance(listed, ast.List | ast.Tuple):
        texts = [item.value if isinstance(item, ast.Constant) else None for item in listed.elts]
        gone = [n for n, text in enumerate(texts) if text == "null"]
        for number, text in enumerate(texts):
            if isinstance(text, str) and _is_plain(text):
                secure = f"https://{text.removeprefix('http://')}"
                if secure in texts:
                    gone.append(number)
                else:
                    draft.replace(listed.elts[number], draft.quote(secure))
                    done = True
        if gone:
            draft.remove_elements(listed, *sorted(gone))
            done = True
    return _secure_pattern(draft, argument(call, "allow_origin_regex")) or done


def _is_plain(origin: str) -> bool:
    host = origin.removeprefix("http://").partition("/")[0].partition(":")[0]
    local = "." not in host or host.startswith(("127.", "0."))
    return origin.startswith("http://") and not local


def _secure_pattern(draft: Draft, node: ast.expr | None) -> bool:
    """``https?://`` becomes ``https://``."""
    if not isinstance(node, ast.Constant) or not str(node.value).startswith("https?://"):
        return False
    start, end = draft.source.span(node)
    at = draft.text.find("https?://", start, end)
    if at < 0:
        return False
    draft.edit(at + len("https"), at + len("https?"), "")
    return True
