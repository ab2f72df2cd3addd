"""Methods and attributes of objects of libraries that are modelled one by one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import clean_group
from buckler.scan.engines.source.flow.conditions import below, boolean
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import clearing
from buckler.scan.engines.source.flow.iterating import derived, elements, entered
from buckler.scan.engines.source.flow.libraries.handlers import (
    basename,
    fitted,
    resolved,
    substituted,
)
from buckler.scan.engines.source.flow.libraries.stored import stored
from buckler.scan.engines.source.flow.objects import Container, External, things
from buckler.scan.engines.source.flow.operators import joined_path
from buckler.scan.engines.source.flow.strings import text_method
from buckler.scan.engines.source.flow.values import (
    ALL,
    NONE,
    UNKNOWN,
    Value,
    bit,
    concatenated,
    constant,
    hole,
    join,
    joined_taints,
    obj,
    one_text,
    only,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

_MARK = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
Method = Callable[["Frame", ast.AST, External, Value, Arguments], Value]


def external_method(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, name: str, given: Arguments
) -> Value | None:
    """What a method of a library's object gives; None where no more is known than the tables say."""
    special = _METHODS.get(f"{thing.name}.{name}")
    if special is not None:
        return special(frame, node, thing, receiver, given)
    return stored(frame, node, thing, name, given)


def external_attribute(
    frame: Frame, node: ast.AST, thing: External, owner: Value, name: str
) -> Value | None:
    """What an attribute of a library's object is, where that is known."""
    special = _ATTRIBUTES.get(f"{thing.name}.{name}")
    if special is not None:
        return special(frame, node, thing, owner, Arguments())
    return None


