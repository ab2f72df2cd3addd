"""``owned``: the object of a path for its owner alone; somebody else's is one that is not there.

Threat: an id in the address that anybody may change (CWE-639, BOLA; OWASP API1; ASVS 5.0 V8.2.2). The object is
read once, checked, and handed to the handler, which so cannot forget the check.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path
from fastapi.params import Depends as DependsParam
from starlette.requests import HTTPConnection

from buckler.guard.access.dependencies import AccessRule, access_of, requires
from buckler.guard.access.permissions import permission as checked
from buckler.guard.access.requirement import MARK, Condition
from buckler.guard.auth.principal import Principal
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST_INT = 2**63 - 1
_HINT = "write owned(Order, id='order_id', owner=Order.user_id)"


def owned(
    model: Any,
    *,
    id: str,
    owner: Any,
    permission: str | None = None,
    override: str | None = None,
    session: Callable[..., Any] | None = None,
    key: Any = None,
    when: Condition | Iterable[Condition] = (),
) -> Any:
    """The object that a path names, if it is the caller's own.

    Example::

        @app.get("/orders/{order_id}")
        async def read(order: Annotated[Order, owned(Order, id="order_id", owner=Order.user_id)]): ...

    Args:
        model: A mapped class of SQLAlchemy or SQLModel.
        id: Parameter of the path that holds the object's key.
        owner: Column that holds the owner's account id: of the model, or of one that it has a relationship to.
        permission: Needed as well.
        override: Permission of those for whom the owner does not matter.
        session: Dependency that gives the application's session, asynchronous or not; else guard's database.
        key: Column that ``id`` is the value of; else the primary key.
        when: As of :func:`requires`.

    Returns:
        A dependency for ``Annotated`` whose value is the object. 404 where there is none or it is somebody else's.

    Raises:
        GuardError: An option is wrong.
    """
    lookup = _Lookup(model, owner, key, override)
    rule = requires(*(() if permission is None else (permission,)), when=when)
    found = lookup.dependency(id, rule, session)
    setattr(found, MARK, replace(rule.required, owner_of=id, override=override or ""))
    return Depends(found)


class _Lookup:
    """Reads one object and its owner.

    Args:
        model: Mapped class.
        owner: Column with the owner's id.
        key: Column that the path names, or None for the primary key.
        override: Permission of those for whom the owner does not matter.
    """

    def __init__(self, model: Any, owner: Any, key: Any, override: str | None) -> None:
        try:
            from sqlalchemy import inspect as mapped
            from sqlalchemy.exc import NoInspectionAvailable
        except ImportError as missing:
            raise GuardError(
                "owned needs SQLAlchemy", hint="pip install 'buckler[sql]'"
            ) from missing
        try:
            mapper: Any = mapped(model)
            keys = mapper.primary_key
        except (NoInspectionAvailable, AttributeError) as wrong:
            raise GuardError(f"owned: {model!r} is no mapped class", hint=_HINT) from wrong
        if key is None and len(keys) != 1:
            raise GuardError(
                f"owned: {model.__name__} has a key of {len(keys)} columns",
                hint="name the column that the path holds: key=Order.number",
            )
        if not hasattr(owner, "class_") or not hasattr(owner, "key"):
            raise GuardError(f"owned: owner={owner!r} is no column of a model", hint=_HINT)
        self.model = model
        self.owner = owner
        self.key = mapper.get_property_by_column(keys[0]).class_attribute if key is None else key
        self.override = None if override is None else checked(override, "override")
        self._mapper = mapper

    @property
    def kind(self) -> Any:
        """Type of the key, as the path's parameter."""
        try:
            found = self.key.type.python_type
        except NotImplementedError:
            return str
        if found is int:
            # A number that no column holds is no object, not an error of the driver.
            return Annotated[int, Path(ge=-_LARGEST_INT, le=_LARGEST_INT)]
        return Annotated[found, Path()]

    def statement(self, value: Any) -> Any:
        """The object and its owner."""
        from sqlalchemy import select

        found = select(self.model, self.owner).where(self.key == value)
        if not issubclass(self.model, self.owner.class_):
            found = found.join(self.owner.class_)
        return found.limit(1)

    def judge(self, connection: HTTPConnection, principal: Principal, row: Any) -> Any:
        """The object, if they may have it."""
        decides = access_of(connection.scope)
        if row is None:
            decides.refuse_object(connection, owner=False)
        found, holder = row
        if self.override is not None and principal.may(self.override):
            return found
        if not _is(holder, principal.id):
            decides.refuse_object(connection, owner=True)
        return found

    def dependency(
        self, name: str, rule: AccessRule, session: Callable[..., Any] | None
    ) -> Callable[..., Any]:
        """The function that FastAPI calls, with the parameters that it needs."""
        if not isinstance(name, str) or not name.isidentifier():
            raise GuardError(f"owned: id={name!r} is no parameter of a path", hint=_HINT)
        reserved = {"connection_", "principal_", "session_"}
        if name in reserved:
            raise GuardError(f"owned: id={name!r} is a word of its own", hint="call it otherwise")

        async def find(**given: Any) -> Any:
            connection, principal = given["connection_"], given["principal_"]
            statement = self.statement(given[name])
            opened = given.get("session_")
            if opened is None:
                async with access_of(connection.scope).database() as own:
                    row = (await own.execute(statement)).first()
                    return self.judge(connection, principal, row)
            return self.judge(connection, principal, await _first(opened, statement))

        kinds: list[tuple[str, Any]] = [
            ("connection_", HTTPConnection),
            ("principal_", Annotated[Principal, rule]),
            (name, self.kind),
        ]
        if session is not None:
            given = session if isinstance(session, DependsParam) else Depends(session)
            kinds.append(("session_", Annotated[Any, given]))
        find.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
                for one, kind in kinds
            ]
        )
        find.__annotations__ = dict(kinds)
        find.__name__ = f"owned_{self.model.__name__}"
        return find


def _is(holder: Any, user_id: str) -> bool:
    """Whether an owner's column names an account; guard's own ids are written without dashes."""
    if isinstance(holder, uuid.UUID) and holder.hex == user_id:
        return True
    return holder is not None and str(holder) == user_id


async def _first(session: Any, statement: Any) -> Any:
    """The first row, by a session that is asynchronous or one that blocks."""
    answer: Any
    if inspect.iscoroutinefunction(session.execute):
        answer = await session.execute(statement)
        return answer.first()
    from starlette.concurrency import run_in_threadpool

    answer = await run_in_threadpool(session.execute, statement)
    return answer.first()
