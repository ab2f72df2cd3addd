"""Tells what an error's text gives away (CWE-209): the words of an exception, a path, a statement, a version.

Threat: an error that shows an attacker how the application is built, and where (ASVS 5.0 V16.5.1). A word
that people use, too, is no sign by itself: each pattern needs the form that a program gives it. Every
pattern begins with a word of its own and is bounded, so that the time grows with the text alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from buckler.core.shapes import cards, likely

_START = r"(?:^|(?<=[\s'\"`(=\[,:<>{|]))"
_TRACEBACKS = r"""
      Traceback\ \(most\ recent | (?<=\w)\.py[cx]?(?:"?,\ line\ |:)\d | \[(?:Errno|WinError)\ -?\d
    | \b(?=\w)(?:
          During\ handling\ of\ the\ above\ exception
        | File\s(?:\\{0,3}["']|&(?:quot|\#34);).{1,300}?,\sline\s\d
        | at\ [\w.$<>]{1,200}+\s?\([\w./\\<>-]{1,300}:\d | goroutine\ \d+\ \[
        | (?:site|dist)-packages\b | in\ <module>
        | [A-Z]\w{0,80}(?:Error|Exception|Warning)\b(?::|\(|'>)
      )
"""
_DATABASES = r"""
      \[(?:SQL|parameters):\ | \[ODBC\b
    # As the database begins its message; the words of people begin with a capital or an article.
    | (?:^|\bERROR:\s{1,4}|\)\ )(?:column|function|type|schema|database|role|index|table)\ \\?"[^"]{1,128}"\ (?:does\ not|already)\ exist
    | \b(?=[A-Za-z])(?:
          SELECT\s.{1,400}?\sFROM\b|INSERT\s+INTO\b|UPDATE\s.{1,400}?\sSET\b|DELETE\s+FROM\b|(?:DROP|ALTER|CREATE)\s+TABLE\b
        | (?i:sqlstate\b|ORA-\d{5}\b|PLS-\d{5}\b|SQL\d{4}N\b|sqlalche\.me/e/) | DETAIL:\s{1,4}Key
        | (?:relation|sequence|operator|constraint|column\ reference)\ \\?"[^"]{1,128}"\ (?:does|already|is)\ | of\ relation\ \\?"
        | LINE\ \d{1,6}:\ |DB-Lib\ error\b
        | (?i:duplicate\skey\svalue\sviolates|violates\s(?:unique|foreign\skey|not-null|check|exclusion)\sconstraint)
        | (?i:syntax\serror\sat\sor\snear|invalid\sinput\ssyntax\sfor|current\stransaction\sis\saborted)
        | password\ authentication\ failed\ for\ user\b
        | permission\ denied\ for\ (?:table|relation|schema|sequence|database)\b
        | (?i:error\sin\syour\sSQL\ssyntax|duplicate\sentry\s'.{1,300}?'\sfor\skey|unknown\scolumn\s'[^']{1,128}'\sin)
        | (?i:table\s'[\w$]{1,64}\.[\w$]{1,64}'\sdoesn't\sexist|access\sdenied\sfor\suser\s')
        | (?i:cannot\s(?:add\sor\supdate|delete\sor\supdate)\sa\s(?:child|parent)\srow|MySQL\sserver\b|data\stoo\slong\sfor\scolumn\s')
        | (?:UNIQUE|NOT\ NULL|FOREIGN\ KEY|CHECK|PRIMARY\ KEY)\ constraint\b | no\ such\ (?:table|column|function):
        | (?i:near\s\\?"[^"]{1,128}":\ssyntax\serror) | unrecognized\ token: | database\ is\ locked\b
        | unable\ to\ open\ database\ file\b
        | (?i:incorrect\ssyntax\snear\s'|unclosed\squotation\smark\safter|invalid\sobject\sname\s')
        | E11000\ duplicate\ key\b | WRONGTYPE\ Operation\b | NOAUTH\ Authentication\b | index_not_found_exception\b
        | (?:psycopg2?|asyncpg|aiosqlite|sqlalchemy|pymysql|MySQLdb|aiomysql|oracledb|cx_Oracle|pyodbc|sqlite3|pymongo|motor
            |redis|aioredis|httpx2?|httpcore|aiohttp|urllib3|botocore|boto3|pydantic_core|starlette|uvicorn|anyio)\.\w
      )
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
_ZONES = "(?:internal|local|localdomain|lan|intranet|corp|svc)"
_PLACES = rf"""
      (?<![\w.])(?=1)(?:10\.\d{{1,3}}|192\.168|172\.(?:1[6-9]|2\d|3[01])|127\.\d{{1,3}}|169\.254
        |100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.\d{{1,3}}\.\d{{1,3}}(?![\w.]\d)\b
    | (?<![\w:])(?=[fF:])(?:(?i:f[cd][0-9a-f]{{2}}|fe[89ab][0-9a-f]):(?i:[0-9a-f]{{0,4}}:){{1,6}} | ::1\b)
    | (?:://|@)[\w-]{{1,63}}+(?:\.(?!(?i:{_ZONES})\b)[\w-]{{1,63}}+){{0,4}}\.(?i:{_ZONES})\b
    | (?<=[\w-])\.(?i:{_ZONES}:\d{{2,5}}\b|svc\.cluster\.local\b|compute\.internal\b)
    | \b(?=[A-Za-z])(?:
          (?i:(?:postgres(?:ql)?|mysql|mariadb|sqlite|mongodb|rediss?|amqps?|mssql|oracle|cockroachdb|clickhouse|cassandra
            |kafka|nats|ldaps?|memcached?|elasticsearch|smtps?|jdbc)(?:\+\w{{1,32}})?:(?:\w{{1,32}}:)?//)
        | (?i:localhost:\d{{2,5}}\b)
        | HTTPS?ConnectionPool\( | Max\ retries\ exceeded\ with\ url | getaddrinfo\ failed | Name\ or\ service\ not\ known
        | Cannot\ connect\ to\ host\b | Error\ \d{{1,4}}\ connecting\ to\b
      )
"""
_VERSIONS = r"""
      \b(?=[A-Za-z])(?:
        (?i:(?:c?python|uvicorn|gunicorn|hypercorn|granian|daphne|fastapi|starlette|werkzeug|django|flask|pydantic
            |sqlalchemy|nginx|openresty|apache|caddy|envoy|haproxy|traefik|openssl|php|node|express|tomcat|jetty|microsoft-iis
            |postgresql|mysql|mariadb|sqlite|mongodb|redis|httpx|python-requests|aiohttp|urllib3)/v?\d+\.\d)
        | (?i:(?:uvicorn|gunicorn|hypercorn|granian|fastapi|starlette|werkzeug|nginx|postgresql|mysql|mariadb|openssl|pydantic
            |sqlalchemy)\ v?\d+\.\d)
        | (?i:c?python\ v?\d+\.\d+\.\d)
        | errors\.pydantic\.dev\b | input_(?:value|type)=
      )
    | \b\d+\ validation\ errors?\ for\ \w
"""
_OBJECTS = r"""
      <(?:[\w.]{1,200}+(?:\ [\w.<>]{1,200}+)??\ (?:object\ )?at\ 0x[0-9a-fA-F] | (?:class|module|enum|function|coroutine)\ ['\w])
    | \(char\ \d+\)
    | \b(?=[A-Za-z])(?:
          NoneType\b | object\ has\ no\ attribute\ | missing\ \d+\ required\ (?:positional|keyword)
        | takes\ \d+\ positional\ arguments?\b | got\ an\ unexpected\ keyword\ argument\b | unsupported\ operand\ type
        | object\ is\ not\ (?:subscriptable|callable|iterable|JSON\ serializable) | invalid\ literal\ for\ \w{1,16}\(
        | (?:list|tuple|string)\ index\ out\ of\ range\b | string\ indices\ must\ be\b | No\ module\ named\b
        | cannot\ import\ name\b | name\ '\w{1,80}'\ is\ not\ defined\b | maximum\ recursion\ depth\b
        | codec\ can't\ (?:decode|encode)\b | not\ enough\ values\ to\ unpack\b
      )
"""
_ENVIRONMENT = r"""
      \b(?=\w)(?:
          environ\(\{ | (?:\b[A-Z][A-Z0-9]{0,40}+_[A-Z0-9_]{1,60}+=[^\s,;]{1,300}+[\s,;]{1,8}){2}
        | (?:PATH|PYTHONPATH|LD_LIBRARY_PATH|VIRTUAL_ENV|PYTHONHOME)['"]?\s?[=:]\s?['"]?/
      )
    | (?:SECRET|PASSWORD|API_KEY|DATABASE_URL|ACCESS_KEY)[A-Z0-9_]{0,60}+(?:=[^\s]|['"]:\s?['"])
"""
_CONNECTED = re.compile(r"\b(?:dbname|host|server|user id|uid)=[^\s;]{1,256}+[\s;]", re.IGNORECASE)
_PASSWORD = re.compile(r"\b(?:password|pwd)=", re.IGNORECASE)
_NEAR: Final = 300
"""Characters between the parts of a database's connection text."""
_INSIDE: Final = tuple(
    re.compile(pattern, re.VERBOSE | re.DOTALL)
    for pattern in (*(_TRACEBACKS, _DATABASES, _PATHS, _PLACES, _VERSIONS, _OBJECTS, _ENVIRONMENT),)
)
MIN_LENGTH = 4
MAX_CAUSES = 8
MAX_TEXT: Final = 4_096
"""Characters of what somebody may have written for people; what is longer is left out unread."""


def tells_inside(text: str, causes: Iterable[str] = ()) -> bool:
    """Whether a text tells how the application works inside, or holds a credential.

    Args:
        text: Meant for the caller.
        causes: Texts of the exceptions behind what is being answered, as :func:`causes` has them.
    """
    if len(text) > MAX_TEXT:
        return True
    if any(pattern.search(text) for pattern in _INSIDE) or _connects(text):
        return True
    if any(True for shape in likely(text) for _ in shape.found(text)):
        return True
    if any(card.grouped or "card" in text.lower() for card in cards(text)):
        return True
    return any(cause in text for cause in causes)


def _connects(text: str) -> bool:
    """Whether a database's connection text stands in it: a place, and a password not far behind."""
    places = [found.end() for found in _CONNECTED.finditer(text)]
    if not places:
        return False
    return any(
        0 <= found.start() - place <= _NEAR
        for found in _PASSWORD.finditer(text)
        for place in places[bisect_right(places, found.start()) - 1 :][:1]
    )


def causes(error: BaseException | None) -> tuple[str, ...]:
    """What the exceptions say that an error was raised in reply to (``HTTPException(400, str(error))``).

    Args:
        error: What is being answered.
    """
    found: list[str] = []
    for _ in range(MAX_CAUSES):
        error = None if error is None else error.__cause__ or error.__context__
        if error is None:
            break
        if not hasattr(error, "error_count"):  # Pydantic's is long to make, and known by its form
            found.append(str(error))
        found += [one for one in error.args[:MAX_CAUSES] if isinstance(one, str)]
    return tuple(one for one in found if MIN_LENGTH <= len(one) <= MAX_TEXT)
