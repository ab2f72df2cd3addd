"""Methods and attributes of objects of libraries that are modelled one by one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.conditions import boolean
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import clearing
from buckler.scan.engines.source.flow.iterating import elements, entered
from buckler.scan.engines.source.flow.libraries.kinds import Method
from buckler.scan.engines.source.flow.libraries.path_methods import PATH_ATTRIBUTES, PATH_METHODS
from buckler.scan.engines.source.flow.libraries.stored import stored
from buckler.scan.engines.source.flow.libraries.text_methods import TEXT_ATTRIBUTES, TEXT_METHODS
from buckler.scan.engines.source.flow.objects import Container, External, things
from buckler.scan.engines.source.flow.values import (
    ALL,
    NONE,
    UNKNOWN,
    Value,
    bit,
    hole,
    join,
    joined_taints,
    obj,
    one_text,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame


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
    **PATH_METHODS,
    **TEXT_METHODS,
    "contextlib.ExitStack.enter_context": _enter,
    "contextlib.AsyncExitStack.enter_context": _enter,
    "contextlib.AsyncExitStack.enter_async_context": _enter,
    "contextvars.ContextVar.set": _put,
    "contextvars.ContextVar.get": _taken,
    "queue.Queue.put": _put,
    "queue.Queue.put_nowait": _put,
    "queue.Queue.get": _taken,
    "queue.Queue.get_nowait": _taken,
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
    "tempfile.File.write": _buffer_write,
    "io.Buffer.write": _buffer_write,
    "io.Buffer.getvalue": _buffer_value,
    "io.Buffer.read": _buffer_value,
    "jinja2.Loaded.render": _render,
    "jinja2.Loaded.render_async": _render,
}
_ATTRIBUTES: dict[str, Method] = {
    **PATH_ATTRIBUTES,
    **TEXT_ATTRIBUTES,
    "tempfile.File.name": _stored_name,
    "ipaddress.Address.is_private": _private,
    "ipaddress.Address.is_loopback": lambda f, n, t, o, g: Value(kind="bool"),
    "ipaddress.Address.is_global": _global,
}
__all__ = ["external_attribute", "external_method", "obj"]
