"""EGR004: credentials that are sent without encryption."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import Value, texts_of
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here
from buckler.scan.rules.egress._fixes.mail_servers import (
    encrypted_elsewhere,
    in_loop,
    surely_encrypts,
)

_PLAIN = re.compile(r"^(http|ws|ftp|ldap|amqp|mqtt)://(?:[^/@]*@)?([^/:?#\0]+)", re.IGNORECASE)
_NEAR = re.compile(
    r"^(localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker\.internal|testserver|[\w-]+$|[\w.-]+\.(local|internal|svc|localhost|test|example\.test)$)",
    re.IGNORECASE,
)
_HEADERS = ("authorization", "x-api-key", "cookie", "x-auth-token", "proxy-authorization")
_WITHOUT = {
    "smtplib.SMTP": "starttls",
    "ftplib.FTP": "",
    "poplib.POP3": "stls",
    "imaplib.IMAP4": "starttls",
}
UNENCRYPTED = (
    "the connection fails where the server offers no encryption or has no valid certificate"
)


class PlainCredentials(Rule):
    """A password or token is sent over a connection that anybody on the way can read.

    ## What it is
    A sign-in to a mail or file server without TLS (``SMTP`` without ``starttls()``, ``FTP``), or an ``http://``
    address that gets an ``Authorization`` header or a user and password.

    ## Why it matters
    Whoever shares a network on the way reads the credentials and keeps them; or answers in the server's
    place.

    ## How to fix
    ``SMTP_SSL``, or ``starttls(context=ssl.create_default_context())`` before ``login``; ``FTP_TLS`` or SFTP; ``https://``.

    ## How to check
    Look at the connection with ``tcpdump -A``: the password must not be there.

    ## Roll-out
    Try the encrypted port of the other side first; some use another one.

    ## References
    CWE-319, CWE-523; RFC 8314; OWASP A04:2025 Cryptographic Failures; ASVS 5.0 V12.3.1.
    """

    id = "EGR004"
    name = "plain-text-credentials"
    title = "Credentials sent without encryption"
    severity = Severity.MEDIUM
    cwe = (319, 523)
    owasp = ("API8:2023", "A02:2021", "A04:2025")
    asvs = ("V12.3.1",)
    words = ("smtplib", "ftplib", "poplib", "imaplib")
    calls = """
        {httpx,requests,aiohttp,niquests}.{get,post,put,patch,delete,head,request} http.Client.{get,post,put,patch,delete,head,request}
        {httpx.Client,httpx.AsyncClient,aiohttp.ClientSession}
        """
    fix = Fix(
        "encrypt first: server.starttls(context=ssl.create_default_context())",
        before="server = smtplib.SMTP(host)\nserver.login(user, password)",
        after="server = smtplib.SMTP(host)\nserver.starttls(context=ssl.create_default_context())\nserver.login(user, password)",
        safe=True,
    )
    bad = (
        Example(
            """
            import os
            import smtplib

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/mail")
            def mail(text: str) -> str:
                with smtplib.SMTP("mail.firm.example", 587, timeout=5) as server:
                    server.login("shop", os.environ["MAIL_PASSWORD"])
                    server.sendmail("shop@firm.example", "desk@firm.example", text)
                return "sent"
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI

            from client import rates

            app = FastAPI()


            @app.get("/rates")
            def current() -> str:
                return rates()
            """,
            files={
                "settings.py": """
                import os

                RATES = "http://rates.firm.example/v1"
                KEY = os.environ["RATES_KEY"]
                """,
                "client.py": """
                import httpx2 as httpx

                from settings import KEY, RATES


                def rates() -> str:
                    return httpx.get(f"{RATES}/daily", headers={"Authorization": f"Bearer {KEY}"}).text
                """,
            },
        ),
        Example(
            """
            import os
            from ftplib import FTP

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/files")
            def files() -> list[str]:
                server = FTP("files.firm.example", timeout=5)
                server.login("shop", os.environ["FILES_PASSWORD"])
                return server.nlst()
            """,
        ),
    )
    good = (
        Example(
            """
            import os
            import smtplib
            import ssl

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/mail")
            def mail(text: str) -> str:
                with smtplib.SMTP("mail.firm.example", 587, timeout=5) as server:
                    server.starttls(context=ssl.create_default_context())
                    server.login("shop", os.environ["MAIL_PASSWORD"])
                    server.sendmail("shop@firm.example", "desk@firm.example", text)
                return "sent"
            """,
        ),
        Example(
            """
            import os

            import httpx2
            from fastapi import FastAPI

            app = FastAPI()
            HEADERS = {"Authorization": "Bearer " + os.environ.get("KEY", "")}


            @app.get("/rates")
            def rates() -> str:
                httpx2.get("http://localhost:9000/rates", headers=HEADERS)
                httpx2.get("http://rates:9000/rates", headers=HEADERS)
                httpx2.get("http://rates.firm.example/public", headers={"Accept": "text/csv"})
                return httpx2.get("https://rates.firm.example/rates", headers=HEADERS).text
            """,
        ),
        Example(
            """
            import os
            from ftplib import FTP, FTP_TLS

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/files")
            def files() -> list[str]:
                public = FTP("files.firm.example", timeout=5)
                public.login()
                server = FTP_TLS("files.firm.example", timeout=5)
                server.login("shop", os.environ["FILES_PASSWORD"])
                return server.nlst() + public.nlst()
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Sign-ins to servers of mail and files before anything is encrypted."""
        index = index_of(module)
        for call in _sign_ins(index):
            yield self.found(
                "The password is sent over a connection that is not encrypted.",
                confidence=Confidence.SUSPECTED,
                location=here(index, call),
            )

    def check_call(self, call: Call) -> Verdict | None:
        """An address without TLS that gets credentials."""
        position = 1 if call.name.endswith(".request") else 0
        address = call.given(position, "url") or call.given(-1, "base_url")
        if address is None or call.name.endswith(("Client", "ClientSession")):
            address = call.given(-1, "base_url")
        if address is None or not any(_is_plain(t) for t in _texts(address)):
            return None
        if not (_has_credentials(call) or any(_has_user(t) for t in _texts(address))):
            return None
        return Verdict(
            "Credentials are sent to an http:// address: anybody on the way can read them."
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``starttls`` before a sign-in to a mail server."""
        for call in _sign_ins(draft.index):
            if call.lineno != finding.location.line or not isinstance(call.func, ast.Attribute):
                continue
            statement = draft.index.parents.get(call)
            kind = _kind_of(draft.index, call.func.value)
            if not isinstance(statement, ast.Expr) or kind not in ("smtplib.SMTP", "imaplib.IMAP4"):
                return None
            made = _made(draft.index, call.func.value)
            if in_loop(draft.index, call) or _signs_in_again(draft.index, made):
                return None
            context = draft.name_for("ssl.create_default_context", call)
            name = "context" if kind == "smtplib.SMTP" else "ssl_context"
            server = draft.of(call.func.value)
            draft.insert_before(statement, f"{server}.starttls({name}={context}())")
            here_made = all(draft.index.scope_of(m) is draft.index.scope_of(call) for m in made)
            safe = here_made and surely_encrypts(draft.index, made)
            return draft.repair(
                "encrypts the connection before the sign-in",
                safe=safe,
                changes="" if safe else UNENCRYPTED,
            )
        return None


