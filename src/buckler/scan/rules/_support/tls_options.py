"""Where code turns off the check of another server's certificate: options of calls, attributes of contexts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.python.constants import Value, text, value_of
from buckler.scan.python.index import Index, last

_OPTIONS = {
    "verify": re.compile(
        r"^(?:requests|httpx|boto3|hvac|urllib3|niquests|curl_cffi|kubernetes|openai|qdrant_client|consul|docker)\b|\.(?:get|post|put|patch|delete|head|options|request|send|stream|client|resource)$"
    ),
    "verify_ssl": re.compile(r"."),
    "verify_certs": re.compile(r"."),
    "ssl_verify": re.compile(r"."),
    "validate_certs": re.compile(r"."),
    "check_hostname": re.compile(r"."),
    "ssl": re.compile(
        r"^aiohttp|\.(?:get|post|put|patch|delete|head|options|request|ws_connect)$|TCPConnector$"
    ),
}
_INSECURE = frozenset(
    {
        "tlsInsecure",
        "tlsAllowInvalidCertificates",
        "tlsAllowInvalidHostnames",
        "tls_insecure",
        "ssl_allow_invalid",
    }
)
_REQUIREMENTS = frozenset({"cert_reqs", "ssl_cert_reqs"})
NAMES = {*_OPTIONS, *_INSECURE, *_REQUIREMENTS}
ATTRIBUTES = ("_create_default_https_context", "verify", "check_hostname", "verify_mode")
_SERVER = re.compile(r"PROTOCOL_TLS_SERVER|CLIENT_AUTH|uvicorn|hypercorn")
LOOPBACK = re.compile(r"^https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)")


def is_off(index: Index, assign: ast.Assign) -> bool:
    """Whether an assignment turns the check off."""
    value = value_of(index, assign.value)
    return (value is not None and value.value is False) or last(assign.value) in (
        "CERT_NONE",
        "_create_unverified_context",
    )


def in_calls(index: Index) -> Iterator[tuple[ast.AST, bool]]:
    """Calls that turn it off, and whether that only holds where nothing else is configured."""
    for call in index.called("_create_unverified_context", "_create_stdlib_context"):
        yield call, False
    seen: set[ast.Call] = set()
    for keyword in index.all(ast.keyword):
        outer = index.parents[keyword]
        if keyword.arg not in NAMES or not isinstance(outer, ast.Call) or outer in seen:
            continue
        value = off(index, index.name(outer.func), keyword)
        if value is not None and not _to_itself(index, outer):
            seen.add(outer)
            yield outer, value.default


def off(index: Index, name: str, keyword: ast.keyword) -> Value | None:
    """The value of an option that turns the check off, or None."""
    option = keyword.arg or ""
    value = value_of(index, keyword.value)
    pattern = _OPTIONS.get(option)
    if pattern is not None and value is not None and value.value is False and pattern.search(name):
        return None if option == "verify" and name.startswith(("jwt.", "jose.")) else value
    if option in _INSECURE and value is not None and value.value is True:
        return value
    if option in _REQUIREMENTS and not _SERVER.search(name):
        none = last(keyword.value) == "CERT_NONE" or (
            value is not None and value.value in ("none", "CERT_NONE")
        )
        return Value("CERT_NONE", index.path, keyword.value) if none else None
    return None


def _to_itself(index: Index, call: ast.Call) -> bool:
    """Whether the call goes to this machine, where nobody is in between."""
    url = text(index, call.args[0]) if call.args else None
    return bool(url and LOOPBACK.match(url))


def assigned(index: Index, contexts: set[str]) -> Iterator[tuple[ast.AST, bool]]:
    """Attributes that turn it off, one of each context."""
    for assign in index.all(ast.Assign):
        target = assign.targets[0]
        if not isinstance(target, ast.Attribute) or target.attr not in ATTRIBUTES:
            continue
        value = value_of(index, assign.value)
        off = value is not None and value.value is False
        if (
            target.attr == "_create_default_https_context" and "unverified" in last(assign.value)
        ) or (
            target.attr == "verify"
            and off
            and re.search(r"requests|httpx|Session|Client", index.name(target.value))
        ):
            yield assign, False
        elif (target.attr == "check_hostname" and off) or (
            target.attr == "verify_mode" and last(assign.value) == "CERT_NONE"
        ):
            if any(
                isinstance(o, ast.If)
                and re.search("verify|check|insecure|cert", ast.unparse(o.test))
                for o in index.around(assign)
            ):
                continue  # somebody has to ask for it
            key = f"{id(index.function_of(assign))} {ast.unparse(target.value)}"
            made = " ".join(ast.unparse(v) for v in index.values(target.value))
            if key not in contexts and not _SERVER.search(made):
                contexts.add(key)
                yield assign, bool(value and value.default)
