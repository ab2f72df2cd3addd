"""Constants, the names they go by, and whether they are secrets: CWE-798."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from buckler.scan.model.secrets import (
    is_digest,
    is_placeholder,
    looks_random,
)
from buckler.scan.python.constants import Value
from buckler.scan.python.index import Index, default_of, last, parameters
from buckler.scan.python.words import ends, kind, name_of

_NO_SECRET = re.compile(
    r"example|description|title|label|placeholder|pattern|alias|help|message|prompt|hint|token_?url",
    re.IGNORECASE,
)

_HASHED = re.compile(
    r"hash|sha\d*|md5|digest|fingerprint|public|pub_|dummy|fake|test_|example|sample|placeholder|mock|checksum|regex|pattern"
    r"|amplitude|posthog|mixpanel|segment_(?:write_)?key|analytics|measurement|recaptcha_site|site_key|publishable",
    re.IGNORECASE,
)

_NAME_LIKE = re.compile(r"^[A-Za-z]+(?:[-_. ][A-Za-z]+)*$")

_WORDS = re.compile(
    r"token|password|passwd|secret|auth|header|bearer|session|cookie|csrf|xsrf|jwt|field|type|param|key|api|pass|user|login",
    re.IGNORECASE,
)

_PASSWORD_WORDS = re.compile(r"pass|pwd|field|label|prompt|login|grant", re.IGNORECASE)

_BLANK = re.compile(
    r"change|replace|your|todo|fixme|insert|enter|\s|[<>{}$*…]|x{3,}|\.{3}", re.IGNORECASE
)

_BEARER = re.compile(r"^(?:bearer|basic|token)\s+(\S{8,})$", re.IGNORECASE)

_LOGIN = (
    "login",
    "simple_bind",
    "simple_bind_s",
    "BasicAuth",
    "HTTPBasicAuth",
    "HTTPDigestAuth",
    "DigestAuth",
)

_PAIRS = ("auth", "http_auth", "basic_auth")

_GENERIC = frozenset(
    {"secret", "key", "jwt", "app", "session", "signing", "token", "api", "password", "auth", "my"}
    | {
        "private",
        "the",
        "flask",
        "django",
        "fastapi",
        "access",
        "refresh",
        "default",
        "hmac",
        "sign",
    }
)
_SETTING = re.compile(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_FIELD_NAME = re.compile(r"^_?[a-z]+(?:_[a-z]+)*$")
_SURELY = frozenset(
    {"secret", "signing", "private", "jwt", "api", "access", "encryption", "master"}
)
_IN_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def places(index: Index) -> Iterator[tuple[str, ast.expr, bool]]:
    """Names of secrets and what they are given; ``loose`` ones need a value that tells by itself."""
    for assign in index.all(ast.Assign):
        for name, value in _assigned(assign):
            if _telling(name) and not _is_enum(index, assign):
                yield name, value, False
    for annotated in index.all(ast.AnnAssign):
        name = name_of(annotated.target)
        if annotated.value is not None and _telling(name) and not _is_enum(index, annotated):
            yield name, annotated.value, False
    for keyword in index.all(ast.keyword):
        given, value = keyword.arg, keyword.value
        if given in _PAIRS and isinstance(value, ast.Tuple) and len(value.elts) == 2:
            yield "password", value.elts[1], False
        elif given and _telling(given) and not _NO_SECRET.search(given):
            yield given, value, False
    for function in index.functions:
        for parameter in parameters(function):
            if _telling(parameter.arg):
                default = default_of(function, parameter.arg)
                if isinstance(default, ast.Constant):
                    yield parameter.arg, default, False
    for call in index.called(*_LOGIN):
        if len(call.args) == 2:
            yield "password", call.args[1], False
    for table in index.all(ast.Dict):
        yield from _entries(index, table)
    for node in index.all(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            for side, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
                if isinstance(other, ast.Constant) and _telling(name_of(side)):
                    yield name_of(side), other, True


@lru_cache(maxsize=20_000)
def _telling(name: str) -> bool:
    """Whether a name is that of a secret, by itself or with the right value."""
    return bool(kind(name)) or ends(name, "key", "keys")


def _assigned(assign: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    for target in assign.targets:
        if isinstance(target, ast.Tuple) and isinstance(assign.value, ast.Tuple):
            yield from (
                (name_of(t), v) for t, v in zip(target.elts, assign.value.elts, strict=False)
            )
        else:
            yield name_of(target), assign.value


def _entries(index: Index, table: ast.Dict) -> Iterator[tuple[str, ast.expr, bool]]:
    """The entries of a dictionary, by their own name or by that of the dictionary."""
    owner = _owner(index, table)
    found = [
        (key.value if kind(key.value) else owner, item, True)
        for key, item in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]
    if any(_telling(name) for name, _, _ in found) and not in_example(index, table):
        yield from (entry for entry in found if _telling(entry[0]))


def _owner(index: Index, table: ast.Dict) -> str:
    parent = index.parents.get(table)
    if isinstance(parent, ast.Assign):
        return name_of(parent.targets[0])
    return name_of(parent.target) if isinstance(parent, ast.AnnAssign) else ""


_PEOPLE = re.compile(
    r"(?:^|_)(?:users?|accounts?|people|members?|logins?|staff|admins?|operators?|credentials)(?:$|_)",
    re.IGNORECASE,
)


def accounts(index: Index) -> Iterator[tuple[Value, str]]:
    """Passwords in a dictionary of people: ``USERS = {"alice": "Blue-herring-17"}``."""
    for table in index.all(ast.Dict):
        if not _PEOPLE.search(_owner(index, table)):
            continue
        for item in table.values:
            value = item.value if isinstance(item, ast.Constant) else None
            if isinstance(value, str) and is_secret("password", value, loose=True):
                yield Value(value, index.path, item), "A password"


def _is_enum(index: Index, node: ast.AST) -> bool:
    owner = index.parents.get(node)
    return isinstance(owner, ast.ClassDef) and any(
        "Enum" in last(b) or "Literal" in last(b) for b in owner.bases
    )


def in_example(index: Index, node: ast.AST) -> bool:
    """Whether a literal is an example or a description for people."""
    return any(
        isinstance(o, ast.keyword) and o.arg and _NO_SECRET.search(o.arg)
        for o in index.around(node)
    ) or any(
        isinstance(o, ast.keyword) and o.arg in ("json_schema_extra", "responses")
        for o in index.around(node)
    )


def is_default_password(name: str, value: str) -> bool:
    """Whether a text is a password that holds where the environment gives none.

    However plainly it says that it is for development, it lets people in; one that only asks to
    be replaced is left to those who read it.

    Args:
        name: The key of a dictionary.
        value: The default.
    """
    return (
        kind(name) == "password"
        and not _HASHED.search(name)
        and not is_digest(value)
        and len(value) >= 8
        and not _BLANK.search(value)
        and bool(re.search(r"[^A-Za-z]", value))
    )


_FOR_CLIENTS = ("phc_", "pk_live_", "pk_test_", "pub-", "ca-pub-", "UA-", "G-")
"""How keys begin that are made to be in every browser: of analytics, payment forms, advertisements."""


def is_secret(name: str, value: str, loose: bool) -> bool:
    """Whether a text under that name is a secret.

    Args:
        name: Of the variable, argument or key.
        value: The literal.
        loose: The name alone says little, as a key of any dictionary; the value has to.

    """
    if not name or _HASHED.search(name) or is_digest(value) or _NO_SECRET.search(name):
        return False
    bearer = _BEARER.match(value)
    what = kind(name)
    if what == "password" and re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", value):
        return False  # the digest or the salt of one
    if bearer is not None and what == "token":
        return not is_placeholder(bearer.group(1)) and (
            looks_random(bearer.group(1)) or bool(re.search(r"\d", bearer.group(1)))
        )
    if is_placeholder(value) or value.startswith(
        (
            "/",
            "http://",
            "https://",
            "urn:",  # the name of something (RFC 8141)
            "./",
            "-----BEGIN PUBLIC",
            "-----BEGIN CERT",
            "ssh-",
            *_FOR_CLIENTS,
        )
    ):
        return False
    if re.search(r"\s", value) or len(value) > 300 or re.search(r"[{}<>]|%s", value):
        return (
            what == "password"
            and 8 <= len(value) <= 60
            and value.count(" ") >= 3
            and not loose
            and not value.endswith((".", "?", ":"))
        )
    if not what or what in ("signature", "code"):
        return ends(name, "key", "keys") and looks_random(value)
    if _NAME_LIKE.match(value):
        about = _PASSWORD_WORDS if what == "password" else _WORDS
        if what in ("token", "key") or loose or about.search(value):
            return looks_random(value)
        return len(value) >= 10 and (not value.isidentifier() or value != value.lower())
    if re.search(r"\\|\[.*\]|\?$", value):
        return False  # a regular expression or a type
    telling = bool(re.search(r"\d", value) or re.search(r"[^\w.-]", value))
    if what in ("token", "key"):
        return (
            telling
            and len(value) >= 8
            and (looks_random(value) or (not loose and len(value) >= 10))
        )
    return telling and len(value) >= (8 if loose else 6)


def _words_of(text: str) -> list[str]:
    """In lower case."""
    return [word.lower() for word in _IN_NAME.findall(text)]


def names_something(name: str, value: str) -> bool:
    """Whether a constant's value is the name of something, though the constant is called like a secret.

    ``ENV_SECRET = "SHOP_SECRET"``, ``REASON_BAD_TOKEN = "bad_token"``: the value says again what the
    constant is called, and that says more than that it is a secret.
    """
    if _SETTING.match(value):
        return True
    own = _words_of(name)
    if own[-1:] == ["key"] and _FIELD_NAME.match(value) and not _SURELY.intersection(own):
        return True
    said = "".join(_words_of(value))
    if not said or not set(own) - _GENERIC:
        return False
    return said in "".join(own) or own[0] in ("env", "reason", "dummy", "header", "cookie", "field")
