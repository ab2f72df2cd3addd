"""What a call tells of the values that it is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import constants, models
from .shapes import Group, Raw, Record, Response, Shape, Status, Value

if TYPE_CHECKING:
    from .expressions import Expressions

_TEXT = frozenset(
    "upper lower strip lstrip rstrip split rsplit splitlines startswith endswith replace encode"
    " title capitalize casefold join partition rpartition format isdigit isalpha find zfill"
    " removeprefix removesuffix swapcase ljust rjust center".split()
)
_LIST = frozenset("append extend sort index count insert reverse remove".split())
_DICT = frozenset("get pop setdefault items values keys update copy".split())
METHODS = _TEXT | _LIST | _DICT | frozenset(("model_dump", "dict", "json", "isoformat"))
_NUMBERS = frozenset(("float", "Decimal", "abs", "round", "Fraction", "floor", "ceil", "sqrt"))
_PASSING = frozenset(
    "str dict list tuple set frozenset sorted reversed iter next deepcopy copy create_task"
    " ensure_future wait_for shield min max to_thread run_in_threadpool".split()
)
_LOADS = frozenset(("loads", "load", "decode", "parse_raw", "model_validate_json", "validate_json"))
_CHECKS = frozenset(
    "model_validate parse_obj parse_obj_as validate_python convert structure from_dict"
    " model_construct construct".split()
)
_DATES = {
    "fromtimestamp": "stamp",
    "utcfromtimestamp": "stamp",
    "gmtime": "stamp",
    "isoparse": "date-time",
    "parsedate_to_datetime": "mail-date",
    "UUID": "uuid",
    "b64decode": "base64",
    "urlsafe_b64decode": "base64",
    "ip_address": "ipv4",
    "urlparse": "url",
    "urlsplit": "url",
}
_MARKUP = frozenset(
    "fromstring parseString XML HTML BeautifulSoup document_fromstring feed HTMLParser Selector"
    " parse iterparse".split()
)
_KINDS = {
    "dict": "object",
    "list": "array",
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}


def last_name(node: ast.AST) -> str:
    """The last part of the name of what is called."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def called(reader: Expressions, node: ast.Call) -> Value:
    """The value of a call."""
    function = node.func
    owner = reader.value(function.value) if isinstance(function, ast.Attribute) else None
    name = last_name(node)
    if isinstance(owner, Response):
        return _of_response(reader, owner, name, node)
    if isinstance(owner, Raw):
        reader.value(node.args[0]) if node.args else None
        return Group([], same=owner) if name == "splitlines" else owner
    if isinstance(owner, Shape):
        return _of_shape(reader, owner, name, node)
    if isinstance(owner, Record) and name in ("get", "pop") and node.args:
        return reader.field(owner, node.args[0])
    if isinstance(owner, (Record, Group)) and name in ("items", "values"):
        return owner if name == "values" else Group([], same=Group([None, owner]))
    given = [reader.value(argument) for argument in node.args]
    named = {k.arg: reader.value(k.value) for k in node.keywords if k.arg}
    spread = [reader.value(k.value) for k in node.keywords if k.arg is None]
    first = next((v for v in (*given, *named.values(), *spread) if v is not None), None)
    if first is None and name != "Depends":
        return None
    if isinstance(first, Shape) and name in ("loads", "model_validate_json", "validate_json"):
        nested = first.become("text").nested or Shape()
        first.nested = nested
        if name != "loads" and isinstance(node.func, ast.Attribute):
            nested.fits(annotated(reader, node.func.value))
        return nested
    if isinstance(first, (Raw, Response)) and (name in _LOADS or name in _MARKUP):
        return _parsed(reader, first, name, node)
    for function in (*node.args, *(k.value for k in node.keywords if k.arg == "key")):
        if isinstance(function, ast.Lambda):
            made = reader.applied(function, reader.item(first), test=name == "filter")
            if name == "map":
                return Group([], same=made) if made is not None else None
    return _known(reader, node, name, first, given) or _resolved(reader, node, given, named, spread)


def _of_response(reader: Expressions, owner: Response, name: str, node: ast.Call) -> Value:
    for argument in node.args:
        reader.value(argument)
    if name == "json":
        owner.json = True
        return owner.body
    if name in ("text", "read", "aread", "content", "get_data"):
        owner.plain = True
        return Raw(owner)
    if name in ("getcode", "getstatus"):
        return Status(owner)
    if name in ("getheader", "info") or name.startswith(("iter_", "aiter_")):
        return Group([], same=Raw(owner)) if "iter" in name else None
    if name in ("raise_for_status", "__enter__", "__aenter__"):
        return owner
    if name in ("model_dump", "dict", "to_dict"):
        owner.json = True
        return owner.body
    return reader.field(owner, node.args[0]) if name == "get" and node.args else None


def _of_shape(reader: Expressions, owner: Shape, name: str, node: ast.Call) -> Value:
    for argument in node.args[1:]:
        reader.value(argument)
    if name in ("get", "pop", "setdefault") and node.args:
        return reader.field(owner, node.args[0])
    if name == "items":
        owner.become("object")
        return Group([], same=Group([None, owner.each()]))
    if name in ("values", "keys"):
        each = owner.become("object").each()
        return Group([], same=each) if name == "values" else None
    if name in _TEXT:
        owner.become("text")
        return owner if name not in ("split", "rsplit", "splitlines", "partition") else None
    if name in _LIST:
        owner.become("array")
        return None
    return owner if name in METHODS else None


