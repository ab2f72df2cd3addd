"""What holds for the whole project, wherever it is said: hosts that are refused, logs that are masked."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.objects import ClassObject, Container, External, things
from buckler.scan.engines.source.flow.values import Value, one_text

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.project import Project
    from buckler.scan.engines.source.flow.run import Run

HOSTS_CHECKED = "hosts checked"
LOGS_ESCAPED = "logs escaped"
LOGS_MASKED = "logs masked"
_TRUSTED = "starlette.middleware.trustedhost.TrustedHostMiddleware"
_CHANGES = re.compile(r"\.sub\(|\.replace\(|\*\*\*|mask|redact|scrub", re.IGNORECASE)


def host_facts(middleware: Value, given: Arguments) -> set[str]:
    """Whether a middleware refuses hosts that nobody named."""
    names = {canonical(t.name) for t in things(middleware, External)}
    names = {"." + n.rpartition(".")[2] for n in names}
    if "." + _TRUSTED.rpartition(".")[2] not in names:
        return set()
    return _limited(given.named.get("allowed_hosts"))


def setting_facts(given: Arguments) -> set[str]:
    """Django's ``settings.configure(ALLOWED_HOSTS=…)`` and the guard's ``hosts=…``."""
    return _limited(given.named.get("ALLOWED_HOSTS")) | _limited(given.named.get("hosts"))


def django_facts(run: Run, project: Project) -> set[str]:
    """``ALLOWED_HOSTS`` of a module of Django's settings."""
    for path, module in project.modules.items():
        if path.endswith("settings.py") or "/settings/" in path:
            if module.tree is not None and any(
                isinstance(n, ast.Name) and n.id == "ROOT_URLCONF" for n in ast.walk(module.tree)
            ):
                found = _limited(run.module_env(module).get("ALLOWED_HOSTS"))
                if found:
                    return found
    return set()


def _limited(hosts: Value | None) -> set[str]:
    if hosts is None:
        return set()
    names = [one_text(i) for t in things(hosts, Container) for i in t.all()]
    if any(name in ("*", None) and name is not None for name in names):
        return set()
    given = bool(names) or not things(hosts, Container)
    known = hosts.alts is None or any(a is not None for a in hosts.alts)
    return {HOSTS_CHECKED} if given and known else set()


def log_facts(cls: ClassObject) -> set[str]:
    """What a class of the project does to every line of the log."""
    bases = cls.external_bases()
    made = set()
    if "logging.Formatter" in bases and "dumps" in ast.unparse(cls.node):
        made.add(LOGS_ESCAPED)
    if {"logging.Filter", "logging.Formatter"}.intersection(bases):
        named = {
            n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "")
            for n in ast.walk(cls.node)
            if isinstance(n, ast.Attribute | ast.Name)
        }
        written = {"msg", "args", "getMessage", "message"} & named
        if written and _CHANGES.search(ast.unparse(cls.node)):
            made.add(LOGS_MASKED)
    return made
