"""Imports the application and finds the object to call."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from typing import Any, Dict, List

from . import settings, state

MAX_REPAIRS = 25
_BACKGROUND = os.path.join("starlette", "background.py")


class LoadError(Exception):
    """The application cannot be had; the message is for the user."""


def load(config: Dict[str, Any]) -> Any:
    """Import ``config["module"]`` and return the ASGI application.

    Args:
        config: ``module``, ``attribute`` (dotted, or empty to search), ``sys_path``.

    Raises:
        LoadError: There is no such attribute, or nothing in the module is an application.
    """
    for entry in reversed(config["sys_path"]):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    for attempt in range(MAX_REPAIRS + 1):
        before = set(sys.modules)
        try:
            return _find(importlib.import_module(config["module"]), config["attribute"])
        except LoadError:
            raise
        except Exception as error:
            if attempt == MAX_REPAIRS or not settings.repair(error):
                raise
            _forget(set(sys.modules) - before)
    raise LoadError("the application needs more settings than could be made up")


def _forget(names: Any) -> None:
    for name in names:
        module = sys.modules.get(name)
        filename = getattr(module, "__file__", None)
        if filename and state.in_project(filename):
            del sys.modules[name]


def _find(module: Any, attribute: str) -> Any:
    if attribute:
        value = module
        for part in attribute.split("."):
            if not hasattr(value, part):
                raise LoadError(f"{module.__name__} has no {attribute!r}")
            value = getattr(value, part)
        return _made(value, attribute)
    for name in ("app", "api"):
        if is_application(getattr(module, name, None)):
            return getattr(module, name)
    for value in vars(module).values():
        if is_application(value):
            return value
    raise LoadError(f"{module.__name__} holds no FastAPI application")


def _made(value: Any, name: str) -> Any:
    """Call a factory; an application is returned as it is."""
    if is_application(value):
        return value
    if inspect.isfunction(value) or inspect.isbuiltin(value) or inspect.ismethod(value):
        required = [
            p.name
            for p in inspect.signature(value).parameters.values()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        if required and required != ["scope", "receive", "send"]:
            raise LoadError(f"the factory {name} needs arguments: {', '.join(required)}")
        if not required:
            made = value()
            if inspect.iscoroutine(made):
                made.close()
                raise LoadError(
                    f"the factory {name} is asynchronous; give a function that returns the application"
                )
            return made
    if callable(value):
        return value
    raise LoadError(f"{name} is neither an application nor a function that makes one")


def is_application(value: Any) -> bool:
    """Whether an object is a FastAPI or Starlette application."""
    module = sys.modules.get("starlette.applications")
    return module is not None and isinstance(value, module.Starlette)


def unwrap(app: Any) -> Any:
    """The Starlette application inside of ASGI layers, or the object itself."""
    for _ in range(20):
        if is_application(app):
            return app
        inner = (
            getattr(app, "app", None)
            or getattr(app, "_app", None)
            or getattr(app, "other_asgi_app", None)
        )
        if inner is None:
            return app
        app = inner
    return app


def failure(error: BaseException) -> Dict[str, Any]:
    """What the parent is told of an error: type, message, where in the project, and whether a task
    raised it that ran after the answer.
    """
    places: List[List[Any]] = []
    background = False
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if state.in_project(code.co_filename):
            path = os.path.relpath(code.co_filename, state.project).replace(os.sep, "/")
            places.append([path, trace.tb_lineno, code.co_name])
        background = background or code.co_filename.endswith(_BACKGROUND)
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename and state.in_project(error.filename):
        path = os.path.relpath(error.filename, state.project).replace(os.sep, "/")
        places.append([path, error.lineno or 0, ""])
    return {
        "type": type(error).__name__,
        "message": str(error)[:2000],
        "frames": places[::-1],
        "background": background,
    }
