"""ERR001: an answer about a wrong request repeats the secret in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Request
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import of_main, serving_application
from buckler.scan.rules._support.data import snake
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.errors._fixes.handlers import inputs_left_out

_SECRET = re.compile(
    r"pass(word|wd|phrase|code)|(^|_)pwd|(^|_)(secret|token|pin|otp|cvv|cvc)$|card_?number|api_?key|private_?key",
    re.IGNORECASE,
)


class ValidationEchoesSecrets(Rule):
    """The 422 of FastAPI repeats what was sent, passwords included.

    ## What it is
    FastAPI's answer to a body that does not fit has the offending ``input`` in it; where a field is missing, that is
    the whole body. A password that was sent comes back in clear text, also with ``SecretStr``.
    ``hide_input_in_errors`` does not change it.

    ## Why it matters
    Answers are logged, by proxies, by programs that call the interface and by tools that watch errors. The
    password ends up there, readable.

    ## How to fix
    Handle ``RequestValidationError`` and answer without ``input`` and ``ctx``:
    ``[{k: e[k] for k in ("loc", "msg", "type")} for e in error.errors()]``.
    ``buckler.guard.ProblemDetails`` and ``Guard`` do so.

    ## How to check
    Send the request of the proof: the answer must not hold the password.

    ## Roll-out
    Programs that read ``input`` from the answer lose it; look for logs that hold passwords already.

    ## References
    CWE-209; OWASP API8:2023; ASVS 5.0 V16.5.1, V16.2.5.
    """

    id = "ERR001"
    name = "validation-echoes-secrets"
    title = "Validation answers repeat secrets"
    severity = Severity.MEDIUM
    cwe = (209, 532)
    owasp = ("API8:2023", "A04:2021", "A10:2025")
    asvs = ("V16.5.1", "V16.2.5")
    control = "guard.ProblemDetails"
    fix = Fix(
        "answer 422 without the input",
        before="app = FastAPI()",
        after='@app.exception_handler(RequestValidationError)\nasync def invalid(request, error):\n    kept = [{k: e[k] for k in ("loc", "msg", "type")} for e in error.errors()]\n    return JSONResponse({"detail": kept}, 422)',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel, Field, SecretStr

            app = FastAPI()


            class SignUp(BaseModel):
                name: str
                password: SecretStr = Field(min_length=12)


            @app.post("/signup")
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"name": payload.name}
            """,
            line=13,
        ),
        Example(
            """
            from html import escape

            from fastapi import FastAPI, Form
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            @app.post("/keys")
            async def add(name: str = Form(""), api_key: str = Form("")) -> HTMLResponse:
                page = f"<p>a sample of {escape(api_key)}: the name is too short</p>"
                return HTMLResponse(page, 200 if len(name) > 20 else 422)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.exceptions import RequestValidationError
            from fastapi.responses import JSONResponse
            from pydantic import BaseModel, Field, SecretStr

            app = FastAPI()


            class SignUp(BaseModel):
                name: str
                password: SecretStr = Field(min_length=12)


            @app.exception_handler(RequestValidationError)
            async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
                kept = [{k: e[k] for k in ("loc", "msg", "type")} for e in error.errors()]
                return JSONResponse({"detail": kept}, 422)


            @app.post("/signup")
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"name": payload.name}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class Note(BaseModel):
                title: str
                text: str


            @app.post("/notes")
            def write(note: Note) -> dict[str, str]:
                return {"title": note.title}
            """,
        ),
        Example(
            """
            from html import escape

            from fastapi import FastAPI, Form
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            @app.post("/keys")
            async def add(name: str = Form(""), api_key: str = Form("")) -> HTMLResponse:
                page = f"<p>a sample of {escape(name)}: the name is too short</p>"
                return HTMLResponse(page, 200 if len(name) > 20 else 422)
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """422 answers that hold a secret of their request."""
        known: set[str] = set()
        for exchange in seen.kinds.get("422", ()):
            operation = exchange.operation
            if operation is None or operation.key in known:
                continue
            echoed = next(_echoed(exchange), None)
            if echoed is not None:
                known.add(operation.key)
                slot, value = echoed
                found = self.found(
                    f"The 422 of {operation.key} repeats {slot}.",
                    confidence=Confidence.PROVED,
                    location=at(operation, slot),
                    proof=(shown(exchange, seen.identities, mark=value, why=f"{slot} comes back"),),
                )
                yield of_main(found, app, operation)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A handler for wrong requests that tells what is wrong and not what was sent."""
        home, made = serving_application(draft, finding) or (draft, None)
        if made is None or not inputs_left_out(home, made):
            return None
        return draft.repair(
            "answers wrong requests without repeating them",
            safe=False,
            changes="the 422 answers have type, loc and msg of each mistake, and no input, ctx and url",
        )


def _echoed(exchange: Exchange) -> Iterator[tuple[str, str]]:
    text = exchange.answer.text
    sent = list(_sent(exchange.request))
    values = Counter(value for _, _, value in sent)
    for slot, name, value in sent:
        # A page may hold a mere word for reasons of its own, and what stands in another field, too, for that one.
        own = len(value) >= 4 and any(map(str.isdigit, value)) and values[value] == 1
        if own and _SECRET.search(snake(name)) and value in text:
            yield slot, value


def _sent(request: Request) -> Iterator[tuple[str, str, str]]:
    kind = request.header("content-type") or ""
    if "json" in kind:
        try:
            yield from _leaves(json.loads(request.body), "")
        except ValueError:
            return
    elif "urlencoded" in kind:
        for name, value in parse_qsl(request.body.decode("utf-8", "replace")):
            yield f"form:{name}", name, value


def _leaves(data: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            inner = f"{path}.{key}" if path else str(key)
            items = value if isinstance(value, list) else [value]
            for item in items[:1]:
                if isinstance(item, str):
                    yield f"json:{inner}", str(key), item
                else:
                    yield from _leaves(item, inner)
