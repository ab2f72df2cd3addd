"""One name for what libraries give several names: where it is defined, or where it is best known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

FORM = "web.form"
"""A request's form is parsed, whether a parameter or the code asks for it."""
_ALIASES = """
fastapi.responses                  starlette.responses
fastapi.Response                   starlette.responses.Response
fastapi.Request                    starlette.requests.Request
fastapi.requests                   starlette.requests
fastapi.requests.HTTPConnection    starlette.requests.HTTPConnection
starlette.requests.HTTPConnection  starlette.requests.Request
fastapi.WebSocket                  starlette.websockets.WebSocket
fastapi.websockets                 starlette.websockets
fastapi.BackgroundTasks            starlette.background.BackgroundTasks
fastapi.background                 starlette.background
fastapi.templating                 starlette.templating
fastapi.staticfiles                starlette.staticfiles
fastapi.concurrency                starlette.concurrency
fastapi.middleware                 starlette.middleware
fastapi.HTTPException              fastapi.HTTPException
fastapi.exceptions.HTTPException   fastapi.HTTPException
starlette.exceptions.HTTPException fastapi.HTTPException
fastapi.routing.APIRouter          fastapi.APIRouter
fastapi.datastructures             fastapi
fastapi.datastructures.UploadFile  starlette.datastructures.UploadFile
fastapi.UploadFile                 starlette.datastructures.UploadFile
fastapi.applications.FastAPI       fastapi.FastAPI
fastapi.params                     fastapi
fastapi.param_functions            fastapi
fastapi.security.oauth2            fastapi.security
fastapi.security.http              fastapi.security
fastapi.security.api_key           fastapi.security
typing_extensions                  typing
collections.abc                    typing
httpx2                             httpx
flask.globals                      flask
flask.helpers                      flask
flask.templating                   flask
werkzeug.wrappers                  flask
markupsafe                         markupsafe
jinja2.Markup                      markupsafe.Markup
jinja2.escape                      markupsafe.escape
flask.Markup                       markupsafe.Markup
flask.escape                       markupsafe.escape
jinja2.environment                 jinja2
jinja2.sandbox                     jinja2.sandbox
sqlalchemy.sql                     sqlalchemy
sqlalchemy.sql.expression          sqlalchemy
sqlalchemy.sql.text                sqlalchemy.text
sqlalchemy.engine.create_engine    sqlalchemy.create_engine
sqlalchemy.future.create_engine    sqlalchemy.create_engine
sqlalchemy.orm.session             sqlalchemy.orm
sqlalchemy.engine                  sqlalchemy
sqlalchemy.engine.base             sqlalchemy
sqlalchemy.ext.asyncio.session     sqlalchemy.ext.asyncio
sqlalchemy.ext.asyncio.engine      sqlalchemy.ext.asyncio
sqlmodel.Session                   sqlalchemy.orm.Session
sqlmodel.create_engine             sqlalchemy.create_engine
sqlmodel.text                      sqlalchemy.text
sqlmodel.select                    sqlalchemy.select
sqlmodel.ext.asyncio.session       sqlalchemy.ext.asyncio
psycopg2.extras                    psycopg2
psycopg2.extensions                psycopg2
psycopg_pool                       psycopg
asyncpg.connection                 asyncpg
asyncpg.pool                       asyncpg
sqlite3.dbapi2                     sqlite3
pymongo.mongo_client               pymongo
pymongo.collection                 pymongo
pymongo.database                   pymongo
motor.motor_asyncio                motor
os.path                            os.path
posixpath                          os.path
ntpath                             os.path
pathlib.PurePath                   pathlib.PurePath
pathlib.PosixPath                  pathlib.Path
anyio.Path                         pathlib.Path
aiopath.AsyncPath                  pathlib.Path
urllib.parse                       urllib.parse
concurrent.futures.thread          concurrent.futures
pydantic.fields                    pydantic
pydantic.main                      pydantic
pydantic.networks                  pydantic
pydantic.types                     pydantic
pydantic.functional_validators     pydantic
pydantic.v1                        pydantic
pydantic_core                      pydantic
lxml.etree                         lxml.etree
defusedxml.lxml                    defusedxml
yaml.loader                        yaml
ruamel.yaml                        ruamel.yaml
cPickle                            pickle
_pickle                            pickle
simplejson                         json
ujson                              json
orjson                             json
anyio.to_thread                    anyio.to_thread
"""


def _pairs() -> Iterator[tuple[str, str]]:
    for line in _ALIASES.strip().splitlines():
        one, other = line.split()
        yield one, other


_PREFIXES = dict(_pairs())


@lru_cache(maxsize=8192)
def canonical(name: str) -> str:
    """The name by which the tables know something."""
    for _ in range(3):
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            prefix = ".".join(parts[:end])
            other = _PREFIXES.get(prefix)
            if other is not None and other != prefix:
                name = ".".join([other, *parts[end:]])
                break
        else:
            return name
    return name


def expanded(text: str) -> Iterator[str]:
    """A pattern with braces, written out: ``{httpx,requests}.get``."""
    match = re.search(r"\{([^{}]*)\}", text)
    if match is None:
        yield text
        return
    for option in match.group(1).split(","):
        yield from expanded(text[: match.start()] + option + text[match.end() :])
