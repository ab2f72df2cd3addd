"""Fields of a request that become fields of a stored object: which of them decide about rights, money or ownership.

Two shapes: the request names the fields itself (its raw JSON, a model with ``extra="allow"``), or its model
declares one of them and the whole of it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import At, Call
from buckler.scan.engines.source.flow.models import BROUGHT, fields_of
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Instance,
    things,
)
from buckler.scan.engines.source.flow.values import Taints, Value, bit, one_text

BODIES = frozenset({"json", "form", "body", "message", "query"})
CALLS = (
    "builtins.setattr web.model pydantic.BaseModel.model_copy builtins.dict.update sqlmodel.SQLModel.sqlmodel_update "
    "sqlalchemy.Select.values sqlalchemy.orm.Query.update sqlalchemy.orm.Session.{bulk_insert_mappings,bulk_update_mappings} "
    "pymongo.Collection.{insert_one,update_one,update_many,replace_one,find_one_and_update,find_one_and_replace}"
)
_RIGHTS = re.compile(
    r"^(is_|has_)?(admin|administrator|superuser|super_user|staff|root|owner_role|role|roles|user_role|permission|permissions|privilege|"
    r"privileges|access_level|verified|email_verified|approved|balance|credit|credits|hashed_password|password_hash)$"
)
_OWNERS = re.compile(
    r"^(owner|owner_id|user_id|tenant_id|organi[sz]ation_id|org_id|created_by|created_by_id)$"
)
_MAYBE = re.compile(
    r"^(author_id|account_id|is_active|active|plan|tier|quota|user_type|account_type|scopes|groups|price|status|paid|is_paid|discount)$"
)
_ADMINISTERS = re.compile(
    r"admin|super_?user|staff|moderator|permission|has_role|require_?role|role_?required|roles?_?checker|scopes=|operator|is_root|internal",
    re.IGNORECASE,
)
_PRINCIPAL = re.compile(
    r"(current|active|auth\w*|logged|require\w*)_?user|principal|login_required", re.IGNORECASE
)
_STORED = re.compile(
    r"^(sqlalchemy|django\.db|tortoise|beanie|peewee|mongoengine|ormar|odmantic|flask_sqlalchemy)\."
)


def assigned(call: Call) -> Verdict | None:
    """What is said of a call that stores fields of a request, or None."""
    if call.name == "web.model" and not any(
        _is_stored(c) for c in things(call.receiver, ClassObject)
    ):
        return None
    if call.name == "builtins.setattr":
        return _set_one(call)
    for fields, taints in _sets(call):
        if _ADMINISTERS.search(call.gates()):
            return None
        if fields:
            return At(
                f"The request sets {', '.join(sorted(fields))} of what is stored.", taints=taints
            )
        if _may_hold_rights(call):
            return At(
                "The request names the fields itself, so it can set any field of what is stored.",
                taints=taints,
            )
    return None


def _set_one(call: Call) -> Verdict | None:
    """``setattr(user, name, value)`` in a loop over what was sent."""
    if len(call.every) < 3:
        return None
    target, name, value = call.every[:3]
    known = one_text(name)
    if known is not None:
        if not _RIGHTS.match(known) or not _is_brought(call, value) or not value.objs:
            return None
        if _ADMINISTERS.search(call.gates()):
            return None
        return At(f"The request sets {known} of what is stored.", taints=_dirty(call, value))
    dirty = _dirty(call, name)
    if not dirty or not _has_rights(target) or _ADMINISTERS.search(call.gates()):
        return None
    return At("Every field that the request names is set on the object.", taints=dirty)


def _sets(call: Call) -> Iterator[tuple[set[str], Taints]]:
    """For each part of a request in a call: the telling fields that it declares, or none where it names them itself."""
    if call.name == "web.model":
        declared = {n: v for n in call.spread if (v := call.given(-1, n)) is not None}
        yield from _declared(call, declared)
        more = call.given(99, "\0")
        if more is not None:
            yield from _open(call, more)
        return
    if call.name == "sqlalchemy.Select.values":
        yield from _declared(
            call, {n: v for n in call.spread if (v := call.given(-1, n)) is not None}
        )
        more = call.given(99, "\0")
        if more is not None:
            yield from _open(call, more)
    for value in _records(call):
        yield from _open(call, Value(None, (), value.taints))
        for thing in value.objs:
            if type(thing) is Container and thing.kind == "dict":
                for _, inner in _with_operators(thing):
                    yield from _declared(call, inner.items)
                    if inner.rest is not None:
                        yield from _open(call, inner.rest)
            elif type(thing) is Instance and thing.lazy is not None:
                yield from _declared(call, thing.fields)


def _records(call: Call) -> Iterable[Value]:
    if call.name.startswith("pymongo."):
        return call.every[:1] if call.name.endswith("insert_one") else call.every[1:2]
    if call.name.endswith("model_copy"):
        update = call.given(0, "update")
        return (update,) if update is not None else ()
    if call.name.endswith("mappings"):
        return call.every[1:2]
    first = call.given(0, "\0")
    # What a star brings is no record, but what stands in one.
    return (first,) if first is not None and first is not call.given(-1, "\0") else ()


def _with_operators(thing: Container) -> Iterator[tuple[str, Container]]:
    """The dictionary, or those below ``$set`` and its like."""
    below = [
        c for k, v in thing.items.items() if str(k).startswith("$") for c in things(v, Container)
    ]
    for one in below or [thing]:
        yield "", one


def _declared(call: Call, fields: dict[str, Value]) -> Iterator[tuple[set[str], Taints]]:
    owned = _PRINCIPAL.search(call.gates()) is not None
    found: set[str] = set()
    taints: Taints = ()
    for name, value in fields.items():
        if (_RIGHTS.match(str(name)) or (owned and _OWNERS.match(str(name)))) and _is_brought(
            call, value
        ):
            if any(type(t) is External and t.name == BROUGHT for t in value.objs) or value.taints:
                found.add(str(name))
                taints = taints or _dirty(call, value)
    if found:
        yield found, taints


def _open(call: Call, value: Value) -> Iterator[tuple[set[str], Taints]]:
    dirty = _dirty(call, value)
    if dirty:
        yield set(), dirty


def _dirty(call: Call, value: Value) -> Taints:
    kind = bit("mass")
    return tuple(
        t for t in value.taints if t.token.source.kind in BODIES and not call.cleared(t) & kind
    )


def _is_brought(call: Call, value: Value) -> bool:
    brought = (t.source for t in things(value, External) if t.name == BROUGHT and t.source)
    return bool(_dirty(call, value)) or any(source.kind in BODIES for source in brought)


def _is_stored(cls: ClassObject) -> bool:
    """Whether objects of a class are rows of a table or documents of a collection."""
    if cls.lookup("__tablename__") is not None or cls.lookup("__table__") is not None:
        return True
    if any(_STORED.match(name) for name in cls.external_bases()):
        return True
    return any(k.arg == "table" for one in cls.line_of_descent() for k in one.node.keywords)


def _may_hold_rights(call: Call) -> bool:
    """Whether what is stored has a field that matters, or its fields are not known."""
    return call.name.startswith("pymongo.") or _has_rights(
        call.receiver, known=call.name == "builtins.dict.update"
    )


def _has_rights(value: Value, *, known: bool = False) -> bool:
    names: set[str] = set()
    for thing in value.objs:
        if type(thing) is Container:
            names |= {k for k in thing.items if isinstance(k, str)}
        elif type(thing) is Instance:
            names |= {*fields_of(thing.cls), *(f for f in thing.fields if not f.startswith("__"))}
            names |= {a for one in thing.cls.line_of_descent() for a in one.attrs}
        else:
            cls = thing if type(thing) is ClassObject else getattr(thing, "row", None)
            for one in cls.line_of_descent() if type(cls) is ClassObject else ():
                names |= {*one.attrs, *one.annotations}
    if not names:
        return not known
    return any(p.match(n) for n in names for p in (_RIGHTS, _OWNERS, _MAYBE))