def _texts(value: Value) -> list[str]:
    return ["".join(p if isinstance(p, str) else "\0" for p in text) for text in texts_of(value)]


def _is_plain(address: str) -> bool:
    found = _PLAIN.match(address)
    return found is not None and not _NEAR.match(found.group(2))


def _has_user(address: str) -> bool:
    return re.match(r"^\w+://[^/@:]*:[^/@]*@", address) is not None


def _has_credentials(call: Call) -> bool:
    given = call.given(-1, "auth")
    if given is not None and given.alts != (None,):
        return True
    headers = call.given(-1, "headers")
    for thing in things(headers, Container) if headers is not None else ():
        if any(isinstance(key, str) and key.lower() in _HEADERS for key in thing.items):
            return True
    return False


def _sign_ins(index: Index) -> Iterator[ast.Call]:
    """Calls of ``login`` with a password on a connection that nothing has encrypted before."""
    for call in index.called("login"):
        if not isinstance(call.func, ast.Attribute) or not (call.args or call.keywords):
            continue
        kind = _kind_of(index, call.func.value)
        if kind is None or not _is_far(index, call.func.value):
            continue
        starts = _WITHOUT[kind]
        scope = index.scope_of(call)
        if starts and any(last(other.func) == starts for other in index.calls_in(scope)):
            continue
        if starts and encrypted_elsewhere(index, call, starts):
            continue
        yield call


def _signs_in_again(index: Index, made: list[ast.Call]) -> bool:
    """Whether a connection is signed in to at several places, which would each encrypt it."""
    others = (c.func.value for c in index.called("login") if isinstance(c.func, ast.Attribute))
    return sum(any(m in made for m in _made(index, other)) for other in others) > 1


def _made(index: Index, node: ast.expr) -> list[ast.Call]:
    """The calls that made an object, by assignment or ``with … as``."""
    return [value for value in index.values(node) if isinstance(value, ast.Call)]


def _kind_of(index: Index, node: ast.expr) -> str | None:
    names = {index.name(call.func) for call in _made(index, node)}
    return names.pop() if len(names) == 1 and names <= set(_WITHOUT) else None


def _is_far(index: Index, node: ast.expr) -> bool:
    """Whether the server is not this machine, as far as it is said."""
    for call in _made(index, node):
        host = call.args[0] if call.args else None
        if isinstance(host, ast.Constant) and _NEAR.match(str(host.value)):
            return False
    return True