def _resolve(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return resolved(frame, node, receiver)


def _join(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    return joined_path(frame, node, [receiver, *given.positional])


def _relative(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """Whether a path lies below another one: a check of it where ``..`` has been worked out before."""
    return boolean({} if given.at(0).taints else below(receiver), {})


def _relative_to(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``path.relative_to(base)`` raises where the path does not lie below."""
    if frame.state is not None and not given.at(0).taints:
        frame.state.clear(below(receiver))
    return receiver


def _name(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return basename(owner) if owner.taints else Value(kind="str")


def _suffix(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    made = hole(derived(owner, "part", "suffix"), "str")
    return made.mapped(lambda t: t.cleaned(bit("path", "archive")))


def _same(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return owner


def _text(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return Value(owner.alts, (), owner.taints, "str")


def _with_name(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return joined_path(frame, node, [Value(kind="str"), given.at(0)])


def _parents(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    taints = derived(owner, "parents", "path")
    return Value(None, (External("pathlib.Parents", True, (owner,)),), taints)


def _pattern(method: str) -> Method:
    def handler(
        frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
    ) -> Value:
        pattern = one_text(thing.given[0]) if thing.given else None
        return fitted(frame, method, pattern, given.at(0, "string"))

    return handler


def _sub(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    pattern = one_text(thing.given[0]) if thing.given else None
    return substituted(pattern, given.at(0, "repl"), given.at(1, "string"), node)


def _group(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    value = thing.given[0] if thing.given else UNKNOWN
    value = frame.state.baked(value) if frame.state is not None else value
    if not value.taints:
        return Value(kind="str")
    pattern = one_text(thing.named["pattern"]) if "pattern" in thing.named else None
    number = only(given.at(0)) if given.positional else -1
    kinds = clean_group(pattern, number) if pattern is not None and isinstance(number, int) else 0
    made = hole(derived(value, "part", ("group", number)), "str")
    return made.mapped(lambda t: t.cleaned(kinds))


def _groups(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    made = Container("list", frame.run.path)
    made.rest = _group(frame, node, thing, receiver, Arguments([Value((-1,))]))
    return obj(made)


def _whole_group(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return _group(
        frame, node, thing, receiver, given if given.positional else Arguments([Value((0,))])
    )


def _put(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    old = thing.fields.get("@items")
    thing.fields["@items"] = given.at(0) if old is None else join([old, given.at(0)])
    frame.run.changes(thing, given.at(0))
    return NONE


def _taken(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return thing.fields.get("@items", UNKNOWN)


def _enter(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return entered(frame, given.at(0), node)


def _markup_format(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``Markup.format`` escapes what it puts in."""
    kinds = bit("html")

    def escaped(value: Value) -> Value:
        return value.mapped(lambda t: t.cleaned(kinds, "escape()"))

    inner = Arguments(
        [escaped(v) for v in given.positional],
        {k: escaped(v) for k, v in given.named.items()},
        escaped(given.more),
    )
    made = text_method(
        frame, node, Value(receiver.alts, (), receiver.taints, "str"), "format", inner
    )
    made = UNKNOWN if made is None else made
    return Value(made.alts, (External("markupsafe.Markup", True),), made.taints)


def _host(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return hole(derived(owner, "host", "host"), "str")


def _part(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return hole(derived(owner, "part", "url"), "str")


def _geturl(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return hole(receiver.taints, "str")


def _render(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """A template from a file: what it escapes is known from the file, see :mod:`templates`."""
    return frame.run.web.rendered(frame, node, thing, given)


def _add_task(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    if given.positional:
        rest = Arguments(given.positional[1:], given.named, given.more)
        frame.run.invoke(frame, node, given.positional[0], rest)
    return NONE


def _submit(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    if given.positional:
        rest = Arguments(given.positional[1:], given.named, given.more)
        return frame.run.invoke(frame, node, given.positional[0], rest)
    return UNKNOWN


def _in_executor(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    if len(given.positional) > 1:
        rest = Arguments(given.positional[2:], given.named, given.more)
        return frame.run.invoke(frame, node, given.positional[1], rest)
    return UNKNOWN


def _map(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    for value in elements(frame, given.at(1), node)[0]:
        frame.run.invoke(frame, node, given.at(0), Arguments([value]))
    return UNKNOWN


def _buffer_write(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    taints = taints_within(frame, given.at(0))
    old = thing.fields.get("@text", UNKNOWN)
    thing.fields["@text"] = hole(joined_taints(old.taints, taints), "str")
    frame.run.changes(thing)
    return NONE


def _buffer_value(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return thing.fields.get("@text", Value(kind="str"))


def _digest(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return hole(receiver.taints, "str").mapped(lambda t: t.cleaned(ALL))


def _feature(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    frame.run.changes(thing)
    name = one_text(given.at(0)) or "".join(
        t.name.rpartition(".")[2] for t in given.at(0).objs if type(t) is External
    )
    thing.fields[name] = given.at(1)
    return NONE


def _entries(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """The entries of an archive that a request brings: their names are the sender's choice."""
    made = Container("list", frame.run.path)
    made.rest = Value(kind="str")
    if receiver.taints:
        made.rest = fresh(frame, default_source(frame, "entry", "", node))
    return obj(made)


def _one_entry(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    each = things(_entries(frame, node, thing, receiver, given), Container)
    return join([one.element() for one in each])


def _loaded_of_app(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    from buckler.scan.engines.source.flow.templates import environment_of

    named = {"@environment": environment_of(thing)}
    return obj(External("jinja2.Loaded", True, tuple(given.positional), named))


def _substituted(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``string.Template``: its text with the marks filled."""
    template = one_text(thing.given[0]) if thing.given else None
    if template is None:
        return hole(joined_taints(*(taints_within(frame, v) for v in given.all())), "str")
    named = dict(given.named)
    for value in given.positional:
        for inner in things(value, Container):
            named.update({k: v for k, v in inner.items.items() if isinstance(k, str)})
    pieces: list[Value] = []
    at = 0
    for match in _MARK.finditer(template):
        pieces.append(constant(template[at : match.start()]))
        at = match.end()
        value = named.get(match.group(1) or match.group(2), given.more)
        pieces.append(
            hole(taints_within(frame, value), "str") if value.objs and value.alts is None else value
        )
    pieces.append(constant(template[at:]))
    return frame.stepped(concatenated(pieces), node, "put into a text")


def _written(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    thing.fields["@content"] = hole(taints_within(frame, given.at(0)))
    frame.run.changes(thing, given.at(0))
    return Value(kind="int")


def _content(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return thing.fields.get("@content", UNKNOWN)


def _opened(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    content = thing.fields.get("@content", UNKNOWN)
    return Value(None, (External("web.File", True),), content.taints)


def _stored_name(
    frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments
) -> Value:
    """The name of a temporary file: not the sender's choice, but what lies there is."""
    content = thing.fields.get("@text", UNKNOWN)
    return Value(None, (External("tempfile.Name", True),), content.taints, "str")


def _loaded(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """A template from a dictionary: what was put there is its source."""
    loader = thing.named.get("loader")
    for one in loader.objs if loader is not None else ():
        if type(one) is External and one.name.endswith("DictLoader") and one.given:
            frame.run.hits.reached(frame, node, "jinja2.DictLoader", Arguments([one.given[0]]))
    return obj(External("jinja2.Loaded", True, tuple(given.positional), {"@environment": receiver}))


def _private(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    """``ip_address(host).is_private``: whoever looks at it decides by the address."""
    value = thing.given[0] if thing.given else UNKNOWN
    clears = clearing(value, bit("ssrf"))
    return boolean({}, clears)


def _global(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    value = thing.given[0] if thing.given else UNKNOWN
    return boolean(clearing(value, bit("ssrf")), {})


_METHODS: dict[str, Method] = {
    "pathlib.Path.resolve": _resolve,
    "pathlib.Path.absolute": _same,
    "pathlib.Path.joinpath": _join,
    "pathlib.Path.is_relative_to": _relative,
    "pathlib.Path.relative_to": _relative_to,
    "pathlib.Path.with_name": _with_name,
    "pathlib.Path.with_suffix": _same,
    "pathlib.Path.with_stem": _with_name,
    "pathlib.Path.expanduser": _same,
    "pathlib.Path.as_posix": _text,
    "pathlib.Path.__str__": _text,
    "re.Pattern.match": _pattern("match"),
    "re.Pattern.fullmatch": _pattern("fullmatch"),
    "re.Pattern.search": _pattern("search"),
    "re.Pattern.sub": _sub,
    "contextlib.ExitStack.enter_context": _enter,
    "contextlib.AsyncExitStack.enter_context": _enter,
    "contextlib.AsyncExitStack.enter_async_context": _enter,
    "contextvars.ContextVar.set": _put,
    "contextvars.ContextVar.get": _taken,
    "re.Match.group": _whole_group,
    "re.Match.groups": _groups,
    "re.Match.groupdict": _groups,
    "markupsafe.Markup.format": _markup_format,
    "queue.Queue.put": _put,
    "queue.Queue.put_nowait": _put,
    "queue.Queue.get": _taken,
    "queue.Queue.get_nowait": _taken,
    "re.Match.__getitem__": _group,
    "urllib.parse.Result.geturl": _geturl,
    "urllib.parse.Result._replace": _geturl,
    "starlette.background.BackgroundTasks.add_task": _add_task,
    "concurrent.futures.Executor.submit": _submit,
    "concurrent.futures.Executor.map": _map,
    "asyncio.Loop.run_in_executor": _in_executor,
    "asyncio.Loop.create_task": lambda f, n, t, r, g: g.at(0),
    "asyncio.Loop.run_until_complete": lambda f, n, t, r, g: g.at(0),
    "hmac.HMAC.hexdigest": _digest,
    "hmac.HMAC.digest": _digest,
    "xml.sax.Parser.setFeature": _feature,
    "tarfile.TarFile.next": _one_entry,
    "zipfile.ZipFile.infolist": _entries,
    "zipfile.ZipFile.namelist": _entries,
    "tarfile.TarFile.getmembers": _entries,
    "tarfile.TarFile.getnames": _entries,
    "tarfile.TarFile.__iter__": _entries,
    "jinja2.Environment.get_template": _loaded,
    "jinja2.Environment.select_template": _loaded,
    "starlette.templating.Jinja2Templates.get_template": _loaded_of_app,
    "string.Template.substitute": _substituted,
    "string.Template.safe_substitute": _substituted,
    "pathlib.Path.write_bytes": _written,
    "pathlib.Path.write_text": _written,
    "pathlib.Path.read_bytes": _content,
    "pathlib.Path.read_text": _content,
    "pathlib.Path.open": _opened,
    "tempfile.File.write": _buffer_write,
    "io.Buffer.write": _buffer_write,
    "io.Buffer.getvalue": _buffer_value,
    "io.Buffer.read": _buffer_value,
    "jinja2.Loaded.render": _render,
    "jinja2.Loaded.render_async": _render,
}
_ATTRIBUTES: dict[str, Method] = {
    "tempfile.File.name": _stored_name,
    "pathlib.Path.name": _name,
    "pathlib.Path.stem": _name,
    "pathlib.Path.suffix": _suffix,
    "pathlib.Path.suffixes": _suffix,
    "pathlib.Path.parent": _same,
    "pathlib.Path.parents": _parents,
    "urllib.parse.Result.hostname": _host,
    "urllib.parse.Result.netloc": _host,
    "urllib.parse.Result.path": _part,
    "urllib.parse.Result.scheme": _part,
    "urllib.parse.Result.query": _part,
    "ipaddress.Address.is_private": _private,
    "ipaddress.Address.is_loopback": lambda f, n, t, o, g: Value(kind="bool"),
    "ipaddress.Address.is_global": _global,
}
__all__ = ["external_attribute", "external_method", "obj"]
