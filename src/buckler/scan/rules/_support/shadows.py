"""Routes that are never reached because an earlier one takes their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buckler.scan.model.application import AppModel, Dependency, Operation

_PARAMETER = re.compile(r"\{([^{}:]+)(?::([a-z]+))?\}")
_SAMPLES = {
    "int": ("7", "41"),
    "float": ("7", "2.5"),
    "uuid": ("6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f",),
    "path": ("a/b", "sample"),
}
_CREDENTIAL = re.compile(r"authorization|token|(^|[-_])key$|session|jwt", re.IGNORECASE)
_ASKS = re.compile(
    r"auth|user|admin|login|signed|token|key|require|permission|role|owner|scope|principal",
    re.IGNORECASE,
)


def shadowed(app: AppModel) -> Iterator[tuple[Operation, Operation]]:
    """Pairs of an operation that is never reached and the one that answers instead."""
    for later in app.operations:
        if not later.regex:
            continue
        for earlier in app.operations:
            before = earlier.mounted_at == later.mounted_at and earlier.order < later.order
            if before and earlier.method == later.method and earlier.entered != later.entered:
                if earlier.regex and _takes_all(earlier, later):
                    yield later, earlier
                    break


def _takes_all(earlier: Operation, later: Operation) -> bool:
    """Whether every address of the later one matches the earlier one."""
    template = (later.template or later.path).removeprefix(later.mounted_at)
    paths = []
    for turn in range(3):
        paths.append(_PARAMETER.sub(lambda m: _sample(m.group(2), turn), template))  # noqa: B023
    try:
        first, own = re.compile(earlier.regex), re.compile(later.regex)
    except re.error:
        return False
    mine = [path for path in paths if own.match(path)]
    return bool(mine) and all(first.match(path) for path in mine)


def _sample(convertor: str | None, turn: int) -> str:
    choices = _SAMPLES.get(convertor or "", ("sample-x", "7", "q.w_1"))
    return choices[turn % len(choices)]


def access_of(operation: Operation) -> frozenset[str]:
    """What asks who is calling: security schemes and the dependencies above them."""
    names = {name for scheme in operation.security for name in scheme.through}
    names |= {d.name for d in operation.dependencies if _asks(d)}
    return frozenset(names | {scheme.scheme_name for scheme in operation.security})


def _asks(dependency: Dependency) -> bool:
    """Whether a dependency asks who is calling: by what it reads, or by what it is called."""
    reads = any(_CREDENTIAL.search(name) for name in dependency.reads)
    return reads or bool(_ASKS.search(dependency.name.rpartition(".")[2]))
