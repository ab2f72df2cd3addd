"""Functions of libraries that are modelled one by one."""

from __future__ import annotations

import ast
from collections.abc import Callable

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import clean_after, shown_by_start
from buckler.scan.engines.source.flow.conditions import all_of, any_of, boolean, facts_of
from buckler.scan.engines.source.flow.expressions import as_text, taints_within
from buckler.scan.engines.source.flow.frames import DECIDES, Frame, clearing
from buckler.scan.engines.source.flow.iterating import derived, elements
from buckler.scan.engines.source.flow.libraries.brought import BROUGHT
from buckler.scan.engines.source.flow.libraries.credentials import CREDENTIALS
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Partial,
    things,
)
from buckler.scan.engines.source.flow.operators import joined_path, path_text
from buckler.scan.engines.source.flow.values import (
    ALL,
    NONE,
    UNKNOWN,
    Value,
    as_number,
    bit,
    constant,
    hole,
    join,
    joined_taints,
    obj,
    one_text,
    only,
    texts_of,
)

Handler = Callable[[Frame, ast.AST, Arguments], Value | None]
DECIDES["host"] = bit("ssrf", "redirect", "hostlink")
DECIDES["resolved"] = 0


def _str(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    if any(type(t) is External and t.name == "pathlib.Path" for t in value.objs):
        return path_text(value)
    if value.alts and not value.objs and all(isinstance(a, int | float) for a in value.alts):
        return Value(tuple(str(a) for a in value.alts))
    found = [frame.run.call_method(frame, node, i, "__str__", []) for i in things(value, Instance)]
    known = [f for f in found if f is not None]
    return join(known) if known else as_text(frame, value, node)


def _container(kind: str) -> Handler:
    def handler(frame: Frame, node: ast.AST, given: Arguments) -> Value:
        made = Container(kind, frame.run.path)
        if kind == "dict":
            for value in given.positional:
                if not _pairs(frame, node, made, value):
                    frame.run.update(frame, made, value)
            for name, value in given.named.items():
                made.put(name, value, surely=True)
            return obj(made)
        if given.positional:
            each, surely = elements(frame, given.at(0), node)
            for value in each:
                if kind == "set":
                    made.items[len(made.items)] = value
                else:
                    made.append(value, surely=surely)
            if not surely and kind == "set":
                made.loosen()
        return obj(made)

    return handler


def _pairs(frame: Frame, node: ast.AST, made: Container, value: Value) -> bool:
    """``dict([(key, value), …])``; whether it was that."""
    lists = [t for t in things(value, Container) if t.kind != "dict"]
    for each in lists:
        for pair in each.all():
            parts, exact = elements(frame, pair, node)
            key = only(parts[0]) if exact and len(parts) == 2 else UNKNOWN
            if isinstance(key, str | int) and each.exact:
                made.put(key, parts[1], surely=True)
            else:
                for part in parts:
                    made.spread(part)
    return bool(lists)


def _push(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    for thing in things(given.at(0), Container):
        frame.run.changes(thing, given.at(1))
        thing.spread(given.at(1))
    return NONE


def _popped(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return join([thing.element() for thing in things(given.at(0), Container)])


def _markup(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    text = Value(value.alts, (), value.taints)
    return Value(text.alts, (External("markupsafe.Markup", True),), text.taints)


def _all(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return all_of(elements(frame, given.at(0), node)[0])


def _any(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return any_of(elements(frame, given.at(0), node)[0])


def _bool(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    true, false = facts_of(given.at(0))
    return Value(None, (), (), "bool", (true, false))


def _number(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """Whoever gets past ``int(x)`` has a number in ``x``."""
    value = given.at(0)
    if frame.state is not None and value.taints:
        frame.state.clear(clearing(value))
    known = only(value)
    if isinstance(known, str) and known.lstrip("-").isdigit() and len(known) < 20:
        return constant(int(known))
    return as_number(value)


def _isinstance(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value, cls = given.at(0), given.at(1)
    names = {t.name for t in cls.objs if type(t) is External}
    for thing in things(cls, Container):
        names |= {t.name for item in thing.all() for t in item.objs if type(t) is External}
    harmless = {"builtins.int", "builtins.float", "builtins.bool", "uuid.UUID", "datetime.date"}
    if value.taints and names and names <= harmless | {"datetime.datetime", "decimal.Decimal"}:
        return boolean(clearing(value), {})
    if value.taints and names and all(n.startswith("ast.") for n in names):
        return boolean(clearing(value, bit("code")), {})
    if value.taints and names <= {"builtins.str", "builtins.int", "builtins.float"} and names:
        return boolean(clearing(value, bit("nosql")), {})
    return Value(kind="bool")


def _getattr(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    from buckler.scan.engines.source.flow.attributes import attribute

    name = one_text(given.at(1))
    if name is not None:
        return attribute(frame, node, given.at(0), name)
    found = []
    for thing in given.at(0).objs:
        if type(thing) is Instance:
            found += list(thing.fields.values())
    return join(found) if found else UNKNOWN


def _setattr(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    name = one_text(given.at(1))
    for thing in given.at(0).objs:
        frame.run.changes(thing, given.at(2))
        if type(thing) in (Instance, External):
            key = name or "?"
            old = thing.fields.get(key)
            thing.fields[key] = given.at(2) if old is None else join([old, given.at(2)])
    return NONE


def _map(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    each, surely = elements(frame, given.at(1), node)
    for value in each:
        made.append(frame.run.invoke(frame, node, given.at(0), Arguments([value])), surely=surely)
    return obj(made)


def _filter(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    for value in elements(frame, given.at(1), node)[0]:
        if frame.state is None:
            break
        outer = frame.state
        frame.state = outer.fork()
        test = frame.run.invoke(frame, node, given.at(0), Arguments([value]))
        if frame.state is not None:
            frame.state.clear(facts_of(test)[0] or {})
            made.spread(frame.state.baked(value))
        frame.state = outer
    return obj(made)


def _same_elements(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    for value in elements(frame, given.at(0), node)[0]:
        made.spread(value)
    return obj(made)


def _enumerate(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    path = frame.run.path
    each, surely = elements(frame, given.at(0), node)
    made = Container("list", path)
    for number, value in enumerate(each):
        index = constant(number) if surely else Value(kind="int")
        made.append(obj(Container("tuple", path, {0: index, 1: value})), surely=surely)
    return obj(made)


def _zip(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    path = frame.run.path
    columns = [elements(frame, value, node) for value in given.positional]
    made = Container("list", path)
    if columns and all(surely for _, surely in columns):
        for row in zip(*(each for each, _ in columns), strict=False):
            made.append(obj(Container("tuple", path, dict(enumerate(row)))), surely=True)
    else:
        row = tuple(join(each) if each else UNKNOWN for each, _ in columns)
        made.spread(obj(Container("tuple", path, dict(enumerate(row)))))
    return obj(made)


def _next(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    each, _ = elements(frame, given.at(0), node)
    default = given.given(1)
    return join([*each, *([default] if default is not None else [])] or [UNKNOWN])


def _least(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if len(given.positional) == 1:
        each, _ = elements(frame, given.at(0), node)
        return join(each) if each else UNKNOWN
    return join(given.positional) if given.positional else UNKNOWN


def _join_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if given.more is not UNKNOWN or any(things(p, Container) for p in given.positional):
        return hole(joined_taints(*(taints_within(frame, v) for v in given.all())), "str")
    made = joined_path(frame, node, given.positional)
    return Value(made.alts, (), made.taints, "str")


def _path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if not given.positional:
        return obj(External("pathlib.Path", True))
    if len(given.positional) > 1:
        return joined_path(frame, node, given.positional)
    text = path_text(given.at(0))
    return Value(text.alts, (External("pathlib.Path", True),), text.taints)


def resolved(frame: Frame, node: ast.AST, value: Value) -> Value:
    """A path with its ``..`` worked out: a check where it lies protects it from now on."""
    taints = derived(value, "resolved", "path")
    made = hole(taints, "str")
    if any(type(t) is External for t in value.objs):
        return Value(made.alts, value.objs, taints)
    return made if taints else value


def _real(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return resolved(frame, node, given.at(0))


def _base_name(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return basename(given.at(0))


def basename(value: Value) -> Value:
    """The last part of a path: no folder is left in it."""
    made = hole(derived(value, "part", "basename"), "str")
    return made.mapped(lambda t: t.cleaned(bit("path", "archive"), ""))


def _common_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    taints = []
    for value in elements(frame, given.at(0), node)[0]:
        taints.append(derived(value, "commonpath", "path"))
    made = joined_taints(*taints)
    return hole(made, "str")


def _relative(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return hole(given.at(0).taints, "str")


def _pattern(method: str) -> Handler:
    def handler(frame: Frame, node: ast.AST, given: Arguments) -> Value:
        pattern = one_text(given.at(0, "pattern"))
        return fitted(frame, method, pattern, given.at(1, "string"))

    return handler


def fitted(frame: Frame, method: str, pattern: str | None, value: Value) -> Value:
    """A match of a pattern, or None; a match shows which characters the text has."""
    match = External(
        "re.Match", True, (value,), {} if pattern is None else {"pattern": constant(pattern)}
    )
    if pattern is None or not value.taints:
        return Value(None, (match,), (), "", ({}, {}))
    kinds = clean_after(pattern, method == "fullmatch")
    if method == "match" and not pattern.startswith("^"):
        kinds = clean_after("^" + pattern, whole=False)
    fitting, lacking = 0, 0
    if method != "search" or pattern.startswith("^"):
        fitting, lacking = shown_by_start(pattern)
    kinds |= fitting
    true = clearing(value, kinds) if kinds else {}
    return Value(None, (match,), (), "", (true, clearing(value, lacking) if lacking else {}))


def _sub(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return substituted(
        one_text(given.at(0, "pattern")), given.at(1, "repl"), given.at(2, "string"), node
    )


def substituted(pattern: str | None, new: Value, value: Value, node: ast.AST) -> Value:
    """A text with what a pattern fits replaced: clean where the pattern fits all that does harm."""
    from buckler.scan.engines.source.flow.charsets import kept_after

    kinds = kept_after(pattern) if pattern is not None and one_text(new) is not None else 0
    made = hole(joined_taints(derived(value, "replaced", id(node)), new.taints), "str")
    return made.mapped(lambda t: t.cleaned(kinds, "" if kinds else f"re.sub({pattern!r}, …)"))


def _url(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    if not value.taints:
        return obj(External("urllib.parse.Result", True, (value,)))
    return Value(None, (External("urllib.parse.Result", True, (value,)),), value.taints)


def _url_join(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """``urljoin(base, x)``: an address of its own in ``x`` replaces the base; without a slash it has none."""
    base, last = given.at(0, "base"), given.at(1, "url")
    relative = bit("slash")
    kinds = bit("ssrf", "redirect")
    inner = last.mapped(lambda t: t.cleaned(kinds) if t.clean & relative else t)
    taints = joined_taints(base.taints, inner.taints)
    return frame.stepped(hole(taints, "str"), node, "urljoin()") if taints else Value(kind="str")


def _quoted(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0, "string")
    safe = one_text(given.at(1, "safe")) if given.given(1, "safe") is not None else "/"
    kinds = bit("header", "log", "redirect_part", "html", "shell", "nosql", "csv")
    if safe is not None and "/" not in safe:
        kinds |= bit("path", "slash")
    return value.mapped(lambda t: t.cleaned(kinds, "quote()"))


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
        rest = Arguments(given.positional[skip + 1 :], given.named, given.more)
        return frame.run.invoke(frame, node, given.positional[skip], rest)

    return handler


def _wraps(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return obj(External("functools.wrapper", True, (given.at(0),)))


def _gather(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return obj(Container("list", frame.run.path, dict(enumerate(given.positional))))


def _first(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(0)


def _cast(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(1)


def _named_tuple(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return UNKNOWN


def _environment(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    default = given.given(1, "default")
    return join([Value(kind="str"), default]) if default is not None else Value(kind="str")


def _words(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """``shlex.split``: what the input brings may be several words."""
    return split_words(frame, given.at(0))


def split_words(frame: Frame, value: Value) -> Value:
    """A command line in words: those before the first input are known."""
    made = Container("list", frame.run.path)
    texts = texts_of(value)
    heads = [t[0].split(" ")[:-1] for t in texts if t and isinstance(t[0], str) and " " in t[0]]
    if heads and len(heads) == len(texts) and all(h and h[0] for h in heads):
        words = heads[0] if len(heads) == 1 else [h[0] for h in heads]
        first = [constant(w) for w in words if w]
        made.refill(first if len(heads) == 1 else [join(first)])
    taints = joined_taints(*(t for text in texts_of(value) for t in text if not isinstance(t, str)))
    made.rest = hole(derived(hole(taints), "part", "words"), "str")
    return obj(made)


def _mac(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """A message's code of authenticity: whoever compares it has shown who wrote the message."""
    taints = derived(given.at(1, "msg"), "mac", "mac")
    return Value(None, (External("hmac.HMAC", True, (given.at(1, "msg"),)),), hole(taints).taints)


def _same_digest(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    from buckler.scan.engines.source.flow.conditions import authentic

    return boolean(authentic(given.at(0), given.at(1)), {})


def _environ_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(0)


HANDLERS: dict[str, Handler] = {
    **CREDENTIALS,
    "builtins.str": _str,
    "builtins.repr": _str,
    "builtins.format": _str,
    "builtins.bytes": _str,
    "builtins.list": _container("list"),
    "builtins.tuple": _container("tuple"),
    "builtins.set": _container("set"),
    "builtins.frozenset": _container("set"),
    "builtins.dict": _container("dict"),
    "collections.OrderedDict": _container("dict"),
    "collections.deque": _container("list"),
    "collections.defaultdict": lambda f, n, g: obj(Container("dict", f.run.path)),
    "builtins.all": _all,
    "builtins.any": _any,
    "builtins.bool": _bool,
    "builtins.int": _number,
    "builtins.float": _number,
    "decimal.Decimal": _number,
    "uuid.UUID": _number,
    "datetime.date.fromisoformat": _number,
    "datetime.datetime.fromisoformat": _number,
    "ipaddress.ip_address": lambda f, n, g: obj(External("ipaddress.Address", True, (g.at(0),))),
    "builtins.isinstance": _isinstance,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.sorted": _same_elements,
    "builtins.reversed": _same_elements,
    "builtins.iter": _same_elements,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.next": _next,
    "builtins.anext": _next,
    "builtins.min": _least,
    "builtins.max": _least,
    "os.path.join": _join_path,
    "os.path.abspath": _real,
    "os.path.realpath": _real,
    "os.path.normpath": _real,
    "os.path.basename": _base_name,
    "os.path.commonpath": _common_path,
    "os.path.relpath": _relative,
    "os.path.expanduser": _environ_path,
    "os.fspath": _environ_path,
    "re.escape": lambda f, n, g: g.at(0).mapped(lambda t: t.cleaned(bit("regex"))),
    "builtins.str.maketrans": lambda f, n, g: obj(External("str.table", True, tuple(g.positional))),
    "heapq.heappush": _push,
    "heapq.heappop": _popped,
    "markupsafe.Markup": _markup,
    "hmac.new": _mac,
    "hmac.HMAC": _mac,
    "hmac.compare_digest": _same_digest,
    "secrets.compare_digest": _same_digest,
    **BROUGHT,
    "shlex.split": _words,
    "werkzeug.utils.secure_filename": _base_name,
    "pathvalidate.sanitize_filename": _base_name,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    "re.match": _pattern("match"),
    "re.fullmatch": _pattern("fullmatch"),
    "re.search": _pattern("search"),
    "re.sub": _sub,
    "urllib.parse.urlparse": _url,
    "urllib.parse.urlsplit": _url,
    "urllib.parse.urljoin": _url_join,
    "urllib.parse.quote": _quoted,
    "urllib.parse.quote_plus": _quoted,
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
__all__ = [
    "ALL",
    "HANDLERS",
    "ClassObject",
    "Function",
    "basename",
    "fitted",
    "resolved",
    "substituted",
]
