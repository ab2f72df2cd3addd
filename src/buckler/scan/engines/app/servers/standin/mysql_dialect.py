"""Rewrites what only MySQL says into what the databases' parser reads as well.

Source: MySQL reference manual, "INSERT ... ON DUPLICATE KEY UPDATE", "REPLACE", "TRUNCATE TABLE",
"Character Set Introducers".
"""

from __future__ import annotations

from buckler.scan.engines.app.servers.standin.database import MAX_TEXT
from buckler.scan.engines.app.servers.standin.mysql_packets import Refusal
from buckler.scan.engines.app.servers.standin.mysql_words import (
    Token,
    changed,
    quoted,
    tokens,
    unquoted,
)

_INTRODUCERS = ("_UTF8MB4", "_UTF8MB3", "_UTF8", "_LATIN1", "_ASCII")
_DUPLICATE = ["ON", "DUPLICATE", "KEY", "UPDATE"]
Change = tuple[int, int, str]


def decoded(query: bytes) -> str:
    """The text of a query; what drivers send as ``_binary'...'`` becomes hexadecimal.

    Those literals hold bytes that need not be UTF-8, as the rest is.

    Raises:
        Refusal: It is longer than the databases take, so it is not even looked at.
    """
    if len(query) > MAX_TEXT:
        raise Refusal(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes")
    if b"_binary" not in query:
        return query.decode("utf-8", "replace")
    text = query.decode("latin-1")
    words = list(tokens(text))
    changes = [
        (one.start, after.end, quoted(unquoted(after.text).encode("latin-1", "replace")))
        for one, after in zip(words, words[1:], strict=False)
        if one.text == "_BINARY" and after.kind == "string"
    ]
    return changed(text, changes).encode("latin-1").decode("utf-8", "replace")


def rewritten(statement: str, words: list[Token]) -> str:
    """The statement in words that SQLite's dialect shares.

    Args:
        statement: As it came.
        words: Of it.
    """
    texts = [one.text for one in words]
    changes: list[Change] = []
    if texts[0] == "REPLACE":
        changes.append((words[0].start, words[0].end, "INSERT OR REPLACE"))
    elif texts[0] == "TRUNCATE" and len(words) > 1:
        changes.append((0, words[1 + (texts[1] == "TABLE")].start, "DELETE FROM "))
    elif texts[:2] == ["RENAME", "TABLE"] and texts[3:4] == ["TO"]:
        changes.append((words[0].start, words[0].end, "ALTER"))
        changes.append((words[3].start, words[3].end, "RENAME TO"))
    elif texts[0] == "INSERT":
        changes += _upserted(statement, words, texts)
    for one, after in zip(words, words[1:], strict=False):
        if one.text in _INTRODUCERS and after.kind == "string":
            changes.append((one.start, one.end, ""))
        elif (one.text, after.text) == ("FROM", "DUAL"):
            changes.append((one.start, after.end, ""))
    return changed(statement, sorted(changes)) if changes else statement


def _upserted(statement: str, words: list[Token], texts: list[str]) -> list[Change]:
    """ON DUPLICATE KEY UPDATE, and the new values that it names."""
    at = next((at for at in range(len(words)) if texts[at : at + 4] == _DUPLICATE), None)
    if at is None:
        return []
    changes = [(words[at].start, words[at + 3].end, "ON CONFLICT DO UPDATE SET")]
    for place in range(at + 4, len(words) - 3):
        one, column, close = words[place], words[place + 2], words[place + 3]
        if one.text == "VALUES" and close.text == ")":
            name = unquoted(statement[column.start : column.end])
            changes.append((one.start, close.end, f"excluded.`{name.replace('`', '``')}`"))
    return changes
