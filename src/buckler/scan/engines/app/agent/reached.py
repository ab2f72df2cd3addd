"""Tells whether the handler's own code was entered.

FastAPI resolves all dependencies of an operation in one call and runs the handler right
after; a request that is refused by validation or by a dependency never gets there. Handlers
of plain Starlette routes are wrapped where the route is made.
"""

from __future__ import annotations

import functools
import inspect
from types import ModuleType
from typing import Any, Callable

from . import state
from .imports import when_imported


def install() -> None:
    """Watch both kinds of route; call before the application is imported."""
    when_imported("fastapi.routing", _fastapi)
    when_imported("starlette.routing", _starlette)


def _fastapi(module: ModuleType) -> None:
    real = module.solve_dependencies

    @functools.wraps(real)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        solved = await real(*args, **kwargs)
        errors = solved[1] if isinstance(solved, tuple) else solved.errors
        if not errors:
            call = getattr(kwargs.get("dependant"), "call", None)
            state.entered.append(_name(call))
            _fail()
        return solved

    module.solve_dependencies = watched  # type: ignore[attr-defined]


def _starlette(module: ModuleType) -> None:
    for name in ("request_response", "websocket_session"):
        setattr(module, name, _wrapping(getattr(module, name)))


def _wrapping(real: Callable[..., Any]) -> Callable[..., Any]:
    def make(function: Any) -> Any:
        if getattr(function, "__module__", "").startswith("fastapi."):
            return real(function)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def entered(*args: Any) -> Any:
                state.entered.append(_name(function))
                _fail()
                return await function(*args)

            return real(entered)

        @functools.wraps(function)
        def entered_sync(*args: Any) -> Any:
            state.entered.append(_name(function))
            _fail()
            return function(*args)

        return real(entered_sync)

    return make


def _fail() -> None:
    """Raise where the parent wants to see how an error of a handler is answered."""
    if state.failing:
        raise RuntimeError(state.failing)


def _name(call: Any) -> str:
    call = inspect.unwrap(call) if callable(call) else call
    while isinstance(call, functools.partial):
        call = call.func
    return f"{getattr(call, '__module__', '')}.{getattr(call, '__qualname__', type(call).__qualname__)}"
