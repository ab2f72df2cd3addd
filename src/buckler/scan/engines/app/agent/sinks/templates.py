"""Template source from input (CWE-1336), and what a template without escaping makes (CWE-79)."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any, Callable

from .. import state
from ..imports import when_imported


def install() -> None:
    """Watch the compilers of Jinja2, Mako and Django's templates."""
    when_imported("jinja2.environment", _jinja)
    when_imported("mako.template", _mako)
    when_imported("django.template.base", _django)


def _check(call: str, source: Any, sandboxed: bool = False) -> None:
    if isinstance(source, (str, bytes)) and state.hit(
        "template", call, state.text_of(source), sandboxed=sandboxed
    ):
        raise state.Stopped("Buckler stopped this template before it was compiled")


def _jinja(module: ModuleType) -> None:
    environment: Any = module.Environment
    compile_ = environment.compile

    def watched(self: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        sandbox = getattr(sys.modules.get("jinja2.sandbox"), "SandboxedEnvironment", ())
        _check("jinja2.Environment.compile", source, sandbox != () and isinstance(self, sandbox))
        return compile_(self, source, *args, **kwargs)

    environment.compile = watched
    template: Any = module.Template
    template.render = _rendered(template.render)
    template.render_async = _rendered_later(template.render_async)


def _made(template: Any, text: Any) -> None:
    environment, name = template.environment, template.name
    escapes = environment.autoescape
    if not (escapes(name) if callable(escapes) else escapes) and isinstance(text, str):
        state.hit("render", "jinja2.Template.render", text, template=str(name or ""))


def _rendered(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        text = real(self, *args, **kwargs)
        _made(self, text)
        return text

    return watched


def _rendered_later(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        text = await real(self, *args, **kwargs)
        _made(self, text)
        return text

    return watched


def _mako(module: ModuleType) -> None:
    template: Any = module.Template
    init = template.__init__

    def watched(self: Any, text: Any = None, *args: Any, **kwargs: Any) -> None:
        _check("mako.template.Template", text)
        init(self, text, *args, **kwargs)

    template.__init__ = watched


def _django(module: ModuleType) -> None:
    template: Any = module.Template
    init = template.__init__

    def watched(self: Any, template_string: Any, *args: Any, **kwargs: Any) -> None:
        _check("django.template.Template", template_string)
        init(self, template_string, *args, **kwargs)

    template.__init__ = watched
