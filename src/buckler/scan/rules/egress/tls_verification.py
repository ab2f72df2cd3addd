"""EGR002: connections to servers whose certificate nobody checks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import Value, text, value_of
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here

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
_NAMES = {*_OPTIONS, *_INSECURE, *_REQUIREMENTS}
_ATTRIBUTES = ("_create_default_https_context", "verify", "check_hostname", "verify_mode")
_SERVER = re.compile(r"PROTOCOL_TLS_SERVER|CLIENT_AUTH|uvicorn|hypercorn")
_LOOPBACK = re.compile(r"^https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)")


class TlsVerificationOff(Rule):
    """Another server is called without a look at its certificate.

    ## What it is
    ``verify=False``, ``ssl=False``, ``CERT_NONE`` or ``check_hostname = False``: the connection is encrypted,
    but to whomever answers.

    ## Why it matters
    Anybody between the two, in a café, a data centre or with a forged DNS answer, reads the request with
    its keys and writes the answer.

    ## How to fix
    Leave the option out. For a certificate of your own, name the authority that signed it:
    ``httpx.Client(verify=ssl.create_default_context(cafile="ca.pem"))``.
    ``buckler.guard.safe_client`` always checks it.

    ## How to check
    Call a host with a wrong certificate (``https://wrong.host.badssl.com``): it must raise.

    ## Roll-out
    Find out first why it was turned off; a server with a bad certificate stops working.

    ## References
    CWE-295; OWASP API10:2023; ASVS 5.0 V12.3.2.
    """

    id = "EGR002"
    name = "tls-verification-off"
    title = "TLS certificates not verified"
    severity = Severity.HIGH
    cwe = (295,)
    owasp = ("API10:2023", "A02:2021", "A04:2025")
    asvs = ("V12.3.2",)
    control = "guard.safe_client"
    fix = Fix(
        "leave the option out, or name your own authority: verify=ssl.create_default_context(cafile=…)",
        before="httpx.Client(verify=False)",
        after="httpx.Client()",
    )
    bad = (
        Example(
            """
            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/weather")
            def weather() -> str:
                try:
                    with httpx2.Client(verify=False, timeout=2) as client:
                        return client.get("https://weather.example/daily").text
                except httpx2.HTTPError:
                    return "none"
            """,
            line=10,
        ),
        Example(
            """
            import ssl
            import urllib.request

            from fastapi import FastAPI

            app = FastAPI()
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE


            @app.get("/weather")
            def weather() -> str:
                try:
                    return str(urllib.request.urlopen("https://weather.example", timeout=2, context=context).status)
                except OSError:
                    return "none"
            """,
            line=8,
        ),
        Example(
            """
            import requests
            from fastapi import FastAPI

            app = FastAPI()
            session = requests.Session()
            session.verify = False


            @app.get("/weather")
            def weather() -> str:
                return session.get("https://weather.example", timeout=2).text[:0] if False else ""
            """,
            line=6,
        ),
    )
    good = (
        Example(
            """
            import ssl

            import httpx2
            from fastapi import FastAPI

            app = FastAPI()
            own = ssl.create_default_context()
            own.check_hostname = True
            serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            serving.verify_mode = ssl.CERT_NONE


            class Form:
                def check(self, verify: bool = False) -> bool:
                    return verify


            @app.get("/weather")
            def weather() -> str:
                Form().check(verify=False)
                try:
                    with httpx2.Client(verify=own, timeout=2) as client:
                        return client.get("https://weather.example/daily").text
                except httpx2.HTTPError:
                    return "none"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Options that turn the check off."""
        index = index_of(module)
        contexts: set[str] = set()
        for node, default in (*_in_calls(index), *_assigned(index, contexts)):
            yield self.found(
                "The certificate of the other server is not checked, so anybody on the way can answer for it.",
                confidence=Confidence.SUSPECTED if default else Confidence.OBSERVED,
                location=here(index, node),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The option left out, or the assignment taken away."""
        line = finding.location.line or 0
        off = [node for node, _ in (*_in_calls(draft.index), *_assigned(draft.index, set()))]
        nodes = [node for node in off if getattr(node, "lineno", 0) == line]
        for node in nodes:
            if isinstance(node, ast.Call):
                _check_again(draft, node)
            elif isinstance(node, ast.Assign):
                _remove_assignments(draft, node)
        return draft.repair(
            "checks the certificate",
            safe=False,
            changes="servers whose certificate is not valid, self-signed ones too, are refused until "
            "their authority is named",
        )


def _check_again(draft: Draft, call: ast.Call) -> None:
    """Leave out the options of a call that turn the check off, where the default checks."""
    if last(call.func) == "_create_unverified_context":
        draft.set_callee(call, draft.name_for("ssl.create_default_context", call))
        return
    for keyword in call.keywords:
        if keyword.arg in _NAMES and _off(draft.index, draft.index.name(call.func), keyword):
            draft.remove_keyword(call, keyword.arg)


def _remove_assignments(draft: Draft, node: ast.Assign) -> None:
    """Take away the lines that turn the check off for one object: each of them keeps it off."""
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or len(node.targets) > 1:
        return
    owner, scope = ast.unparse(target.value), draft.index.scope_of(node)
    for other in draft.index.all(ast.Assign):
        at = other.targets[0]
        if not isinstance(at, ast.Attribute) or at.attr not in _ATTRIBUTES:
            continue
        same = ast.unparse(at.value) == owner and draft.index.scope_of(other) is scope
        if same and _is_off(draft.index, other):
            draft.remove_statement(other)


def _is_off(index: Index, assign: ast.Assign) -> bool:
    value = value_of(index, assign.value)
    return (value is not None and value.value is False) or last(assign.value) in (
        "CERT_NONE",
        "_create_unverified_context",
    )


def _in_calls(index: Index) -> Iterator[tuple[ast.AST, bool]]:
    for call in index.called("_create_unverified_context", "_create_stdlib_context"):
        yield call, False
    seen: set[ast.Call] = set()
    for keyword in index.all(ast.keyword):
        outer = index.parents[keyword]
        if keyword.arg not in _NAMES or not isinstance(outer, ast.Call) or outer in seen:
            continue
        value = _off(index, index.name(outer.func), keyword)
        if value is not None and not _to_itself(index, outer):
            seen.add(outer)
            yield outer, value.default


def _off(index: Index, name: str, keyword: ast.keyword) -> Value | None:
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
    return bool(url and _LOOPBACK.match(url))


def _assigned(index: Index, contexts: set[str]) -> Iterator[tuple[ast.AST, bool]]:
    for assign in index.all(ast.Assign):
        target = assign.targets[0]
        if not isinstance(target, ast.Attribute) or target.attr not in _ATTRIBUTES:
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
