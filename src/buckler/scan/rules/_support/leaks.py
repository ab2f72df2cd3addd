"""Text in an answer that only an exception, a driver or a traceback says: CWE-209."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from buckler.scan.engines.interface import Exchange

_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+, in ")
_PATTERNS = (
    ("SQL of the statement", re.compile(r"\[SQL: .{5,}|\bsqlalche\.me/e/", re.DOTALL)),
    (
        "an exception of the database driver",
        re.compile(
            r"\b(sqlite3|psycopg2?|asyncpg|pymysql|MySQLdb|cx_Oracle|pymongo|aiosqlite)\.[\w.]*(Error|Violation)|"
            r"\b(UNIQUE|NOT NULL|FOREIGN KEY|CHECK) constraint failed|no such (column|table): |"
            r"near \"[^\"]*\": syntax error|unrecognized token: |syntax error at or near |"
            r"duplicate key value violates|relation \"[^\"]+\" does not exist|You have an error in your SQL syntax"
        ),
    ),
    (
        "the text of a Python exception",
        re.compile(
            r"\b(ZeroDivision|Key|Index|Attribute|Type|Value|Runtime|Lookup|Name|Assertion|Overflow|Unicode\w*|"
            r"FileNotFound|Permission|OS|IO|NotImplemented|Recursion|Import|ModuleNotFound)Error\b\s*[(:]|"
            r"(float |integer )?division by zero|division or modulo by zero|invalid literal for int\(\)|"
            r"could not convert string to float|'\w+' object (has no attribute|is not (subscriptable|iterable|callable))|"
            r"list index out of range|unsupported operand type|takes \d+ positional argument|"
            r"got an unexpected keyword argument|\[Errno \d+\]|Python int too large to convert|"
            r"Expecting value: line \d+ column|codec can't (de|en)code"
        ),
    ),
    (
        "a path of the server",
        re.compile(r"(?<![\w/])/(?:home|root|srv|opt|usr/lib|app|var/www|code)/[\w./-]+\.py\b"),
    ),
)


def leak(exchange: Exchange) -> tuple[str, str]:
    """What an answer gives away, and the piece of it that shows it; empty texts for nothing.

    What the request itself said does not count: it was only repeated.
    """
    text = exchange.answer.text
    sent = unquote_plus(exchange.request.url) + exchange.request.body.decode("utf-8", "replace")
    matched = _TRACEBACK.search(text)
    if matched:
        return "a traceback", matched.group()
    raised = str((exchange.answer.error or {}).get("message") or "")
    if exchange.request.fail and exchange.request.fail in text:
        return "the text of the exception", exchange.request.fail
    if not exchange.request.fail and len(raised) >= 12 and raised in text and raised not in sent:
        return "the text of the exception", raised[:200]
    for what, pattern in _PATTERNS:
        matched = pattern.search(text.replace('\\"', '"'))
        if matched and matched.group() not in sent:
            return what, matched.group()[:200]
    return "", ""
