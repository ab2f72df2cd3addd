"""Tells what an error's text gives away (CWE-209): the words of an exception, a path, a statement, a version.

Threat: an error that shows an attacker how the application is built, and where (ASVS 5.0 V16.5.1). A word
that people use, too, is no sign by itself: each pattern needs the form that a program gives it. Every
pattern begins with a word of its own and is bounded, so that the time grows with the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from buckler.core.shapes import cards, likely

_START = r"(?:^|(?<=[\s'\"`(=\[,:<>{|]))"
_TRACEBACKS = r"""
      Traceback\ \(most\ recent | \bDuring\ handling\ of\ the\ above\ exception
    | \bFile\s(?:\\{0,3}["']|&(?:quot|\#34);).{1,300}?,\sline\s\d
    | \b\w{0,80}\.py[cx]?(?:"?,\ line\ |:)\d
    | \bat\ [\w.$<>]{1,200}\s?\([\w./\\<>-]{1,300}:\d+ | \bgoroutine\ \d+\ \[
    | \b(?:site|dist)-packages\b | \bin\ <module>
    | \b[A-Z]\w{0,80}(?:Error|Exception|Warning)\b(?::|\(|'>)
    | \[(?:Errno|WinError)\ -?\d
"""
_DATABASES = r"""
      \b(?:SELECT\s.{1,400}?\sFROM|INSERT\s+INTO|UPDATE\s.{1,400}?\sSET|DELETE\s+FROM|(?:DROP|ALTER|CREATE)\s+TABLE)\b
    | (?i:\bsqlstate\b|\bORA-\d{5}\b|\bPLS-\d{5}\b|\bSQL\d{4}N\b|\bsqlalche\.me/e/)
    | \[(?:SQL|parameters):\ | \bDETAIL:\s{1,4}Key
    | \b(?:relation|sequence|operator|constraint|column\ reference)\ \\?"[^"]{1,128}"\ (?:does|already|is)\ | \bof\ relation\ \\?"
    # As the database begins its message; the words of people begin with a capital or an article.
    | (?:^|\bERROR:\s{1,4}|\)\ )(?:column|function|type|schema|database|role|index|table)\ \\?"[^"]{1,128}"\ (?:does\ not|already)\ exist
    | \bLINE\ \d{1,6}:\ |\bDB-Lib\ error\b
    | (?i:\bduplicate\skey\svalue\sviolates|\bviolates\s(?:unique|foreign\skey|not-null|check|exclusion)\sconstraint)
    | (?i:\bsyntax\serror\sat\sor\snear|\binvalid\sinput\ssyntax\sfor|\bcurrent\stransaction\sis\saborted)
    | \b(?:password\ authentication\ failed\ for\ user|permission\ denied\ for\ (?:table|relation|schema|sequence|database))\b
    | (?i:\berror\sin\syour\sSQL\ssyntax|\bduplicate\sentry\s'.{1,300}?'\sfor\skey|\bunknown\scolumn\s'[^']{1,128}'\sin)
    | (?i:\btable\s'[\w$]{1,64}\.[\w$]{1,64}'\sdoesn't\sexist|\baccess\sdenied\sfor\suser\s')
    | (?i:\bcannot\s(?:add\sor\supdate|delete\sor\supdate)\sa\s(?:child|parent)\srow|\bMySQL\sserver\b|\bdata\stoo\slong\sfor\scolumn\s')
    | \b(?:UNIQUE|NOT\ NULL|FOREIGN\ KEY|CHECK|PRIMARY\ KEY)\ constraint\b | \bno\ such\ (?:table|column|function):
    | (?i:\bnear\s\\?"[^"]{1,128}":\ssyntax\serror) | \bunrecognized\ token: | \bdatabase\ is\ locked\b
    | \bunable\ to\ open\ database\ file\b
    | (?i:\bincorrect\ssyntax\snear\s'|\bunclosed\squotation\smark\safter|\binvalid\sobject\sname\s'|\[ODBC\b)
    | \bE11000\ duplicate\ key\b | \bWRONGTYPE\ Operation\b | \bNOAUTH\ Authentication\b | \bindex_not_found_exception\b
    | \b(?:psycopg2?|asyncpg|aiosqlite|sqlalchemy|pymysql|MySQLdb|aiomysql|oracledb|cx_Oracle|pyodbc|sqlite3|pymongo|motor
        |redis|aioredis|httpx2?|httpcore|aiohttp|urllib3|botocore|boto3|pydantic_core|starlette|uvicorn|anyio)\.\w
"""
_PATHS = rf"""
      {_START}(?:file://)?(?:
          (?i:/(?:usr|opt|var|etc|tmp|root|proc|mnt|srv))/[\w.-]
        | /(?:home|Users|Volumes)/[\w.-]{{1,64}}/[\w.-] | /private/(?:var|tmp|etc)\b | /run/secrets\b | /dev/shm\b
        | /(?:[\w.-]{{1,64}}/){{1,16}}[\w.-]{{1,64}}?\.(?:py|pyc|so|db|sqlite3?|env|ini|cfg|conf|toml|pem|sock)\b
        | [A-Za-z]:\\{{1,4}}[\w. ()-]{{1,64}}[\\.] | [A-Za-z]:/(?:Users|Windows|Program\ Files|inetpub)/
        | \\{{2,4}}[\w.-]{{1,64}}\\{{1,2}}[\w.$-]
      )
"""
_PLACES = r"""
      (?i:\b(?:postgres(?:ql)?|mysql|mariadb|sqlite|mongodb|rediss?|amqps?|mssql|oracle|cockroachdb|clickhouse|cassandra
        |kafka|nats|ldaps?|memcached?|elasticsearch|smtps?|jdbc)(?:\+\w{1,32})?:(?:\w{1,32}:)?//)
    | (?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|127\.\d{1,3}|169\.254
        |100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.\d{1,3}\.\d{1,3}(?![\w.]\d)\b
    | (?i:(?<![\w:])(?:f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{0,4})
    | (?<![\w:])::1\b
    | (?i:\blocalhost:\d{2,5}\b
        | (?:://|@)[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:internal|local|localdomain|lan|intranet|corp|svc)\b
        | \b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:internal|local|localdomain|lan|intranet|corp|svc):\d{2,5}\b
        | \b[\w-]{1,63}\.(?:svc\.cluster\.local|compute\.internal)\b)
    | \bHTTPS?ConnectionPool\( | \bMax\ retries\ exceeded\ with\ url | \bgetaddrinfo\ failed | \bName\ or\ service\ not\ known
    | \bCannot\ connect\ to\ host\b | \bError\ \d{1,4}\ connecting\ to\b
"""
_VERSIONS = r"""
      (?i:\b(?:c?python|uvicorn|gunicorn|hypercorn|granian|daphne|fastapi|starlette|werkzeug|django|flask|pydantic
        |sqlalchemy|nginx|openresty|apache|caddy|envoy|haproxy|traefik|openssl|php|node|express|tomcat|jetty|microsoft-iis
        |postgresql|mysql|mariadb|sqlite|mongodb|redis|httpx|python-requests|aiohttp|urllib3)/v?\d+\.\d)
    | (?i:\b(?:uvicorn|gunicorn|hypercorn|granian|fastapi|starlette|werkzeug|nginx|postgresql|mysql|mariadb|openssl|pydantic
        |sqlalchemy)\ v?\d+\.\d)
    | (?i:\bc?python\ v?\d+\.\d+\.\d)
    | \berrors\.pydantic\.dev\b | \b\d+\ validation\ errors?\ for\ \w | \binput_(?:value|type)=
"""
_OBJECTS = r"""
      <[\w.]{1,200}(?:\ [\w.<>]{1,200})?\ (?:object\ )?at\ 0x[0-9a-fA-F]+ | <(?:class|module|enum|function|coroutine)\ ['\w]
    | '?\bNoneType\b | \bobject\ has\ no\ attribute\ | \bmissing\ \d+\ required\ (?:positional|keyword)
    | \btakes\ \d+\ positional\ arguments?\b | \bgot\ an\ unexpected\ keyword\ argument\b | \bunsupported\ operand\ type
    | \bobject\ is\ not\ (?:subscriptable|callable|iterable|JSON\ serializable) | \binvalid\ literal\ for\ \w{1,16}\(
    | \b(?:list|tuple|string)\ index\ out\ of\ range\b | \bstring\ indices\ must\ be\b | \bNo\ module\ named\b
    | \bcannot\ import\ name\b | \bname\ '\w{1,80}'\ is\ not\ defined\b | \bmaximum\ recursion\ depth\b
    | \(char\ \d+\) | \bcodec\ can't\ (?:decode|encode)\b | \bnot\ enough\ values\ to\ unpack\b
"""
_ENVIRONMENT = r"""
      \benviron\(\{ | (?:\b[A-Z][A-Z0-9]{0,40}_[A-Z0-9_]{1,60}=[^\s,;]{1,300}[\s,;]{1,8}){2}
    | ['"]?\b(?:PATH|PYTHONPATH|LD_LIBRARY_PATH|VIRTUAL_ENV|PYTHONHOME)['"]?\s?[=:]\s?['"]?/
    | \b[A-Z0-9_]{0,60}(?:SECRET|PASSWORD|API_KEY|DATABASE_URL|ACCESS_KEY)[A-Z0-9_]{0,60}(?:=[^\s]|['"]:\s?['"])
    | (?i:\b(?:dbname|host|server|user\ id|uid)=[^\s;]{1,256}[\s;].{0,300}?\b(?:password|pwd)=)
"""
_INSIDE: Final = tuple(
    re.compile(pattern, re.VERBOSE | re.DOTALL)
    for pattern in (*(_TRACEBACKS, _DATABASES, _PATHS, _PLACES, _VERSIONS, _OBJECTS, _ENVIRONMENT),)
)
MIN_LENGTH = 4
MAX_CAUSES = 8
MAX_TEXT: Final = 8192
"""Characters of what somebody may have written for people; what is longer is left out unread."""
MAX_DEPTH: Final = 16
_OF_AN_ERROR: Final = frozenset(("type", "loc", "msg"))
_OF_THE_CALLER: Final = frozenset(("input", "ctx", "url"))


def tells_inside(text: str, error: BaseException | None = None) -> bool:
    """Whether a text tells how the application works inside, or holds a credential.

    Args:
        text: Meant for the caller.
        error: What is being answered; where its text came from an exception that it was raised in
            reply to (``HTTPException(400, str(error))``), it is told.
    """
    if len(text) > MAX_TEXT:
        return True
    if any(pattern.search(text) for pattern in _INSIDE):
        return True
    if any(True for shape in likely(text) for _ in shape.found(text)):
        return True
    if any(card.grouped or "card" in text.lower() for card in cards(text)):
        return True
    return any(len(cause) >= MIN_LENGTH and cause in text for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[str]:
    for _ in range(MAX_CAUSES):
        if error is None:
            return
        error = error.__cause__ or error.__context__
        if error is not None:
            yield str(error)
            for argument in error.args:
                if isinstance(argument, str):
                    yield argument


def cleaned(detail: Any, error: BaseException | None = None, depth: int = 0) -> Any:
    """A JSON value without the texts that tell of the inside; None where all of it does.

    Args:
        detail: What the application says.
        error: What it says it with.
        depth: How deep it lies; what lies deeper than :data:`MAX_DEPTH` is left out.
    """
    if isinstance(detail, Enum):
        detail = detail.value
    if isinstance(detail, str):
        return None if tells_inside(detail, error) else detail
    if isinstance(detail, bool | int | float) or detail is None:
        return detail
    if isinstance(detail, UUID | Decimal | date | datetime | time | timedelta):
        return str(detail)
    if depth >= MAX_DEPTH:
        return None
    if isinstance(detail, Mapping):
        # A list of Pydantic's errors repeats what was sent, and names the version.
        skipped = _OF_THE_CALLER if detail.keys() >= _OF_AN_ERROR else frozenset()
        return {
            name: cleaned(value, error, depth + 1)
            for name, value in ((str(k), v) for k, v in detail.items())
            if name not in skipped and not tells_inside(name, error)
        }
    if isinstance(detail, list | tuple | set | frozenset):
        return [cleaned(item, error, depth + 1) for item in detail]
    return None
