"""What comes out of databases and out of the answers of others: input at second hand."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.libraries.names import expanded
from buckler.scan.engines.source.flow.objects import ClassObject, Container, External, Instance
from buckler.scan.engines.source.flow.values import Value, bit, obj

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

_ROWS = """
dbapi.Cursor.{fetchone,__anext__,__next__} dbapi.Connection.{fetchrow,fetch_one} databases.Database.fetch_one
sqlalchemy.Result.{first,one,one_or_none,scalar,scalar_one,scalar_one_or_none,fetchone}
sqlalchemy.orm.Session.{get,get_one,scalar} sqlalchemy.orm.Query.{first,one,one_or_none,get,scalar}
pymongo.Collection.{find_one,find_one_and_update} redis.Redis.{get,hget,lpop,rpop} dbapi.Connection.fetchval
"""
_LISTS = """
dbapi.Cursor.{fetchall,fetchmany} dbapi.Connection.{fetch,fetch_all,cursor_fetch} databases.Database.fetch_all
sqlalchemy.Result.{all,scalars,mappings,fetchall,fetchmany,unique,partitions,tuples}
sqlalchemy.orm.Query.{all,yield_per} pymongo.Collection.{find,aggregate} redis.Redis.{hgetall,lrange,smembers,mget}
"""
_ANSWERS = """
http.Response.{json,text,content,read,body,iter_lines,iter_content,aread} http.Response.raw
"""
_MODELS = """
llm.Completions.{create,parse,stream,acreate} llm.Chat.{invoke,ainvoke,predict,stream,astream,complete,acomplete,generate_content,generate_content_async,send_message}
"""


@cache
def _names(text: str) -> frozenset[str]:
    return frozenset(n for word in text.split() for n in expanded(word))


_BELOW = {"pymongo.Client": "pymongo.Database", "pymongo.Database": "pymongo.Collection"}
_OWN = frozenset(
    "get_database get_default_database start_session close list_database_names list_databases drop_database server_info watch "
    "get_io_loop aclose command get_collection create_collection list_collection_names list_collections drop_collection "
    "aggregate with_options validate_collection dereference cursor_command append_metadata bulk_write client name".split()
)


def named_below(name: str, attribute: str) -> str | None:
    """``client.shop.orders``: attributes of a client and of a database of MongoDB are what lies in them."""
    return None if attribute in _OWN or attribute.startswith("__") else _BELOW.get(name)


def stored(
    frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
) -> Value | None:
    """What a method or attribute brings from outside, or None."""
    full = f"{thing.name}.{name}"
    if full in _names(_ROWS):
        return row(frame, node, thing.row or _asked(given))
    if full in _names(_LISTS):
        made = Container("list", frame.run.path)
        made.rest = row(frame, node, thing.row)
        return Value(None, (made, External("sqlalchemy.Result", True, row=thing.row)))
    if full in _names(_MODELS):
        return fresh(frame, default_source(frame, "model", "", node))
    if full in _names(_ANSWERS):
        return fresh(frame, default_source(frame, "answer", "", node))
    return None


def _asked(given: Arguments) -> ClassObject | None:
    for value in given.all():
        for thing in value.objs:
            if type(thing) is ClassObject:
                return thing
            if type(thing) is External and thing.row is not None:
                return thing.row
    return None


def row(frame: Frame, node: ast.AST, cls: ClassObject | None) -> Value:
    """One row: of a class of the project, where it is known of which."""
    source = default_source(frame, "database", "", node)
    if cls is not None:
        return obj(Instance(cls, frame.run.path, source))
    return fresh(frame, source, "", bit("nosql"))