def _parsed(reader: Expressions, first: Any, name: str, node: ast.Call) -> Value:
    """A body that is taken apart."""
    response: Response = first.response if isinstance(first, Raw) else first
    if name in _MARKUP and name not in _LOADS:
        spelled = ast.unparse(node).lower()
        html = "html" in spelled or "beautifulsoup" in spelled or name == "Selector"
        response.raw = response.raw or ("html" if html and "xml" not in spelled else "xml")
        return None
    response.json = True
    kinds: List[Optional[ast.AST]] = [k.value for k in node.keywords if k.arg == "type"]
    if name in ("parse_raw", "model_validate_json", "validate_json") and not kinds:
        kinds = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    if kinds:
        response.body.fits(annotated(reader, kinds[0]))
    return response.body


def _known(
    reader: Expressions, node: ast.Call, name: str, first: Value, given: List[Value]
) -> Value:
    """Calls of the standard library and of the best known libraries."""
    if name in _NUMBERS or name in ("int", "sum"):
        return _number(name, first)
    if name in _CHECKS and isinstance(first, Shape):
        others: List[ast.AST] = [a for a in node.args if reader.value(a) is None]
        others += [k.value for k in node.keywords if k.arg in ("type", "cl")]
        if not others and isinstance(node.func, ast.Attribute):
            others = [node.func.value]
        return first.fits(annotated(reader, others[0])) if others else first
    if name == "cast" and len(node.args) == 2:
        return given[1]
    if name in ("gather", "enumerate", "zip", "as_completed"):
        inner = reader.item(first) if name in ("enumerate", "zip") else first
        return Group([], same=Group([None, inner]) if name == "enumerate" else inner)
    if name in ("next", "choice") or (name in ("min", "max") and len(node.args) == 1):
        return reader.item(first)
    if not isinstance(first, Shape):
        return first if name in _PASSING else None
    if name in ("sorted", "list", "reversed", "any", "all"):
        first.each()
    if name in ("min", "max"):
        return first.become("number")
    if name == "len":
        return first.become("array") if first.kind in ("", "boolean") else first
    if name == "isinstance" and len(node.args) == 2:
        return first.become(_KINDS.get(last_name(node.args[1]), ""))
    if name in ("fromisoformat", "strptime") or name in _DATES:
        return _date(node, name, first)
    return first if name in _PASSING else None


def _number(name: str, first: Value) -> Value:
    if isinstance(first, Raw):
        first.response.raw = first.response.raw or "number"
    elif isinstance(first, (Shape, Group)):
        shape = first.each() if isinstance(first, Shape) and name == "sum" else first
        shape = shape.first if isinstance(shape, Group) else shape
        if isinstance(shape, Shape):
            shape.become("integer" if name == "int" else "number")
        return shape if isinstance(shape, Shape) else None
    return first


def _date(node: ast.Call, name: str, shape: Shape) -> Value:
    shape.become("date" if _DATES.get(name) != "stamp" else "number")
    if name == "fromisoformat":
        kind = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        shape.formatted = shape.formatted or {"date": "date", "time": "time"}.get(kind, "naive")
    elif name == "strptime" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
        shape.formatted = str(node.args[1].value)[:100]
    elif _DATES.get(name) == "stamp":
        shape.equals(1715949000)
    else:
        shape.formatted = _DATES.get(name, "date-time")
    return None


def _resolved(
    reader: Expressions,
    node: ast.Call,
    given: List[Value],
    named: Dict[str, Value],
    spread: List[Value],
) -> Value:
    """A model that checks what it is given, or a function of the project's own."""
    target = constants.in_module(node.func, reader.names)
    if models.is_model(target):
        schema = models.schema_of(target)
        for value in (*spread, *given):
            if isinstance(value, Shape):
                value.fits(schema)
        for field, value in named.items():
            inner = models.property_of(schema, field)
            if isinstance(value, Shape) and inner is not None:
                value.fits(inner)
        whole = next((v for v in (*spread, *given) if isinstance(v, Shape)), None)
        return whole if whole is not None else Record(dict(named))
    if isinstance(target, (staticmethod, classmethod)):
        target = target.__func__
    return reader.entered(target, node, given, named)


def annotated(reader: Expressions, node: Optional[ast.AST]) -> Dict[str, Any]:
    """The schema of an annotation, or of an expression that names a type or an adapter of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value[:500], mode="eval").body
        except (SyntaxError, ValueError):
            return {}
    if isinstance(node, ast.Call):
        return annotated(reader, node.args[0]) if node.args else {}
    if isinstance(node, ast.BinOp):
        return annotated(reader, node.left) or annotated(reader, node.right)
    if isinstance(node, ast.Subscript):
        return _parametrised(reader, node)
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return {}
    if isinstance(node, ast.Name) and node.id in _KINDS:
        kind = {"text": "string"}.get(_KINDS[node.id], _KINDS[node.id])
        return {"type": kind}
    found = constants.in_module(node, reader.names)
    if found is None:
        return {}
    if not isinstance(found, type) and callable(getattr(type(found), "json_schema", None)):
        return dict(found.json_schema())
    return models.schema_of(found)


def _parametrised(reader: Expressions, node: ast.Subscript) -> Dict[str, Any]:
    name = last_name(node.value)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name in ("list", "List", "Sequence", "Iterable", "set", "tuple"):
        inner = annotated(reader, parts[0])
        return {"type": "array", "items": inner, "$defs": inner.get("$defs", {})}
    if name in ("dict", "Dict", "Mapping") and len(parts) == 2:
        inner = annotated(reader, parts[1])
        return {"type": "object", "additionalProperties": inner, "$defs": inner.get("$defs", {})}
    if name in ("Optional", "Annotated", "Awaitable", "Coroutine", "Final"):
        return annotated(reader, parts[-1] if name == "Coroutine" else parts[0])
    return models.schema_of(constants.in_module(node.value, reader.names))
