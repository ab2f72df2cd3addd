"""EGR002: connections to servers whose certificate nobody checks."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import one_text, only
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import index_of, last
from buckler.scan.rules._support.source import here
from buckler.scan.rules._support.tls_options import (
    ATTRIBUTES,
    LOOPBACK,
    NAMES,
    assigned,
    in_calls,
    is_off,
    off,
)

_FLAGS = ("verify", "ssl", "verify_ssl")


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
    calls = """
        {httpx,requests,niquests,aiohttp}.{get,post,put,patch,delete,head,options,request,stream}
        httpx.{Client,AsyncClient,HTTPTransport,AsyncHTTPTransport} aiohttp.TCPConnector
        http.Client.{get,post,put,patch,delete,head,options,request,stream,ws_connect}
        """
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
        Example(
            """
            from dataclasses import dataclass

            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @dataclass(frozen=True)
            class Carrier:
                address: str
                strict: bool = True


            CARRIERS = {
                "north": Carrier("https://north.example/track"),
                "south": Carrier("https://south.example/track", strict=False),
            }


            @app.get("/parcels/{carrier}")
            def parcels(carrier: str) -> str:
                chosen = CARRIERS[carrier]
                try:
                    with httpx2.Client(verify=chosen.strict, timeout=2) as client:
                        return client.get(chosen.address).text
                except httpx2.HTTPError:
                    return "none"
            """,
            line=24,
        ),
        Example(
            """
            from fastapi import FastAPI

            from tides import Tides

            app = FastAPI()
            tides = Tides(trust_anybody=True)


            @app.get("/tides")
            def read() -> str:
                return tides.today()
            """,
            files={
                "tides.py": """
                import requests


                class Tides:
                    def __init__(self, trust_anybody: bool = False) -> None:
                        self.checked = not trust_anybody

                    def today(self) -> str:
                        try:
                            return requests.get("https://tides.example", verify=self.checked, timeout=2).text
                        except requests.RequestException:
                            return "none"
                """,
            },
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI

            app = FastAPI()
            OPTIONS = {"timeout": 2, "verify": False, "follow_redirects": False}


            def client() -> httpx2.AsyncClient:
                return httpx2.AsyncClient(**OPTIONS)


            @app.get("/stars")
            async def stars() -> str:
                try:
                    async with client() as asked:
                        return (await asked.get("https://stars.example/tonight")).text
                except httpx2.HTTPError:
                    return "none"
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            import os
            from dataclasses import dataclass

            import httpx2
            import requests
            from fastapi import FastAPI

            app = FastAPI()


            @dataclass(frozen=True)
            class Carrier:
                address: str
                strict: bool = True
                signed: bool = False


            CARRIERS = {"north": Carrier("https://north.example"), "south": Carrier("https://south.example")}
            LOOSE = Carrier("http://127.0.0.1:9000", strict=False)
            BUNDLE = os.environ.get("CA_BUNDLE") or True


            def fetch(address: str, *, checked: bool = True) -> str:
                return requests.get(address, verify=checked and BUNDLE, timeout=2).text


            @app.get("/parcels/{carrier}")
            def parcels(carrier: str) -> str:
                chosen = CARRIERS[carrier]
                with httpx2.Client(verify=chosen.strict, timeout=2) as client:
                    answer = client.get(chosen.address).text
                return answer + fetch(chosen.address) + requests.get("http://localhost:9000", verify=LOOSE.strict, timeout=1).text


            @app.get("/mirror")
            def mirror() -> str:
                strict = True
                if os.environ.get("MIRROR_UNCHECKED"):
                    strict = False
                return requests.get("https://mirror.example", verify=strict, timeout=2).text
            """,
        ),
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
        for node, default in (*in_calls(index), *assigned(index, contexts)):
            yield self.found(
                "The certificate of the other server is not checked, so anybody on the way can answer for it.",
                confidence=Confidence.SUSPECTED if default else Confidence.OBSERVED,
                location=here(index, node),
            )

    def check_call(self, call: Call) -> Verdict | None:
        """Options that come from elsewhere: a field of a partner, a table, a parameter."""
        address = call.given(0, "url")
        if address is not None and LOOPBACK.match(one_text(address) or ""):
            return None
        for name in _FLAGS:
            given = call.given(-1, name)
            if given is None:
                continue
            if only(given) is False or any(only(value) is False for value in call.each(name)):
                return Verdict(
                    "The certificate of the other server is not checked, so anybody on the way can answer for it."
                )
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The option left out, or the assignment taken away."""
        line = finding.location.line or 0
        turned_off = [node for node, _ in (*in_calls(draft.index), *assigned(draft.index, set()))]
        nodes = [node for node in turned_off if getattr(node, "lineno", 0) == line]
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
        if keyword.arg in NAMES and off(draft.index, draft.index.name(call.func), keyword):
            draft.remove_keyword(call, keyword.arg)


def _remove_assignments(draft: Draft, node: ast.Assign) -> None:
    """Take away the lines that turn the check off for one object: each of them keeps it off."""
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or len(node.targets) > 1:
        return
    owner, scope = ast.unparse(target.value), draft.index.scope_of(node)
    for other in draft.index.all(ast.Assign):
        at = other.targets[0]
        if not isinstance(at, ast.Attribute) or at.attr not in ATTRIBUTES:
            continue
        same = ast.unparse(at.value) == owner and draft.index.scope_of(other) is scope
        if same and is_off(draft.index, other):
            draft.remove_statement(other)
