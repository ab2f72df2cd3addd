"""Functions of libraries that are modelled one by one."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.frames import DECIDES, Frame
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.libraries.brought import BROUGHT
from buckler.scan.engines.source.flow.libraries.builtin_functions import BUILTIN_FUNCTIONS
from buckler.scan.engines.source.flow.libraries.credentials import CREDENTIALS
from buckler.scan.engines.source.flow.libraries.kinds import Handler
from buckler.scan.engines.source.flow.libraries.paths import PATH_FUNCTIONS
from buckler.scan.engines.source.flow.libraries.texts import TEXT_FUNCTIONS
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
    Partial,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    bit,
    join,
    obj,
)

DECIDES["host"] = bit("ssrf", "redirect", "hostlink")
DECIDES["resolved"] = 0


def _partial(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return obj(Partial(given.at(0), tuple(given.positional[1:]), dict(given.named)))


def _called_later(skip: int) -> Handler:
    """``run_in_executor(pool, f, x)`` and its like: the function is called with what follows."""

    def handler(frame: Frame, node: ast.AST, given: Arguments) -> Value:
        if len(given.positional) <= skip:
            target = given.named.get("target") or given.named.get("func")
            if target is None:
                return UNKNOWN
            inner = given.named.get("args", UNKNOWN)
            each, _ = elements(frame, inner, node)
            return frame.run.invoke(frame, node, target, Arguments(each))
        rest = Arguments(given.positional[skip + 1 :], given.named, given.more, hidden=given.hidden)
        return frame.run.invoke(frame, node, given.positional[skip], rest)

    return handler


def _wraps(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return obj(External("functools.wrapper", True, (given.at(0),)))


def _copied(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """``shutil.copyfileobj(one, other)``: the other is written what the one holds."""
    from buckler.scan.engines.source.flow.invoking import call_method

    for thing in things(given.at(1), External):
        call_method(frame, node, obj(thing), "write", Arguments([given.at(0)]))
    return UNKNOWN


def _gather(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return obj(Container("list", frame.run.path, dict(enumerate(given.positional))))


def _first(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(0)


def _cast(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(1)


def _environment(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    default = given.given(1, "default")
    return join([Value(kind="str"), default]) if default is not None else Value(kind="str")


HANDLERS: dict[str, Handler] = {
    "shutil.copyfileobj": _copied,
    **BUILTIN_FUNCTIONS,
    **PATH_FUNCTIONS,
    **TEXT_FUNCTIONS,
    **CREDENTIALS,
    "ipaddress.ip_address": lambda f, n, g: obj(External("ipaddress.Address", True, (g.at(0),))),
    **BROUGHT,
    "functools.partial": _partial,
    "functools.wraps": _wraps,
    "asyncio.gather": _gather,
    "asyncio.to_thread": _called_later(0),
    "anyio.to_thread.run_sync": _called_later(0),
    "starlette.concurrency.run_in_threadpool": _called_later(0),
    "asyncio.create_task": _first,
    "asyncio.ensure_future": _first,
    "asyncio.wait_for": _first,
    "asyncio.shield": _first,
    "asyncio.run": _first,
    "threading.Thread": _called_later(9),
    "multiprocessing.Process": _called_later(9),
    "threading.Timer": _called_later(1),
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "typing.cast": _cast,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "contextlib.suppress": lambda f, n, g: obj(External("contextlib.suppress", True)),
}
