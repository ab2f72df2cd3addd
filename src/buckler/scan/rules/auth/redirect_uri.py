"""AUT020: an authorization server that takes addresses which only begin like a registered one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, index_of
from buckler.scan.python.words import name_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.whole_address import compared_whole

_URI = re.compile(r"^(redirect_ur[il]s?|redirectur[il]|callback_ur[il])$", re.IGNORECASE)
_PATTERNS = frozenset({"re.match", "re.search", "fnmatch.fnmatch", "fnmatch.fnmatchcase"})


class RedirectUriPrefix(Rule):
    """The redirect address of a client is compared by its beginning, by a pattern or as a part of a text.

    ## What it is
    An authorization server checks ``redirect_uri.startswith(registered)``, ``registered in redirect_uri`` or
    ``re.match(pattern, redirect_uri)`` where RFC 9700 asks for the same text.

    ## Why it matters
    ``https://mill.example.attacker.example`` begins like ``https://mill.example``, and a path below the registered one may hold an
    open redirect. The code or the token goes there, and opens the victim's account.

    ## How to fix
    ``if redirect_uri not in client.redirect_uris: raise HTTPException(400)``: the whole address, character by character. Only
    the port of a loopback address may differ.

    ## How to check
    Ask with the registered address and ``.attacker.example`` behind it: the answer must be 400, not a redirect.

    ## Roll-out
    Register every address that clients really use first: the log of the authorization endpoint lists them.

    ## References
    CWE-601, CWE-183; RFC 9700, 2.1 and 4.1; RFC 6749, 3.1.2.3; ASVS 5.0 V10.4.1.
    """

    id = "AUT020"
    name = "redirect-uri-prefix"
    title = "Redirect address compared loosely"
    severity = Severity.HIGH
    cwe = (601, 183)
    owasp = ("API2:2023", "A01:2021", "A01:2025")
    asvs = ("V10.4.1",)
    fix = Fix(
        "compare the whole address: redirect_uri in client.redirect_uris",
        before="if not redirect_uri.startswith(client.redirect_uri):",
        after="if redirect_uri not in client.redirect_uris:",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, HTTPException
            from fastapi.responses import RedirectResponse

            app = FastAPI()
            CLIENTS = {"mill": "https://mill.example"}


            @app.get("/authorize")
            def authorize(client_id: str, redirect_uri: str) -> RedirectResponse:
                if not redirect_uri.startswith(CLIENTS[client_id]):
                    raise HTTPException(400)
                return RedirectResponse(redirect_uri + "?code=1")
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException

            from clients import allowed

            app = FastAPI()


            @app.get("/authorize")
            def authorize(client_id: str, redirect_uri: str) -> str:
                if not allowed(client_id, redirect_uri):
                    raise HTTPException(400)
                return redirect_uri
            """,
            files={
                "clients.py": """
                REGISTERED = {"mill": ["https://mill.example/back"]}


                def allowed(client_id: str, redirect_uri: str) -> bool:
                    return any(known in redirect_uri for known in REGISTERED[client_id])
                """,
            },
        ),
        Example(
            """
            import re

            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            ALLOWED = re.compile("https://[a-z]+.mill.example")


            @app.post("/authorize")
            def authorize(redirect_uri: str = Form()) -> str:
                if ALLOWED.match(redirect_uri) is None:
                    raise HTTPException(400)
                return redirect_uri
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            CLIENTS = {"mill": {"https://mill.example/back", "http://127.0.0.1/back"}}


            @app.get("/authorize")
            def authorize(client_id: str, redirect_uri: str) -> str:
                if redirect_uri not in CLIENTS.get(client_id, set()):
                    raise HTTPException(400)
                return redirect_uri
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.post("/clients")
            def register(redirect_uri: str) -> str:
                if not redirect_uri.startswith("https://") or "#" in redirect_uri:
                    raise HTTPException(422, "an address over TLS without a fragment")
                return redirect_uri
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/first")
            def first(sent: dict[str, str]) -> bool:
                return "redirect_uri" in sent and "address".startswith(sent["client"])
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Loose comparisons of what is called a redirect address."""
        index = index_of(module)
        for node, how in _loose(index):
            yield self.found(
                f"The redirect address of a client is only compared {how}.",
                confidence=Confidence.SUSPECTED,
                location=here(index, node),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The whole address compared; a pattern has to match to its end."""
        for node in draft.nodes_at(finding.location.line or 0, [n for n, _ in _loose(draft.index)]):
            how = compared_whole(draft, node)
            if how == "alike":
                return draft.repair("compares the whole address")
            if how:
                told = "clients that send another address than the registered one are refused"
                return draft.repair("compares the whole address", safe=False, changes=told)
        return None


def _loose(index: Index) -> Iterator[tuple[ast.expr, str]]:
    for call in index.called("startswith"):
        if isinstance(call.func, ast.Attribute) and call.args and _is_uri(call.func.value):
            if not _is_mere_scheme(call.args[0]):
                yield call, "by its beginning"
    for call in index.called("match", "search", "fnmatch", "fnmatchcase"):
        name = index.name(call.func)
        compiled = name.startswith("re.compile()")
        subject = call.args[0 if compiled or name.startswith("fnmatch") else 1 :][:1]
        if (compiled or name in _PATTERNS) and subject and _is_uri(subject[0]):
            yield call, "with a pattern"
    for node in index.all(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            right = node.comparators[0]
            plural = name_of(right).lower().endswith("s")
            if (
                _is_uri(right)
                and not plural
                and not isinstance(node.left, ast.Constant)
                and not _is_uri(node.left)
            ):
                yield node, "as a part of a text"


def _is_uri(node: ast.expr) -> bool:
    return bool(_URI.match(name_of(node)))


def _is_mere_scheme(node: ast.expr) -> bool:
    """``https://``, ``/`` and the loopback addresses, whose port may differ."""
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(
        isinstance(i, ast.Constant)
        and re.fullmatch(
            r"(https?|[a-z]+):(//)?((localhost|127\.0\.0\.1|\[::1\])[:/]?)?|/+", str(i.value)
        )
        for i in items
    )
