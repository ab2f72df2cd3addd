"""Template source from input: CWE-1336."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .. import state
from ..imports import when_imported


def install() -> None:
    """Watch the compilers of Jinja2, Mako and Django's templates."""
    when_imported("jinja2.environment", _jinja)
    when_imported("mako.template", _mako)
    when_imported("django.template.base", _django)


def _check(call: str, source: Any, sandboxed: bool = False) -> None:
    if isinstance(source, (str, bytes)) and state.hit("template", call, state.text_of(source), sandboxed=sandboxed):
        raise state.Stopped("Buckler stopped this template before it was compiled")


def _jinja(module: ModuleType) -> None:
    environment: Any = module.Environment
    compile_ = environment.compile

    def watched(self: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        sandbox = getattr(sys.modules.get("jinja2.sandbox"), "SandboxedEnvironment", ())
        _check("jinja2.Environment.compile", source, sandbox != () and isinstance(self, sandbox))
        return compile_(self, source, *args, **kwargs)

    environment.compile = watched


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
